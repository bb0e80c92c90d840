import type { Settings } from '@taskmaster/domain/task';
import { useState } from 'react';
import { noticesAllowed } from '../bell/device-notices.ts';
import { beforeInWords } from '../reminders/before-words.ts';
import { go, pathOf } from '../shell/router.ts';

const leads = [0, 5, 10, 15, 30, 60, 120, 1440];
const FIRST_QUIET = { from: '21:30', to: '07:00' };

/** When one is reminded without asking, from when days count, and when it is quiet. */
export function BeingTold({ settings, change }: { settings: Settings; change(patch: Partial<Settings>): void }) {
  const { default_reminder_minutes: usual, quiet_hours: quiet, day_start } = settings;
  return (
    <section>
      <h2 className="label">Being told</h2>
      <p className="setting">
        <label htmlFor="usual-reminder">
          Usual reminder
          <span className="facts setting-note">For every task with a time, unless it has its own</span>
        </label>
        <select
          id="usual-reminder"
          className="field"
          value={usual ?? ''}
          onChange={(event) =>
            change({ default_reminder_minutes: event.target.value === '' ? null : Number(event.target.value) })
          }
        >
          <option value="">None</option>
          {[...new Set([...leads, ...(usual === null ? [] : [usual])])]
            .sort((a, b) => a - b)
            .map((minutes) => (
              <option key={minutes} value={minutes}>
                {sentence(beforeInWords(minutes))}
              </option>
            ))}
        </select>
      </p>
      <p className="setting">
        <label htmlFor="day-start">
          The day starts at
          <span className="facts setting-note">Reminders of a date without a time count from here</span>
        </label>
        <TimeField key={day_start} id="day-start" value={day_start} onSave={(time) => change({ day_start: time })} />
      </p>
      <div className="setting">
        <span id="quiet">
          Quiet hours
          <span className="facts setting-note">Mail waits for their end. The bell never does.</span>
        </span>
        <span className="setting-quiet">
          {quiet && (
            <>
              <TimeField
                key={`from ${quiet.from}`}
                label="Quiet from"
                value={quiet.from}
                onSave={(from) => change({ quiet_hours: { ...quiet, from } })}
              />
              <span className="facts">to</span>
              <TimeField
                key={`to ${quiet.to}`}
                label="Quiet to"
                value={quiet.to}
                onSave={(to) => change({ quiet_hours: { ...quiet, to } })}
              />
            </>
          )}
          <button
            type="button"
            role="switch"
            className="switch"
            aria-checked={quiet !== null}
            aria-labelledby="quiet"
            onClick={() => change({ quiet_hours: quiet ? null : FIRST_QUIET })}
          />
        </span>
      </div>
      <Notices />
      <div className="setting">
        <span>What was told</span>
        <a
          className="link"
          href={pathOf({ name: 'reminders' })}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            go({ name: 'reminders' });
          }}
        >
          Every reminder and what became of it
        </a>
      </div>
    </section>
  );
}

/** Whether this device shows notices. The browser asks its person once, and only after this click. */
function Notices() {
  const [allowed, setAllowed] = useState(noticesAllowed);
  const words = {
    none: 'This browser has none here: they need https, or this very machine.',
    denied: 'This browser was told not to show any of this address.',
    granted: 'Shown while a tab is open.',
    default: 'While a tab is open, reminders can show outside of it too.',
  }[allowed];
  return (
    <div className="setting">
      <span>
        Notices on this device
        <span className="facts setting-note">{words}</span>
      </span>
      {allowed === 'default' && (
        <button
          type="button"
          className="button"
          onClick={() => void Notification.requestPermission().then(() => setAllowed(noticesAllowed()))}
        >
          Show notices
        </button>
      )}
    </div>
  );
}

/** Saved when one leaves it: while one types, half a time is none. */
function TimeField({
  id,
  label,
  value,
  onSave,
}: {
  id?: string;
  label?: string;
  value: string;
  onSave(time: string): void;
}) {
  const [text, setText] = useState(value);
  const save = () => {
    if (/^\d\d:\d\d$/.test(text) && text !== value) onSave(text);
    else setText(value);
  };
  return (
    <input
      id={id}
      type="time"
      className="field setting-time"
      aria-label={label}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => event.key === 'Enter' && save()}
    />
  );
}

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
