import { lazy, Suspense, useState } from 'react';
import { useScreen } from '../../sync/store.ts';

const AccountPage = lazy(() => import('../account/account-page.tsx'));

/** The session ended while this page was open: work goes on, and is sent after signing in. */
export function SignInAgain() {
  const { pending, person } = useScreen();
  const [isOpen, setOpen] = useState(false);
  if (isOpen)
    return (
      <div className="door">
        <button type="button" className="link door-back" onClick={() => setOpen(false)}>
          Back to your tasks
        </button>
        <Suspense>
          <AccountPage unsent={pending.length} email={person.email} />
        </Suspense>
      </div>
    );
  return (
    <p className="banner" role="status">
      <span>
        Your session has ended.{' '}
        {pending.length === 0
          ? 'Nothing was lost.'
          : `${pending.length} unsent ${pending.length === 1 ? 'edit is' : 'edits are'} kept on this device.`}
      </span>
      <button type="button" className="link" onClick={() => setOpen(true)}>
        Sign in again
      </button>
    </p>
  );
}
