import { isRefusal, liveTask } from './live-task.ts';
import { type Command, refuse } from './world.ts';

/** Reminds once more at an instant; the due stays. The reminder's id is the op's, so a retry makes no second one. */
export const snoozeTask: Command = (draft, op) => {
  const task = liveTask(draft, op.id);
  if (isRefusal(task)) return task;
  const until = (op.patch as { until?: string }).until;
  if (!until || Number.isNaN(Date.parse(until)))
    return refuse('invalid', { path: 'until', message: 'Not an instant (RFC 3339).' });
  if (Date.parse(until) <= Date.parse(draft.moment.at))
    return refuse('invalid', { path: 'until', message: 'Lies in the past.' });
  const { at, user_id, workspace_id } = draft.moment;
  draft.create('reminder', {
    id: op.op,
    workspace_id,
    user_id,
    task_id: task.id,
    series_id: null,
    minutes_before: null,
    at: new Date(until).toISOString(),
    snooze: true,
    deleted_at: null,
    created_at: at,
    updated_at: at,
    version: 0,
  });
  draft.put('task', 'snoozed', task);
  return undefined;
};
