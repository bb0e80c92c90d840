import { describe, expect, it } from 'vitest';
import type { Task } from '../task.ts';
import { moveSeries } from './move-series.ts';
import { done, occurrence } from './occurrence-for-tests.ts';
import type { RecurrenceInput } from './rule.ts';
import { successorOf } from './successor.ts';

const move = (input: string | RecurrenceInput, from: string, to: string, more: Partial<Task> = {}): Task => {
  const before = occurrence(input, from, more);
  const [due_date = '', due_time = null] = to.split('T');
  return moveSeries(before, { ...before, due_date, due_time });
};

describe('moving a series by one of its occurrences', () => {
  it.each([
    ['FREQ=WEEKLY', '2026-11-26', '2026-11-27', 'FREQ=WEEKLY;BYDAY=FR'],
    ['FREQ=WEEKLY;BYDAY=MO,WE,FR', '2026-11-25', '2026-11-26', 'FREQ=WEEKLY;BYDAY=MO,TH,FR'],
    ['FREQ=WEEKLY;BYDAY=MO,WE,FR', '2026-11-25', '2026-11-27', 'FREQ=WEEKLY;BYDAY=MO,WE,FR'],
    ['FREQ=MONTHLY', '2026-11-27', '2026-11-30', 'FREQ=MONTHLY;BYMONTHDAY=30'],
    ['FREQ=MONTHLY', '2026-11-27', '2026-12-03', 'FREQ=MONTHLY;BYMONTHDAY=3'],
    ['FREQ=MONTHLY;BYMONTHDAY=1,15', '2026-12-15', '2026-12-16', 'FREQ=MONTHLY;BYMONTHDAY=1,16'],
    ['FREQ=MONTHLY;BYMONTHDAY=-1', '2026-11-30', '2026-11-28', 'FREQ=MONTHLY;BYMONTHDAY=28'],
    ['FREQ=MONTHLY;BYMONTHDAY=-1', '2026-11-30', '2026-12-31', 'FREQ=MONTHLY;BYMONTHDAY=-1'],
    ['FREQ=MONTHLY;BYDAY=3FR', '2026-11-20', '2026-11-24', 'FREQ=MONTHLY;BYDAY=4TU'],
    ['FREQ=MONTHLY;BYDAY=-1FR', '2026-11-27', '2026-11-28', 'FREQ=MONTHLY;BYDAY=-1SA'],
    ['FREQ=MONTHLY;BYDAY=-1FR', '2026-11-27', '2026-11-18', 'FREQ=MONTHLY;BYDAY=3WE'],
    ['FREQ=MONTHLY;BYDAY=4SU', '2026-11-22', '2026-11-30', 'FREQ=MONTHLY;BYDAY=-1MO'],
    ['FREQ=YEARLY', '2026-11-27', '2026-12-01', 'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1'],
    ['FREQ=YEARLY;BYMONTH=9;BYDAY=1MO', '2026-09-07', '2026-09-15', 'FREQ=YEARLY;BYMONTH=9;BYDAY=3TU'],
    ['FREQ=YEARLY;BYDAY=2MO', '2026-01-12', '2026-01-13', 'FREQ=YEARLY;BYDAY=2MO'],
    ['FREQ=DAILY;INTERVAL=3', '2026-11-27', '2026-11-28', 'FREQ=DAILY;INTERVAL=3'],
    [
      'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
      '2026-11-30',
      '2026-11-27',
      'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
    ],
  ])('%s from %s to %s is %s', (rule, from, to, moved) => {
    expect(move(rule, from, to)).toMatchObject({ due_date: to, slot: to, recurrence: { rule: moved, starts_on: to } });
  });
  it('finds the day that was clamped', () => {
    expect(
      move({ rule: 'FREQ=MONTHLY;BYMONTHDAY=31', starts_on: '2027-01-31' }, '2027-02-28', '2027-02-26').recurrence
        ?.rule,
    ).toBe('FREQ=MONTHLY;BYMONTHDAY=26');
  });
  it('takes the time along, and successors have it', () => {
    const moved = move('FREQ=WEEKLY', '2026-11-26T09:00', '2026-11-27T16:00');
    expect(moved.slot).toBe('2026-11-27T16:00');
    expect(successorOf(done(moved, '2026-11-27T16:00'), '')).toMatchObject({
      due_date: '2026-12-04',
      due_time: '16:00',
    });
  });
  it('keeps what is left of COUNT', () => {
    const moved = move({ rule: 'FREQ=WEEKLY;COUNT=5', starts_on: '2026-11-12' }, '2026-11-26', '2026-11-27');
    expect(moved.recurrence?.count).toBe(3);
  });
  it('moves an end along that would lie before it', () => {
    expect(move({ rule: 'FREQ=WEEKLY', until: '2026-11-26' }, '2026-11-26', '2026-11-28').recurrence?.until).toBe(
      '2026-11-28',
    );
  });
  it('moves a series that repeats from completion without naming a day', () => {
    const moved = move({ rule: 'FREQ=WEEKLY;INTERVAL=2', from: 'completion', count: 4 }, '2026-11-26', '2026-11-27');
    expect(moved).toMatchObject({ slot: '2026-11-27', recurrence: { rule: 'FREQ=WEEKLY;INTERVAL=2', count: 4 } });
  });
  it('never gives a slot that the predecessor had, or an earlier one', () => {
    const moved = move('FREQ=DAILY', '2026-11-26', '2026-11-24', { predecessor_slot: '2026-11-25' });
    expect(moved).toMatchObject({ due_date: '2026-11-24', slot: '2026-11-26' });
  });
  it('leaves alone what does not repeat', () => {
    const plain = { ...occurrence('FREQ=DAILY', '2026-11-26'), recurrence: null };
    expect(moveSeries(plain, { ...plain, due_date: '2026-11-27' }).slot).toBe('2026-11-26');
  });
});
