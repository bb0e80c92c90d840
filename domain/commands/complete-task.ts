import { successorOf } from '../recurrence/successor.ts';
import type { Task } from '../task.ts';
import { addDays, instantOf, isDate, isTime } from '../time/zoned.ts';
import { isRefusal, liveTask } from './live-task.ts';
import { type Command, type Moment, refuse } from './world.ts';

interface CompletePatch {
  /** The slot that the caller means; another one is refused rather than completed by mistake. */
  slot?: string | null;
  /** When it was done, on the wall clock of the device that was offline then. */
  completed_local?: string;
}

/**
 * Completes a task and its open sub-tasks in one act. Completing a completed one changes nothing. A repeating task gets
 * the id of its successor at once; the row itself comes by a consumer, or sooner if somebody edits it.
 */
export const completeTask: Command = (draft, op) => {
  const { moment } = draft;
  const patch = op.patch as CompletePatch;
  const task = liveTask(draft, op.id);
  if (isRefusal(task)) return task;
  if (patch.slot != null && patch.slot !== task.slot)
    return refuse('slot_mismatch', { path: 'slot', message: 'This occurrence stands for another slot.' });
  if (task.status === 'completed') return undefined;

  const local = localTime(patch.completed_local, moment);
  const completion = {
    status: 'completed' as const,
    completed_at: local.at,
    completed_local: local.wall,
    completion_id: op.op,
  };
  const done: Task = { ...task, ...completion };
  const successor = successorOf(done, moment.at);
  done.successor_id = successor?.id ?? null;

  const below = draft
    .withDescendants(task)
    .slice(1)
    .filter((one) => one.status === 'pending' && one.deleted_at === null);
  draft.put('task', 'completed', done);
  for (const one of below) draft.put('task', 'completed', { ...one, ...completion });

  const withdrawn = successor && draft.get('task', successor.id);
  if (withdrawn?.withdrawn) {
    const together = draft.withDescendants(withdrawn).filter((one) => one.deletion_act === withdrawn.deletion_act);
    for (const one of together)
      draft.put('task', 'restored', { ...one, deleted_at: null, deletion_act: null, withdrawn: false });
  }
  return undefined;
};

/** The device's own word, unless it is no time or lies ahead of the day here by more than zones can explain. */
function localTime(given: string | undefined, moment: Moment): { wall: string; at: string } {
  const [date = '', time = ''] = given?.split('T') ?? [];
  if (!given || !isDate(date) || !isTime(time) || date > addDays(moment.today, 1))
    return { wall: `${moment.today}T${moment.time}`, at: moment.at };
  const at = instantOf(date, time, moment.time_zone);
  return { wall: given, at: at < moment.at ? at : moment.at };
}
