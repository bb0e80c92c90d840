import type { LedgerEntry } from '@taskmaster/contracts/http/notifications';
import { localOf } from '@taskmaster/domain/time/zoned';
import { useState } from 'react';
import { useBell, useScreen } from '../../sync/store.ts';
import { Empty } from '../../ui/empty.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Shape } from '../../ui/shape.tsx';
import { daysOf } from '../history/days.ts';
import { usePages } from '../history/pages.ts';
import { openTask } from '../shell/router.ts';
import { ledgerInWords, type ReminderState, stateNames } from './ledger-words.ts';

/** The ledger: every reminder, when it was due, when and through what it was told, and what became of it. */
export default function RemindersPage() {
  const { view, settings, today, seq } = useScreen();
  const bell = useBell();
  const [state, setState] = useState<ReminderState | ''>('');
  const zone = settings.time_zone;
  const { items, hasMore, isAway, more } = usePages<LedgerEntry>(
    (limit, { cursor }) =>
      `/api/reminders?limit=${limit}${state ? `&state=${state}` : ''}${cursor ? `&cursor=${cursor}` : ''}`,
    `${seq} ${bell?.asked_at}`,
  );
  const reader = { zone, today, now: new Date().toISOString() };
  return (
    <div className="ledger">
      <header className="view-head">
        <h1 className="title">Reminders</h1>
        <p className="facts view-facts">Every one, and what became of it. The bell rings on time or says why not.</p>
      </header>
      <div className="filters filters-indented">
        <select
          className="filter"
          aria-label="What became of it"
          data-set={state !== '' || undefined}
          value={state}
          onChange={(event) => setState(event.target.value as ReminderState | '')}
        >
          <option value="">All</option>
          {Object.entries(stateNames).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
        {settings.quiet_hours && (
          <span className="facts filters-end">
            Quiet from {settings.quiet_hours.from} to {settings.quiet_hours.to}: mail waits, the bell does not
          </span>
        )}
      </div>
      {isAway && (
        <p className="view-note" role="status">
          The ledger is read from the server, which does not answer now. Nothing of it is lost.
        </p>
      )}
      {items && items.length === 0 && (
        <Empty title={state ? 'None of these' : 'No reminder yet'} picture={<Icon name="bell" />}>
          {state
            ? 'No reminder of yours is in that state.'
            : 'Give a task a time, and you are told before it. What was told, when, and through what stands here for good.'}
        </Empty>
      )}
      {items &&
        daysOf(items, (entry) => entry.due_at, zone, today).map(({ date, name, items: entries }) => (
          <section key={date} aria-label={name}>
            <h2 className="group label">{name}</h2>
            <ul>
              {entries.map((entry) => {
                const task = view.get('task', entry.task_id);
                const { about, became, tone } = ledgerInWords(entry, task, reader);
                return (
                  <li key={entry.id} className="ledger-row">
                    <time dateTime={entry.due_at}>{localOf(entry.due_at, zone).time}</time>
                    <span className="ledger-shape">
                      {task ? (
                        <Shape priority={task.priority} done={task.status === 'completed'} />
                      ) : (
                        <Icon name="bell" />
                      )}
                    </span>
                    <div>
                      <button type="button" className="ledger-title" onClick={() => openTask(entry.task_id)}>
                        {entry.title}
                      </button>
                      <p className="facts">{about}</p>
                    </div>
                    <p className="ledger-became" data-tone={tone}>
                      {became}
                      {entry.late_reason && <span className="told-late">{entry.late_reason}</span>}
                    </p>
                  </li>
                );
              })}
            </ul>
          </section>
        ))}
      {hasMore && (
        <p className="view-note">
          <button type="button" className="button" onClick={more}>
            Earlier ones
          </button>
        </p>
      )}
    </div>
  );
}
