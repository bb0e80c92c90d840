import { z } from 'zod';
import {
  date,
  instant,
  minutes,
  notes,
  position,
  priority,
  recurrence,
  recurrenceInput,
  sequence,
  tagNames,
  time,
  title,
  uuid,
  zone,
} from '../fields.ts';

/** A task as HTTP shows it, and what a caller may send. `due_at` is computed for the caller and never stored. */
export const reminderSchema = z.object({ minutes_before: z.int().optional(), at: z.string().optional() });
export const taskSchema = z
  .object({
    id: uuid,
    workspace_id: uuid,
    project_id: uuid.nullable(),
    parent_id: uuid.nullable(),
    series_id: uuid.nullable(),
    slot: z.string().nullable(),
    title: z.string(),
    notes: z.string(),
    status: z.enum(['pending', 'completed']),
    priority: priority.nullable(),
    tags: z.array(z.string()),
    due_date: z.string().nullable(),
    due_time: z.string().nullable(),
    due_zone: z.string().nullable(),
    due_at: z.string().nullable(),
    recurrence: recurrence.nullable(),
    recurrence_pattern: z.enum(['none', 'daily', 'weekly', 'monthly', 'yearly', 'custom']),
    recurrence_label: z.string().nullable(),
    series_values: z.record(z.string(), z.unknown()).nullable(),
    successor_id: uuid.nullable(),
    missed: z.int(),
    reminders: z.array(reminderSchema),
    reminder_lead_time: z.int().nullable(),
    position: z.string(),
    version: sequence,
    created_at: z.string(),
    updated_at: z.string(),
    completed_at: z.string().nullable(),
    deleted_at: z.string().nullable(),
  })
  .meta({ id: 'Task' });
export type TaskAnswer = z.infer<typeof taskSchema>;

const anyCasePriority = z.preprocess((value) => (typeof value === 'string' ? value.toLowerCase() : value), priority);
const reminderInput = z.union([z.strictObject({ minutes_before: minutes }), z.strictObject({ at: instant })]);

/** `due_date` also as a full timestamp: the local day and time in the caller's zone. */
const fields = {
  title: title.optional(),
  notes: notes.optional(),
  priority: anyCasePriority.nullable().optional(),
  tags: tagNames.optional(),
  due_date: z.union([date, instant]).nullable().optional(),
  due_time: time.nullable().optional(),
  due_zone: zone.nullable().optional(),
  project_id: uuid.nullable().optional(),
  parent_id: uuid.nullable().optional(),
  position: position.optional(),
  recurrence: recurrenceInput.nullable().optional(),
  recurrence_pattern: z.enum(['none', 'daily', 'weekly', 'monthly', 'yearly']).optional(),
  reminders: z.array(reminderInput).max(20).optional(),
  reminder_lead_time: minutes.nullable().optional(),
};

export const createTaskSchema = z
  .strictObject({ ...fields, id: uuid.optional(), title, workspace_id: uuid.optional() })
  .meta({ id: 'CreateTask' });
export const updateTaskSchema = z.strictObject(fields).meta({ id: 'UpdateTask' });
export type CreateTaskInput = z.infer<typeof createTaskSchema>;
export type UpdateTaskInput = z.infer<typeof updateTaskSchema>;

export const completeSchema = z.strictObject({ slot: z.string().max(16).nullable().optional() }).nullish();
export const snoozeSchema = z.strictObject({ until: instant }).meta({ id: 'Snooze' });
export const scopeQuery = z.strictObject({ scope: z.enum(['this', 'series']).optional() });

const list = (value: unknown): unknown => (value === undefined ? undefined : Array.isArray(value) ? value : [value]);
const dayOrInstant = z.union([date, instant]);
export const listTasksQuery = z.strictObject({
  q: z
    .string()
    .max(500)
    .refine((text) => !text.includes('\0'), 'Holds control characters.')
    .transform((text) => text.trim() || undefined)
    .optional(),
  status: z.enum(['pending', 'completed', 'all', 'deleted']).default('pending'),
  priority: z
    .preprocess(
      (value) => (typeof value === 'string' ? value.toLowerCase() : value),
      z.enum(['high', 'medium', 'low', 'none']),
    )
    .optional(),
  tag: z.preprocess(list, z.array(z.string().max(60)).max(20)).optional(),
  tags: z.string().max(1000).optional(),
  workspace_id: uuid.optional(),
  project_id: z.union([uuid, z.literal('inbox')]).optional(),
  parent_id: z.union([uuid, z.literal('none')]).optional(),
  due_before: dayOrInstant.optional(),
  due_after: dayOrInstant.optional(),
  sort: z.enum(['created', 'due_date', 'priority', 'title', 'manual']).optional(),
  order: z.enum(['asc', 'desc']).default('asc'),
  limit: z.coerce.number().int().min(1).default(50),
  cursor: z.string().max(600).optional(),
});
export type ListTasksQuery = z.infer<typeof listTasksQuery>;
export const taskListSchema = z
  .object({ items: z.array(taskSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'TaskList' });

export const quickSchema = z
  .strictObject({ text: z.string().min(1).max(20_000), project_id: uuid.nullable().optional() })
  .meta({ id: 'QuickAdd' });
export const quickAnswerSchema = z.object({ items: z.array(taskSchema) }).meta({ id: 'QuickAddAnswer' });
export const parseAnswerSchema = z
  .object({
    items: z.array(
      z
        .object({
          title: z.string(),
          tokens: z.array(
            z.object({ kind: z.string(), start: z.int(), end: z.int(), text: z.string() }).catchall(z.unknown()),
          ),
        })
        .catchall(z.unknown()),
    ),
  })
  .meta({ id: 'QuickAddParse' });

export const previewSchema = z
  .strictObject({
    recurrence: recurrenceInput,
    due_date: date,
    due_time: time.nullable().optional(),
    due_zone: zone.nullable().optional(),
    count: z.int().min(1).max(100).default(5),
  })
  .meta({ id: 'RecurrencePreview' });
export const previewAnswerSchema = z
  .object({
    label: z.string(),
    occurrences: z.array(
      z.object({ due_date: z.string(), due_time: z.string().optional(), due_at: z.string().nullable() }),
    ),
  })
  .meta({ id: 'RecurrencePreviewAnswer' });

/** One entry of a thing's history: who, when, through what, which fields, old and new, why. */
export const historyEntrySchema = z
  .object({
    sequence,
    kind: z.string(),
    at: z.string(),
    actor: z.object({ kind: z.string(), id: z.string() }),
    via: z.string(),
    act_id: uuid,
    causation_id: z.string().nullable(),
    changed: z.record(z.string(), z.tuple([z.unknown(), z.unknown()])),
    overwrote: z.array(z.object({ register: z.string(), seq: sequence })).optional(),
  })
  .meta({ id: 'HistoryEntry' });
export const historySchema = z
  .object({ items: z.array(historyEntrySchema), next_cursor: z.null() })
  .meta({ id: 'History' });
export type HistoryEntry = z.infer<typeof historyEntrySchema>;
