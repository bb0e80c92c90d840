import { isDate } from '../time/calendar.ts';

/**
 * The RRULE value of RFC 5545, section 3.3.10, over calendar dates: read, checked, and written in one canonical form.
 * Weekdays are ISO numbers. What has no meaning for a date (BYHOUR, sub-daily FREQ) and what is no rule part (DTSTART,
 * TZID, EXDATE) is refused.
 */

export type Frequency = 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';

/** A weekday, and which one of the month or year: 3 is the third, -1 the last, 0 every one. */
export interface NthWeekday {
  nth: number;
  weekday: number;
}

export interface Rrule {
  freq: Frequency;
  interval: number;
  byMonth: number[];
  byWeekNo: number[];
  byYearDay: number[];
  byMonthDay: number[];
  byDay: NthWeekday[];
  bySetPos: number[];
  weekStart: number;
  /** Only in what was read: the normal form keeps them beside the rule. */
  count: number | null;
  until: { date: string; time: string | null; utc: boolean } | null;
}

export interface Problem {
  path: string;
  message: string;
}

export type Read = { ok: true; rrule: Rrule } | { ok: false; problem: Problem };

const CODES = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
export const weekdayCode = (weekday: number): string => CODES[weekday - 1] ?? 'MO';

export const LARGEST_INTERVAL = 1000;
export const LARGEST_COUNT = 10_000;

export const plainRule = (freq: Frequency): Rrule => ({
  freq,
  interval: 1,
  byMonth: [],
  byWeekNo: [],
  byYearDay: [],
  byMonthDay: [],
  byDay: [],
  bySetPos: [],
  weekStart: 1,
  count: null,
  until: null,
});

const refused = (message: string): Read => ({ ok: false, problem: { path: 'rule', message } });

/** Reads a rule, with or without `RRULE:` in front, in any case. Refuses it with what is wrong, never echoing values. */
export function readRule(text: string): Read {
  const value = text
    .trim()
    .replace(/^RRULE:/i, '')
    .toUpperCase();
  if (/\b(DTSTART|TZID|EXDATE|RDATE|EXRULE)\b/.test(value))
    return refused('Give the RRULE value alone: the first day is starts_on, days left out are except.');
  const parts = new Map<string, string>();
  for (const part of value.split(';')) {
    if (part === '') continue;
    const [name = '', content, more] = part.split('=');
    if (content === undefined || content === '' || more !== undefined) return refused('Every part is NAME=value.');
    if (parts.has(name)) return refused('A part may stand only once.');
    parts.set(name, content);
  }
  const freq = parts.get('FREQ');
  if (freq === undefined) return refused('FREQ is missing.');
  if (freq === 'HOURLY' || freq === 'MINUTELY' || freq === 'SECONDLY')
    return refused('A task repeats by days, weeks, months or years, not within a day.');
  if (freq !== 'DAILY' && freq !== 'WEEKLY' && freq !== 'MONTHLY' && freq !== 'YEARLY')
    return refused('FREQ is DAILY, WEEKLY, MONTHLY or YEARLY.');
  const rrule = plainRule(freq);
  for (const [name, content] of parts) {
    const reader = readers[name];
    const wrong = reader ? reader(rrule, content) : unknownPart(name);
    if (wrong) return refused(wrong);
  }
  const wrong = contradiction(rrule);
  return wrong ? refused(wrong) : { ok: true, rrule };
}

function unknownPart(name: string): string {
  if (name === 'BYHOUR' || name === 'BYMINUTE' || name === 'BYSECOND')
    return 'The time of the day is due_time, not part of the rule.';
  if (name === 'RSCALE' || name === 'SKIP') return 'Only the Gregorian calendar; short months are month_end.';
  return 'The rule has a part that RFC 5545 does not know.';
}

