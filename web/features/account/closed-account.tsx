import { useState } from 'react';
import { resumeSync } from '../../sync/store.ts';
import { Leaf } from '../../ui/lines.tsx';
import { reopen, signOut } from './session.ts';

/** Somebody signed in to the account that they closed: it is theirs to take back. */
export function ClosedAccount({ said, onLeft }: { said: string; onLeft(): void }) {
  const [isBusy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const attempt = (what: () => Promise<unknown>) => {
    if (isBusy) return;
    setBusy(true);
    setFailed(false);
    what().catch(() => {
      setFailed(true);
      setBusy(false);
    });
  };
  return (
    <div className="account">
      <main className="account-form">
        <Leaf size={44} />
        <h1 className="title">Your account is closed</h1>
        <p className="account-place">{said} Until then everything in it is as you left it, and yours to take back.</p>
        <p className="account-choice">
          <button
            type="button"
            className="button primary account-submit"
            aria-disabled={isBusy}
            onClick={() => attempt(() => reopen().then(resumeSync))}
          >
            Take my account back
          </button>
          <button type="button" className="button quiet" onClick={() => attempt(() => signOut().then(onLeft))}>
            Leave it closed
          </button>
        </p>
        <p className="wrong" role="alert">
          {failed && 'The server does not answer. Nothing was changed; try again.'}
        </p>
      </main>
    </div>
  );
}
