import { englishLabels } from '@taskmaster/domain/recurrence/label';
import type { Task } from '@taskmaster/domain/task';
import { addDays, daysBetween, epochOf, localOf, weekdayOf } from '@taskmaster/domain/time/zoned';

const { weekdays, months } = englishLabels;

export interface LocalDue {
  date: string;
  time: string | null;
}

/** When a task is due on the reader's wall clock: a time in a zone of its own is read over there. */
export function dueHere(task: Pick<Task, 'due_date' | 'due_time' | 'due_zone'>, zone: string): LocalDue | null {
  const { due_date, due_time, due_zone } = task;
  if (due_date === null) return null;
  if (due_time === null || due_zone === null || due_zone === zone) return { date: due_date, time: due_time };
  return localOf(epochOf(due_date, due_time, due_zone), zone);
}

export const weekdayName = (date: string): string => weekdays[weekdayOf(date) - 1] ?? '';
const dayOfMonth = (date: string): number => Number(date.slice(8, 10));
const monthName = (date: string): string => months[Number(date.slice(5, 7)) - 1] ?? '';

/** "10 March", with the year where it is another one. */
export const dayAndMonth = (date: string, today: string): string =>
  `${dayOfMonth(date)} ${monthName(date)}${date.slice(0, 4) === today.slice(0, 4) ? '' : ` ${date.slice(0, 4)}`}`;

/** "Thu 12 March". */
export const longDay = (date: string, today: string): string =>
  `${weekdayName(date).slice(0, 3)} ${dayAndMonth(date, today)}`;

/** For a margin 60 wide: "Sun 8", "8 Mar", "Mar 25". */
export function shortDay(date: string, today: string): string {
  const far = Math.abs(daysBetween(today, date));
  if (far < 7) return `${weekdayName(date).slice(0, 3)} ${dayOfMonth(date)}`;
  if (far < 300) return `${dayOfMonth(date)} ${monthName(date).slice(0, 3)}`;
  return `${monthName(date).slice(0, 3)} ${date.slice(2, 4)}`;
}

/** "today", "tomorrow", "in 3 days", "2 days late". */
export function distance(date: string, today: string): string {
  const days = daysBetween(today, date);
  if (days === 0) return 'today';
  if (days === 1) return 'tomorrow';
  if (days === -1) return '1 day late';
  return days < 0 ? `${-days} days late` : `in ${days} days`;
}

/** The same beside a day in words: nothing where that already says Today or Tomorrow. */
export const distanceBeside = (date: string, today: string): string =>
  date === today || date === addDays(today, 1) ? '' : distance(date, today);

/** As a line that the parser reads back: what stands in the field when one starts to edit. */
export function dueAsTyped(due: LocalDue | null, today: string): string {
  if (!due) return '';
  const day =
    due.date === today
      ? 'today'
      : due.date === addDays(today, 1)
        ? 'tomorrow'
        : `${dayOfMonth(due.date)} ${monthName(due.date)} ${due.date.slice(0, 4)}`;
  return due.time ? `${day} ${due.time}` : day;
}

/** "Thu 12 March, 16:00", with today and tomorrow by name. */
export function dueInWords(due: LocalDue, today: string): string {
  const day = due.date === today ? 'Today' : due.date === addDays(today, 1) ? 'Tomorrow' : longDay(due.date, today);
  return due.time ? `${day}, ${due.time}` : day;
}

/** An instant, short: the time of today, else the day. */
export function instantInWords(instant: string, zone: string, today: string): string {
  const { date, time } = localOf(instant, zone);
  return date === today
    ? time
    : `${dayOfMonth(date)} ${monthName(date).slice(0, 3)}${date.slice(0, 4) === today.slice(0, 4) ? '' : ` ${date.slice(0, 4)}`}`;
}
