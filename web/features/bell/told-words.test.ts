import { describe, expect, test } from 'vitest';
import { toldInWords } from './told-words.ts';

const reader = { zone: 'Europe/Berlin', today: '2026-03-10', time: '11:15' };
const told = { delivery_status: 'delivered', notification_type: 'reminder', late_reason: null } as const;
const task = {
  due_date: '2026-03-10',
  due_time: '11:30',
  due_zone: null,
  status: 'pending',
  deleted_at: null,
} as const;
const words = (of: object, on: object | undefined = {}) =>
  toldInWords({ ...told, ...of }, on && { ...task, ...on }, reader);

describe('what stands under something told', () => {
  test('is when it is due, or was', () => {
    expect(words({}).words).toBe('Due 11:30.');
    expect(words({}, { due_time: '11:00' }).words).toBe('Was due 11:00.');
    expect(words({}, { due_time: null }).words).toBe('Due today.');
    expect(words({}, { due_date: '2026-03-11', due_time: '09:00' }).words).toBe('Due tomorrow, 09:00.');
    expect(words({}, { due_date: '2026-03-12' }).words).toBe('Due Thu 12 March, 11:30.');
    expect(words({}, { due_date: null, due_time: null }).words).toBe('You asked to be reminded.');
  });
  test('is why it came late', () =>
    expect(words({ late_reason: '2 h late: the server was down from 08:57 to 11:03.' })).toEqual({
      words: '2 h late: the server was down from 08:57 to 11:03.',
      tone: 'late',
    }));
  test('is what became of the task since', () => {
    expect(words({}, { status: 'completed' })).toEqual({ words: 'Done since.', tone: 'gone' });
    expect(words({}, { deleted_at: '2026-03-10T10:00:00Z' }).words).toBe('Deleted since.');
    expect(words({ delivery_status: 'withdrawn' }, { due_date: '2026-03-12' }).words).toBe(
      'Moved since: due Thu 12 March, 11:30.',
    );
  });
  test('is honest where the task is not on this device', () => {
    const of = { ...told, delivery_status: 'withdrawn' } as const;
    expect(toldInWords(of, undefined, reader).words).toBe('Taken back: it was moved, or is gone.');
  });
});
