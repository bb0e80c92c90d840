import { successorId } from '../ids.ts';
import type { Due, Place, Recurrence, Task } from '../task.ts';
import { addDays, addMonths, dateOfNumber, numberOf } from '../time/calendar.ts';
import { localOf } from '../time/zoned.ts';
import { walk } from './expand.ts';
import { dateOfSlot, ruleFrom, slotOf, slotsAfter, slotsBetween, timeOfSlot } from './slots.ts';

export { copiesOfOpenSubtasks } from './steps.ts';

/** What a successor is computed from: the occurrence with its completion. `series_values` holds what the series keeps. */
export type Occurrence = Pick<Task, 'slot' | 'recurrence' | 'due_date' | 'due_time' | 'due_zone' | 'completed_local'> &
  Partial<Pick<Task, 'completed_at' | 'series_values'>>;

/** Where a series goes on. */
export interface NextOccurrence extends Due {
  due_date: string;
  slot: string;
  /** Slots passed over between the two. */
  missed: number;
  /** The series' rule from there on: `count` is one less where it counts completions. */
  recurrence: Recurrence;
}

/**
 * The occurrence that follows a completed one, null where the series has ended. Always after the slot completed, never
 * that slot again; where the occurrence was moved by hand to does not matter. Date and time are the slot's, on wall
 * clocks, so a change of clocks moves nothing.
 *
 * On a fixed schedule `overdue` chooses among the slots after the one completed: `next_future` takes the first that is later
 * than the completion (a date without a time: than its local day), `one_by_one` the next, `collapse` the last that is not later,
 * else as next_future. From completion, the interval counts from the local day of completion and `count` counts down.
 *
 * A paused series goes on, paused: completing an occurrence of it never ends it.
 */
export function nextOccurrence(completed: Occurrence): NextOccurrence | null {
  const { slot } = completed;
  const recurrence = seriesOf(completed).recurrence;
  if (!recurrence || slot === null) return null;
  const done = completionOf(completed, slot);
  return recurrence.from === 'completion'
    ? afterCompletion(completed, recurrence, slot, dateOfSlot(done), true)
    : onSchedule(completed, recurrence, slot, done);
}

/**
 * Where an occurrence moves when it is skipped: the same row, its next slot, by the same rules as a completion now. From
 * completion, the interval counts from today or the due date, whichever is later, and nothing is counted down.
 * `nowLocal` is `YYYY-MM-DDTHH:MM` on the user's wall clock. Null: this is the last one.
 */
export function skipTo(task: Occurrence, nowLocal: string): NextOccurrence | null {
  const { slot } = task;
  const recurrence = seriesOf(task).recurrence;
  if (!recurrence || slot === null) return null;
  if (recurrence.from === 'schedule') return onSchedule(task, recurrence, slot, nowLocal);
  const today = dateOfSlot(nowLocal);
  const from = task.due_date !== null && task.due_date > today ? task.due_date : today;
  return afterCompletion(task, recurrence, slot, from, false);
}

/**
 * Where a paused occurrence stands when its series is resumed: its slot if that is still to come, else the first slot
 * from today on. What passed during the pause was not missed. Null: the series ended meanwhile, and the occurrence is the last.
 */
export function resumeAt(task: Occurrence, today: string): NextOccurrence | null {
  const { slot } = task;
  const series = seriesOf(task).recurrence;
  if (!series || slot === null) return null;
  const { paused: _paused, ...recurrence } = series;
  if (dateOfSlot(slot) >= today) return at(task, recurrence, dateOfSlot(slot), slot, 0);
  const date = recurrence.from === 'completion' ? today : slotsAfter(recurrence, addDays(today, -1), 1)[0];
  return date === undefined ? null : at(task, recurrence, date, slotOf(date, timeOfSlot(slot)), 0);
}

/**
 * The whole row of the occurrence that follows a completed one, null where there is none. Its id is derived from series and
 * slot: every device makes the same row, whatever else it knows. `at` (RFC 3339) is when it is made; its version is given
 * by the sequence it gets.
 */
