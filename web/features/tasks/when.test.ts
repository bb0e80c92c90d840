import { expect, test } from 'vitest';
import { distanceBeside, dueAsTyped, dueInWords, longDay } from './when.ts';

const today = '2026-11-21';

test('a day that is named Today or Tomorrow has no distance beside it', () => {
  const said = ['2026-11-20', '2026-11-21', '2026-11-22', '2026-11-23'].map((date) => [
    dueInWords({ date, time: null }, today),
    distanceBeside(date, today),
  ]);
  expect(said).toEqual([
    ['Fri 20 November', '1 day late'],
    ['Today', ''],
    ['Tomorrow', ''],
    ['Mon 23 November', 'in 2 days'],
  ]);
});

test('another year is said', () => {
  expect(longDay('2027-01-04', today)).toBe('Mon 4 January 2027');
  expect(dueAsTyped({ date: '2027-01-04', time: '09:00' }, today)).toBe('4 January 2027 09:00');
});
