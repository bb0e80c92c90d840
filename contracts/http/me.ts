import { z } from 'zod';

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
