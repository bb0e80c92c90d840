import { describe, expect, it } from 'vitest';
import { labelOf, shortLabel } from './label.ts';
import { occurrence } from './occurrence-for-tests.ts';
import type { RecurrenceInput } from './rule.ts';

const recurrence = (input: string | RecurrenceInput) => {
  const found = occurrence(input, '2026-11-27').recurrence;
  if (!found) throw new Error('no recurrence');
  return found;
};

describe('labels', () => {
  it.each([
    ['FREQ=DAILY', 'Daily', 'daily'],
    ['FREQ=DAILY;INTERVAL=2', 'Every other day', '2 days'],
    ['FREQ=DAILY;INTERVAL=3', 'Every 3 days', '3 days'],
    ['FREQ=DAILY;BYMONTH=6,7,8', 'Daily in June, July and August', 'daily'],
    ['FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR', 'Weekdays', 'weekdays'],
    ['FREQ=WEEKLY', 'Every Friday', 'Fridays'],
    ['FREQ=WEEKLY;BYDAY=TU', 'Every Tuesday', 'Tuesdays'],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=TH', 'Every other Thursday', '2 weeks'],
    ['FREQ=WEEKLY;INTERVAL=4;BYDAY=MO', 'Every 4 weeks on Monday', '4 weeks'],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH', 'Every other week on Monday and Thursday', '2 weeks'],
    ['FREQ=WEEKLY;BYDAY=MO,WE,FR', 'Every Monday, Wednesday and Friday', 'Mon, Wed, Fri'],
    ['FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', 'Weekdays', 'weekdays'],
    ['FREQ=WEEKLY;BYDAY=SA,SU', 'Weekends', 'weekends'],
    ['FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU', 'Daily', 'daily'],
    ['FREQ=MONTHLY', 'Monthly on the 27th', 'monthly'],
    ['FREQ=MONTHLY;BYMONTHDAY=1,15', 'Monthly on the 1st and 15th', 'monthly'],
    ['FREQ=MONTHLY;BYMONTHDAY=-1', 'Monthly on the last day', 'monthly'],
    ['FREQ=MONTHLY;BYMONTHDAY=-2,22', 'Monthly on the 22nd and 2nd last day', 'monthly'],
    ['FREQ=MONTHLY;BYMONTHDAY=10,11,13,21', 'Monthly on the 10th, 11th, 13th and 21st', 'monthly'],
    ['FREQ=MONTHLY;BYMONTHDAY=1,15;BYSETPOS=1', 'Custom rule', 'monthly'],
    [{ rule: 'FREQ=MONTHLY;BYMONTHDAY=28', month_end: 'skip' }, 'Monthly on the 28th', 'monthly'],
    ['FREQ=MONTHLY;INTERVAL=3', 'Quarterly on the 27th', 'quarterly'],
    ['FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=3', 'Every 6 months on the 3rd', '6 months'],
    ['FREQ=MONTHLY;BYDAY=3FR', 'Monthly on the 3rd Friday', 'monthly'],
    ['FREQ=MONTHLY;BYDAY=-1FR', 'Monthly on the last Friday', 'monthly'],
    ['FREQ=MONTHLY;BYDAY=1MO,3MO', 'Monthly on the 1st and 3rd Monday', 'monthly'],
    ['FREQ=MONTHLY;BYDAY=1MO,-1FR', 'Monthly on the 1st Monday and last Friday', 'monthly'],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', 'Monthly on the last workday', 'monthly'],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=3', 'Monthly on the 3rd workday', 'monthly'],
    ['FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13', 'Custom rule', 'monthly'],
    ['FREQ=YEARLY', 'Yearly on 27 November', 'yearly'],
    ['FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29', 'Every 4 years on 29 February', '4 years'],
    ['FREQ=YEARLY;BYMONTH=9;BYDAY=1MO', 'Yearly on the 1st Monday of September', 'yearly'],
    ['FREQ=YEARLY;BYWEEKNO=20', 'Custom rule', 'yearly'],
    [{ rule: 'FREQ=DAILY;INTERVAL=10', from: 'completion' }, 'Every 10 days after completion', '10 days'],
    [{ rule: 'FREQ=WEEKLY;INTERVAL=2', from: 'completion' }, 'Every other week after completion', '2 weeks'],
    [{ rule: 'FREQ=MONTHLY', from: 'completion' }, 'Monthly after completion', 'monthly'],
    [
      { rule: 'FREQ=MONTHLY;BYMONTHDAY=31', month_end: 'skip' },
      'Monthly on the 31st, not in shorter months',
      'monthly',
    ],
    [{ rule: 'FREQ=DAILY', until: '2026-12-31' }, 'Daily, until 31 December 2026', 'daily'],
    [{ rule: 'FREQ=DAILY', count: 5, except: ['2026-11-28'] }, 'Daily, 5 times, except 28 November 2026', 'daily'],
    [{ rule: 'FREQ=DAILY', count: 1, except: ['2026-11-28', '2026-11-29'] }, 'Daily, once, except 2 days', 'daily'],
  ] as const)('%j reads %s, and %s in a row', (input, label, short) => {
    expect([labelOf(recurrence(input)), shortLabel(recurrence(input))]).toEqual([label, short]);
  });
  it('have the time at the end of the pattern', () => {
    expect(labelOf(recurrence('FREQ=MONTHLY'), '09:00')).toBe('Monthly on the 27th, 09:00');
    expect(labelOf(recurrence({ rule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH', count: 3 }), '16:00')).toBe(
      'Every other Thursday, 16:00, 3 times',
    );
  });
  it('say so where a rule cannot be read', () => {
    const broken = { ...recurrence('FREQ=DAILY'), rule: 'nonsense' };
    expect([labelOf(broken), shortLabel(broken)]).toEqual(['Custom rule', 'custom']);
  });
});
