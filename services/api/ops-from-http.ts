import type { CreateTaskInput, UpdateTaskInput } from '@taskmaster/contracts/http/tasks';
import { Problem } from '@taskmaster/contracts/problems';
import type { Op } from '@taskmaster/domain/commands/world';
import { recurrenceFromPattern } from '@taskmaster/domain/recurrence/rule';
import type { Task } from '@taskmaster/domain/task';
import { localOf } from '@taskmaster/domain/time/zoned';
import { v7 } from 'uuid';
import type { Caller } from './caller.ts';

/**
 * What HTTP sends as flat fields, as ops on registers. A shorthand beside its long form is refused, not guessed at.
 * @throws Problem invalid
 */
export function taskPatch(input: CreateTaskInput | UpdateTaskInput, caller: Caller): Op['patch'] {
  const patch: Op['patch'] = {};
  for (const field of ['title', 'notes', 'priority'] as const)
    if (input[field] !== undefined) patch[field] = input[field];
  const due = dueOf(input, caller);
  if (due) patch.due = due;
  const place: Record<string, unknown> = {};
  for (const field of ['project_id', 'parent_id', 'position'] as const)
    if (input[field] !== undefined) place[field] = input[field];
  // Another parent or project is another list: its end, unless a position is given.
  if (Object.keys(place).length > 0) patch.place = 'position' in place ? place : { ...place, position: '' };
  const recurrence = recurrenceOf(input);
  if (recurrence !== undefined) patch.recurrence = recurrence;
  return patch;
}

function dueOf(input: UpdateTaskInput, caller: Caller): Record<string, string | null> | undefined {
  const { due_date, due_time, due_zone } = input;
  if (due_date != null && due_date.length > 10) {
    if (due_time !== undefined || due_zone !== undefined)
      throw invalid(due_time !== undefined ? 'due_time' : 'due_zone', 'Already said by the timestamp in due_date.');
    const zone = caller.settings.time_zone;
    const local = localOf(due_date, zone);
    return { due_date: local.date, due_time: local.time, due_zone: zone };
  }
  const due: Record<string, string | null> = {};
  if (due_date !== undefined) due.due_date = due_date;
  if (due_time !== undefined) due.due_time = due_time;
  if (due_zone !== undefined) due.due_zone = due_zone;
  // Without a date there is no time, without a time no zone.
  if (due_date === null) Object.assign(due, { due_time: due_time ?? null, due_zone: due_zone ?? null });
  if (due_time === null && due_zone === undefined) due.due_zone = null;
  return Object.keys(due).length > 0 ? due : undefined;
}

function recurrenceOf(input: UpdateTaskInput): object | null | undefined {
  const { recurrence, recurrence_pattern } = input;
  if (recurrence_pattern === undefined) return recurrence;
  if (recurrence !== undefined) throw invalid('recurrence_pattern', 'Already said by recurrence.');
  return recurrence_pattern === 'none' ? null : recurrenceFromPattern(recurrence_pattern);
}

/** The reminders that a request asks for; undefined: it does not say. */
export function remindersAsked(
  input: UpdateTaskInput,
): { minutes_before: number | null; at: string | null }[] | undefined {
  const { reminders, reminder_lead_time } = input;
  if (reminder_lead_time !== undefined) {
    if (reminders !== undefined) throw invalid('reminder_lead_time', 'Already said by reminders.');
    return reminder_lead_time === null ? [] : [{ minutes_before: reminder_lead_time, at: null }];
  }
  return reminders?.map((one) =>
    'at' in one
      ? { minutes_before: null, at: new Date(one.at).toISOString() }
      : { minutes_before: one.minutes_before, at: null },
  );
}

/** None, on purpose, is a reminder that names no time: no row at all would mean the default. */
export function reminderOps(taskId: string, asked: { minutes_before: number | null; at: string | null }[]): Op[] {
  const whens = asked.length > 0 ? asked : [{ minutes_before: null, at: null }];
  return whens.map((when) => op('create', 'reminder', v7(), { task_id: taskId, when }));
}

/** Setting the tags of a task is adding and removing against what it wears now. */
export function tagsPatch(
  tags: readonly string[],
  task: Pick<Task, 'tags'> | undefined,
): { add: string[]; remove: string[] } {
  return { add: [...tags], remove: (task?.tags ?? []).filter((tag) => !tags.includes(tag)) };
}

export const op = (
  kind: Op['kind'],
  entity: Op['entity'],
  id: string,
  patch: Op['patch'] = {},
  scope?: Op['scope'],
): Op => ({
  op: v7(),
  kind,
  entity,
  id,
  patch,
  ...(scope ? { scope } : {}),
});

const invalid = (path: string, message: string): Problem => new Problem('invalid', undefined, [{ path, message }]);
