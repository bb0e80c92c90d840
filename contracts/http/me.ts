import { z } from 'zod';
import { name, settingsInput, uuid } from '../fields.ts';
import { workspaceSchema } from './organising.ts';

export const settingsSchema = z
  .object({
    time_zone: z.string(),
    locale: z.string(),
    week_start: z.int(),
    day_start: z.string(),
    default_reminder_minutes: z.int().nullable(),
    quiet_hours: z.object({ from: z.string(), to: z.string() }).nullable(),
    reminder_mail: z.boolean(),
    theme: z.enum(['system', 'light', 'dark']),
  })
  .meta({ id: 'Settings' });
export const meSchema = z
  .object({
    user: z.object({
      id: uuid,
      name: z.string(),
      email: z.string(),
      email_verified: z.boolean(),
      role: z.enum(['admin', 'user']),
    }),
    settings: settingsSchema,
    workspaces: z.array(workspaceSchema),
  })
  .meta({ id: 'Me' });
export const updateMeSchema = z
  .strictObject({ name: name.optional(), settings: settingsInput.optional() })
  .meta({ id: 'UpdateMe' });
export type Me = z.infer<typeof meSchema>;

/** The password is asked for again: a session that was left open must not be enough. */
export const closeMeSchema = z.strictObject({ password: z.string().max(256) }).meta({ id: 'CloseMe' });
export const changeAddressSchema = z
  .strictObject({ email: z.email('Not an e-mail address.').max(320), password: z.string().max(256) })
  .meta({ id: 'ChangeAddress' });
/** `false`: a letter is on its way to the new address, and what it says counts. */
export const addressAskedSchema = z.object({ changed: z.boolean() }).meta({ id: 'AddressAsked' });
export const confirmAddressSchema = z
  .strictObject({ token: z.string().min(1).max(2_000) })
  .meta({ id: 'ConfirmAddress' });
export const closedSchema = z.object({ erased_at: z.string() }).meta({ id: 'Closed' });