export function successorOf(completed: Task, at: string): Task | null {
  if (completed.series_id === null || completed.slot === null) return null;
  const next = nextOccurrence(completed);
  if (next === null) return null;
  const series = seriesOf(completed);
  return {
    ...completed,
    title: series.title,
    notes: series.notes,
    priority: series.priority,
    tags: [...series.tags],
    project_id: series.project_id,
    section_id: series.section_id,
    parent_id: series.parent_id,
    position: series.position,
    id: successorId(completed.series_id, completed.slot),
    status: 'pending',
    ...next,
    series_values: null,
    successor_id: null,
    predecessor_slot: completed.slot,
    completed_local: null,
    completed_at: null,
    completion_id: null,
    archived_at: null,
    deleted_at: null,
    deletion_act: null,
    withdrawn: false,
    created_at: at,
    updated_at: at,
    version: 0,
  };
}

/** The occurrence as its series has it: its own row, with `series_values` where this occurrence alone was edited. */
function seriesOf<T extends Occurrence>(occurrence: T): T {
  const { place, due, ...kept } = (occurrence.series_values ?? {}) as Partial<Task> & { place?: Place; due?: Due };
  return { ...occurrence, ...kept, ...place, ...(due && { due_zone: due.due_zone }) };
}

/**
 * When it was completed, on the wall clock that its slot is read on. For a time fixed in a zone of its own that is the
 * clock there; else that of whoever completed it.
 */
function completionOf(completed: Occurrence, slot: string): string {
  const zone = seriesOf(completed).due_zone;
  if (zone !== null && completed.completed_at && timeOfSlot(slot) !== null) {
    const { date, time } = localOf(completed.completed_at, zone);
    return slotOf(date, time);
  }
  return completed.completed_local ?? slot;
}

function onSchedule(task: Occurrence, recurrence: Recurrence, slot: string, done: string): NextOccurrence | null {
  const date = dateOfSlot(slot);
  const time = timeOfSlot(slot);
  const following = slotsAfter(recurrence, date, 1)[0];
  if (following === undefined) return null;
  const isLater = (candidate: string) =>
    time === null ? candidate > dateOfSlot(done) : slotOf(candidate, time) > done.slice(0, 16);
  if (recurrence.overdue === 'one_by_one' || isLater(following))
    return at(task, recurrence, following, slotOf(following, time), 0);

  const passed = slotsBetween(recurrence, following, dateOfSlot(done));
  const today = passed.at(-1);
  if (today !== undefined && isLater(today)) passed.pop();
  const last = passed.at(-1);
  if (recurrence.overdue === 'collapse' && last !== undefined)
    return at(task, recurrence, last, slotOf(last, time), passed.length - 1);
  const next = slotsAfter(recurrence, last ?? date, 1)[0];
  return next === undefined ? null : at(task, recurrence, next, slotOf(next, time), passed.length);
}

/**
 * The first day of the rule, taken at INTERVAL 1 from the day of completion, that is later than that day plus all but the
 * last interval: with no weekday or day named, the day plus the interval. A slot names an occurrence once in a series, so where
 * the due lies before the slot completed (done early), the slot is the day after that one.
 */
function afterCompletion(
  task: Occurrence,
  series: Recurrence,
  slot: string,
  done: string,
  counts: boolean,
): NextOccurrence | null {
  const rrule = ruleFrom(series.rule, done);
  if (!rrule || (counts && series.count !== undefined && series.count <= 1)) return null;
  const earlier = rrule.interval - 1;
  const after = {
    DAILY: () => addDays(done, earlier),
    WEEKLY: () => addDays(done, earlier * 7),
    MONTHLY: () => addMonths(done, earlier),
    YEARLY: () => addMonths(done, earlier * 12),
  }[rrule.freq]();
  let due: string | undefined;
  const expansion = {
    rrule: { ...rrule, interval: 1 },
    anchor: numberOf(done),
    clamp: series.month_end === 'clamp',
  };
  walk(expansion, numberOf(after) + 1, (day) => {
    const date = dateOfNumber(day);
    if (series.except.includes(date)) return true;
    due = date;
    return false;
  });
  if (due === undefined || (series.until !== undefined && due > series.until)) return null;
  const recurrence = counts && series.count !== undefined ? { ...series, count: series.count - 1 } : series;
  const slotDate = due > dateOfSlot(slot) ? due : addDays(dateOfSlot(slot), 1);
  return at(task, recurrence, due, slotOf(slotDate, timeOfSlot(slot)), 0);
}

function at(task: Occurrence, recurrence: Recurrence, date: string, slot: string, missed: number): NextOccurrence {
  const due_time = timeOfSlot(slot);
  return {
    slot,
    due_date: date,
    due_time,
    due_zone: due_time === null ? null : seriesOf(task).due_zone,
    missed,
    recurrence,
  };
}
