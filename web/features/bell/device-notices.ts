import type { News } from '../../sync/bell.ts';
import { currentScreen, markRead } from '../../sync/store.ts';
import { openTask } from '../shell/router.ts';
import { dueHere, dueInWords } from '../tasks/when.ts';
import { setTold } from './open.ts';

/** Whether this device shows notices: browsers have them in secure contexts only, and ask their person once. */
export const noticesAllowed = (): NotificationPermission | 'none' =>
  typeof Notification === 'undefined' || !isSecureContext ? 'none' : Notification.permission;

const shown = new Map<string, Notification>();

/** What was told just now, as notices of the device. The tag is the notification's id: several tabs make one notice. */
export function showNotices(news: readonly News[]): void {
  if (noticesAllowed() !== 'granted') return;
  for (const { id, task_id, message } of news) {
    try {
      const notice = new Notification(message, { tag: id, icon: '/icon.svg', body: bodyOf(task_id) });
      shown.set(id, notice);
      notice.onclick = () => {
        window.focus();
        notice.close();
        if (task_id) {
          openTask(task_id);
          markRead(id);
        } else setTold(true);
      };
    } catch {
      // Browsers that show notices only for installed pages: the bell says it all the same.
      return;
    }
  }
}

/** Those that were read, here or elsewhere, go. */
export function closeNotices(unread: ReadonlySet<string>): void {
  for (const [id, notice] of shown) {
    if (unread.has(id)) continue;
    notice.close();
    shown.delete(id);
  }
}

function bodyOf(task_id: string | null): string {
  const now = currentScreen();
  const task = task_id ? now?.view.get('task', task_id) : undefined;
  const due = task && now ? dueHere(task, now.settings.time_zone) : null;
  return due && now ? `Due ${dueInWords(due, now.today)}` : '';
}
