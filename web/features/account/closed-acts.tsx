import { useState } from 'react';
import { useScreenIfAny } from '../../sync/store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { unsentWords } from '../settings/unsent-words.ts';
import { isOwnSession, leaveClosed, reopen, whoseSession } from './session.ts';

/** What can be done about a closed account. Edits that this device has not sent go with it only where that was said. */
export function ClosedActs({ isBanner = false, onLeft }: { isBanner?: boolean; onLeft?(): void }) {
  const screen = useScreenIfAny();
  const [isBusy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const waiting = screen?.pending.length ?? 0;
  const refused = screen?.blocked.length ?? 0;
  const { title, words } = unsentWords(waiting, refused, true);
  const attempt = async (what: () => Promise<unknown>) => {
    if (isBusy) return;
    setBusy(true);
    setFailed(false);
    await what().catch(() => setFailed(true));
    setBusy(false);
  };
  const leave = async () => {
    setAsking(false);
    await leaveClosed();
    onLeft?.();
  };
  const askFirst = async () =>
    waiting + refused > 0 && isOwnSession(await whoseSession()) ? setAsking(true) : leave();
  return (
    <>
      <p className={isBanner ? 'banner-acts' : 'account-choice'}>
        <button
          type="button"
          className={isBanner ? 'link' : 'button primary account-submit'}
          aria-disabled={isBusy}
          onClick={() => void attempt(reopen)}
        >
          {isBanner ? 'Take it back' : 'Take my account back'}
        </button>
        <button
          type="button"
          className={isBanner ? 'link' : 'button quiet'}
          aria-disabled={isBusy}
          onClick={() => void attempt(askFirst)}
        >
          Leave it closed
        </button>
      </p>
      <p className="wrong" role="alert">
        {failed && 'The server does not answer. Nothing was changed; try again.'}
      </p>
      {isAsking && (
        <Dialog label="Leave the account closed" className="sheet-dialog keys" onClose={() => setAsking(false)}>
          <h2 className="subtitle">{title}</h2>
          <p className="dialog-words">{words}</p>
          <footer className="dialog-foot">
            <button type="button" className="button quiet danger" onClick={() => void attempt(leave)}>
              Leave it closed and lose {waiting + refused === 1 ? 'it' : 'them'}
            </button>
            <button type="button" className="button primary" onClick={() => setAsking(false)}>
              Not now
            </button>
          </footer>
        </Dialog>
      )}
    </>
  );
}
