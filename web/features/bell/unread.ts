import type { Notification } from '@taskmaster/contracts/http/notifications';
import { type BellState, isUnread } from '../../sync/bell.ts';
import type { View } from '../../sync/view.ts';

/** What it was about is done or deleted here: the server takes it back as soon as it hears of that. */
const isSettledHere = ({ task_id }: Notification, view: View): boolean => {
  const task = task_id ? view.get('task', task_id) : undefined;
  return task !== undefined && (task.status === 'completed' || task.deleted_at !== null);
};

/** How much is unread, with what was done here and not yet sent; and which of the list is not. */
export function unreadHere(bell: BellState | undefined, view: View): { count: number; settled: ReadonlySet<string> } {
  if (!bell) return { count: 0, settled: new Set() };
  const unread = bell.items.filter(isUnread);
  const left = new Set(unread.filter((one) => !isSettledHere(one, view)));
  return {
    count: Math.max(0, bell.unread - (unread.length - left.size)),
    settled: new Set(bell.items.filter((one) => !left.has(one)).map((one) => one.id)),
  };
}
