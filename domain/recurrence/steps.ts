import { v5 } from 'uuid';
import type { Task } from '../task.ts';
import { addDays, daysBetween } from '../time/calendar.ts';
import { dateOfSlot } from './slots.ts';

/**
 * The steps of a repeating task, fresh for its next occurrence: every sub-task that the completed occurrence still has,
 * at any depth, ticked one by one or with their parent. Completing the parent has completed what was still open in the same
 * act, so "open" is told by the life of a step, not by its tick: a step is over for good when it is deleted, archived, or
 * repeats by itself (its own series brings it back). With `which: 'untouched'` only those are copied that nobody had ticked
 * before the act that completed the parent.
 *
 * A copy is pending, has no reminders, keeps its place under its own parent, and its due is as many days from the new slot
 * as it was from the old one. Its id is derived from the successor and the step: the same on every device and at every retry.
 */
export function copiesOfOpenSubtasks(
  parent: Task,
  successor: Task,
  subtasks: readonly Task[],
  which: 'all' | 'untouched' = 'all',
): Task[] {
  const shift = parent.slot && successor.slot ? daysBetween(dateOfSlot(parent.slot), dateOfSlot(successor.slot)) : 0;
  const idsByOriginal = new Map([[parent.id, successor.id]]);
  const copies: Task[] = [];
  const waiting = subtasks.filter((step) => isStep(step) && (which === 'all' || isUntouched(step, parent)));
  for (let found = true; found; ) {
    found = false;
    for (const step of waiting) {
      const parentId = step.parent_id === null ? undefined : idsByOriginal.get(step.parent_id);
      if (parentId === undefined || idsByOriginal.has(step.id)) continue;
      const copy = freshCopy(step, successor, parentId, shift);
      idsByOriginal.set(step.id, copy.id);
      copies.push(copy);
      found = true;
    }
  }
  return copies;
}

const isStep = (task: Task): boolean =>
  task.deleted_at === null && task.archived_at === null && !task.withdrawn && task.recurrence === null;

const isUntouched = (step: Task, parent: Task): boolean =>
  step.status === 'pending' || (step.completion_id !== null && step.completion_id === parent.completion_id);

const freshCopy = (step: Task, successor: Task, parentId: string, shift: number): Task => ({
  ...step,
  id: v5(step.id, successor.id),
  workspace_id: successor.workspace_id,
  project_id: successor.project_id,
  section_id: successor.section_id,
  parent_id: parentId,
  tags: [...step.tags],
  due_date: step.due_date === null ? null : addDays(step.due_date, shift),
  status: 'pending',
  completed_local: null,
  completed_at: null,
  completion_id: null,
  successor_id: null,
  created_at: successor.created_at,
  updated_at: successor.updated_at,
  version: 0,
});
