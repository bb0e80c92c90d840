import type { HistoryEntry } from '@taskmaster/contracts/http/tasks';
import type { Task } from '@taskmaster/domain/task';
import { useScreen } from '../../sync/store.ts';
import { Icon } from '../../ui/icons.tsx';
import { updateTask } from '../tasks/acts.tsx';
import { instantInWords } from '../tasks/when.ts';
import { useReader } from './history.tsx';
import { overwrittenIn } from './overwritten.ts';

/** Edits that others, made at the same time, have replaced: nothing was lost, and each can be had back. */
export function KeptEdits({ task, entries }: { task: Task; entries: readonly HistoryEntry[] | null }) {
  const { settings, today } = useScreen();
  const reader = useReader();
  if (!entries || task.deleted_at !== null) return null;
  const found = overwrittenIn(entries, task, new Date().toISOString(), reader);
  if (found.length === 0) return null;
  return (
    <ul className="kept-edits">
      {found.map(({ register, sequence, at, words, patch }) => (
        <li key={register}>
          <Icon name="history" />
          <span>
            {words}{' '}
            <time className="facts" dateTime={at}>
              {instantInWords(at, settings.time_zone, today)}
            </time>
          </span>
          <button
            type="button"
            className="link"
            aria-label={`Bring back the ${register} of #${sequence}`}
            onClick={() => updateTask(task, patch, 'Brought back')}
          >
            Bring back
          </button>
        </li>
      ))}
    </ul>
  );
}
