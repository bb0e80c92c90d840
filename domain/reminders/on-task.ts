import type { Reminder, Settings, Task } from '../task.ts';
import { addDays, epochOf, localOf } from '../time/zoned.ts';

/** What makes a reminder of a task: one that was set, or the default, which has no row. */
export type Asked = Pick<Reminder, 'id' | 'minutes_before' | 'at'>;
export type OnTask = Pick<Task, 'id' | 'series_id' | 'due_date' | 'due_time' | 'due_zone'>;
type Row = Pick<Reminder, 'id' | 'task_id' | 'series_id' | 'minutes_before' | 'at' | 'deleted_at' | 'snooze'>;

/**
 * The reminders one person has on a task: theirs; without any the default of a timed due (its id is the task's own); a row
 * that names no time says: none, on purpose. A snooze comes on top of either.
 */
export function remindersOn(task: OnTask, reminders: readonly Row[], settings: Settings): Asked[] {
  const mine = reminders.filter(
    (one) =>
      one.deleted_at === null &&
      (one.task_id === task.id || (one.series_id !== null && one.series_id === task.series_id)),
  );
  const minutes_before = settings.default_reminder_minutes;
  const usual =
    task.due_time !== null && minutes_before !== null && mine.every((one) => one.snooze)
      ? [{ id: task.series_id ?? task.id, minutes_before, at: null }]
      : [];
  return [...usual, ...mine.filter((one) => one.minutes_before !== null || one.at !== null)];
}

export interface Moment {
  reminder_id: string;
  /** The wall clock it was counted from (`2026-12-01T09:00`, `2026-12-01` of a date), or the instant it names. */
  for: string;
  /** Instants, RFC 3339 UTC: counted back from the due, and the same or later. */
  counted_at: string;
  due_at: string;
  /** It was over already when it was asked for: it is written down, and reminds nobody. */
  too_late: boolean;
}

/**
 * When to remind; null where there is nothing to count from. A date without a time counts back from the start of the
 * person's day. Where the lead time was over when it was asked for, and the due was not, it comes when the task is due.
 */
export function momentOf(task: OnTask, reminder: Asked, settings: Settings, asked_at: string): Moment | null {
  const asked = Date.parse(asked_at);
  const reminder_id = reminder.id;
  if (reminder.at !== null) {
    const at = new Date(reminder.at).toISOString();
    return { reminder_id, for: at, counted_at: at, due_at: at, too_late: Date.parse(at) < asked };
  }
  if (task.due_date === null || reminder.minutes_before === null) return null;
  const due = epochOf(task.due_date, task.due_time ?? settings.day_start, task.due_zone ?? settings.time_zone);
  const counted = due - reminder.minutes_before * 60_000;
  return {
    reminder_id,
    for: task.due_time === null ? task.due_date : `${task.due_date}T${task.due_time}`,
    counted_at: new Date(counted).toISOString(),
    due_at: new Date(counted < asked ? due : counted).toISOString(),
    too_late: due < asked,
  };
}

/** The end of the quiet hours that an instant lies in, or null. They may span midnight. */
export function quietUntil(instant: string, settings: Pick<Settings, 'quiet_hours' | 'time_zone'>): string | null {
  const { quiet_hours, time_zone } = settings;
  if (quiet_hours === null || quiet_hours.from === quiet_hours.to) return null;
  const { from, to } = quiet_hours;
  const { date, time } = localOf(instant, time_zone);
  const overnight = from > to;
  const inside = overnight ? time >= from || time < to : time >= from && time < to;
  if (!inside) return null;
  const day = overnight && time >= from ? addDays(date, 1) : date;
  return new Date(epochOf(day, to, time_zone)).toISOString();
}
