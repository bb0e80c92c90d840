import { dateOfSlot, timeOfSlot } from '../recurrence/slots.ts';
import type { Due, Task } from '../task.ts';
import { isDate, isTime } from '../time/zoned.ts';
import { checkDue } from './due.ts';
import { isRefusal, liveTask } from './live-task.ts';
import { type Command, type Draft, type Refusal, refuse } from './world.ts';

/** Where an occurrence stood before it was skipped. */
export interface Skipped {
  slot: string;
  due: Due;
  missed: number;
}

/**
 * Takes a completion back, with that of the sub-tasks completed in the same act. A successor that is still open is
 * withdrawn with it (its edits are kept for when the slot is completed again); a completed successor stays.
 * With `skipped` it takes a skip back instead: the open occurrence stands for that slot again.
 */
export const reopenTask: Command = (draft, op) => {
  const task = liveTask(draft, op.id);
  if (isRefusal(task)) return task;
  const { skipped } = op.patch as { skipped?: Skipped };
  if (skipped) return unskip(draft, task, skipped);
  if (task.status === 'pending') return undefined;

  const open = {
    status: 'pending' as const,
    completed_at: null,
    completed_local: null,
    completion_id: null,
    successor_id: null,
  };
  const together = draft
    .withDescendants(task)
    .filter((one) => one === task || one.completion_id === task.completion_id);
  const successor = task.successor_id ? draft.get('task', task.successor_id) : undefined;
  for (const one of together) if (one.deleted_at === null) draft.put('task', 'reopened', { ...one, ...open });

  if (successor?.status === 'pending' && successor.deleted_at === null) {
    for (const one of draft.withDescendants(successor)) {
      if (one.deleted_at !== null) continue;
      const gone: Partial<Task> = { deleted_at: draft.moment.at, deletion_act: op.op, withdrawn: true };
      draft.put('task', 'deleted', { ...one, ...gone });
    }
  }
  return undefined;
};

/** No slot twice: that of an occurrence completed before would give a successor the id of one that is there. */
function unskip(draft: Draft, task: Task, { slot, due, missed }: Skipped): Refusal | undefined {
  if (slot === task.slot && task.status === 'pending') return undefined;
  const isFree =
    task.recurrence !== null &&
    task.status === 'pending' &&
    slot < (task.slot ?? '') &&
    slot > (task.predecessor_slot ?? '');
  if (!isFree) return refuse('slot_mismatch', { path: 'skipped', message: 'This occurrence has moved on since.' });
  const time = timeOfSlot(slot);
  if (!isDate(dateOfSlot(slot)) || (time !== null && !isTime(time)))
    return refuse('invalid', { path: 'skipped.slot', message: 'Not a slot.' });
  const wrong = checkDue(due, false);
  if (wrong || due.due_date === null)
    return refuse('invalid', ...(wrong ?? [{ path: 'due_date', message: 'A repeating task needs a date.' }]));
  draft.put('task', 'reopened', { ...task, ...due, slot, missed });
  return undefined;
}
