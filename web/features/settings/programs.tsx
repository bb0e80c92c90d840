import type { TokenAnswer } from '@taskmaster/contracts/http/tokens';
import { type Scope, scopes } from '@taskmaster/contracts/scopes';
import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { tellServer, useServerAnswer } from '../shell/server-only.ts';
import { instantInWords } from '../tasks/when.ts';

/** What a program may be allowed, as a person says it. */
const kinds: readonly [words: string, scopes: readonly Scope[]][] = [
  ['read tasks', ['tasks:read', 'projects:read']],
  ['read and change tasks', ['tasks:read', 'tasks:write', 'projects:read', 'projects:write']],
  ['be a device that syncs', ['sync']],
  ['do everything but run the place', scopes],
];

/** Tokens that one gave to programs: made here, shown once, taken back here. */
export function Programs() {
  const { settings, today } = useScreen();
  const { answer, isAway, again } = useServerAnswer<{ items: TokenAnswer[] }>('/api/tokens');
  const [name, setName] = useState('');
  const [kind, setKind] = useState(0);
  const [shown, setShown] = useState<{ name: string; token: string }>();
  const make = async () => {
    const wanted = name.trim();
    if (!wanted) return;
    const body = { name: wanted, scopes: kinds[kind]?.[1] ?? [] };
    const made = await tellServer<{ token?: string }>('POST', '/api/tokens', body, 'Made. It is shown this once');
    if (!made?.token) return;
    setShown({ name: wanted, token: made.token });
    setName('');
    again();
  };
  const when = (instant: string) => instantInWords(instant, settings.time_zone, today);
  return (
    <section>
      <h2 className="label">Programs</h2>
      <p className="facts">
        A program of yours calls the <a href="/api/docs">API</a> with a token, and does what you allow it. What it did
        says so.
      </p>
      {isAway && <p className="facts">The server does not answer: your tokens are not known now.</p>}
      {shown && (
        <div className="setting setting-token" role="status">
          <span>
            The token of {shown.name}
            <span className="facts setting-note">Copy it now. It is kept nowhere, and not shown again.</span>
          </span>
          <code>{shown.token}</code>
          <button type="button" className="button" onClick={() => void navigator.clipboard?.writeText(shown.token)}>
            Copy
          </button>
        </div>
      )}
      {answer?.items.map((token) => (
        <div className="setting" key={token.id}>
          <span>
            {token.name}
            <span className="facts setting-note">
              …{token.ends}, {token.scopes.join(', ')};{' '}
              {token.last_used_at
                ? `last used ${when(token.last_used_at)}`
                : `made ${when(token.created_at)}, never used`}
            </span>
          </span>
          <button
            type="button"
            className="button"
            onClick={() =>
              void tellServer('DELETE', `/api/tokens/${token.id}`, {}, `Taken back: ${token.name}`).then(
                (done) => done && again(),
              )
            }
          >
            Take back
          </button>
        </div>
      ))}
      <form
        className="setting"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <input
          className="field"
          aria-label="Name of the program"
          placeholder="Name of the program"
          maxLength={120}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <span className="setting-form">
          <select
            className="field"
            aria-label="It may"
            value={kind}
            onChange={(event) => setKind(Number(event.target.value))}
          >
            {kinds.map(([words], index) => (
              <option key={words} value={index}>
                may {words}
              </option>
            ))}
          </select>
          <button type="submit" className="button" aria-disabled={name.trim() === ''}>
            Make a token
          </button>
        </span>
      </form>
    </section>
  );
}
