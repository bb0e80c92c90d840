import { chainOfWorkspace } from '@taskmaster/contracts/audit/chain';
import type { AuditEntry } from '@taskmaster/contracts/audit/entry';
import { addDays, epochOf } from '@taskmaster/domain/time/zoned';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Empty } from '../../ui/empty.tsx';
import { Lines } from '../../ui/lines.tsx';
import { daysOf } from '../history/days.ts';
import { usePages } from '../history/pages.ts';
import { actsOf } from './acts.ts';
import { EntryRow } from './entry-row.tsx';
import type { Reader } from './explain.ts';
import { kindGroups } from './kinds.ts';
import { usePeople } from './people.ts';
import { Seal } from './seal.tsx';

const BEHIND_MS = 1_000;
const MOST_TRIES = 5;

interface Filter {
  user_id: string;
  event_type: string;
  from: string;
  to: string;
}
const ALL: Filter = { user_id: '', event_type: '', from: '', to: '' };

/** The audit log in plain words, on one unbroken line, under the seal that says whether it is. */
export default function ActivityPage() {
  const { view, settings, today, person, seq, status } = useScreen();
  const zone = settings.time_zone;
  const isAdmin = view.get('user', person.user_id)?.role === 'admin';
  const people = usePeople(isAdmin);
  const [filter, setFilter] = useState(ALL);
  const [again, setAgain] = useState(0);
  const tries = useRef({ count: 0 });
  const isFiltered = JSON.stringify(filter) !== JSON.stringify(ALL);
  const { items, hasMore, isAway, more } = usePages<AuditEntry>(
    (limit, { offset }) => `/api/audit-logs?${queryOf(filter, zone)}&limit=${limit}&offset=${offset}`,
    `${seq} ${again}`,
    'offset',
  );
  // The log is written from the events, a moment after what they tell of.
  const newest = items?.find((one) => one.chain === chainOfWorkspace(person.workspace_id))?.seq ?? 0;
  const isBehind = items !== null && !isFiltered && newest < seq;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer that is still behind is a reason to ask once more
  useEffect(() => {
    if (!isBehind || tries.current.count >= MOST_TRIES) {
      if (!isBehind) tries.current.count = 0;
      return;
    }
    const timer = setTimeout(() => {
      tries.current.count++;
      setAgain((before) => before + 1);
    }, BEHIND_MS);
    return () => clearTimeout(timer);
  }, [isBehind, items]);
  const seqByEvent = useMemo(() => new Map(items?.map((one) => [one.event_id, one.seq])), [items]);
  const reader: Reader = {
    user_id: person.user_id,
    zone,
    today,
    projectName: (id) => view.get('project', id)?.name,
    taskTitle: (id) => view.get('task', id)?.title,
    people,
    entryOf: (id) => {
      const found = seqByEvent.get(id);
      return found === undefined ? undefined : { seq: found };
    },
  };
  const set = (patch: Partial<Filter>) => setFilter({ ...filter, ...patch });

  return (
    <div className="activity">
      <h1 className="title">Activity</h1>
      <Seal people={people} />
      <search className="filters" aria-label="Which entries">
        {isAdmin && (
          <select
            className="filter"
            aria-label="Person"
            data-set
            value={filter.user_id}
            onChange={(event) => set({ user_id: event.target.value })}
          >
            <option value="">Everyone</option>
            {[...people].map(([id, name]) => (
              <option key={id} value={id}>
                {id === person.user_id ? `${name} (you)` : name}
              </option>
            ))}
          </select>
        )}
        <select
          className="filter"
          aria-label="Kind"
          data-set={filter.event_type !== '' || undefined}
          value={filter.event_type}
          onChange={(event) => set({ event_type: event.target.value })}
        >
          <option value="">Any kind</option>
          {kindGroups.map((group) => (
            <optgroup key={group.name} label={group.name}>
              {group.kinds.map(({ type, name }) => (
                <option key={type} value={type}>
                  {name}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
        <span className="filter-dates">
          <input
            className="filter"
            type="date"
            aria-label="From"
            data-set={filter.from !== '' || undefined}
            value={filter.from}
            max={filter.to || today}
            onChange={(event) => set({ from: event.target.value })}
          />
          <span className="facts">to</span>
          <input
            className="filter"
            type="date"
            aria-label="To"
            data-set={filter.to !== '' || undefined}
            value={filter.to}
            min={filter.from}
            max={today}
            onChange={(event) => set({ to: event.target.value })}
          />
        </span>
        {isFiltered && (
          <button type="button" className="link" onClick={() => setFilter(ALL)}>
            All again
          </button>
        )}
        {items && (
          <span className="facts filters-end" role="status">
            {hasMore ? `the latest ${items.length}` : items.length === 1 ? '1 entry' : `${items.length} entries`}
          </span>
        )}
      </search>
      {isAway && (
        <p className="activity-away" role="status">
          Activity is read from the server, which{' '}
          {status.connection === 'closed' ? 'shows it once the account is taken back' : 'does not answer now'}. Nothing
          of it is lost.
        </p>
      )}
      {items && items.length > 0 && (
        <div className="log">
          {daysOf(items, (entry) => entry.timestamp, zone, today).map(({ date, name, items: entries }) => (
            <section key={date} aria-label={name}>
              <h2 className="log-day label">{name}</h2>
              <ul>
                {actsOf(entries).map((act) => (
                  <EntryRow key={act.first.id} act={act} reader={reader} />
                ))}
              </ul>
            </section>
          ))}
        </div>
      )}
      {items?.length === 0 && (
        <Empty title="Nothing of this kind" picture={<Lines state="equal" />}>
          {isFiltered
            ? 'No entry meets all of this. What happened is not gone: choose less narrowly.'
            : 'Whatever happens here is written down, each entry holding on to the one before.'}
        </Empty>
      )}
      {hasMore && (
        <p className="activity-more">
          <button type="button" className="button" onClick={more}>
            Earlier ones
          </button>
        </p>
      )}
    </div>
  );
}

/** Days are the reader's own: they begin and end where the reader is. */
function queryOf({ user_id, event_type, from, to }: Filter, zone: string): string {
  const query = new URLSearchParams();
  if (user_id) query.set('user_id', user_id);
  if (event_type) query.set('event_type', event_type);
  if (from) query.set('start_date', new Date(epochOf(from, '00:00', zone)).toISOString());
  if (to) query.set('end_date', new Date(epochOf(addDays(to, 1), '00:00', zone)).toISOString());
  return query.toString();
}
