import { useEffect, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { ClosedActs } from '../account/closed-acts.tsx';
import { isOwnSession, whoseSession } from '../account/session.ts';
import { AccountPage } from './parts.tsx';

/** The session ended while this page was open, or the account was closed: work goes on, and is sent after that is mended. */
export function SignInAgain() {
  const { pending, person, status } = useScreen();
  const [isOpen, setOpen] = useState(false);
  if (isOpen)
    return (
      <div className="door">
        <button type="button" className="link door-back" onClick={() => setOpen(false)}>
          Back to your tasks
        </button>
        <AccountPage unsent={pending.length} email={person.email} />
      </div>
    );
  const kept =
    pending.length === 0
      ? 'Nothing was lost.'
      : `${pending.length} unsent ${pending.length === 1 ? 'edit is' : 'edits are'} kept on this device.`;
  if (status.connection === 'closed') return <Closed said={status.closed ?? ''} kept={kept} />;
  return (
    <p className="banner" role="status">
      <span>Your session has ended. {kept}</span>
      <button type="button" className="link" onClick={() => setOpen(true)}>
        Sign in again
      </button>
    </p>
  );
}

function Closed({ said, kept }: { said: string; kept: string }) {
  const [isOwn, setOwn] = useState(true);
  useEffect(() => {
    whoseSession().then(
      (user_id) => setOwn(isOwnSession(user_id)),
      () => undefined,
    );
  }, []);
  return (
    <div className="banner">
      <span role="status">
        {isOwn ? 'Your account is closed.' : 'Somebody else is signed in here, and their account is closed.'} {said}{' '}
        Until then it can be taken back. {kept}
      </span>
      <ClosedActs isBanner />
    </div>
  );
}
