import { useEffect, useState } from 'react';
import { currentScreen } from '../../sync/store.ts';
import { partOver } from '../../ui/part.tsx';
import { undoLast } from '../../ui/toast.tsx';
import { setTold } from '../bell/open.ts';
import { openQuickAdd } from '../quick-add/open.ts';
import { deleteTask, toggleTask } from '../tasks/acts.tsx';
import { currentRoute, go, openTask } from './router.ts';

const KeysDialog = partOver(
  () => import('./keys-dialog.tsx'),
  ({ onClose }) => onClose(),
);

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Moves the focus along the titles of the list. */
function move(by: 1 | -1): void {
  const titles = [...document.querySelectorAll<HTMLElement>('[data-nav]')];
  const at = titles.indexOf(document.activeElement as HTMLElement);
  const next = titles[at < 0 ? (by > 0 ? 0 : titles.length - 1) : Math.min(Math.max(at + by, 0), titles.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

const focusedTask = () => {
  const id = document.activeElement?.closest<HTMLElement>('[data-nav]')?.closest<HTMLElement>('[data-id]')?.dataset.id;
  return id ? currentScreen()?.view.get('task', id) : undefined;
};

/** Where one looks for something already, what is looked for stays. */
function find(): void {
  if (currentRoute().place.name === 'search') document.querySelector<HTMLElement>('.search-field')?.focus();
  else go({ name: 'search' });
}

export function Keys() {
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    let before = '';
    const onKey = (event: KeyboardEvent) => {
      if (
        event.defaultPrevented ||
        event.metaKey ||
        event.ctrlKey ||
        event.altKey ||
        document.querySelector('dialog[open]')
      )
        return;
      if (isTyping(event.target)) {
        // Leaving a field keeps what was written; Esc once more closes the task.
        if (event.key === 'Escape') (event.target as HTMLElement).blur();
        return;
      }
      if (event.key === 'Escape' && currentRoute().task) return openTask(null);
      const key = event.key.toLowerCase();
      const after = before;
      before = key;
      const task = focusedTask();
      if (after === 'g' && key === 't') go({ name: 'today' });
      else if (after === 'g' && key === 'i') go({ name: 'inbox' });
      else if (after === 'g' && key === 'a') go({ name: 'activity' });
      else if (key === 'q') openQuickAdd();
      else if (key === 'b') setTold(true);
      else if (key === '/') find();
      else if (key === '?') setShown(true);
      else if (key === 'z') undoLast();
      else if (key === 'j' || key === 'arrowdown') move(1);
      else if (key === 'k' || key === 'arrowup') move(-1);
      else if (key === ' ' && task) toggleTask(task);
      else if (key === 'delete' && task) deleteTask(task);
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  if (!isShown) return null;
  return <KeysDialog onClose={() => setShown(false)} />;
}
