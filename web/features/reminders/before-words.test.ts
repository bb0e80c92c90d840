import { expect, test } from 'vitest';
import { beforeInWords, leadOf } from './before-words.ts';

test('lead times are said in their largest whole unit', () => {
  expect([0, 1, 15, 60, 90, 120, 1440, 2880].map(beforeInWords)).toEqual([
    'when it is due',
    '1 min before',
    '15 min before',
    '1 hour before',
    '90 min before',
    '2 hours before',
    '1 day before',
    '2 days before',
  ]);
  expect(leadOf(0)).toEqual({ count: 0, unit: 'minutes' });
  expect(leadOf(10_080)).toEqual({ count: 7, unit: 'days' });
});
