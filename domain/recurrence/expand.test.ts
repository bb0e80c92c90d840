import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, dateOfNumber, daysInMonth, numberOf, partsOf } from '../time/calendar.ts';
import fixture from './dateutil.fixture.json' with { type: 'json' };
import { walk } from './expand.ts';
import { readRule } from './rrule.ts';
import { normaliseRecurrence } from './rule.ts';
import { slotsBetween } from './slots.ts';

/** The first days of a rule from an anchor on. */
function days(rule: string, anchor: string, count: number, options: { clamp?: boolean; from?: string } = {}): string[] {
  const read = readRule(rule);
  if (!read.ok) throw new Error(read.problem.message);
  const found: string[] = [];
  const expansion = { rrule: read.rrule, anchor: numberOf(anchor), clamp: options.clamp ?? true };
  walk(expansion, numberOf(options.from ?? anchor), (day) => found.push(dateOfNumber(day)) < count);
  return found;
}
const list = (text: string) => text.split(' ');

describe('RFC 5545', () => {
  it.each(fixture.cases)(
    `is expanded as ${fixture.made_by} does: $rule from $starts_on`,
    ({ rule, starts_on, count, days: expected }) => {
      const normal = normaliseRecurrence(
        { rule, count, month_end: 'skip' },
        { due_date: starts_on, due_time: null },
        starts_on,
      );
      expect(normal.ok && slotsBetween(normal.recurrence, starts_on, '2089-12-31', 16).join(' ')).toBe(expected);
    },
  );

  it.each([
    ['FREQ=DAILY;INTERVAL=10', '1997-09-02', '1997-09-02 1997-09-12 1997-09-22 1997-10-02'],
    ['FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,WE,FR', '1997-09-01', '1997-09-01 1997-09-03 1997-09-05 1997-09-15'],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO', '1997-08-05', '1997-08-05 1997-08-10 1997-08-19 1997-08-24'],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU', '1997-08-05', '1997-08-05 1997-08-17 1997-08-19 1997-08-31'],
    ['FREQ=MONTHLY;BYDAY=1FR', '1997-09-05', '1997-09-05 1997-10-03 1997-11-07'],
    ['FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1SU', '1997-09-07', '1997-09-07 1997-09-28 1997-11-02 1997-11-30'],
    ['FREQ=MONTHLY;BYDAY=-2MO', '1997-09-22', '1997-09-22 1997-10-20 1997-11-17'],
    ['FREQ=MONTHLY;BYMONTHDAY=-3', '1997-09-28', '1997-09-28 1997-10-29 1997-11-28'],
    ['FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13', '1997-09-02', '1998-02-13 1998-03-13 1998-11-13 1999-08-13'],
    [
      'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8',
      '1996-11-05',
      '1996-11-05 2000-11-07 2004-11-02',
    ],
    ['FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3', '1997-09-04', '1997-09-04 1997-10-07 1997-11-06'],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2', '1997-09-29', '1997-09-29 1997-10-30 1997-11-27'],
    ['FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200', '1997-01-01', '1997-01-01 1997-04-10 1997-07-19 2000-01-01'],
    ['FREQ=YEARLY;BYDAY=20MO', '1997-05-19', '1997-05-19 1998-05-18 1999-05-17'],
    ['FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO', '1997-05-12', '1997-05-12 1998-05-11 1999-05-17'],
    ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO', '2025-06-01', '2025-12-29 2027-01-04 2028-01-03 2029-01-01'],
    ['FREQ=YEARLY;BYMONTH=6,7', '1997-06-10', '1997-06-10 1997-07-10'],
    ['FREQ=MONTHLY;BYDAY=MO,-1FR', '2026-12-01', '2026-12-07 2026-12-14 2026-12-21 2026-12-25 2026-12-28'],
  ])('has the example %s', (rule, anchor, expected) => {
    const filled = rule === 'FREQ=YEARLY;BYMONTH=6,7' ? `${rule};BYMONTHDAY=10` : rule;
    expect(days(filled, anchor, list(expected).length)).toEqual(list(expected));
  });
});

