import { type Frequency, plainRule, type Rrule } from '../recurrence/rrule.ts';
import { addDays, addMonths, dateText, daysInMonth, isDate, partsOf, weekdayOf } from '../time/calendar.ts';
import { epochOf, localOf } from '../time/zoned.ts';
import type { Captures, Clock, DateMeaning, Moment, RepeatMeaning, Unit } from './language.ts';

/** What phrases mean, the same in every language. Null: the words make no sense (31 September) and stay words. */

export interface Reader {
  today: string;
  now: string;
  zone: string;
  week_start: number;
  locale?: string | undefined;
}

type Said = Partial<Captures>;

export const dateOf = (year: number, month: number, day: number): string | null => {
  const date = dateText(year, month, day);
  return isDate(date) ? date : null;
};
const on = (date: string | null): Moment | null => (date === null ? null : { date });

const DAYS: Partial<Record<Unit, number>> = { day: 1, week: 7, fortnight: 14 };
const MONTHS: Partial<Record<Unit, number>> = { month: 1, quarter: 3, year: 12 };
const MINUTES: Partial<Record<Unit, number>> = { minute: 1, hour: 60, day: 1440, week: 10_080, fortnight: 20_160 };

/** A date some units later; null for units within a day. */
export function later(date: string, n: number, unit: Unit): string | null {
  const days = DAYS[unit];
  const months = MONTHS[unit];
  if (days !== undefined) return addDays(date, n * days);
  if (months !== undefined) return addMonths(date, n * months);
  if (unit !== 'workday') return null;
  let day = date;
  for (let left = n; left > 0; ) {
    day = addDays(day, 1);
    if (weekdayOf(day) < 6) left--;
  }
  return day;
}

export const minutesOf = (n: number, unit: Unit): number | null =>
  MINUTES[unit] === undefined ? null : n * MINUTES[unit];

const upcoming = (weekday: number, from: string): string => addDays(from, (weekday - weekdayOf(from) + 7) % 7);
const nextWeekStart = ({ today, week_start }: Reader): string => upcoming(week_start, addDays(today, 1));

/**
 * A day that months have: the first from today on, in the month that is named or else in any. With `n`, the one of so many
 * months ahead, be it past or not.
 */
function dayOfMonth(
  { month, n }: Said,
  { today }: Reader,
  dayIn: (year: number, month: number) => string | null,
): Moment | null {
  const now = partsOf(today);
  const thisMonth = now.year * 12 + now.month - 1;
  const last = n === undefined ? thisMonth + 12 : thisMonth + n;
  for (let index = n === undefined ? thisMonth : last; index <= last; index++) {
    const [year, named] = [Math.floor(index / 12), (index % 12) + 1];
    const date = month === undefined || month === named ? dayIn(year, named) : null;
    if (date !== null && (n !== undefined || date >= today)) return { date };
  }
  return null;
}

/** The nth such weekday of a month, -1 the last; null where the month has not so many. */
function nthWeekday(nth: number, weekday: number, year: number, month: number): string | null {
  const length = daysInMonth(year, month);
  const edge = dateText(year, month, nth > 0 ? 1 : length);
  const days = (weekday - weekdayOf(edge) + 7) % 7;
  return dateOf(year, month, nth > 0 ? 1 + days + (nth - 1) * 7 : length - ((7 - days) % 7));
}

