import { z } from 'zod';
import { uuid } from '../fields.ts';
import { actorSchema, syncChangeSchema } from '../sync/changes.ts';
import { freshNotificationSchema } from '../sync/frames.ts';
import { changeEventTypes, type EventType } from './types.ts';

/** CloudEvents 1.0 in structured JSON, with the fields that every event of ours has. */
const metaSchema = z.object({
  actor: actorSchema,
  via: z.string(),
  request_id: z.string().optional(),
  correlation_id: z.string(),
  causation_id: z.string().nullable(),
  acl_version: z.int(),
});
const envelope = {
  specversion: z.literal('1.0'),
  id: uuid,
  source: z.string(),
  subject: z.string(),
  time: z.string(),
  datacontenttype: z.literal('application/json'),
  dataschema: z.string(),
  traceparent: z.string().optional(),
};
const data = {
  task_id: uuid.optional(),
  user_id: uuid,
  workspace_id: uuid,
  epoch: uuid,
  idempotency_key: z.string(),
  meta: metaSchema,
};

/** A change: the whole row after it, and each field it touched with old and new value. */
export const changeEventSchema = z
  .object({
    ...envelope,
    type: z.enum(changeEventTypes),
    data: z.object({
      ...data,
      sequence: z.int().positive(),
      payload: z.object({
        after: z.record(z.string(), z.unknown()),
        changed: z.record(z.string(), z.tuple([z.unknown(), z.unknown()])),
      }),
    }),
  })
  .meta({ id: 'ChangeEvent' });

/** A completed occurrence wants its successor. */
export const occurrenceDueSchema = z
  .object({
    ...envelope,
    type: z.literal('com.todo.task.occurrence-due'),
    data: z.object({
      ...data,
      task_id: uuid,
      cause_sequence: z.int().positive(),
      payload: z.object({ successor_id: uuid, completion_id: uuid }),
    }),
  })
  .meta({ id: 'OccurrenceDue' });

/** A run of whole change sets of one workspace, for open sockets. Without events it says: pull. */
export const taskSyncSchema = z
  .object({
    ...envelope,
    type: z.literal('com.todo.task.sync'),
    data: z.object({
      workspace_id: uuid,
      epoch: uuid,
      acl_version: z.int(),
      from: z.int().positive(),
      to: z.int().positive(),
      /** Of the acts it came of, as their own events have them. */
      correlation_ids: z.array(z.string()).optional(),
      events: z.array(syncChangeSchema).optional(),
    }),
  })
  .meta({ id: 'TaskSync' });

/** One reminder was decided: it shows in the app from now on, and goes out through the person's other channels. */
export const reminderTriggeredSchema = z
  .object({
    ...envelope,
    type: z.literal('com.todo.reminder.triggered'),
    data: z.object({
      ...data,
      task_id: uuid,
      cause_sequence: z.int().nonnegative(),
      payload: z.object({
        reminder_id: uuid,
        notification_id: uuid,
        for: z.string(),
        due_at: z.string(),
        title: z.string(),
        late_reason: z.string().nullable(),
        /** More than one where many late ones are told together. */
        told_with: z.int().positive(),
      }),
    }),
  })
  .meta({ id: 'ReminderTriggered' });

/** What a person's bell shows has changed: for open sockets. */
export const notificationUpdatedSchema = z
  .object({
    ...envelope,
    type: z.literal('com.todo.notification.updated'),
    data: z.object({
      user_id: uuid,
      workspace_id: uuid,
      payload: z.object({ unread: z.int().nonnegative(), fresh: z.array(freshNotificationSchema) }),
    }),
  })
  .meta({ id: 'NotificationUpdated' });

/** An act that is no change: a sign-in, a refusal, an export. Nobody known: `user_id` is null. */
export const auditRecordedSchema = z
  .object({
    ...envelope,
    type: z.literal('com.todo.audit.recorded'),
    data: z.object({
      user_id: uuid.nullable(),
      workspace_id: uuid,
      idempotency_key: z.string(),
      meta: metaSchema
        .omit({ acl_version: true })
        .extend({ ip: z.string().optional(), user_agent: z.string().optional() }),
      payload: z.object({ action: z.string(), detail: z.record(z.string(), z.unknown()) }),
    }),
  })
  .meta({ id: 'AuditRecorded' });

export type ChangeEvent = z.infer<typeof changeEventSchema>;
export type OccurrenceDue = z.infer<typeof occurrenceDueSchema>;
export type TaskSync = z.infer<typeof taskSyncSchema>;
export type ReminderTriggered = z.infer<typeof reminderTriggeredSchema>;
export type NotificationUpdated = z.infer<typeof notificationUpdatedSchema>;
export type AuditRecorded = z.infer<typeof auditRecordedSchema>;
export type Event = ChangeEvent | OccurrenceDue | TaskSync | ReminderTriggered | NotificationUpdated | AuditRecorded;
export type EventOf<T extends EventType> =
  Extract<Event, { type: T }> extends never ? ChangeEvent : Extract<Event, { type: T }>;

export const eventSchemas = {
  change: changeEventSchema,
  'occurrence-due': occurrenceDueSchema,
  'task-sync': taskSyncSchema,
  'reminder-triggered': reminderTriggeredSchema,
  'notification-updated': notificationUpdatedSchema,
  'audit-recorded': auditRecordedSchema,
} as const;

export const EVENT_SOURCE = '/taskmaster';
export const schemaAddress = (name: keyof typeof eventSchemas): string => `https://taskmaster.dev/schemas/${name}.json`;

/** What every event of ours has around its type and data. */
export const envelopeOf = (
  schema: keyof typeof eventSchemas,
  of: { id: string; subject: string; time: string; traceparent?: string | undefined },
) => ({
  specversion: '1.0' as const,
  id: of.id,
  source: EVENT_SOURCE,
  subject: of.subject,
  time: of.time,
  datacontenttype: 'application/json' as const,
  dataschema: schemaAddress(schema),
  ...(of.traceparent ? { traceparent: of.traceparent } : {}),
});
