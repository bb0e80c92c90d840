import { useState } from 'react';
import { ask, ServerRefusal } from '../../sync/transport.ts';
import { Leaf } from '../../ui/lines.tsx';

/** Where the link in a letter about an address leads. Opening it does nothing: mail programs open links by themselves. */
export default function ConfirmAddress() {
  const token = new URLSearchParams(location.search).get('token') ?? '';
  const [state, setState] = useState<'asking' | 'busy' | 'done'>('asking');
  const [wrong, setWrong] = useState('');

  async function confirm() {
    if (state === 'busy') return;
    setState('busy');
    setWrong('');
    try {
      await ask('/api/address/confirm', { method: 'POST', body: { token } });
      setState('done');
    } catch (error) {
      setWrong(wordsOf(error));
      setState('asking');
    }
  }

  return (
    <div className="account">
      <main className="account-form">
        <Leaf size={44} />
        <h1 className="title">{state === 'done' ? 'The address is yours' : 'Is this your address?'}</h1>
        <p className="account-place">
          {state === 'done'
            ? 'You sign in with it, and reminders by mail go there.'
            : 'You came by a link in a letter. If you asked for it, say so here.'}
        </p>
        <p className="wrong" role="alert">
          {wrong}
        </p>
        <p className="account-choice">
          {state === 'done' ? (
            <a className="button primary account-submit" href="/">
              Go on to your tasks
            </a>
          ) : (
            <button
              type="button"
              className="button primary account-submit"
              aria-disabled={state === 'busy'}
              onClick={() => void confirm()}
            >
              Yes, it is mine
            </button>
          )}
        </p>
      </main>
    </div>
  );
}

function wordsOf(error: unknown): string {
  if (!(error instanceof ServerRefusal) || error.status === 0)
    return 'The server does not answer. Nothing was changed; try again.';
  if (error.status === 429) return `Too many tries. Wait ${error.retry_after ?? 60} seconds, then try again.`;
  if (error.errors[0]) return error.errors[0].message;
  return 'This link was used before, or is too old. Settings send another one.';
}
