import type { Task } from '../task.ts';
import { isRefusal, liveTask } from './live-task.ts';
import type { Command } from './world.ts';

/**
 * Takes a completion back, with that of the sub-tasks completed in the same act. A successor that is still open is
 * withdrawn with it (its edits are kept for when the slot is completed again); a completed successor stays.
 */
export const reopenTask: Command = (draft, op) => {
  const task = liveTask(draft, op.id);
  if (isRefusal(task)) return task;
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
