import { z } from 'zod';
import { instant, uuid } from '../fields.ts';

/** What whoever runs the place sees and does. These services consume events, so there are some that they could not handle. */
export const serviceNames = ['api', 'recurring', 'notification', 'audit'] as const;

export const deadLetterSchema = z
  .object({
    id: uuid,
    consumer: z.string(),
    event_id: uuid,
    event_type: z.string(),
    workspace_id: uuid,
    sequence: z.int().nullable(),
    attempts: z.int(),
    error: z.string(),
    failed_at: z.string(),
    replayed_at: z.string().nullable(),
    outcome: z.string().nullable(),
  })
  .meta({ id: 'DeadLetter' });
export const deadLetterListSchema = z.object({ items: z.array(deadLetterSchema), next_cursor: z.null() });
/** With the event as it could not be handled: it may hold what people wrote. */
export const wholeDeadLetterSchema = deadLetterSchema
  .extend({ event: z.record(z.string(), z.unknown()) })
  .meta({ id: 'WholeDeadLetter' });
export const replayedSchema = z.object({ outcome: z.enum(['applied', 'superseded', 'already_replayed']) });

/** Where a broker lost what it was given: from when on a service is to publish again what it emitted. */
export const replaySchema = z.strictObject({ since: instant });
export const sentAgainSchema = z.object({ events: z.int() });

export const statusSchema = z
  .object({
    version: z.string(),
    started_at: z.string(),
    users: z.int(),
    services: z.array(
      z.object({
        name: z.enum(serviceNames),
        /** Events that wait to be published, or to be handled after one that failed; null where the service does not answer. */
        outbox: z.int().nullable(),
        inbox: z.int().nullable(),
        dead_letters: z.int().nullable(),
      }),
    ),
    /** Changes that the relay has not published yet. */
    relay_lag: z.int(),
    reminders: z.object({ scheduled: z.int(), overdue: z.int(), failed: z.int(), late_today: z.int() }).nullable(),
    backup: z.string(),
  })
  .meta({ id: 'AdminStatus' });

export const adminUserSchema = z
  .object({
    id: uuid,
    name: z.string(),
    email: z.string(),
    email_verified: z.boolean(),
    role: z.enum(['admin', 'user']),
    closed_at: z.string().nullable(),
    created_at: z.string(),
    sessions: z.int(),
    last_seen_at: z.string().nullable(),
  })
  .meta({ id: 'AdminUser' });
export const adminUserListSchema = z.object({ items: z.array(adminUserSchema), next_cursor: z.null() });

export type AdminStatus = z.infer<typeof statusSchema>;
export type AdminUserList = z.infer<typeof adminUserListSchema>;
export type DeadLetterList = z.infer<typeof deadLetterListSchema>;

/** A link to be handed to one person. */
export const linkSchema = z.object({ url: z.string(), expires_at: z.string() }).meta({ id: 'OneTimeLink' });
export type OneTimeLink = z.infer<typeof linkSchema>;
const address = z
  .string()
  .max(320)
  .refine((text) => !text.includes('\0'), 'Holds control characters.');
export const resetPasswordSchema = z.strictObject({ email: address });
export const setRoleSchema = z.strictObject({ email: address, role: z.enum(['admin', 'user']) });
export const backupMadeSchema = z
  .object({ file: z.string(), at: z.string(), rows: z.int(), bytes: z.int() })
  .meta({ id: 'BackupMade' });
