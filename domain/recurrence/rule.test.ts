import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Recurrence } from '../task.ts';
import { normaliseRecurrence, patternOf, type RecurrenceInput, recurrenceFromPattern } from './rule.ts';
import { firstSlot } from './slots.ts';

const today = '2026-11-21';
const day = (due_date: string | null, due_time: string | null = null, due_zone: string | null = null) => ({
  due_date,
  due_time,
  due_zone,
});

function normal(input: RecurrenceInput | string, due: string | null = null): Recurrence & { due_date: string } {
  const result = normaliseRecurrence(typeof input === 'string' ? { rule: input } : input, day(due), today);
  if (!result.ok) throw new Error(`${result.problem.path}: ${result.problem.message}`);
  return { ...result.recurrence, due_date: result.due_date };
}
const problemOf = (input: RecurrenceInput | string, due: string | null = null) => {
  const result = normaliseRecurrence(typeof input === 'string' ? { rule: input } : input, day(due), today);
  return result.ok ? null : result.problem.path;
};

describe('the normal form of a rule', () => {
  it.each([
    ['FREQ=WEEKLY', '2026-11-24', 'FREQ=WEEKLY;BYDAY=TU'],
    ['FREQ=WEEKLY;INTERVAL=2', '2026-11-26', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH'],
    ['FREQ=MONTHLY', '2026-01-31', 'FREQ=MONTHLY;BYMONTHDAY=31'],
    ['FREQ=MONTHLY;BYDAY=3FR', '2026-12-18', 'FREQ=MONTHLY;BYDAY=3FR'],
    ['FREQ=YEARLY', '2024-02-29', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29'],
    ['FREQ=YEARLY;BYMONTH=3,9', '2026-03-15', 'FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=15'],
    ['FREQ=YEARLY;BYWEEKNO=20', '2026-05-11', 'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO'],
    ['FREQ=YEARLY;BYMONTHDAY=15', '2026-03-15', 'FREQ=YEARLY;BYMONTHDAY=15'],
    ['FREQ=DAILY', '2026-03-15', 'FREQ=DAILY'],
  ])('fills what %s leaves open from %s: %s', (rule, due, filled) => {
    expect(normal(rule, due).rule).toBe(filled);
  });

  it('fills from starts_on, else from today, where there is no due date', () => {
    expect(normal({ rule: 'FREQ=MONTHLY', starts_on: '2027-01-31' }).rule).toBe('FREQ=MONTHLY;BYMONTHDAY=31');
    expect(normal('FREQ=WEEKLY').rule).toBe('FREQ=WEEKLY;BYDAY=SA');
  });

  it('leaves a rule that counts from completion open: the weekday is that of the completion', () => {
    expect(normal({ rule: 'FREQ=WEEKLY;INTERVAL=2', from: 'completion' }, '2026-11-24').rule).toBe(
      'FREQ=WEEKLY;INTERVAL=2',
    );
  });

  it.each([
    ['rrule:freq=weekly;byday=fr,mo,fr;interval=1', 'FREQ=WEEKLY;BYDAY=MO,FR'],
    ['INTERVAL=2;FREQ=MONTHLY;BYMONTHDAY=15,-1,1,15;', 'FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-1,1,15'],
    [' FREQ=MONTHLY;BYDAY=-1FR,+2MO ', 'FREQ=MONTHLY;BYDAY=-1FR,2MO'],
    ['FREQ=WEEKLY;BYDAY=SU;WKST=SU;INTERVAL=2', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU'],
    ['FREQ=WEEKLY;BYDAY=SU;WKST=MO', 'FREQ=WEEKLY;BYDAY=SU'],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'],
  ])('spells %s as %s', (rule, spelled) => {
    expect(normal(rule, '2026-12-01').rule).toBe(spelled);
  });

  it('takes intervals up to 1000 and counts up to 10,000', () => {
    expect(normal('FREQ=DAILY;INTERVAL=1000;COUNT=10000', today)).toMatchObject({
      rule: 'FREQ=DAILY;INTERVAL=1000',
      count: 10_000,
    });
  });

  it('gives defaults to what is not said', () => {
    const { due_date: _, ...recurrence } = normal('FREQ=DAILY', '2026-12-01');
    expect(recurrence).toEqual({
      rule: 'FREQ=DAILY',
      from: 'schedule',
      overdue: 'next_future',
      month_end: 'clamp',
      except: [],
      starts_on: '2026-12-01',
    });
  });

  it('keeps what is said, exclusions in order and once', () => {
    const said = { from: 'completion', overdue: 'collapse', month_end: 'skip', paused: true } as const;
    const except = ['2027-01-01', '2026-12-25', '2027-01-01'];
    expect(normal({ rule: 'FREQ=DAILY', ...said, except }, '2026-12-01')).toMatchObject({
      ...said,
      except: ['2026-12-25', '2027-01-01'],
    });
  });

  it('changes nothing when it is normalised again', () => {
    const rules = [
      'FREQ=DAILY;INTERVAL=3',
      'FREQ=WEEKLY;COUNT=5',
      'FREQ=MONTHLY;UNTIL=20280101',
      'FREQ=YEARLY',
      'FREQ=MONTHLY;BYDAY=-1FR',
      'FREQ=WEEKLY;BYDAY=TU,TH;INTERVAL=2;WKST=SU',
      'FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO',
      'FREQ=YEARLY;BYYEARDAY=-1,100',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...rules),
        fc.integer({ min: 0, max: 400 }),
        fc.constantFrom('schedule', 'completion'),
        (rule, later, from) => {
          const due = new Date(Date.UTC(2026, 0, 1 + later)).toISOString().slice(0, 10);
          const { due_date, ...once } = normal({ rule, from }, due);
          const { due_date: again, ...twice } = normal(once, due_date);
          expect(twice).toEqual(once);
          expect(again).toBe(due_date);
        },
      ),
    );
  });
});

describe('where a series starts', () => {
  it('starts at its first slot from today without a due date', () => {
    expect(normal('FREQ=WEEKLY;BYDAY=TU')).toMatchObject({ due_date: '2026-11-24', starts_on: '2026-11-24' });
    expect(normal('FREQ=DAILY')).toMatchObject({ due_date: '2026-11-21', starts_on: '2026-11-21' });
  });
  it('counts intervals from there, since nothing else anchors them', () => {
    expect(normal('FREQ=WEEKLY;INTERVAL=2;BYDAY=TU')).toMatchObject({
      due_date: '2026-11-24',
      starts_on: '2026-11-24',
    });
    expect(normal('FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=5')).toMatchObject({
      due_date: '2026-12-05',
      starts_on: '2026-12-05',
    });
  });
  it('starts "every … 31st" said on 21 November on the 30th', () => {
    expect(normal('FREQ=MONTHLY;BYMONTHDAY=31')).toMatchObject({
      due_date: '2026-11-30',
      rule: 'FREQ=MONTHLY;BYMONTHDAY=31',
    });
  });
  it('starts there in December where short months are skipped', () => {
    expect(normal({ rule: 'FREQ=MONTHLY;BYMONTHDAY=31', month_end: 'skip' }).due_date).toBe('2026-12-31');
  });
  it('keeps a due date that the rule does not name, as the first occurrence', () => {
    expect(normal('FREQ=WEEKLY;BYDAY=TU', '2026-11-25')).toMatchObject({
      due_date: '2026-11-25',
      starts_on: '2026-11-25',
    });
  });
  it('keeps starts_on apart from the due date where it is given', () => {
    expect(normal({ rule: 'FREQ=DAILY;INTERVAL=2', starts_on: '2026-11-01' }, '2026-11-27').starts_on).toBe(
      '2026-11-01',
    );
  });
  it('counts intervals from starts_on, and begins on the first slot from today', () => {
    expect(normal({ rule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU', starts_on: '2026-11-03' })).toMatchObject({
      due_date: '2026-12-01',
    });
  });
  it('waits for a starts_on that is still to come', () => {
    expect(normal({ rule: 'FREQ=WEEKLY;BYDAY=TU', starts_on: '2027-01-01' })).toMatchObject({
      due_date: '2027-01-05',
      starts_on: '2027-01-05',
    });
  });
  it('does not start on a day left out', () => {
    expect(normal({ rule: 'FREQ=DAILY', except: ['2026-11-21', '2026-11-22'] }).due_date).toBe('2026-11-23');
  });
});

describe('where a series ends', () => {
  it('takes COUNT and UNTIL out of the rule', () => {
    expect(normal('FREQ=DAILY;COUNT=5', today)).toMatchObject({ rule: 'FREQ=DAILY', count: 5 });
    expect(normal('FREQ=DAILY;UNTIL=20261231', today)).toMatchObject({ rule: 'FREQ=DAILY', until: '2026-12-31' });
    expect(normal({ rule: 'FREQ=DAILY', until: '2026-12-31' }, today).until).toBe('2026-12-31');
    expect(normal({ rule: 'FREQ=DAILY', count: 1 }, today).count).toBe(1);
  });
  it.each([
    [{ rule: 'FREQ=DAILY;COUNT=5', count: 5 }, 'count'],
    [{ rule: 'FREQ=DAILY;COUNT=5', until: '2027-01-01' }, 'until'],
    [{ rule: 'FREQ=DAILY;UNTIL=20270101', until: '2027-01-01' }, 'until'],
    [{ rule: 'FREQ=DAILY;UNTIL=20270101', count: 2 }, 'count'],
    [{ rule: 'FREQ=DAILY', until: '2027-01-01', count: 2 }, 'count'],
    [{ rule: 'FREQ=DAILY;COUNT=5;UNTIL=20270101' }, 'rule'],
  ])('refuses to be told twice: %j', (input, path) => {
    expect(problemOf(input, today)).toBe(path);
  });
  it('refuses an end before the first occurrence', () => {
    expect(problemOf({ rule: 'FREQ=DAILY', until: '2026-11-20' })).toBe('until');
    expect(problemOf('FREQ=WEEKLY;BYDAY=TU;UNTIL=20261123')).toBe('until');
    expect(normal({ rule: 'FREQ=DAILY', until: today }).until).toBe(today);
  });
  it('reads UNTIL with a time as the last day whose due time is not later', () => {
    const until = (rule: string, due_time: string | null, due_zone: string | null) => {
      const result = normaliseRecurrence({ rule }, day(today, due_time, due_zone), today);
      return result.ok && result.recurrence.until;
    };
    expect(until('FREQ=DAILY;UNTIL=20261231T235959', '09:00', null)).toBe('2026-12-31');
    expect(until('FREQ=DAILY;UNTIL=20261231T085959', '09:00', null)).toBe('2026-12-30');
    expect(until('FREQ=DAILY;UNTIL=20270101T003000', '00:15', 'America/Los_Angeles')).toBe('2027-01-01');
    expect(until('FREQ=DAILY;UNTIL=20270101T040000Z', '20:00', 'America/Los_Angeles')).toBe('2026-12-31');
    expect(until('FREQ=DAILY;UNTIL=20261231T080000Z', '09:00', 'Europe/Berlin')).toBe('2026-12-31');
    expect(until('FREQ=DAILY;UNTIL=20261231T230000Z', null, null)).toBe('2026-12-31');
  });
});

describe('what is refused', () => {
  it.each([
    'FREQ=SOMETIMES',
    'FREQ=HOURLY',
    'FREQ=MINUTELY;INTERVAL=5',
    'FREQ=SECONDLY',
    '',
    'INTERVAL=2',
    'every day',
    'FREQ=DAILY;FREQ=DAILY',
    'FREQ',
    'FREQ=',
    'FREQ=DAILY=1',
    'FREQ=DAILY;BYHOUR=9',
    'FREQ=DAILY;BYMINUTE=0',
    'FREQ=DAILY;BYSECOND=1',
    'FREQ=DAILY;X-THING=1',
    'FREQ=DAILY;constructor=1',
    'FREQ=MONTHLY;RSCALE=GREGORIAN;SKIP=FORWARD',
    'DTSTART:20260101T090000\nRRULE:FREQ=DAILY',
    'FREQ=DAILY;DTSTART=20260101',
    'FREQ=DAILY;TZID=Europe/Berlin',
    'FREQ=DAILY;EXDATE=20260101',
    'FREQ=DAILY;INTERVAL=0',
    'FREQ=DAILY;INTERVAL=-1',
    'FREQ=DAILY;INTERVAL=1.5',
    'FREQ=DAILY;INTERVAL=1001',
    'FREQ=DAILY;COUNT=0',
    'FREQ=DAILY;COUNT=10001',
    'FREQ=DAILY;UNTIL=20260230',
    'FREQ=DAILY;UNTIL=2026-12-31',
    'FREQ=DAILY;UNTIL=20261231T250000Z',
    'FREQ=WEEKLY;BYDAY=XX',
    'FREQ=WEEKLY;BYDAY=',
    'FREQ=WEEKLY;BYDAY=1MO',
    'FREQ=DAILY;BYDAY=-1FR',
    'FREQ=MONTHLY;BYDAY=0MO',
    'FREQ=MONTHLY;BYDAY=54MO',
    'FREQ=MONTHLY;BYDAY=+MO',
    'FREQ=WEEKLY;BYMONTHDAY=1',
    'FREQ=MONTHLY;BYMONTHDAY=32',
    'FREQ=MONTHLY;BYMONTHDAY=0',
    'FREQ=MONTHLY;BYMONTHDAY=-32',
    'FREQ=YEARLY;BYMONTH=13',
    'FREQ=YEARLY;BYMONTH=-1',
    'FREQ=YEARLY;BYWEEKNO=54',
    'FREQ=MONTHLY;BYWEEKNO=1',
    'FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO',
    'FREQ=MONTHLY;BYYEARDAY=1',
    'FREQ=YEARLY;BYYEARDAY=367',
    'FREQ=DAILY;BYSETPOS=1',
    'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0',
    'FREQ=WEEKLY;WKST=8',
  ])('refuses the rule %j', (rule) => {
    expect(problemOf(rule, today)).toBe('rule');
  });
  it('refuses a rule that never falls on a day', () => {
    expect(problemOf({ rule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', month_end: 'skip' }, today)).toBe('rule');
    expect(problemOf({ rule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' }, today)).toBe(null);
  });
  it('refuses one whose interval passes over all of its days', () => {
    expect(problemOf('FREQ=DAILY;INTERVAL=7;BYDAY=TU', today)).toBe('rule');
    expect(normal('FREQ=DAILY;INTERVAL=7;BYDAY=TU').due_date).toBe('2026-11-24');
  });
  it.each([
    [{ except: ['2026-12-25', 'tomorrow'] }, 'except.1'],
    [{ except: Array.from({ length: 401 }, () => '2026-12-25') }, 'except'],
    [{ starts_on: '2026-02-30' }, 'starts_on'],
    [{ until: 'soon' }, 'until'],
    [{ count: 0 }, 'count'],
    [{ count: 1.5 }, 'count'],
    [{ from: 'now' as 'schedule' }, 'from'],
    [{ overdue: 'never' as 'collapse' }, 'overdue'],
    [{ month_end: 'wrap' as 'clamp' }, 'month_end'],
  ])('names the field that is wrong: %j', (fields, path) => {
    expect(problemOf({ rule: 'FREQ=DAILY', ...fields }, today)).toBe(path);
  });
  it('never throws, whatever the text', () => {
    const part = fc.constantFrom(
      'FREQ=DAILY',
      'FREQ=YEARLY',
      'BYDAY=MO',
      'BYDAY=-1',
      'COUNT=3',
      'UNTIL=9',
      ';',
      '=',
      'BYSETPOS=1',
      'é',
      '\n',
      'INTERVAL=',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join(';')),
        ),
        (rule) => {
          const result = normaliseRecurrence({ rule }, day(null), today);
          if (result.ok) expect(firstSlot(result.recurrence, today)).toBe(result.due_date);
          else expect(result.problem.path).toMatch(/rule|until/);
        },
      ),
    );
  });
  it('never echoes what was sent', () => {
    const result = normaliseRecurrence({ rule: 'FREQ=SECRET;BYDAY=SECRET' }, day(null), today);
    expect(JSON.stringify(result)).not.toContain('SECRET');
  });
});

describe('shorthands', () => {
  it.each(['daily', 'weekly', 'monthly', 'yearly'] as const)('%s comes back as what it was', (pattern) => {
    expect(patternOf(normal(recurrenceFromPattern(pattern), '2026-11-27'))).toBe(pattern);
  });
  it.each([
    ['FREQ=WEEKLY;BYDAY=MO,TU', 'custom'],
    ['FREQ=DAILY;INTERVAL=2', 'custom'],
    ['FREQ=MONTHLY;BYDAY=1MO', 'custom'],
    ['FREQ=MONTHLY;BYMONTHDAY=-1', 'custom'],
    ['FREQ=MONTHLY;BYMONTHDAY=1,15', 'custom'],
    ['FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=1', 'custom'],
    ['FREQ=WEEKLY;BYDAY=TU;COUNT=4', 'weekly'],
  ])('%s is %s', (rule, pattern) => {
    expect(patternOf(normal(rule, '2026-11-24'))).toBe(pattern);
  });
  it('is none without a recurrence, custom from completion', () => {
    expect(patternOf(null)).toBe('none');
    expect(patternOf(normal({ rule: 'FREQ=DAILY', from: 'completion' }, today))).toBe('custom');
  });
});
