import { expect, test } from 'vitest';
import { isBlank } from './blank.ts';

test.each([
  ['', true],
  [' \t\n\u00a0\u202f', true],
  ['\u200b', true],
  ['\u2060\ufeff\u00ad\u3164 \u2800', true],
  ['a', false],
  ['\u200b.', false],
  ['☃️', false],
])('%j is blank: %s', (text, blank) => {
  expect(isBlank(text)).toBe(blank);
});
