import type { Recurrence, Task } from '../task.ts';
import { addDays, daysInMonth, partsOf, weekdayOf } from '../time/calendar.ts';
import { type NthWeekday, type Rrule, writeRule } from './rrule.ts';
import { normaliseRecurrence } from './rule.ts';
import { dateOfSlot, ruleFrom, slotOf, slotsBefore } from './slots.ts';

/**
 * A whole series moved by moving one occurrence: slot and anchor follow the new due, and in the rule what named the old
 * day names the new one. Every Thursday becomes every Friday; of Monday, Wednesday and Friday only the day moved changes; the last
 * Friday moved within the last week is the last Saturday. COUNT keeps what is left of it. A rule of workdays, weeks or days
 * of the year keeps its days.
 *
 * The slot never comes to lie at or before that of the predecessor: successors are named by slots, so each occurs once.
 */
export function moveSeries(before: Task, after: Task): Task {
  const series = after.recurrence;
  if (!before.recurrence || !series || before.slot === null || after.due_date === null) return after;
  const from = dateOfSlot(before.slot);
  const rrule = ruleFrom(series.rule, from);
  if (rrule === null) return after;
  const count = series.count !== undefined && series.from === 'schedule' ? left(series, from) : series.count;
  const moved = {
    ...series,
    rule: series.from === 'schedule' ? writeRule(renamed(rrule, from, after.due_date)) : series.rule,
    starts_on: after.due_date,
    ...(count === undefined ? {} : { count }),
    ...(series.until !== undefined && series.until < after.due_date ? { until: after.due_date } : {}),
  };
  const normal = normaliseRecurrence(moved, after, after.due_date);
  if (!normal.ok) return after;
  return {
    ...after,
    recurrence: normal.recurrence,
    slot: laterThan(before.predecessor_slot, slotOf(after.due_date, after.due_time)),
  };
}

const left = (series: Recurrence, from: string): number => Math.max(1, (series.count ?? 1) - slotsBefore(series, from));

function laterThan(predecessor: string | null, slot: string): string {
  if (predecessor === null || slot > predecessor) return slot;
  return addDays(dateOfSlot(predecessor), 1) + slot.slice(10);
}

function renamed(rrule: Rrule, from: string, to: string): Rrule {
  const { byDay, byMonthDay, byMonth, bySetPos, byWeekNo, byYearDay } = rrule;
  if (bySetPos.length + byWeekNo.length + byYearDay.length > 0 || rrule.freq === 'DAILY') return rrule;
  const old = partsOf(from);
  const now = partsOf(to);
  const months = rrule.freq === 'YEARLY' ? replaced(byMonth, (month) => month === old.month, now.month) : byMonth;
  if (byDay.length > 0 && byMonthDay.length > 0) return { ...rrule, byMonth: months };
  return {
    ...rrule,
    byMonth: months,
    byDay: rrule.freq === 'YEARLY' && byMonth.length === 0 ? byDay : movedWeekdays(byDay, from, to),
    byMonthDay:
      isLastDay(to) && byMonthDay.includes(-1) ? byMonthDay : replaced(byMonthDay, (day) => names(day, old), now.day),
  };
}

function movedWeekdays(byDay: readonly NthWeekday[], from: string, to: string): NthWeekday[] {
  const weekday = weekdayOf(to);
  const at = byDay.findIndex(
    (one) => one.weekday === weekdayOf(from) && (one.nth === 0 || nthOf(from, one.nth < 0) === one.nth),
  );
  const moved = byDay[at];
  if (!moved) return [...byDay];
  const nth = moved.nth === 0 ? 0 : nthOf(to, true) === moved.nth ? moved.nth : lastOrNth(to);
  if (byDay.some((one) => one.weekday === weekday && one.nth === nth)) return [...byDay];
  return byDay.map((one, k) => (k === at ? { nth, weekday } : one));
}

/** Which one of its weekday in the month a date is, from the beginning or, negative, from the end. */
function nthOf(date: string, fromEnd: boolean): number {
  const { year, month, day } = partsOf(date);
  return fromEnd ? -Math.ceil((daysInMonth(year, month) - day + 1) / 7) : Math.ceil(day / 7);
}

/** A fifth one is the last: not every month has five. */
const lastOrNth = (date: string): number => (nthOf(date, false) === 5 ? -1 : nthOf(date, false));

/** True if a BYMONTHDAY falls on that day, by clamping too. */
function names(monthDay: number, { year, month, day }: { year: number; month: number; day: number }): boolean {
  const length = daysInMonth(year, month);
  return (monthDay < 0 ? length + 1 + monthDay : Math.min(monthDay, length)) === day;
}

function isLastDay(date: string): boolean {
  const { year, month, day } = partsOf(date);
  return day === daysInMonth(year, month);
}

function replaced(list: readonly number[], isOld: (value: number) => boolean, by: number): number[] {
  const at = list.findIndex(isOld);
  return list.map((value, k) => (k === at ? by : value));
}
