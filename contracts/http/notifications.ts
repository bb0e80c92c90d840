import { z } from 'zod';
import { uuid } from '../fields.ts';

/** One thing that a person was told, as their bell and their list show it. */
export const notificationSchema = z
  .object({
    id: uuid,
    user_id: uuid,
    /** Null where it tells of several tasks: then `entries` names them. */
    task_id: uuid.nullable(),
    notification_type: z.enum(['reminder', 'digest']),
    message: z.string(),
    entries: z.array(z.object({ task_id: uuid, title: z.string(), due_at: z.string() })).nullable(),
    /** When it was to be told. */
    due_at: z.string(),
    /** When it was told. */
    sent_at: z.string(),
    /** `withdrawn`: what it was about is done, or gone. */
    delivery_status: z.enum(['delivered', 'read', 'withdrawn']),
    read_at: z.string().nullable(),
    /** Why it was told late, in words; null if it was on time. */
    late_reason: z.string().nullable(),
  })
  .meta({ id: 'Notification' });
export type Notification = z.infer<typeof notificationSchema>;

export const notificationQuery = z.strictObject({
  unread_only: z.enum(['true', 'false']).default('false'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .default(50)
    .transform((limit) => Math.min(limit, 200)),
  cursor: z.string().max(200).optional(),
});
export const notificationListSchema = z
  .object({ items: z.array(notificationSchema), unread: z.int(), next_cursor: z.string().nullable() })
  .meta({ id: 'NotificationList' });

export const reminderStates = [
  'scheduled',
  'too_late',
  'withdrawn',
  'decided',
  'handing_over',
  'handed_over',
  'acknowledged',
  'failed',
] as const;

/** One row of the ledger: a reminder, one time, one channel, and what became of it. */
export const ledgerEntrySchema = z
  .object({
    id: uuid,
    reminder_id: uuid,
    task_id: uuid,
    title: z.string(),
    /** The wall clock it was counted from, or the instant it names. */
    for: z.string(),
    channel: z.enum(['app', 'mail']),
    state: z.enum(reminderStates),
    due_at: z.string(),
    decided_at: z.string().nullable(),
    /** A mail held back for the quiet hours, or one that is tried again: not before. */
    next_at: z.string().nullable(),
    handed_over_at: z.string().nullable(),
    acknowledged_at: z.string().nullable(),
    late_reason: z.string().nullable(),
    attempts: z.int(),
    error: z.string().nullable(),
  })
  .meta({ id: 'LedgerEntry' });
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;

export const ledgerQuery = z.strictObject({
  state: z.enum(reminderStates).optional(),
  task_id: uuid.optional(),
  limit: notificationQuery.shape.limit,
  cursor: z.string().max(200).optional(),
});
export const ledgerSchema = z
  .object({ items: z.array(ledgerEntrySchema), next_cursor: z.string().nullable() })
  .meta({ id: 'ReminderLedger' });
