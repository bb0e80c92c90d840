import { useState } from 'react';
import { ask, ServerRefusal } from '../../sync/transport.ts';
import { Leaf } from '../../ui/lines.tsx';
import { isWholeToken } from './whole-token.ts';

const heads = {
  asking: 'Is this your address?',
  busy: 'Is this your address?',
  done: 'The address is yours',
  over: 'This link says nothing any more',
  torn: 'This link is not whole',
};
const words = {
  asking: 'You came by a link in a letter. If you asked for it, say so here.',
  busy: 'You came by a link in a letter. If you asked for it, say so here.',
  done: 'You sign in with it, and reminders by mail go there.',
  over: 'This link was used before, or is too old. Settings send another one.',
  torn: 'A part of it was lost on the way here. Open it from the letter once more, or copy all of it.',
};

/** Where the link in a letter about an address leads. Opening it does nothing: mail programs open links by themselves. */
export default function ConfirmAddress() {
  const token = new URLSearchParams(location.search).get('token') ?? '';
  const [state, setState] = useState<keyof typeof words>(isWholeToken(token) ? 'asking' : 'torn');
  const [wrong, setWrong] = useState('');
  const canAnswer = state === 'asking' || state === 'busy';

  async function confirm() {
    if (state === 'busy') return;
    setState('busy');
    setWrong('');
    try {
      await ask('/api/address/confirm', { method: 'POST', body: { token } });
      setState('done');
    } catch (error) {
      const { state: next, said } = after(error);
      setState(next);
      setWrong(said);
    }
  }

  return (
    <div className="account">
      <main className="account-form">
        <Leaf size={44} />
        <h1 className="title">{heads[state]}</h1>
        <p className="account-place" role="status">
          {words[state]}
        </p>
        <p className="wrong" role="alert">
          {wrong}
        </p>
        <p className="account-choice">
          {canAnswer ? (
            <button
              type="button"
              className="button primary account-submit"
              aria-disabled={state === 'busy'}
              onClick={() => void confirm()}
            >
              Yes, it is mine
            </button>
          ) : (
            <a className="button primary account-submit" href="/">
              Go on to your tasks
            </a>
          )}
        </p>
      </main>
    </div>
  );
}

/** What is to be said, and whether another try could end better. */
function after(error: unknown): { state: 'asking' | 'over' | 'torn'; said: string } {
  if (!(error instanceof ServerRefusal) || error.status === 0 || error.status >= 500)
    return { state: 'asking', said: 'The server does not answer. Nothing was changed; try again.' };
  if (error.status === 429)
    return { state: 'asking', said: `Too many tries. Wait ${error.retry_after ?? 60} seconds, then try again.` };
  const [wrong] = error.errors;
  if (wrong?.path === 'token') return { state: 'torn', said: '' };
  return { state: 'over', said: wrong?.message ?? '' };
}
