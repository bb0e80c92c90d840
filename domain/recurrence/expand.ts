import { dayNumber, dayOf, daysInMonth, isLeapYear, LAST_DAY, weekdayOfNumber } from '../time/calendar.ts';
import type { Rrule } from './rrule.ts';

/**
 * The days that a rule names, as day numbers in ascending order: RFC 5545, section 3.3.10, over calendar dates. A period (day,
 * week, month, year) is walked day by day through the rule's filters; where RFC says "expand" or "limit", both come to the
 * same days. Beyond RFC: `clamp` lets a BYMONTHDAY that a month lacks fall on its last day, unless BYDAY chooses among
 * the month's days as well ("Friday the 31st" is never a Friday the 30th).
 */
export interface Expansion {
  rrule: Rrule;
  /** Day number that INTERVAL counts from. No day before it is named. */
  anchor: number;
  clamp: boolean;
}

/** A rule that names no day for so long (the Gregorian calendar repeats) has ended. */
const SEARCH_DAYS = 146_097;

/** Calls `visit` for each day from `from` on, until it returns false or the rule has no more days. */
export function walk(expansion: Expansion, from: number, visit: (day: number) => boolean): void {
  const { anchor, rrule } = expansion;
  const start = Math.max(from, anchor);
  const walker = walkers[rrule.freq];
  const filter = filterOf(expansion);
  const first = walker.periodOf(anchor, rrule);
  const skipped = Math.floor((walker.periodOf(start, rrule) - first) / rrule.interval);
  let idleSince = start;
  for (let period = first + skipped * rrule.interval; ; period += rrule.interval) {
    const opening = walker.opensOn(period, rrule);
    if (opening > LAST_DAY || opening - idleSince > SEARCH_DAYS) return;
    let days = walker.daysIn(period, rrule, filter);
    if (rrule.bySetPos.length > 0) days = atPositions(days, rrule.bySetPos);
    for (const day of days) {
      if (day < start) continue;
      if (day > LAST_DAY || !visit(day)) return;
      idleSince = day;
    }
  }
}

interface Walker {
  /** Periods are numbered: days from 1970, weeks, months from year 0, years. */
  periodOf(day: number, rrule: Rrule): number;
  opensOn(period: number, rrule: Rrule): number;
  daysIn(period: number, rrule: Rrule, filter: Filter): number[];
}

const walkers: Readonly<Record<Rrule['freq'], Walker>> = {
  DAILY: {
    periodOf: (day) => day,
    opensOn: (period) => period,
    daysIn: (period, _rrule, filter) => passing(period, 1, filter),
  },
  WEEKLY: {
    periodOf: (day, { weekStart }) => Math.floor((day + 4 - weekStart) / 7),
    opensOn: (period, { weekStart }) => period * 7 - 4 + weekStart,
    daysIn: (period, { weekStart }, filter) => passing(period * 7 - 4 + weekStart, 7, filter),
  },
  MONTHLY: {
    periodOf: (day) => monthIndex(day),
    opensOn: (period) => dayNumber(Math.floor(period / 12), (period % 12) + 1, 1),
    daysIn: (period, _rrule, filter) => inMonth(Math.floor(period / 12), (period % 12) + 1, filter, []),
  },
  YEARLY: {
    periodOf: (day) => dayOf(day).year,
    opensOn: (period) => dayNumber(period, 1, 1),
    daysIn: (period, { byMonth }, filter) => {
      const days: number[] = [];
      for (const month of byMonth.length > 0 ? byMonth : ALL_MONTHS) inMonth(period, month, filter, days);
      return days;
    },
  },
};

const ALL_MONTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

function monthIndex(day: number): number {
  const { year, month } = dayOf(day);
  return year * 12 + month - 1;
}

function passing(opening: number, length: number, filter: Filter): number[] {
  const days: number[] = [];
  for (let number = opening; number < opening + length; number++) {
    const { year, month, day } = dayOf(number);
    if (filter({ number, year, month, day, length: daysInMonth(year, month), weekday: weekdayOfNumber(number) }))
      days.push(number);
  }
  return days;
}

