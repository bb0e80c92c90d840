import { type FormEvent, useState } from 'react';
import { ask, ServerRefusal } from '../../sync/transport.ts';
import { Leaf } from '../../ui/lines.tsx';

/** Where a link for a new password leads. It works once; every device that was signed in is signed out. */
export default function NewPassword() {
  const token = new URLSearchParams(location.search).get('token') ?? '';
  const [password, setPassword] = useState('');
  const [wrong, setWrong] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [isDone, setDone] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (isBusy) return;
    if (password.length < 10) return setWrong('At least 10 characters.');
    setBusy(true);
    try {
      await ask('/api/auth/reset-password', { method: 'POST', body: { newPassword: password, token } });
      setDone(true);
    } catch (error) {
      setWrong(wordsOf(error));
    }
    setBusy(false);
  }

  return (
    <div className="account">
      <main className="account-form">
        <Leaf size={44} />
        <h1 className="title">A new password</h1>
        {isDone ? (
          <>
            <p className="account-place">
              It is yours now. Whoever was signed in with the old one is not any more, and programs need new tokens.
            </p>
            <a className="button primary account-submit" href="/">
              Sign in
            </a>
          </>
        ) : (
          <form onSubmit={submit} noValidate>
            <div className="account-field">
              <label className="label" htmlFor="new-password">
                New password
              </label>
              <input
                id="new-password"
                className="field"
                type="password"
                autoComplete="new-password"
                value={password}
                aria-invalid={wrong !== ''}
                aria-describedby="new-password-wrong"
                onChange={(event) => setPassword(event.target.value)}
              />
              <p className="wrong" id="new-password-wrong" role="alert">
                {wrong}
              </p>
            </div>
            <button type="submit" className="button primary account-submit" aria-disabled={isBusy}>
              Save the password
            </button>
          </form>
        )}
      </main>
    </div>
  );
}

function wordsOf(error: unknown): string {
  if (!(error instanceof ServerRefusal) || error.status === 0)
    return 'The server does not answer. Nothing was changed; try again.';
  if (error.status === 429) return `Too many tries. Wait ${error.retry_after ?? 60} seconds, then try again.`;
  if (error.errors[0]?.path === 'password') return error.errors[0].message;
  return 'This link was used before, or is too old. Ask for another one.';
}
