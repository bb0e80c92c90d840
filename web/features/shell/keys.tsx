import { useEffect, useState } from 'react';
import { currentScreen } from '../../sync/store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { undoLast } from '../../ui/toast.tsx';
import { openQuickAdd } from '../quick-add/open.ts';
import { deleteTask, toggleTask } from '../tasks/acts.tsx';
import { currentRoute, go, openTask } from './router.ts';

const list: [string[], string][] = [
  [['Q'], 'Add a task'],
  [['/'], 'Find'],
  [['J', '↓'], 'Next task'],
  [['K', '↑'], 'Task before'],
  [['Space'], 'Done, or not after all'],
  [['Enter'], 'Open the task'],
  [['Esc'], 'Close what is open'],
  [['Del'], 'Delete the task'],
  [['Z'], 'Undo'],
  [['G', 'T'], 'Go to Today'],
  [['G', 'I'], 'Go to the Inbox'],
  [['?'], 'These keys'],
];

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
      if (event.key === 'Escape' && currentRoute().task) return openTask(null);
      if (isTyping(event.target)) return;
      const key = event.key.toLowerCase();
      const after = before;
      before = key;
      const task = focusedTask();
      if (after === 'g' && key === 't') go({ name: 'today' });
      else if (after === 'g' && key === 'i') go({ name: 'inbox' });
      else if (key === 'q') openQuickAdd();
      else if (key === '/') go({ name: 'search' });
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
  return (
    <Dialog label="Keys" className="sheet-dialog keys" onClose={() => setShown(false)}>
      <h2 className="subtitle">Keys</h2>
      <dl>
        {list.map(([keys, words]) => (
          <div key={words}>
            <dt>{words}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <footer>
        <button type="button" className="button" onClick={() => setShown(false)}>
          Close
        </button>
      </footer>
    </Dialog>
  );
}