/** Each returns what is wrong, or null. */
const readers: Readonly<Record<string, (rrule: Rrule, content: string) => string | null>> = {
  FREQ: () => null,
  INTERVAL: (rrule, content) => {
    rrule.interval = /^\d{1,4}$/.test(content) ? Number(content) : 0;
    return rrule.interval >= 1 && rrule.interval <= LARGEST_INTERVAL ? null : `INTERVAL is 1 to ${LARGEST_INTERVAL}.`;
  },
  COUNT: (rrule, content) => {
    rrule.count = /^\d{1,5}$/.test(content) ? Number(content) : 0;
    return rrule.count >= 1 && rrule.count <= LARGEST_COUNT ? null : `COUNT is 1 to ${LARGEST_COUNT}.`;
  },
  UNTIL: (rrule, content) => {
    const [, year, month, day, hour, minute, utc] =
      /^(\d{4})(\d{2})(\d{2})(?:T([01]\d|2[0-3])([0-5]\d)[0-6]\d(Z?))?$/.exec(content) ?? [];
    const date = `${year}-${month}-${day}`;
    if (!isDate(date)) return 'UNTIL is a date, 20261231, or a date and time.';
    rrule.until = { date, time: hour === undefined ? null : `${hour}:${minute}`, utc: utc === 'Z' };
    return null;
  },
  BYMONTH: (rrule, content) => numbers(content, 1, 12, false, (found) => (rrule.byMonth = found)),
  BYWEEKNO: (rrule, content) => numbers(content, 1, 53, true, (found) => (rrule.byWeekNo = found)),
  BYYEARDAY: (rrule, content) => numbers(content, 1, 366, true, (found) => (rrule.byYearDay = found)),
  BYMONTHDAY: (rrule, content) => numbers(content, 1, 31, true, (found) => (rrule.byMonthDay = found)),
  BYSETPOS: (rrule, content) => numbers(content, 1, 366, true, (found) => (rrule.bySetPos = found)),
  BYDAY: (rrule, content) => {
    const days = new Map<string, NthWeekday>();
    for (const item of content.split(',')) {
      const [, sign = '', nth = '0', code = ''] = /^([+-]?)(\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.exec(item) ?? [];
      const day = { nth: Number(`${sign === '-' ? '-' : ''}${nth}`), weekday: CODES.indexOf(code) + 1 };
      const isNumbered = /\d/.test(item);
      if (!code || (sign && !isNumbered) || (isNumbered && (day.nth === 0 || Math.abs(day.nth) > 53)))
        return 'BYDAY lists MO TU WE TH FR SA SU, where 2MO is the second and -1FR the last.';
      days.set(`${day.nth}${code}`, day);
    }
    rrule.byDay = [...days.values()].sort((a, b) => a.nth - b.nth || a.weekday - b.weekday);
    return null;
  },
  WKST: (rrule, content) => {
    rrule.weekStart = CODES.indexOf(content) + 1;
    return rrule.weekStart > 0 ? null : 'WKST is one of MO TU WE TH FR SA SU.';
  },
};

function numbers(
  content: string,
  low: number,
  high: number,
  signed: boolean,
  set: (found: number[]) => void,
): string | null {
  const found = new Set<number>();
  for (const item of content.split(',')) {
    const value = /^[+-]?\d{1,3}$/.test(item) ? Number(item) : Number.NaN;
    const size = signed ? Math.abs(value) : value;
    if (!(size >= low && size <= high)) return `A number in the rule lies outside of ${low} to ${high}.`;
    found.add(value);
  }
  set([...found].sort((a, b) => a - b));
  return null;
}

/** What RFC 5545 says must not stand together. */
function contradiction(rrule: Rrule): string | null {
  const isNumbered = rrule.byDay.some(({ nth }) => nth !== 0);
  if (rrule.count !== null && rrule.until !== null) return 'COUNT and UNTIL exclude each other.';
  if (isNumbered && rrule.freq !== 'MONTHLY' && rrule.freq !== 'YEARLY')
    return 'Numbered weekdays need MONTHLY or YEARLY.';
  if (isNumbered && rrule.byWeekNo.length > 0) return 'Numbered weekdays exclude BYWEEKNO.';
  if (rrule.freq === 'WEEKLY' && rrule.byMonthDay.length > 0) return 'BYMONTHDAY does not go with WEEKLY.';
  if (rrule.byYearDay.length > 0 && rrule.freq !== 'YEARLY') return 'BYYEARDAY needs YEARLY.';
  if (rrule.byWeekNo.length > 0 && rrule.freq !== 'YEARLY') return 'BYWEEKNO needs YEARLY.';
  const hasOther = [rrule.byMonth, rrule.byWeekNo, rrule.byYearDay, rrule.byMonthDay, rrule.byDay].some(
    (list) => list.length > 0,
  );
  if (rrule.bySetPos.length > 0 && !hasOther) return 'BYSETPOS needs another BY… part to choose from.';
  return null;
}

/** The canonical text: parts in one order, lists sorted, defaults left out, COUNT and UNTIL left to their own fields. */
export function writeRule(rrule: Rrule): string {
  const parts = [`FREQ=${rrule.freq}`];
  if (rrule.interval !== 1) parts.push(`INTERVAL=${rrule.interval}`);
  const lists: [string, readonly (number | string)[]][] = [
    ['BYMONTH', rrule.byMonth],
    ['BYWEEKNO', rrule.byWeekNo],
    ['BYYEARDAY', rrule.byYearDay],
    ['BYMONTHDAY', rrule.byMonthDay],
    ['BYDAY', rrule.byDay.map(({ nth, weekday }) => `${nth || ''}${weekdayCode(weekday)}`)],
    ['BYSETPOS', rrule.bySetPos],
  ];
  for (const [name, list] of lists) if (list.length > 0) parts.push(`${name}=${list.join(',')}`);
  if (rrule.weekStart !== 1) parts.push(`WKST=${weekdayCode(rrule.weekStart)}`);
  return parts.join(';');
}