function inMonth(year: number, month: number, filter: Filter, days: number[]): number[] {
  const length = daysInMonth(year, month);
  const first = dayNumber(year, month, 1);
  const candidate: Candidate = { number: first, year, month, day: 1, length, weekday: weekdayOfNumber(first) };
  for (; candidate.day <= length; candidate.day++, candidate.number++) {
    if (filter(candidate)) days.push(candidate.number);
    candidate.weekday = candidate.weekday === 7 ? 1 : candidate.weekday + 1;
  }
  return days;
}

interface Candidate {
  number: number;
  year: number;
  month: number;
  day: number;
  /** Days in its month. */
  length: number;
  weekday: number;
}
type Filter = (candidate: Candidate) => boolean;

function filterOf({ rrule, clamp }: Expansion): Filter {
  const { byMonth, byMonthDay, byYearDay, byWeekNo, byDay } = rrule;
  const months = bits(byMonth);
  const clamps = clamp && byDay.length === 0;
  const daysByLength = [28, 29, 30, 31].map((length) => monthDayBits(byMonthDay, length, clamps));
  const weekdays = bits(byDay.filter(({ nth }) => nth === 0).map(({ weekday }) => weekday));
  const numbered = byDay.filter(({ nth }) => nth !== 0);
  const withinYear = rrule.freq === 'YEARLY' && byMonth.length === 0;

  return (one) => {
    if (months !== 0 && !(months & (1 << one.month))) return false;
    if (byMonthDay.length > 0 && !((daysByLength[one.length - 28] ?? 0) & (1 << one.day))) return false;
    if (byDay.length > 0 && !(weekdays & (1 << one.weekday)) && !numbered.some((nth) => isNth(one, nth, withinYear)))
      return false;
    if (byYearDay.length > 0 && !isYearDay(one, byYearDay)) return false;
    return byWeekNo.length === 0 || isInWeek(one, byWeekNo, rrule.weekStart);
  };
}

const bits = (values: readonly number[]): number => values.reduce((all, value) => all | (1 << value), 0);

/** A day that is clamped onto another one is that one: duplicates collapse. */
const monthDayBits = (monthDays: readonly number[], length: number, clamps: boolean): number =>
  bits(
    monthDays
      .map((day) => (day < 0 ? length + 1 + day : clamps ? Math.min(day, length) : day))
      .filter((day) => day >= 1 && day <= length),
  );

function isNth(one: Candidate, { nth, weekday }: { nth: number; weekday: number }, withinYear: boolean): boolean {
  if (one.weekday !== weekday) return false;
  const day = withinYear ? yearDay(one) : one.day;
  const length = withinYear ? (isLeapYear(one.year) ? 366 : 365) : one.length;
  return nth > 0 ? Math.ceil(day / 7) === nth : Math.ceil((length - day + 1) / 7) === -nth;
}

const yearDay = (one: Candidate): number => one.number - dayNumber(one.year, 1, 1) + 1;

function isYearDay(one: Candidate, byYearDay: readonly number[]): boolean {
  const day = yearDay(one);
  return byYearDay.includes(day) || byYearDay.includes(day - (isLeapYear(one.year) ? 366 : 365) - 1);
}

/** Weeks are numbered as in ISO 8601, but for the day they begin on: week 1 is the first with four days in the year. */
function isInWeek(one: Candidate, byWeekNo: readonly number[], weekStart: number): boolean {
  let year = one.year;
  if (one.number < openingOfWeekOne(year, weekStart)) year--;
  else if (one.number >= openingOfWeekOne(year + 1, weekStart)) year++;
  const opening = openingOfWeekOne(year, weekStart);
  const weeks = (openingOfWeekOne(year + 1, weekStart) - opening) / 7;
  const week = Math.floor((one.number - opening) / 7) + 1;
  return byWeekNo.includes(week) || byWeekNo.includes(week - weeks - 1);
}

function openingOfWeekOne(year: number, weekStart: number): number {
  const fourth = dayNumber(year, 1, 4);
  return fourth - ((weekdayOfNumber(fourth) - weekStart + 7) % 7);
}

function atPositions(days: readonly number[], positions: readonly number[]): number[] {
  const chosen = new Set<number>();
  for (const position of positions) {
    const day = days[position > 0 ? position - 1 : days.length + position];
    if (day !== undefined) chosen.add(day);
  }
  return [...chosen].sort((a, b) => a - b);
}
