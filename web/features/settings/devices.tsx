import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { browserOf } from '../activity/browser-words.ts';
import { tellServer, useServerAnswer } from '../shell/server-only.ts';
import { instantInWords } from '../tasks/when.ts';
import { FormField, SettingForm, Unfolding } from './unfolding.tsx';

interface Session {
  id: string;
  token: string;
  userAgent: string | null;
  ipAddress: string | null;
  updatedAt: string;
}

/** Where one is signed in, each to be signed out from here; and the password that opens them. */
export function Devices() {
  const { settings, today } = useScreen();
  const { answer: sessions, isAway, again } = useServerAnswer<Session[]>('/api/auth/list-sessions');
  const { answer: mine } = useServerAnswer<{ session: { id: string } } | null>('/api/auth/get-session');
  const end = (body: object, path: string, done: string) =>
    void tellServer('POST', `/api/auth/${path}`, body, done).then((answer) => answer && again());
  const others = (sessions ?? []).filter((session) => session.id !== mine?.session.id);
  return (
    <section>
      <h2 className="label">Signed in</h2>
      {isAway && <p className="facts">The server does not answer: what is open elsewhere is not known now.</p>}
      {mine && (
        <div className="setting">
          <span>This device</span>
          <Unfolding words="Change the password">{(close) => <NewPassword onClose={close} />}</Unfolding>
        </div>
      )}
      {others.map(({ id, token, userAgent, ipAddress, updatedAt }) => (
        <div className="setting" key={id}>
          <span>
            {browserOf(userAgent ?? '')}
            <span className="facts setting-note">
              {ipAddress ? `${ipAddress}, ` : ''}last seen {instantInWords(updatedAt, settings.time_zone, today)}
            </span>
          </span>
          <button type="button" className="button" onClick={() => end({ token }, 'revoke-session', 'Signed out there')}>
            Sign out there
          </button>
        </div>
      ))}
      {others.length > 1 && (
        <div className="setting">
          <span>Everywhere but here</span>
          <button
            type="button"
            className="button quiet danger"
            onClick={() => end({}, 'revoke-other-sessions', 'Signed out everywhere else')}
          >
            Sign out all others
          </button>
        </div>
      )}
    </section>
  );
}

const SHORTEST = 10;

function NewPassword({ onClose }: { onClose(): void }) {
  const [now, setNow] = useState('');
  const [next, setNext] = useState('');
  const change = async () => {
    const body = { currentPassword: now, newPassword: next, revokeOtherSessions: true };
    const done = 'Changed. All other devices are signed out';
    if (await tellServer('POST', '/api/auth/change-password', body, done)) onClose();
  };
  return (
    <SettingForm send="Change" isReady={now !== '' && next.length >= SHORTEST} onSend={change} onClose={onClose}>
      <FormField label="Password now" type="password" autoComplete="current-password" value={now} write={setNow} />
      <FormField
        label="New password, 10 characters or more"
        type="password"
        autoComplete="new-password"
        value={next}
        write={setNext}
      />
    </SettingForm>
  );
}
