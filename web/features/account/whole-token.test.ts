import { expect, test } from 'vitest';
import { isWholeToken } from './whole-token.ts';

test('a link that lost its end, or holds more than a letter says, is not whole', () => {
  for (const token of ['', ' ', 'a b', 'a'.repeat(2_001)]) expect(isWholeToken(token)).toBe(false);
  expect(isWholeToken('eyJhbGciOiJIUzI1NiJ9.e30.x-_y')).toBe(true);
  expect(isWholeToken('q_7-Zk')).toBe(true);
});
