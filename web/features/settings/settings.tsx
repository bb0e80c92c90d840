import type { Settings as SettingsRecord } from '@taskmaster/domain/task';
import { localOf } from '@taskmaster/domain/time/zoned';
import { useState } from 'react';
import { edit, useScreen } from '../../sync/store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { showToast } from '../../ui/toast.tsx';
import { signOut } from '../account/session.ts';
import { newOp } from '../tasks/acts.tsx';
import { Address } from './address.tsx';
import { BeingTold } from './being-told.tsx';
import { Devices } from './devices.tsx';
import { Leaving } from './leaving.tsx';
import { Mail } from './mail.tsx';
import { Programs } from './programs.tsx';
import { unsentWords } from './unsent-words.ts';
import { zoneNames } from './zones.ts';

const themes = [
  ['light', 'Day'],
  ['dark', 'Night'],
  ['system', 'As the system'],
] as const;
const weekStarts = [
  [1, 'Monday'],
  [6, 'Saturday'],
  [7, 'Sunday'],
] as const;

export default function Settings() {
  const { person, settings } = useScreen();
  const [name, setName] = useState(person.name);
  const change = (patch: Partial<SettingsRecord>) =>
    void edit(newOp('update', 'user', person.user_id, { settings: patch }));
  const saveName = () => {
    const wanted = name.trim();
    if (wanted && wanted !== person.name) void edit(newOp('update', 'user', person.user_id, { name: wanted }));
    else setName(person.name);
  };
  return (
    <div className="settings">
      <h1 className="title">Settings</h1>
      <section>
        <h2 className="label">You</h2>
        <p className="setting">
          <label htmlFor="your-name">Name</label>
          <input
            id="your-name"
            className="field"
            value={name}
            maxLength={120}
            autoComplete="name"
            onChange={(event) => setName(event.target.value)}
            onBlur={saveName}
            onKeyDown={(event) => event.key === 'Enter' && saveName()}
          />
        </p>
        <Address />
        <Mail settings={settings} change={change} />
        <SignOut />
      </section>
      <section>
        <h2 className="label">Look and feel</h2>
        <fieldset className="setting">
          <legend>Theme</legend>
          <span className="segments">
            {themes.map(([value, words]) => (
              <label key={value}>
                <input
                  type="radio"
                  name="theme"
                  value={value}
                  checked={settings.theme === value}
                  onChange={() => change({ theme: value })}
                />
                <span>{words}</span>
              </label>
            ))}
          </span>
        </fieldset>
      </section>
      <section>
        <h2 className="label">Dates and zone</h2>
        <p className="setting">
          <label htmlFor="zone">Your zone</label>
          <span className="setting-zone">
            <span className="facts">{localOf(new Date(), settings.time_zone).time} now</span>
            <select
              id="zone"
              className="field"
              value={settings.time_zone}
              onChange={(event) => change({ time_zone: event.target.value })}
            >
              {zoneNames(settings.time_zone).map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </select>
          </span>
        </p>
        <p className="setting">
          <label htmlFor="week-start">The week starts on</label>
          <select
            id="week-start"
            className="field"
            value={settings.week_start}
            onChange={(event) => change({ week_start: Number(event.target.value) })}
          >
            {weekStarts.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </p>
      </section>
      <BeingTold settings={settings} change={change} />
      <Devices />
      <Programs />
      <Leaving />
    </div>
  );
}

function SignOut() {
  const { pending, blocked } = useScreen();
  const unsent = pending.length + blocked.length;
  const { title, words } = unsentWords(pending.length, blocked.length);
  const [isAsking, setAsking] = useState(false);
  const leave = () =>
    signOut().catch(() =>
      showToast({
        tone: 'refused',
        words: 'The server does not answer, so you are still signed in. Nothing was lost; try again.',
      }),
    );
  return (
    <div className="setting">
      <span>
        Sign out
        <span className="facts setting-note">Takes everything of yours off this device.</span>
      </span>
      <button type="button" className="button" onClick={() => (unsent > 0 ? setAsking(true) : void leave())}>
        Sign out
      </button>
      {isAsking && (
        <Dialog label="Sign out" className="sheet-dialog keys" onClose={() => setAsking(false)}>
          <h2 className="subtitle">{title}</h2>
          <p className="dialog-words">{words}</p>
          <footer className="dialog-foot">
            <button type="button" className="button quiet danger" onClick={() => void leave()}>
              Sign out and lose {unsent === 1 ? 'it' : 'them'}
            </button>
            <button type="button" className="button primary" onClick={() => setAsking(false)}>
              Stay
            </button>
          </footer>
        </Dialog>
      )}
    </div>
  );
}
