import { z } from 'zod';
import {
  color,
  date,
  instant,
  minutes,
  name,
  notes,
  position,
  priority,
  recurrenceInput,
  sequence,
  settingsInput,
  tagName,
  tagNames,
  time,
  title,
  uuid,
  zone,
} from '../fields.ts';

/** The wire between a device and the server, version by version: a device with another number is told so. */
export const SYNC_SCHEMA = 1;
export const MOST_OPS = 100;
export const MOST_OPS_BYTES = 256 * 1024;

const due = z.strictObject({ due_date: date.nullable(), due_time: time.nullable(), due_zone: zone.nullable() });
const place = z.strictObject({
  project_id: uuid.nullable(),
  section_id: uuid.nullable(),
  parent_id: uuid.nullable(),
  position: position.or(z.literal('')),
});
const tags = z.strictObject({ add: tagNames, remove: z.array(tagName).max(50).default([]) });
const taskFields = {
  title: title.optional(),
  notes: notes.optional(),
  priority: priority.nullable().optional(),
  due: due.optional(),
  place: place.optional(),
  recurrence: recurrenceInput.nullable().optional(),
  tags: tags.optional(),
};
const when = z
  .strictObject({ minutes_before: minutes.nullable(), at: instant.nullable() })
  .refine(({ minutes_before, at }) => minutes_before === null || at === null, 'Minutes or an instant, not both.');
const nothing = z.strictObject({});

/** Every op there is, and what its patch may hold. */
export const patches = {
  'task create': z.strictObject({ ...taskFields, title }),
  'task update': z.strictObject(taskFields),
  'task complete': z.strictObject({
    slot: z.string().max(16).nullable().optional(),
    completed_local: z
      .string()
      .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/)
      .optional(),
  }),
  /** With `skipped`, where an occurrence stood, it is a skip that is taken back. */
  'task reopen': z.strictObject({
    skipped: z.strictObject({ slot: z.string().max(16), due, missed: z.int().min(0) }).optional(),
  }),
  'task skip': nothing,
  'task snooze': z.strictObject({ until: instant }),
  'task delete': nothing,
  'task restore': nothing,
  'project create': z.strictObject({ name, color: color.optional(), position: position.optional() }),
  'project update': z.strictObject({
    name: name.optional(),
    color: color.optional(),
    position: position.optional(),
    archived_at: instant.nullable().optional(),
  }),
  'project delete': nothing,
  'project restore': nothing,
  'tag create': z.strictObject({ name: tagName, color: color.optional() }),
  'tag update': z.strictObject({ name: tagName.optional(), color: color.optional() }),
  'tag delete': nothing,
  'reminder create': z.strictObject({ task_id: uuid, when }),
  'reminder update': z.strictObject({ when }),
  'reminder delete': nothing,
  'user update': z.strictObject({ name: name.optional(), settings: settingsInput.optional() }),
} as const;

export const opSchema = z
  .strictObject({
    op: uuid,
    n: z.int().min(1),
    kind: z.enum(['create', 'update', 'complete', 'reopen', 'skip', 'snooze', 'delete', 'restore']),
    entity: z.enum(['task', 'project', 'tag', 'reminder', 'user']),
    id: uuid,
    patch: z.record(z.string(), z.unknown()),
    scope: z.enum(['this', 'series']).optional(),
    base_seq: sequence.optional(),
  })
  .meta({ id: 'SyncOp' });

export const pushSchema = z
  .strictObject({ client_id: uuid, schema: z.int(), ops: z.array(opSchema).max(MOST_OPS) })
  .meta({ id: 'SyncPush' });

/** `ok` also for what changed nothing; `rejected` consumes its n; `order` names the n that was expected. */
export const opResultSchema = z
  .object({
    op: uuid,
    status: z.enum(['ok', 'dup', 'rejected', 'order']),
    seq: sequence.optional(),
    expect: z.int().optional(),
    error: z
      .object({ code: z.string(), errors: z.array(z.object({ path: z.string(), message: z.string() })).optional() })
      .optional(),
  })
  .meta({ id: 'SyncOpResult' });

export const pushAnswerSchema = z
  .object({ results: z.array(opResultSchema), head: sequence })
  .meta({ id: 'SyncPushAnswer' });

export type SyncOp = z.infer<typeof opSchema>;
export type SyncPush = z.infer<typeof pushSchema>;
export type OpResult = z.infer<typeof opResultSchema>;
export type PushAnswer = z.infer<typeof pushAnswerSchema>;
