import type { Notification as ToldRecord } from '@taskmaster/contracts/http/notifications';
import { localOf } from '@taskmaster/domain/time/zoned';
import { useEffect, useRef, useState } from 'react';
import { isUnread } from '../../sync/bell.ts';
import { markAllRead, markRead, useBell, useScreen } from '../../sync/store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Shape } from '../../ui/shape.tsx';
import { go, openTask, pathOf } from '../shell/router.ts';
import { inAnHour, snoozeTask, toggleTask, tomorrowMorning } from '../tasks/acts.tsx';
import { dueInWords, instantInWords } from '../tasks/when.ts';
import { noticesAllowed } from './device-notices.ts';
import { toldInWords } from './told-words.ts';
import { unreadHere } from './unread.ts';

/** What one was told, newest first, with what to do about it. */
export default function Told({ below, onClose }: { below: DOMRect | undefined; onClose(): void }) {
  const bell = useBell();
  const { settings, today, status, view } = useScreen();
  const items = bell?.items ?? [];
  const isAway = bell?.isAway || status.connection === 'offline' || status.connection === 'signed_out';
  const asked = bell?.asked_at ? instantInWords(new Date(bell.asked_at).toISOString(), settings.time_zone, today) : '';
  const quiet = settings.quiet_hours;
  const head = useRef<HTMLHeadingElement>(null);
  // Not the first button: it would mark all as read.
  useEffect(() => head.current?.focus(), []);
  const right = below ? Math.max(8, window.innerWidth - below.right - 2) : 16;
  return (
    <Dialog
      label="What you were told"
      className="told"
      style={{ '--below': `${(below?.bottom ?? 50) + 10}px`, '--beside': `${right}px` }}
      onClose={onClose}
    >
      <header>
        <h2 ref={head} tabIndex={-1}>
          What you were told
        </h2>
        {unreadHere(bell, view).count > 0 && (
          <button type="button" className="told-all" onClick={markAllRead}>
            All read
          </button>
        )}
      </header>
      {isAway && (
        <p className="told-away facts">
          The server does not answer. {asked ? `This is what it had told at ${asked}. ` : ''}
          {bell && bell.waiting > 0
            ? `It hears of ${bell.waiting === 1 ? 'what you have read' : `the ${bell.waiting} you have read`} when it does.`
            : 'What comes meanwhile is told when it does.'}
        </p>
      )}
      {items.length > 0 ? (
        <ul>
          {items.map((one) => (
            <ToldItem key={one.id} told={one} onClose={onClose} />
          ))}
        </ul>
      ) : (
        <p className="told-none">
          {bell?.asked_at ? 'Nothing yet. ' : 'Not asked yet. '}A reminder stands here when its time has come, on every
          device of yours, until one of them has read it.
        </p>
      )}
      <NoticesOffer />
      <footer>
        <span className="facts">{quiet ? `Quiet from ${quiet.from} to ${quiet.to}` : ''}</span>
        <a
          className="link"
          href={pathOf({ name: 'reminders' })}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            onClose();
            go({ name: 'reminders' });
          }}
        >
          Every reminder and what became of it
        </a>
      </footer>
    </Dialog>
  );
}

function ToldItem({ told, onClose }: { told: ToldRecord; onClose(): void }) {
  const { view, settings, today, time } = useScreen();
  const zone = settings.time_zone;
  const task = told.task_id ? view.get('task', told.task_id) : undefined;
  const { words, tone } = toldInWords(told, task, { zone, today, time });
  const unread = isUnread(told) && tone !== 'gone';
  const canAct = unread && task !== undefined;
  const look = (id: string) => {
    markRead(told.id);
    onClose();
    openTask(id);
  };
  return (
    <li className="told-item" data-unread={unread || undefined} data-gone={tone === 'gone' || undefined}>
      <span className="told-shape">
        {task ? (
          <Shape priority={task.priority} done={task.status === 'completed'} />
        ) : (
          <Icon name={told.notification_type === 'digest' ? 'note' : 'bell'} />
        )}
      </span>
      <div className="told-main">
        {told.task_id ? (
          <button type="button" className="told-title" onClick={() => look(told.task_id ?? '')}>
            {told.message}
          </button>
        ) : (
          <p className="told-title">{told.message}</p>
        )}
        {unread && <span className="hidden">Unread</span>}
        <p className={tone === 'late' ? 'told-late' : 'told-words'}>{words}</p>
        {told.entries && (
          <ul className="told-entries">
            {told.entries.map((entry) => {
              const { date, time: at } = localOf(entry.due_at, zone);
              return (
                <li key={`${entry.task_id} ${entry.due_at}`}>
                  <button type="button" onClick={() => look(entry.task_id)}>
                    {entry.title}
                  </button>
                  <span className="facts">{date === today ? at : dueInWords({ date, time: at }, today)}</span>
                </li>
              );
            })}
          </ul>
        )}
        {canAct && (
          <p className="told-acts">
            <button
              type="button"
              className="button primary"
              aria-label={`Done: ${told.message}`}
              onClick={() => {
                toggleTask(task);
                markRead(told.id);
              }}
            >
              Done
            </button>
            <button
              type="button"
              className="button"
              aria-label={`Remind me again in 1 hour: ${told.message}`}
              onClick={() => {
                snoozeTask(task, inAnHour());
                markRead(told.id);
              }}
            >
              In 1 hour
            </button>
            <button
              type="button"
              className="button"
              aria-label={`Remind me again tomorrow at ${settings.day_start}: ${told.message}`}
              title={`Tomorrow at ${settings.day_start}`}
              onClick={() => {
                snoozeTask(task, tomorrowMorning(today, settings));
                markRead(told.id);
              }}
            >
              Tomorrow
            </button>
          </p>
        )}
        {unread && !canAct && (
          <p className="told-acts">
            <button type="button" className="button" onClick={() => markRead(told.id)}>
              Read
            </button>
          </p>
        )}
      </div>
      <time className="facts" dateTime={told.sent_at}>
        {instantInWords(told.sent_at, zone, today)}
      </time>
    </li>
  );
}

/** Asked for by a click alone. */
export function NoticesOffer() {
  const [allowed, setAllowed] = useState(noticesAllowed);
  if (allowed === 'none' || allowed === 'granted') return null;
  if (allowed === 'denied')
    return <p className="told-offer facts">This browser shows no notices of this address: it was told not to.</p>;
  return (
    <p className="told-offer">
      <span className="facts">On this device too, while a tab is open</span>
      <button
        type="button"
        className="button"
        onClick={() => void Notification.requestPermission().then(() => setAllowed(noticesAllowed()))}
      >
        Show notices
      </button>
    </p>
  );
}
