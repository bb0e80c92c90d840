import { useScreenIfAny } from '../../sync/store.ts';
import { Leaf } from '../../ui/lines.tsx';
import { ClosedActs } from './closed-acts.tsx';

/** Somebody signed in to the account that they closed: it is theirs to take back. */
export function ClosedAccount({ said, onLeft }: { said: string; onLeft(): void }) {
  const unsent = useScreenIfAny()?.pending.length ?? 0;
  return (
    <div className="account">
      <main className="account-form">
        <Leaf size={44} />
        <h1 className="title">Your account is closed</h1>
        <p className="account-place">
          {said} Until then everything in it is as you left it, and yours to take back.
          {unsent > 0 && ` ${unsent === 1 ? '1 unsent edit waits' : `${unsent} unsent edits wait`} on this device.`}
        </p>
        <ClosedActs onLeft={onLeft} />
      </main>
    </div>
  );
}
