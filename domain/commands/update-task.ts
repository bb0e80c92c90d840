import { isBlank } from '../blank.ts';
import { foldName } from '../ids.ts';
import { positionBetween } from '../ordering.ts';
import { moveSeries } from '../recurrence/move-series.ts';
import { resumeAt } from '../recurrence/successor.ts';
import { columnsOf, sortTags } from '../registers.ts';
import type { Due, Place, Task } from '../task.ts';
import type { TaskPatch } from './create-task.ts';
import { checkDue, isRepeatProblem, setRepeat } from './due.ts';
import { isRefusal, liveTask } from './live-task.ts';
import { checkPlace } from './place.ts';
import { namesOfTags } from './tags.ts';
import { type Command, type Draft, refuse } from './world.ts';

/**
 * Changes the registers that are sent, nothing else. A due moves this occurrence (its slot stays) and any other field the
 * series; `scope: 'this'` keeps the old value for the successor, `scope: 'series'` on a due moves slot and anchor.
 */
export const updateTask: Command = (draft, op) => {
  const patch = op.patch as TaskPatch;
  const task = liveTask(draft, op.id);
  if (isRefusal(task)) return task;
  const isPast = task.status === 'completed' && task.recurrence !== null;
  if (isPast && (patch.due !== undefined || patch.recurrence !== undefined))
    return refuse('completed_occurrence', { path: '', message: 'A completed occurrence keeps its date and its rule.' });

  let next: Task = { ...task };
  if (patch.title !== undefined) {
    if (isBlank(patch.title)) return refuse('invalid', { path: 'title', message: 'A task needs a title.' });
    next.title = patch.title.trim();
  }
  if (patch.notes !== undefined) next.notes = patch.notes;
  if (patch.priority !== undefined) next.priority = patch.priority;
  if (patch.tags !== undefined) {
    const gone = new Set([...(patch.tags.remove ?? []), ...patch.tags.add].map(foldName));
    const kept = task.tags.filter((tag) => !gone.has(foldName(tag)));
    next.tags = sortTags([...kept, ...namesOfTags(draft, patch.tags.add)]);
  }
  if (patch.due !== undefined) {
    const due = { ...pickDue(task), ...patch.due };
    const repeats = patch.recurrence === undefined ? task.recurrence !== null : patch.recurrence !== null;
    const wrong = checkDue(due, repeats && patch.recurrence !== undefined);
    if (wrong) return refuse('invalid', ...wrong);
    if (due.due_date === null && repeats && patch.recurrence === undefined)
      return refuse('invalid', {
        path: 'due_date',
        message: 'A repeating task needs a date. Remove the repeat first.',
      });
    next = { ...next, ...due };
    if (op.scope === 'series' && task.recurrence) next = moveSeries(task, next);
    // The successor is on the clock of the series, wherever this occurrence was moved.
    else if (task.recurrence && patch.recurrence === undefined && next.due_zone !== task.due_zone)
      next.series_values = { due_zone: task.due_zone, ...task.series_values };
  }
  if (patch.recurrence === null) next = { ...next, recurrence: null };
  else if (patch.recurrence !== undefined) {
    // A rule that comes with its date begins there: the slot is that of the date.
    const begins = task.recurrence === null || patch.due !== undefined;
    const start = begins ? { ...next, slot: null, series_values: withoutDue(next.series_values) } : next;
    const repeating = setRepeat(start, patch.recurrence, draft.moment.today);
    if (isRepeatProblem(repeating)) return refuse('invalid', ...repeating.problems);
    next = repeating;
    const resumed = task.recurrence?.paused && !next.recurrence?.paused ? resumeAt(next, draft.moment.today) : null;
    if (resumed) next = { ...next, ...resumed };
  }
  if (patch.place !== undefined) {
    const place = checkPlace(draft, task.id, { ...pickPlace(task), ...patch.place });
    if (isRefusal(place)) return place;
    if (place.position === '')
      place.position = positionBetween(draft.lastPosition(place.project_id, place.parent_id), null);
    next = { ...next, ...place };
  }
  if (op.scope === 'this' && task.recurrence) next.series_values = keepForSeries(task, next);

  if (wouldRepeatSlots(task, next)) next = inNewSeries(draft, next, op.op);
  draft.put('task', 'updated', next);
  if (next.project_id !== task.project_id) {
    for (const below of draft.withDescendants(next).slice(1))
      draft.put('task', 'updated', { ...below, project_id: next.project_id });
  }
  return undefined;
};

/** A series whose slot does not go forward would give a successor the id of an occurrence that is there already. */
const wouldRepeatSlots = (task: Task, next: Task): boolean =>
  task.series_id !== null &&
  next.recurrence !== null &&
  next.slot !== null &&
  (task.recurrence === null || (task.slot !== null && next.slot < task.slot));

/** What the series kept of a date that is now its own. */
function withoutDue(kept: Task['series_values']): Task['series_values'] {
  const { due: _due, due_date: _date, due_time: _time, due_zone: _zone, ...rest } = kept ?? {};
  return Object.keys(rest).length > 0 ? rest : null;
}

/** The reminders of the series come along. */
function inNewSeries(draft: Draft, task: Task, seriesId: string): Task {
  for (const reminder of task.series_id ? draft.remindersOf(task.series_id) : [])
    if (reminder.deleted_at === null) draft.put('reminder', 'updated', { ...reminder, series_id: seriesId });
  return { ...task, series_id: seriesId, predecessor_slot: null, missed: 0 };
}

/** The fields that the successor takes from the series when one occurrence is edited alone. */
const seriesFields = ['title', 'notes', 'priority', 'tags', ...columnsOf('task', 'place')] as const;

function keepForSeries(task: Task, next: Task): Task['series_values'] {
  const kept = { ...next.series_values };
  for (const field of seriesFields) {
    const was = task[field as keyof Task];
    if (!(field in kept) && next[field as keyof Task] !== was) kept[field] = was;
  }
  return Object.keys(kept).length > 0 ? kept : null;
}

const pickDue = ({ due_date, due_time, due_zone }: Due): Due => ({ due_date, due_time, due_zone });
const pickPlace = ({ project_id, section_id, parent_id, position }: Place): Place => ({
  project_id,
  section_id,
  parent_id,
  position,
});
