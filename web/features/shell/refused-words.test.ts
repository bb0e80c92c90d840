import { expect, test } from 'vitest';
import { ServerRefusal } from '../../sync/transport.ts';
import { refusedInWords } from './refused-words.ts';

test('what the server says is said as a sentence', () => {
  const refused = (status: number, code: string, detail?: string, errors: { path: string; message: string }[] = []) =>
    refusedInWords(new ServerRefusal(status, code, detail, errors));
  expect(refused(403, 'forbidden', 'You alone run this place. Let somebody else run it first.')).toMatch(/first\.$/);
  expect(refused(409, 'conflict', 'It has changed meanwhile')).toBe('It has changed meanwhile.');
  expect(refused(422, 'invalid', undefined, [{ path: 'email', message: 'Not an e-mail address.' }])).toBe(
    'Not an e-mail address.',
  );
  expect(refused(403, 'account_closed', 'It will be erased on 5 December 2026.')).toBe(
    'Your account is closed. It will be erased on 5 December 2026.',
  );
  expect(refused(429, 'rate_limited', 'Too many requests')).toBe('Too many tries. Wait 60 seconds, then try again.');
  expect(refused(0, 'unreachable', 'The server does not answer.')).toBe('The server does not answer.');
  expect(refusedInWords(new TypeError('no'))).toBe('The server does not answer.');
});
