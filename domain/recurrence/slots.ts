import type { Due, Recurrence, Task } from '../task.ts';
import { dateOfNumber, numberOf } from '../time/calendar.ts';
import { walk } from './expand.ts';
import { type Rrule, readRule } from './rrule.ts';
import { filled } from './rule.ts';

/**
 * The dates on which a series has an occurrence: the days of the rule from `starts_on` on, that day itself (RFC 5545: DTSTART
 * is always the first), up to COUNT of them or `until` (inclusive), without `except`. Days left out still count. Dates
 * only, whatever `from` and `paused` say; a rule that cannot be read has none.
 */

/** `2026-12-01`, or `2026-12-01T09:00` where the occurrence has a time. */
export const slotOf = (dueDate: string, dueTime: string | null): string =>
  dueTime === null ? dueDate : `${dueDate}T${dueTime}`;

export const dateOfSlot = (slot: string): string => slot.slice(0, 10);
export const timeOfSlot = (slot: string): string | null => (slot.length > 10 ? slot.slice(11, 16) : null);

/** When the series has this occurrence, though it alone was moved; a task without a series is due when it is due. */
export const seriesDue = ({ slot, due_date, due_time, due_zone }: Pick<Task, 'slot' | keyof Due>): Due => {
  if (slot === null) return { due_date, due_time, due_zone };
  const time = timeOfSlot(slot);
  return { due_date: dateOfSlot(slot), due_time: time, due_zone: time === null ? null : due_zone };
};

/** The next `count` slots strictly after a date, fewer where the series ends. */
export function slotsAfter(recurrence: Recurrence, after: string, count: number): string[] {
  const slots: string[] = [];
  if (count > 0) eachSlot(recurrence, numberOf(after) + 1, (date) => slots.push(date) < count);
  return slots;
}

/** The first slot on a date or after it, null where the series has ended. */
export function firstSlot(recurrence: Recurrence, onOrAfter: string): string | null {
  let first: string | null = null;
  eachSlot(recurrence, numberOf(onOrAfter), (date) => {
    first = date;
    return false;
  });
  return first;
}

/** The slots from one date to another, both included, at most `limit`. */
export function slotsBetween(recurrence: Recurrence, from: string, to: string, limit = 10_000): string[] {
  const slots: string[] = [];
  eachSlot(recurrence, numberOf(from), (date) => date <= to && slots.push(date) < limit);
  return slots;
}

export const isSlotDate = (recurrence: Recurrence, date: string): boolean => firstSlot(recurrence, date) === date;

/** How many slots of the series lie before a date, days left out included: what COUNT has used up by then. */
export function slotsBefore(recurrence: Recurrence, date: string): number {
  let seen = 0;
  eachDay(recurrence, numberOf(recurrence.starts_on), (day) => dateOfNumber(day) < date && ++seen > 0);
  return seen;
}

/** Visits slots in order from a day number on, until told to stop. */
function eachSlot(recurrence: Recurrence, from: number, visit: (date: string) => boolean): void {
  const { except, until } = recurrence;
  eachDay(recurrence, from, (day) => {
    const date = dateOfNumber(day);
    if (until !== undefined && date > until) return false;
    return except.includes(date) || visit(date);
  });
}

function eachDay(recurrence: Recurrence, from: number, visit: (day: number) => boolean): void {
  const rrule = ruleFrom(recurrence.rule, recurrence.starts_on);
  if (rrule === null) return;
  const anchor = numberOf(recurrence.starts_on);
  const expansion = { rrule, anchor, clamp: recurrence.month_end === 'clamp' };
  if (recurrence.count === undefined) {
    if (from <= anchor && !visit(anchor)) return;
    walk(expansion, Math.max(from, anchor + 1), visit);
    return;
  }
  let left = recurrence.count - 1;
  if (from <= anchor && !visit(anchor)) return;
  if (left > 0) walk(expansion, anchor + 1, (day) => (day < from || visit(day)) && --left > 0);
}

const readByText = new Map<string, Rrule | null>();

/** A rule's parts, null if it cannot be read. Each text is read once. */
export function partsOfRule(rule: string): Rrule | null {
  let rrule = readByText.get(rule);
  if (rrule === undefined) {
    const read = readRule(rule);
    rrule = read.ok ? read.rrule : null;
    if (readByText.size >= 1000) readByText.clear();
    readByText.set(rule, rrule);
  }
  return rrule;
}

/** The rule of a recurrence, what it leaves open taken from a day: its first one, or that of a completion. */
export function ruleFrom(rule: string, day: string): Rrule | null {
  const rrule = partsOfRule(rule);
  return rrule && filled(rrule, day);
}
