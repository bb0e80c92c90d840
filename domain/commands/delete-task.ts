import { skipTask } from './skip-task.ts';
import { type Command, refuse } from './world.ts';

/**
 * Deletes a task and what is below it, in one act that a restore takes back. Deleting an occurrence ends its series;
 * `scope: 'this'` skips it instead. Deleting a deleted one changes nothing.
 */
export const deleteTask: Command = (draft, op) => {
  const task = draft.get('task', op.id);
  if (!task) return refuse('not_found');
  if (task.deleted_at !== null) return undefined;
  if (op.scope === 'this' && task.recurrence && task.status === 'pending') return skipTask(draft, op);
  for (const one of draft.withDescendants(task)) {
    if (one.deleted_at !== null) continue;
    draft.put('task', 'deleted', { ...one, deleted_at: draft.moment.at, deletion_act: op.op });
  }
  return undefined;
};
