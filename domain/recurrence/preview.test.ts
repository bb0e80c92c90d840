import { describe, expect, it } from 'vitest';
import { occurrence } from './occurrence-for-tests.ts';
import { preview } from './preview.ts';
import type { RecurrenceInput } from './rule.ts';

const shown = (input: string | RecurrenceInput, due: string, count: number, due_zone: string | null = null) => {
  const task = occurrence(input, due, { due_zone });
  return task.recurrence ? preview(task.recurrence, task, 'Europe/Berlin', count) : [];
};

describe('the preview of a rule', () => {
  it('shows the slots after the due date', () => {
    expect(shown('FREQ=MONTHLY;BYMONTHDAY=31', '2027-01-31', 3)).toEqual([
      { due_date: '2027-02-28', due_at: null },
      { due_date: '2027-03-31', due_at: null },
      { due_date: '2027-04-30', due_at: null },
    ]);
  });
  it('reads a floating time in the zone of the reader, a fixed one in its own', () => {
    expect(shown('FREQ=WEEKLY;INTERVAL=2', '2026-03-26T16:00', 1)).toEqual([
      { due_date: '2026-04-09', due_time: '16:00', due_at: '2026-04-09T14:00:00.000Z' },
    ]);
    expect(shown('FREQ=WEEKLY', '2026-03-26T16:00', 1, 'Europe/Lisbon')[0]?.due_at).toBe('2026-04-02T15:00:00.000Z');
  });
  it('takes each as done on its day where the series repeats from completion', () => {
    const dates = (input: RecurrenceInput) => shown(input, '2026-11-21', 9).map(({ due_date }) => due_date);
    expect(dates({ rule: 'FREQ=DAILY;INTERVAL=10', from: 'completion', count: 3 })).toEqual([
      '2026-12-01',
      '2026-12-11',
    ]);
  });
  it('ends with the series', () => {
    expect(shown('FREQ=DAILY;COUNT=2', '2026-11-21', 9)).toHaveLength(1);
    expect(shown({ rule: 'FREQ=DAILY', until: '2026-11-23', except: ['2026-11-22'] }, '2026-11-21', 9)).toHaveLength(1);
  });
  it('shows a paused series as it will go on', () => {
    expect(shown({ rule: 'FREQ=DAILY', paused: true }, '2026-11-21', 2)).toHaveLength(2);
  });
});