export const dateMeanings: Readonly<Record<DateMeaning, (said: Said, reader: Reader) => Moment | null>> = {
  inDays: ({ n = 0 }, { today }) => ({ date: addDays(today, n) }),
  tonight: ({ part = '20:00' }, { today }) => ({ date: today, part }),
  /** "friday" said on a Friday is the next one: who means today says today. */
  weekday: ({ weekdays: [day = 1] = [] }, { today }) => ({ date: upcoming(day, addDays(today, 1)) }),
  thisWeekday: ({ weekdays: [day = 1] = [] }, { today }) => ({ date: upcoming(day, today) }),
  nextWeekday: ({ weekdays: [day = 1] = [] }, reader) => ({ date: upcoming(day, nextWeekStart(reader)) }),
  inSpan: ({ n = 1, unit, span }, { today, now, zone }) => {
    const date = unit && later(today, n, unit);
    if (date) return { date };
    const minutes = span ?? (unit && minutesOf(n, unit));
    if (!minutes) return null;
    if (minutes % 1440 === 0) return { date: addDays(today, minutes / 1440) };
    const then = localOf(epochOf(today, now, zone) + minutes * 60_000, zone);
    return { date: then.date, time: then.time };
  },
  nextUnit: ({ unit }, reader) => {
    const { year, month } = partsOf(reader.today);
    if (unit === 'week') return { date: nextWeekStart(reader) };
    if (unit === 'weekend') return { date: upcoming(6, nextWeekStart(reader)) };
    if (unit === 'workday') return on(later(reader.today, 1, 'workday'));
    if (unit === 'month') return on(dateOf(month === 12 ? year + 1 : year, (month % 12) + 1, 1));
    if (unit === 'quarter')
      return on(month > 9 ? dateOf(year + 1, 1, 1) : dateOf(year, month + 3 - ((month - 1) % 3), 1));
    return unit === 'year' ? on(dateOf(year + 1, 1, 1)) : null;
  },
  thisUnit: (_said, { today }) => ({ date: weekdayOf(today) === 7 ? today : upcoming(6, today) }),
  endOf: ({ unit, month: named, n = 0 }, reader) => {
    if (unit === undefined)
      return dayOfMonth({ month: named }, reader, (year, month) => dateOf(year, month, daysInMonth(year, month)));
    const from = n === 0 ? reader.today : (dateMeanings.nextUnit({ unit }, reader)?.date ?? null);
    if (from === null) return null;
    const { year, month } = partsOf(from);
    const endOfMonth = (last: number) => on(dateOf(year, last, daysInMonth(year, last)));
    if (unit === 'day') return { date: from };
    if (unit === 'week') return { date: upcoming(5, from) };
    if (unit === 'month') return endOfMonth(month);
    if (unit === 'quarter') return endOfMonth(month + 2 - ((month - 1) % 3));
    return unit === 'year' ? endOfMonth(12) : null;
  },
  /** Without a year, the next one from today on: 29 February may be years away. */
  annual: ({ month = 1, days: [day = 1] = [], year }, { today }) => {
    if (year !== undefined) return on(dateOf(year, month, day));
    const { year: thisYear } = partsOf(today);
    for (let next = thisYear; next <= thisYear + 8; next++) {
      const date = dateOf(next, month, day);
      if (date !== null && date >= today) return { date };
    }
    return null;
  },
  monthDay: ({ days, n }, reader) =>
    days?.length === 1 ? dayOfMonth({ n }, reader, (year, month) => dateOf(year, month, days[0] ?? 1)) : null,
  nthWeekday: ({ ordinals = [], weekdays: [weekday = 1] = [], month: named, n }, reader) => {
    const [nth = 1] = ordinals;
    if (ordinals.length !== 1 || !isNth(nth)) return null;
    return dayOfMonth({ month: named, n }, reader, (year, month) => nthWeekday(nth, weekday, year, month));
  },
  /** "3 days ago", "2 weeks before 5 May". */
  before: ({ n = 1, unit, date }, { today }) =>
    unit && unit !== 'workday' ? on(later(date?.date ?? today, -n, unit)) : null,
  after: ({ n = 1, unit, date }, { today }) => on(unit ? later(date?.date ?? today, n, unit) : null),
  date: ({ date }) => date ?? null,
};

/** A repeat as said: the rule with what is named in it, a time of the day, and how it is counted. */
export interface Repeat {
  rrule: Rrule;
  time?: string;
  fromCompletion?: boolean;
  /** "after 10 days" begins in 10 days. */
  firstAfter?: { n: number; unit: Unit };
}

const WORKDAYS = [1, 2, 3, 4, 5].map((weekday) => ({ nth: 0, weekday }));
const rule = (freq: Frequency, interval: number | undefined, parts: Partial<Rrule> = {}): Rrule => ({
  ...plainRule(freq),
  interval: interval ?? 1,
  ...parts,
});
const every = (weekdays: readonly number[] = []) =>
  [...weekdays].sort((a, b) => a - b).map((weekday) => ({ nth: 0, weekday }));
