import type { HistoryEntry } from '@taskmaster/contracts/http/tasks';
import { useEffect, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { ask } from '../../sync/transport.ts';
import { instantInWords } from '../tasks/when.ts';
import { describe, whoOf } from './describe.ts';

const FEW = 4;

/** What happened to a task, the latest first; read from the server's log. */
export function History({ id, version }: { id: string; version: number }) {
  const { person, settings, today, view } = useScreen();
  const [entries, setEntries] = useState<HistoryEntry[] | null>(null);
  const [isAway, setAway] = useState(false);
  const [showsAll, setShowsAll] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version of the task has a new entry
  useEffect(() => {
    let isGone = false;
    ask(`/api/tasks/${id}/history`)
      .then((answer) => answer.json() as Promise<{ items: HistoryEntry[] }>)
      .then(
        ({ items }) => {
          if (isGone) return;
          setEntries(items.reverse());
          setAway(false);
        },
        () => !isGone && setAway(true),
      );
    return () => {
      isGone = true;
    };
  }, [id, version]);

  const reader = {
    user_id: person.user_id,
    today,
    projectName: (project: string) => view.get('project', project)?.name,
  };
  const shown = showsAll ? entries : entries?.slice(0, FEW);
  return (
    <section className="detail-part">
      <h2 className="label">
        History
        {entries && entries.length > FEW && (
          <button type="button" className="link" onClick={() => setShowsAll(!showsAll)}>
            {showsAll ? 'Less' : `All ${entries.length}`}
          </button>
        )}
      </h2>
      {isAway && !entries && (
        <p className="facts">History is read from the server, which does not answer now. Nothing of it is lost.</p>
      )}
      <ol>
        {shown?.map((entry) => (
          <li key={entry.sequence} className="history-entry">
            <span className="facts">#{entry.sequence.toLocaleString('en')}</span>
            <span>
              <b>{whoOf(entry, reader)}</b>: {describe(entry, reader)}
            </span>
            <time className="facts" dateTime={entry.at}>
              {instantInWords(entry.at, settings.time_zone, today)}
            </time>
          </li>
        ))}
      </ol>
    </section>
  );
}