describe('the end of the month', () => {
  it('clamps and comes back: 31 Jan, 28 Feb, 31 Mar, 30 Apr', () => {
    expect(days('FREQ=MONTHLY;BYMONTHDAY=31', '2027-01-31', 4)).toEqual(
      list('2027-01-31 2027-02-28 2027-03-31 2027-04-30'),
    );
    expect(days('FREQ=MONTHLY;BYMONTHDAY=29', '2028-01-29', 3)).toEqual(list('2028-01-29 2028-02-29 2028-03-29'));
  });
  it('skips short months where that is said', () => {
    expect(days('FREQ=MONTHLY;BYMONTHDAY=31', '2027-01-31', 3, { clamp: false })).toEqual(
      list('2027-01-31 2027-03-31 2027-05-31'),
    );
  });
  it('clamps 29 February', () => {
    const leap = 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29';
    expect(days(leap, '2024-02-29', 5)).toEqual(list('2024-02-29 2025-02-28 2026-02-28 2027-02-28 2028-02-29'));
    expect(days(leap, '2024-02-29', 2, { clamp: false })).toEqual(list('2024-02-29 2028-02-29'));
  });
  it('lets clamped duplicates collapse', () => {
    expect(days('FREQ=MONTHLY;BYMONTHDAY=28,29,30,31', '2027-02-01', 5)).toEqual(
      list('2027-02-28 2027-03-28 2027-03-29 2027-03-30 2027-03-31'),
    );
  });
  it('does not clamp a day that a weekday has to agree with', () => {
    expect(days('FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=31', '2027-01-01', 2)).toEqual(list('2027-12-31 2028-03-31'));
  });
  it('does not clamp days counted from the end', () => {
    expect(days('FREQ=MONTHLY;BYMONTHDAY=-30', '2027-01-01', 2)).toEqual(list('2027-01-02 2027-03-02'));
  });
  it('falls on the 31st or the last day of every month there is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 29, max: 31 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 20_000 }),
        (day, interval, offset) => {
          const anchor = addDays('1990-01-01', offset);
          for (const date of days(`FREQ=MONTHLY;INTERVAL=${interval};BYMONTHDAY=${day}`, anchor, 14)) {
            const { year, month, day: found } = partsOf(date);
            expect(found).toBe(Math.min(day, daysInMonth(year, month)));
          }
        },
      ),
    );
  });
});

describe('an expansion', () => {
  const rules = fixture.cases.map(({ rule }) => rule);
  it('is the same wherever one begins to read', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rules), fc.integer({ min: 0, max: 3000 }), fc.boolean(), (rule, offset, clamp) => {
        const all = days(rule, '2020-02-05', 40, { clamp });
        const from = addDays('2020-02-05', offset);
        const last = all.at(-1) ?? '';
        const rest = days(rule, '2020-02-05', 40, { clamp, from }).filter((date) => date <= last);
        expect(rest).toEqual(all.filter((date) => date >= from));
      }),
    );
  });
  it('is in ascending order without duplicates', () => {
    for (const rule of rules) {
      const found = days(rule, '2020-02-05', 30);
      expect(found).toEqual([...new Set(found)].sort());
    }
  });
  it('ends with the calendar', () => {
    expect(days('FREQ=DAILY', '9999-12-30', 5)).toEqual(list('9999-12-30 9999-12-31'));
    expect(days('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', '9990-01-01', 99, { clamp: false })).toEqual(
      list('9992-02-29 9996-02-29'),
    );
  });
  it('gives up on a rule that names no day', () => {
    const start = performance.now();
    expect(days('FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', '2026-01-01', 1, { clamp: false })).toEqual([]);
    expect(performance.now() - start).toBeLessThan(200);
  });
});
