import { skipTo } from '../recurrence/successor.ts';
import { isRefusal, liveTask } from './live-task.ts';
import { type Command, refuse } from './world.ts';

/** Moves an occurrence to its next slot: no completion, no successor. The last slot of a series cannot be skipped. */
export const skipTask: Command = (draft, op) => {
  const task = liveTask(draft, op.id);
  if (isRefusal(task)) return task;
  if (!task.recurrence || task.status === 'completed')
    return refuse('not_repeating', {
      path: '',
      message: 'Only an open occurrence of a repeating task can be skipped.',
    });
  const next = skipTo(task, `${draft.moment.today}T${draft.moment.time}`);
  if (!next)
    return refuse('not_repeating', { path: '', message: 'This is the last occurrence. Delete it to end the series.' });
  draft.put('task', 'skipped', { ...task, ...next });
  return undefined;
};
