import type { HistoryEntry } from '@taskmaster/contracts/http/tasks';
import type { Task } from '@taskmaster/domain/task';
import { expect, test } from 'vitest';
import { overwrittenIn } from './overwritten.ts';

const reader = { user_id: 'me', today: '2026-03-10', projectName: () => 'Home' };
const NOW = '2026-03-10T09:00:00.000Z';
const entry = (
  sequence: number,
  changed: HistoryEntry['changed'],
  overwrote?: HistoryEntry['overwrote'],
  more: Partial<HistoryEntry> = {},
): HistoryEntry => ({
  sequence,
  kind: sequence === 1 ? 'created' : 'updated',
  at: `2026-03-10T08:0${sequence}:00.000Z`,
  actor: { kind: 'user', id: 'me' },
  via: 'sync',
  act_id: `act ${sequence}`,
  causation_id: null,
  changed,
  ...(overwrote ? { overwrote } : {}),
  ...more,
});
const task = (more: Partial<Task>): Task =>
  ({ status: 'pending', recurrence: null, due_date: null, due_time: null, due_zone: null, ...more }) as Task;
const made = entry(1, { title: [null, 'Water'] });
const there = entry(2, { title: ['Water', 'Water all'] });
const here = entry(3, { title: ['Water all', 'Water some'] }, [{ register: 'title', seq: 2 }]);

test('a replaced title is offered, with whose it was', () => {
  const [found, ...more] = overwrittenIn([made, there, here], task({ title: 'Water some' }), NOW, reader);
  expect(more).toEqual([]);
  expect(found).toMatchObject({
    register: 'title',
    sequence: 2,
    words: 'Your title replaced “Water all”, also yours',
    patch: { title: 'Water all' },
  });
});
test('somebody else’s is named as theirs', () => {
  const theirs = { ...there, actor: { kind: 'user', id: 'ann' } };
  expect(overwrittenIn([made, theirs, here], task({ title: 'Water some' }), NOW, reader)[0]?.words).toBe(
    'Your title replaced “Water all”, somebody’s',
  );
});
test('a register is put back whole, also what its edit did not change', () => {
  const entries = [
    entry(1, { title: [null, 'x'], due_date: [null, '2026-03-11'], due_time: [null, '09:00'] }),
    entry(2, { due_date: ['2026-03-11', '2026-03-13'] }),
    entry(3, { due_date: ['2026-03-13', '2026-03-12'], due_time: ['09:00', null] }, [{ register: 'due', seq: 2 }]),
  ];
  expect(overwrittenIn(entries, task({ due_date: '2026-03-12' }), NOW, reader)).toMatchObject([
    {
      words: 'Your date replaced Fri 13 March, 09:00, also yours',
      patch: { due: { due_date: '2026-03-13', due_time: '09:00', due_zone: null } },
    },
  ]);
});
test('what was changed since, brought back, or replaced long ago is not offered', () => {
  const later = entry(4, { title: ['Water some', 'Water none'] });
  expect(overwrittenIn([made, there, here, later], task({ title: 'Water none' }), NOW, reader)).toEqual([]);
  expect(overwrittenIn([made, there, here], task({ title: 'Water all' }), NOW, reader)).toEqual([]);
  expect(overwrittenIn([made, there, here], task({ title: 'Water some' }), '2026-04-01T00:00:00.000Z', reader)).toEqual(
    [],
  );
});
test('of tags nothing was replaced, and what would be refused is not offered', () => {
  const tags = [
    made,
    entry(2, { tags: [[], ['a']] }),
    entry(3, { tags: [['a'], ['a', 'b']] }, [{ register: 'tags', seq: 2 }]),
  ];
  expect(overwrittenIn(tags, task({ title: 'Water', tags: ['a', 'b'] }), NOW, reader)).toEqual([]);
  const due = [
    made,
    entry(2, { due_date: ['2026-03-09', null] }),
    entry(3, { due_date: [null, '2026-03-12'] }, [{ register: 'due', seq: 2 }]),
  ];
  const repeating = task({ due_date: '2026-03-12', recurrence: {} as Task['recurrence'] });
  expect(overwrittenIn(due, repeating, NOW, reader)).toEqual([]);
  expect(overwrittenIn(due, task({ due_date: '2026-03-12' }), NOW, reader)).toHaveLength(1);
});
