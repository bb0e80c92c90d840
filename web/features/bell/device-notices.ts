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
    const body = bodyOf(task_id);
    try {
      const notice = new Notification(message, { tag: id, icon: '/icon.svg', body });
      shown.set(id, notice);
      notice.onclick = () => {
        window.focus();
        notice.close();
        look({ id, task_id });
      };
    } catch {
      // Phones show notices through the worker alone; it answers the tap.
      void workerIfAny()
        .then((worker) =>
          worker?.showNotification(message, { tag: id, icon: '/icon.svg', body, data: { id, task_id } }),
        )
        .catch(() => undefined);
    }
  }
}

/** Those that were read, here or elsewhere, go. */
export function closeNotices(settled: ReadonlySet<string>): void {
  for (const [id, notice] of shown) {
    if (!settled.has(id)) continue;
    notice.close();
    shown.delete(id);
  }
  if (noticesAllowed() !== 'granted') return;
  void workerIfAny().then(async (worker) => {
    for (const notice of (await worker?.getNotifications()) ?? []) if (settled.has(notice.tag)) notice.close();
  });
}

/** The worker says that one of its notices was tapped. */
export function hearTaps(): () => void {
  const hear = ({ data }: MessageEvent<{ t?: string } & Pick<News, 'id' | 'task_id'>>) => {
    if (data?.t === 'notice') look(data);
  };
  navigator.serviceWorker?.addEventListener('message', hear);
  return () => navigator.serviceWorker?.removeEventListener('message', hear);
}

function look({ id, task_id }: Pick<News, 'id' | 'task_id'>): void {
  if (task_id) {
    openTask(task_id);
    markRead(id);
  } else setTold(true);
}

const workerIfAny = async (): Promise<ServiceWorkerRegistration | undefined> =>
  navigator.serviceWorker?.getRegistration().catch(() => undefined);

function bodyOf(task_id: string | null): string {
  const now = currentScreen();
  const task = task_id ? now?.view.get('task', task_id) : undefined;
  const due = task && now ? dueHere(task, now.settings.time_zone) : null;
  return due && now ? `Due ${dueInWords(due, now.today)}` : '';
}
