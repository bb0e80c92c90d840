import type { Notification } from '@taskmaster/contracts/http/notifications';
import { expect, test } from 'vitest';
import type { BellState } from '../../sync/bell.ts';
import type { View } from '../../sync/view.ts';
import { unreadHere } from './unread.ts';

const told = (id: string, read_at: string | null = null) =>
  ({ id, task_id: id, delivery_status: 'delivered', read_at }) as Notification;
const view = {
  get: (_: string, id: string) =>
    ({ status: id === 'done' ? 'completed' : 'pending', deleted_at: id === 'gone' ? 'x' : null }) as never,
} as unknown as View;

test('what is done here counts as read before the server knows it', () => {
  const items = [told('open'), told('done'), told('gone'), told('read', '2026-03-10T10:00:00Z')];
  const bell = { items, unread: 5 } as unknown as BellState;
  const { count, settled } = unreadHere(bell, view);
  // Two more are unread that the list no longer shows.
  expect(count).toBe(3);
  expect([...settled]).toEqual(['done', 'gone', 'read']);
  expect(unreadHere(undefined, view).count).toBe(0);
});