const isNth = (nth: number) => nth === -1 || (nth >= 1 && nth <= 5);
const numbered = (ordinals: readonly number[], weekdays: readonly number[]) =>
  ordinals.flatMap((nth) => weekdays.map((weekday) => ({ nth, weekday })));

const BY_UNIT: Partial<Record<Unit, (n: number) => Rrule | null>> = {
  day: (n) => rule('DAILY', n),
  week: (n) => rule('WEEKLY', n),
  fortnight: (n) => rule('WEEKLY', n * 2),
  month: (n) => rule('MONTHLY', n),
  quarter: (n) => rule('MONTHLY', n * 3),
  year: (n) => rule('YEARLY', n),
  workday: (n) => (n === 1 ? rule('WEEKLY', 1, { byDay: WORKDAYS }) : null),
  weekend: (n) => rule('WEEKLY', n, { byDay: every([6]) }),
};

export const repeatMeanings: Readonly<Record<RepeatMeaning, (said: Said) => Repeat | null>> = {
  units: ({ n = 1, unit, bang = false }) => {
    const rrule = unit && BY_UNIT[unit]?.(n);
    return rrule ? { rrule, fromCompletion: bang } : null;
  },
  weekdays: ({ n, weekdays, bang = false }) => ({
    rrule: rule('WEEKLY', n, { byDay: every(weekdays) }),
    fromCompletion: bang,
  }),
  nthWeekday: ({ n, ordinals = [], weekdays = [], bang = false }) =>
    ordinals.every(isNth)
      ? { rrule: rule('MONTHLY', n, { byDay: numbered(ordinals, weekdays) }), fromCompletion: bang }
      : null,
  nthWorkday: ({ n, ordinals = [], bang = false }) =>
    ordinals.every((nth) => nth >= -1 && nth !== 0 && nth <= 20)
      ? { rrule: rule('MONTHLY', n, { byDay: WORKDAYS, bySetPos: [...ordinals] }), fromCompletion: bang }
      : null,
  monthDays: ({ n, days = [], bang = false }) => ({
    rrule: rule('MONTHLY', n, { byMonthDay: [...days] }),
    fromCompletion: bang,
  }),
  annual: ({ n, month = 1, days: [day = 1] = [], bang = false }) =>
    day <= daysInMonth(2024, month)
      ? { rrule: rule('YEARLY', n, { byMonth: [month], byMonthDay: [day] }), fromCompletion: bang }
      : null,
  annualNth: ({ month = 1, ordinals = [], weekdays = [] }) =>
    ordinals.every(isNth)
      ? { rrule: rule('YEARLY', 1, { byMonth: [month], byDay: numbered(ordinals, weekdays) }) }
      : null,
  allBut: ({ weekdays = [] }) => {
    const left = [1, 2, 3, 4, 5, 6, 7].filter((day) => !weekdays.includes(day));
    return left.length > 0 ? { rrule: rule('WEEKLY', 1, { byDay: every(left) }) } : null;
  },
  daily: ({ part = '09:00', bang = false }) => ({ rrule: rule('DAILY', 1), time: part, fromCompletion: bang }),
  after: ({ n = 1, unit = 'day' }) => {
    const rrule = BY_UNIT[unit]?.(n);
    return rrule && later('2024-01-01', n, unit) !== null
      ? { rrule, fromCompletion: true, firstAfter: { n, unit } }
      : null;
  },
};

/**
 * The time that was meant. Without am or pm, one to six o'clock is in the afternoon ("at 5", not "at 05:00"), and with
 * an evening word every hour is.
 */
export function settleClock({ time, open }: Clock, part: string | undefined): string {
  const hour = Number(time.slice(0, 2));
  const isLate = part === undefined ? hour <= 6 : part >= '12:00' && hour < 12;
  return open && isLate ? `${hour + 12}${time.slice(2)}` : time;
}
