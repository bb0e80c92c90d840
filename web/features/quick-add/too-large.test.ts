import { expect, test } from 'vitest';
import { tooLarge } from './too-large.ts';

const line = { title: 'Call Ann', notes: '', tags: [] as string[], project: null };

test('what the server takes is not complained of', () => {
  const largest = {
    title: 'x'.repeat(500),
    notes: 'é'.repeat(16_384),
    tags: Array.from({ length: 50 }, (_, n) => `t${n}`),
    project: 'x'.repeat(120),
  };
  expect(tooLarge([line, largest])).toBeNull();
});
test('what it would refuse is named, with its line where there are many', () => {
  expect(tooLarge([{ ...line, title: 'x'.repeat(501) }])).toMatch(/^a title .* 500 .* 501/);
  expect(tooLarge([line, { ...line, notes: 'é'.repeat(16_385) }])).toMatch(/^Line 2: notes .* 32,768 .* 32,770/);
  expect(tooLarge([{ ...line, tags: Array.from({ length: 51 }, (_, n) => `t${n}`) }])).toMatch(/50 tags.* 51/);
});
