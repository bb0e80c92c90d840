import type { Recurrence } from '../task.ts';
import { addDays, dateOfNumber, isDate, numberOf, partsOf, weekdayOf } from '../time/calendar.ts';
import { isZone, localOf } from '../time/zoned.ts';
import { walk } from './expand.ts';
import { LARGEST_COUNT, type Problem, plainRule, type Rrule, readRule, writeRule } from './rrule.ts';

/** A repeat rule as people and programs send it; what is absent takes its default. */
export interface RecurrenceInput {
  /** An RRULE value of RFC 5545, over calendar dates. */
  rule: string;
  from?: Recurrence['from'] | undefined;
  overdue?: Recurrence['overdue'] | undefined;
  month_end?: Recurrence['month_end'] | undefined;
  except?: readonly string[] | undefined;
  starts_on?: string | undefined;
  until?: string | undefined;
  count?: number | undefined;
  paused?: boolean | undefined;
}

/** The due value of the first occurrence, as far as it is known. The zone only matters for an UNTIL in UTC. */
export interface FirstDue {
  due_date: string | null;
  due_time: string | null;
  due_zone?: string | null;
}

export type Normalised = { ok: true; recurrence: Recurrence; due_date: string } | { ok: false; problem: Problem };

const LARGEST_EXCEPT = 400;

const problem = (path: string, message: string): Normalised => ({ ok: false, problem: { path, message } });

/**
 * The one stored form of a rule, and the date of its first occurrence: the due date if there is one, else the first day
 * of the rule from today on.
 *
 * * BYDAY, BYMONTHDAY and BYMONTH that the rule leaves open are filled from the due date (else starts_on, else today), so
 *   that the anchor survives short months and moves by hand. Not for `from: completion`: there the interval counts from the
 *   day of completion, whatever weekday that is.
 * * COUNT and UNTIL move out of `rule` into `count` and `until`. UNTIL with a time is the last day whose due_time is not later.
 * * `starts_on` anchors INTERVAL and COUNT. It is the due date unless given; without a due date it moves on to the first day of
 *   the rule ("every 2 weeks on Tuesday" said on a Saturday starts on the next Tuesday). It counts as the first occurrence even where the rule does not name it (RFC 5545, DTSTART).
 *
 * Normalising a normal form changes nothing. The problem's path is that of the field within the recurrence.
 */
export function normaliseRecurrence(input: RecurrenceInput, due: FirstDue, today: string): Normalised {
  const read = readRule(input.rule);
  if (!read.ok) return read;
  const wrong = wrongField(input, read.rrule);
  if (wrong) return { ok: false, problem: wrong };

  const from = input.from ?? 'schedule';
  const month_end = input.month_end ?? 'clamp';
  const given = due.due_date ?? input.starts_on ?? today;
  const expanded = filled(read.rrule, given);
  const clamp = month_end === 'clamp';

  const firstFrom = (anchor: string, date: string, interval = expanded.interval): string | null => {
    let first: string | null = null;
    walk({ rrule: { ...expanded, interval }, anchor: numberOf(anchor), clamp }, numberOf(date), (day) => {
      const found = dateOfNumber(day);
      if (input.except?.includes(found)) return true;
      first = found;
      return false;
    });
    return first;
  };
  const isFree = due.due_date === null && input.starts_on === undefined;
  const anchor = input.starts_on ?? given;
  const due_date =
    due.due_date ?? (isFree ? firstFrom(today, today, 1) : firstFrom(anchor, anchor > today ? anchor : today));
  if (due_date === null || (!isFree && firstFrom(anchor, anchor) === null))
    return problem('rule', 'This rule never falls on a day.');
  const starts_on = isFree ? due_date : due.due_date === null ? startOf(expanded, clamp, anchor) : anchor;

  const until = input.until ?? lastDay(read.rrule, due);
  if (until !== undefined && until < due_date)
    return problem('until', 'The series would end before its first occurrence.');
  const count = input.count ?? read.rrule.count ?? undefined;
  const recurrence: Recurrence = {
    rule: writeRule(from === 'schedule' ? expanded : read.rrule),
    from,
    overdue: input.overdue ?? 'next_future',
    month_end,
    except: [...new Set(input.except ?? [])].sort(),
    starts_on,
    ...(until === undefined ? {} : { until }),
    ...(count === undefined ? {} : { count }),
    ...(input.paused ? { paused: true } : {}),
  };
  return { ok: true, recurrence, due_date };
}

