import { bringAboutSuccessor } from './successor.ts';
import { type Command, refuse } from './world.ts';

interface ReminderPatch {
  task_id?: string;
  when?: { minutes_before: number | null; at: string | null };
}

/** A reminder of the caller alone. Of a repeating task it hangs on the series, unless it names an instant. */
export const createReminder: Command = (draft, op) => {
  const patch = op.patch as ReminderPatch;
  if (draft.get('reminder', op.id)) return refuse('id_taken');
  if (patch.task_id) bringAboutSuccessor(draft, patch.task_id);
  const task = patch.task_id ? draft.get('task', patch.task_id) : undefined;
  if (!task) return refuse('invalid', { path: 'task_id', message: 'There is no such task.' });
  const { at, user_id, workspace_id } = draft.moment;
  const when = patch.when ?? { minutes_before: null, at: null };
  const ofSeries = task.recurrence !== null && task.series_id !== null && when.at === null;
  draft.create('reminder', {
    id: op.id,
    workspace_id,
    user_id,
    task_id: ofSeries ? null : task.id,
    series_id: ofSeries ? task.series_id : null,
    ...when,
    snooze: false,
    deleted_at: null,
    created_at: at,
    updated_at: at,
    version: 0,
  });
  return undefined;
};

export const updateReminder: Command = (draft, op) => {
  const reminder = draft.get('reminder', op.id);
  if (!reminder) return refuse('not_found');
  if (reminder.deleted_at !== null) return refuse('deleted');
  draft.put('reminder', 'updated', { ...reminder, ...(op.patch as ReminderPatch).when });
  return undefined;
};

export const deleteReminder: Command = (draft, op) => {
  const reminder = draft.get('reminder', op.id);
  if (!reminder) return refuse('not_found');
  if (reminder.deleted_at === null) draft.put('reminder', 'deleted', { ...reminder, deleted_at: draft.moment.at });
  return undefined;
};
