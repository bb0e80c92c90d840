import type { HistoryEntry } from '@taskmaster/contracts/http/tasks';
import { expect, test } from 'vitest';
import { describe as describeEntry, whoOf } from './describe.ts';

const reader = { user_id: 'me', today: '2026-03-10', projectName: () => 'Home' };
const entry = (changed: HistoryEntry['changed'], kind = 'updated') => ({ kind, changed }) as HistoryEntry;

test('a moved date says from when to when', () =>
  expect(describeEntry(entry({ due_date: ['2026-03-11', '2026-03-12'] }), reader)).toBe(
    'due Wed 11 March → Thu 12 March',
  ));
test('tags say what came and what went', () =>
  expect(describeEntry(entry({ tags: [['bank'], ['rent']] }), reader)).toBe('+ @rent − @bank'));
test('a move says where to', () =>
  expect(describeEntry(entry({ project_id: [null, 'x'], position: ['a0', 'a1'] }), reader)).toBe('moved to Home'));
test('acts have a word', () => expect(describeEntry(entry({}, 'completed'), reader)).toBe('done'));
test('a skip that was taken back is no completion taken back', () => {
  const back = entry({ due_date: ['2026-03-17', '2026-03-10'], slot: ['2026-03-17', '2026-03-10'] }, 'reopened');
  expect(describeEntry(back, reader)).toBe('not skipped after all, due Tue 17 March → Tue 10 March');
  expect(describeEntry(entry({ status: ['completed', 'pending'] }, 'reopened'), reader)).toBe('not done after all');
});
test('one’s own acts are yours, also through a program’s way in', () => {
  expect(whoOf({ actor: { kind: 'user', id: 'me' }, via: 'sync' }, reader)).toBe('You');
  expect(whoOf({ actor: { kind: 'user', id: 'me' }, via: 'api' }, reader)).toBe('You, through the API');
  expect(whoOf({ actor: { kind: 'system', id: 'recurring' }, via: 'consumer' }, reader)).toBe('TaskMaster');
});