function wrongField(input: RecurrenceInput, rrule: Rrule): Problem | null {
  const isOneOf = (value: string | undefined, ...allowed: string[]) => value === undefined || allowed.includes(value);
  if (!isOneOf(input.from, 'schedule', 'completion')) return { path: 'from', message: 'Is schedule or completion.' };
  if (!isOneOf(input.overdue, 'next_future', 'one_by_one', 'collapse'))
    return { path: 'overdue', message: 'Is next_future, one_by_one or collapse.' };
  if (!isOneOf(input.month_end, 'clamp', 'skip')) return { path: 'month_end', message: 'Is clamp or skip.' };
  const badDate = input.except?.findIndex((date) => !isDate(date)) ?? -1;
  if (badDate >= 0) return { path: `except.${badDate}`, message: 'Not a day of the calendar, as YYYY-MM-DD.' };
  if ((input.except?.length ?? 0) > LARGEST_EXCEPT)
    return { path: 'except', message: `At most ${LARGEST_EXCEPT} days.` };
  for (const path of ['starts_on', 'until'] as const) {
    const date = input[path];
    if (date !== undefined && !isDate(date)) return { path, message: 'Not a day of the calendar, as YYYY-MM-DD.' };
  }
  if (input.count !== undefined && !(Number.isInteger(input.count) && input.count >= 1 && input.count <= LARGEST_COUNT))
    return { path: 'count', message: `A whole number from 1 to ${LARGEST_COUNT}.` };
  const bounds = [input.count, input.until, rrule.count ?? undefined, rrule.until ?? undefined];
  if (bounds.filter((bound) => bound !== undefined).length > 1) {
    const path = input.count !== undefined ? 'count' : 'until';
    return { path, message: 'A series ends by count or by until, said once: in the rule or beside it.' };
  }
  return null;
}

/** The rule with what it leaves open taken from a date, as RFC 5545 takes it from DTSTART. */
export function filled(rrule: Rrule, date: string): Rrule {
  const { byDay, byMonthDay, byYearDay, byWeekNo, byMonth } = rrule;
  const { month, day } = partsOf(date);
  const weekdays = [{ nth: 0, weekday: weekdayOf(date) }];
  if (rrule.freq === 'WEEKLY') return byDay.length > 0 ? rrule : { ...rrule, byDay: weekdays };
  if (rrule.freq === 'MONTHLY') return byDay.length + byMonthDay.length > 0 ? rrule : { ...rrule, byMonthDay: [day] };
  if (rrule.freq === 'DAILY' || byDay.length + byMonthDay.length + byYearDay.length > 0) return rrule;
  if (byWeekNo.length > 0) return { ...rrule, byDay: weekdays };
  return { ...rrule, byMonth: byMonth.length > 0 ? byMonth : [month], byMonthDay: [day] };
}

/** The first day of the rule from the anchor on: it counts intervals as the anchor does. */
function startOf(rrule: Rrule, clamp: boolean, anchor: string): string {
  let start = anchor;
  walk({ rrule, anchor: numberOf(anchor), clamp }, numberOf(anchor), (day) => {
    start = dateOfNumber(day);
    return false;
  });
  return start;
}

function lastDay(rrule: Rrule, due: FirstDue): string | undefined {
  if (rrule.until === null) return undefined;
  const { date, time, utc } = rrule.until;
  if (time === null || due.due_time === null) return date;
  const local =
    utc && due.due_zone && isZone(due.due_zone) ? localOf(`${date}T${time}:00Z`, due.due_zone) : { date, time };
  if (utc && !due.due_zone) return date;
  return due.due_time <= local.time ? local.date : addDays(local.date, -1);
}

export type Pattern = 'none' | 'daily' | 'weekly' | 'monthly' | 'yearly' | 'custom';

/** A shorthand as a rule; the due date fills in weekday, day and month. */
export const recurrenceFromPattern = (pattern: 'daily' | 'weekly' | 'monthly' | 'yearly'): RecurrenceInput => ({
  rule: writeRule(
    plainRule(({ daily: 'DAILY', weekly: 'WEEKLY', monthly: 'MONTHLY', yearly: 'YEARLY' } as const)[pattern]),
  ),
});

/** The shorthand that would make this rule (bounds and exclusions apart), `custom` where none would. */
export function patternOf(recurrence: Pick<Recurrence, 'rule' | 'from'> | null): Pattern {
  if (recurrence === null) return 'none';
  const read = readRule(recurrence.rule);
  if (!read.ok || recurrence.from === 'completion') return 'custom';
  const { freq, interval, byMonth, byMonthDay, byDay, byWeekNo, byYearDay, bySetPos } = read.rrule;
  if (interval > 1 || byWeekNo.length + byYearDay.length + bySetPos.length > 0) return 'custom';
  const shape = [byMonth.length, byMonthDay.length, byDay.length].join();
  if (freq === 'DAILY') return shape === '0,0,0' ? 'daily' : 'custom';
  if (freq === 'WEEKLY') return shape === '0,0,0' || shape === '0,0,1' ? 'weekly' : 'custom';
  if (freq === 'MONTHLY')
    return shape === '0,0,0' || (shape === '0,1,0' && (byMonthDay[0] ?? 0) > 0) ? 'monthly' : 'custom';
  return shape === '0,0,0' || (shape === '1,1,0' && (byMonthDay[0] ?? 0) > 0) ? 'yearly' : 'custom';
}
