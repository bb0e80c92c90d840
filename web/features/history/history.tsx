import type { HistoryEntry } from '@taskmaster/contracts/http/tasks';
import { useEffect, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { ask } from '../../sync/transport.ts';
import { instantInWords } from '../tasks/when.ts';
import { describe, type Reader, whoOf } from './describe.ts';

const FEW = 4;

/**
 * A task's history as the server's log has it, oldest first; null until it has come, or without a version to ask for.
 * `isAway`: the server does not answer.
 */
export function useHistory(
  id: string,
  version: number | undefined,
): { entries: HistoryEntry[] | null; isAway: boolean } {
  const [entries, setEntries] = useState<HistoryEntry[] | null>(null);
  const [isAway, setAway] = useState(false);
  useEffect(() => {
    if (version === undefined) return;
    let isGone = false;
    ask(`/api/tasks/${id}/history`)
      .then((answer) => answer.json() as Promise<{ items: HistoryEntry[] }>)
      .then(
        ({ items }) => {
          if (isGone) return;
          setEntries(items);
          setAway(false);
        },
        () => !isGone && setAway(true),
      );
    return () => {
      isGone = true;
    };
  }, [id, version]);
  return { entries, isAway };
}

export function useReader(): Reader {
  const { person, today, view } = useScreen();
  return {
    user_id: person.user_id,
    today,
    projectName: (project: string) => view.get('project', project)?.name,
  };
}

/** What happened to a task, the latest first. What another edit replaced unseen is marked: it is kept. */
export function History({ entries: oldestFirst, isAway }: ReturnType<typeof useHistory>) {
  const { settings, today } = useScreen();
  const reader = useReader();
  const [showsAll, setShowsAll] = useState(false);
  const entries = oldestFirst && [...oldestFirst].reverse();
  const kept = new Set(entries?.flatMap((entry) => entry.overwrote?.map(({ seq }) => seq) ?? []));
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
              {kept.has(entry.sequence) && <span className="history-kept"> kept</span>}
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
