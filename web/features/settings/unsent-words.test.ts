import { expect, test } from 'vitest';
import { unsentWords } from './unsent-words.ts';

test('refused edits are told apart from those on their way', () => {
  expect(unsentWords(1, 0).title).toBe('1 edit has not reached the server');
  expect(unsentWords(0, 1).title).toBe('1 edit was refused by the server');
  expect(unsentWords(2, 3).title).toBe('2 edits have not reached the server, 3 edits were refused by it');
  expect(unsentWords(0, 2).words).not.toMatch(/Stay until/);
  expect(unsentWords(1, 0, true).words).toBe(
    'Leaving it closed takes it off this device for good. Take the account back to have what is on its way sent.',
  );
});
