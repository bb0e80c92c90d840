import type { Task } from '../task.ts';
import { normaliseRecurrence, type RecurrenceInput } from './rule.ts';
import { slotOf } from './slots.ts';

export const SERIES = '0190a5b0-0000-7000-8000-00000000aaaa';
export const WORKSPACE = '0190a5b0-0000-7000-8000-00000000bbbb';

const blank: Task = {
  id: '0190a5b0-0000-7000-8000-000000000001',
  workspace_id: WORKSPACE,
  title: 'Pay rent',
  notes: 'by transfer',
  status: 'pending',
  priority: 'high',
  tags: ['bank'],
  due_date: null,
  due_time: null,
  due_zone: null,
  project_id: 'project',
  section_id: null,
  parent_id: null,
  position: 'a0',
  recurrence: null,
  series_id: null,
  slot: null,
  series_values: null,
  successor_id: null,
  predecessor_slot: null,
  missed: 0,
  completed_local: null,
  completed_at: null,
  completion_id: null,
  archived_at: null,
  deleted_at: null,
  deletion_act: null,
  withdrawn: false,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
  version: 7,
};

export const task = (more: Partial<Task> = {}): Task => ({ ...blank, ...more });

/** The pending occurrence of a series on its due date, `2026-12-01` or `2026-12-01T09:00`. */
export function occurrence(input: string | RecurrenceInput, due: string, more: Partial<Task> = {}): Task {
  const [due_date = '', due_time = null] = due.split('T');
  const normal = normaliseRecurrence(
    typeof input === 'string' ? { rule: input } : input,
    { due_date, due_time },
    due_date,
  );
  if (!normal.ok) throw new Error(normal.problem.message);
  return task({
    due_date,
    due_time,
    recurrence: normal.recurrence,
    series_id: SERIES,
    slot: slotOf(due_date, due_time),
    ...more,
  });
}

/** Done on a wall clock; a day alone is its noon. */
export const done = (pending: Task, completed_local: string, more: Partial<Task> = {}): Task => ({
  ...pending,
  status: 'completed',
  completed_local: completed_local.length === 10 ? `${completed_local}T12:00` : completed_local,
  completed_at: null,
  completion_id: 'completion',
  ...more,
});
