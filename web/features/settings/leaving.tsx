import { localOf } from '@taskmaster/domain/time/zoned';
import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { leaveDevice } from '../account/session.ts';
import { tellServer } from '../shell/server-only.ts';
import { longDay } from '../tasks/when.ts';
import { unsentWords } from './unsent-words.ts';

/** Closing one's account: shut at once, one's own again for a fortnight, then erased. */
export function Leaving() {
  const { settings, today, pending, blocked } = useScreen();
  const unsent = pending.length + blocked.length;
  const [isAsking, setAsking] = useState(false);
  const [password, setPassword] = useState('');
  const close = async () => {
    if (password === '') return;
    const closed = await tellServer<{ erased_at: string }>('POST', '/api/me/close', { password }, 'Closed');
    if (closed) await leaveDevice({ closed_until: longDay(localOf(closed.erased_at, settings.time_zone).date, today) });
  };
  return (
    <section>
      <h2 className="label">Leaving</h2>
      <div className="setting">
        <span>
          Close your account
          <span className="facts setting-note">Shut at once, on every device. For 14 days you can take it back.</span>
        </span>
        <button type="button" className="button quiet danger" onClick={() => setAsking(true)}>
          Close it
        </button>
      </div>
      {isAsking && (
        <Dialog label="Close your account" className="sheet-dialog keys" onClose={() => setAsking(false)}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void close();
            }}
          >
            <h2 className="subtitle">Close your account?</h2>
            <p className="dialog-words">
              Every device is signed out, and no reminder rings any more. For 14 days, signing in offers to bring
              everything back as it is now. After that every word of it is erased for good, here and in the history;
              backups made before still hold it until they are removed.
            </p>
            <p className="dialog-words">
              {unsent > 0 && <b>{unsentWords(pending.length, blocked.length).title}. </b>}
              {unsent > 0
                ? `${unsent === 1 ? 'It goes' : 'They go'} with what is on this device, and nothing brings ${unsent === 1 ? 'it' : 'them'} back. `
                : 'All that was written on this device has reached the server. '}
              What another device has not sent yet waits there, and is lost if that device is left.
            </p>
            <p className="setting">
              <label htmlFor="closing-password">Your password</label>
              <input
                id="closing-password"
                className="field"
                type="password"
                autoComplete="current-password"
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
            </p>
            <footer className="dialog-foot">
              <button type="submit" className="button quiet danger" aria-disabled={password === ''}>
                Close the account
              </button>
              <button type="button" className="button primary" onClick={() => setAsking(false)}>
                Stay
              </button>
            </footer>
          </form>
        </Dialog>
      )}
    </section>
  );
}
