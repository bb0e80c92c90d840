import type { About } from '@taskmaster/contracts/http/service';
import { type FormEvent, useState } from 'react';
import { resumeSync } from '../../sync/store.ts';
import { ServerRefusal } from '../../sync/transport.ts';
import { Icon } from '../../ui/icons.tsx';
import { Leaf } from '../../ui/lines.tsx';
import { ClosedAccount } from './closed-account.tsx';
import { Forgotten } from './forgotten.tsx';
import { inviteInAddress, signIn, signUp } from './session.ts';
import { TodayPicture } from './today-picture.tsx';
import { type WrongField, wrongFields } from './wrong-fields.ts';

/**
 * Signing in and making an account, that first where the place has none yet. `place` is undefined where the server has not
 * said. What is on the device stays there meanwhile.
 */
export default function AccountPage({
  unsent = 0,
  email: knownEmail = '',
  place,
  closed: closedSaid = null,
}: {
  unsent?: number;
  email?: string;
  place?: About | undefined;
  /** What the server says of the account whose session this is, where that is closed. */
  closed?: string | null;
}) {
  const isFirst = place?.has_accounts === false;
  const mayMakeOne = place?.sign_up !== 'closed' || (isFirst && inviteInAddress() !== null);
  const waitsForLink = isFirst && !mayMakeOne;
  const [isNew, setNew] = useState(isFirst && mayMakeOne);
  const [name, setName] = useState('');
  const [email, setEmail] = useState(knownEmail);
  const [password, setPassword] = useState('');
  const [isShown, setShown] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [closed, setClosed] = useState(closedSaid);
  const closedUntil = (history.state as { closed_until?: string } | null)?.closed_until;
  const [wrong, setWrong] = useState<WrongField[]>([]);
  const messageOf = (path: string) => wrong.find((one) => one.path === path)?.message;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (isBusy) return;
    const missing = wrongFields({ name, email, password }, isNew);
    setWrong(missing);
    const [first] = missing;
    if (first) return document.getElementById(first.path)?.focus();
    setBusy(true);
    try {
      if (isNew) await signUp(name.trim(), email.trim(), password);
      else await signIn(email.trim(), password);
      resumeSync();
    } catch (error) {
      if (error instanceof ServerRefusal && error.code === 'account_closed') {
        setClosed(error.detail ?? '');
        // There is a session now: what is behind the door is no longer signed out.
        resumeSync();
      } else setWrong(problemsOf(error));
      setBusy(false);
    }
  }

  const startAgain = () => {
    setClosed(null);
    setPassword('');
    setBusy(false);
  };
  if (closed !== null) return <ClosedAccount said={closed} onLeft={startAgain} />;
  return (
    <div className="account">
      <main className="account-form">
        <Leaf size={44} />
        <h1 className="title">{isNew ? 'Make yourself at home' : 'Good to see you'}</h1>
        <p className="account-place">
          {!isFirst
            ? `On ${location.host}`
            : !waitsForLink
              ? 'The first account runs the place: it is the administrator. What you write stays on this server.'
              : 'Nobody has an account here yet. The first needs the link that the program printed when it started.'}
        </p>
        {closedUntil && (
          <p className="account-place" role="status">
            Your account is closed. Until {closedUntil}, signing in can bring it back as it was; then every word of it
            is erased.
          </p>
        )}
        {!waitsForLink && (
          <form onSubmit={submit} noValidate>
            {isNew && (
              <Field id="name" label="Your name" wrong={messageOf('name')}>
                <input
                  id="name"
                  className="field"
                  autoComplete="name"
                  required
                  value={name}
                  onChange={(event) => setName(event.target.value)}
                  {...described('name', messageOf('name'))}
                />
              </Field>
            )}
            <Field id="email" label="E-mail" wrong={messageOf('email')}>
              <input
                id="email"
                className="field"
                type="email"
                autoComplete="username"
                required
                value={email}
                onChange={(event) => setEmail(event.target.value)}
                {...described('email', messageOf('email'))}
              />
            </Field>
            <Field
              id="password"
              label="Password"
              wrong={messageOf('password')}
              hint={isNew ? 'At least 10 characters.' : undefined}
            >
              <span className="account-password">
                <input
                  id="password"
                  className="field"
                  type={isShown ? 'text' : 'password'}
                  autoComplete={isNew ? 'new-password' : 'current-password'}
                  required
                  value={password}
                  onChange={(event) => setPassword(event.target.value)}
                  {...described('password', messageOf('password'))}
                />
                <button
                  type="button"
                  className="icon-button"
                  aria-label="Show the password"
                  aria-pressed={isShown}
                  onClick={() => setShown(!isShown)}
                >
                  <Icon name="eye" />
                </button>
              </span>
            </Field>
            <p className="wrong" role="alert">
              {messageOf('')}
            </p>
            <button type="submit" className="button primary account-submit" aria-disabled={isBusy}>
              {isNew ? 'Create account' : 'Sign in'}
            </button>
            {!isNew && <Forgotten email={email} />}
          </form>
        )}
        <p className="facts">
          {isNew
            ? `Zone ${Intl.DateTimeFormat().resolvedOptions().timeZone}, from this browser. Change it in Settings. `
            : mayMakeOne
              ? 'No account here yet? '
              : waitsForLink
                ? ''
                : 'New accounts are by invitation here: ask the person who runs this server.'}
          {mayMakeOne && (
            <button
              type="button"
              className="link"
              onClick={() => {
                setNew(!isNew);
                setWrong([]);
              }}
            >
              {isNew ? 'I have an account' : 'Make one'}
            </button>
          )}
          {unsent > 0 && (
            <span className="account-unsent">
              Your {unsent === 1 ? 'unsent edit' : `${unsent} unsent edits`} on this device{' '}
              {unsent === 1 ? 'stays where it is' : 'stay where they are'}.
            </span>
          )}
        </p>
      </main>
      <TodayPicture />
    </div>
  );
}

const described = (id: string, wrong: string | undefined) =>
  wrong ? ({ 'aria-invalid': true, 'aria-describedby': `${id}-wrong` } as const) : {};

function Field({
  id,
  label,
  wrong,
  hint,
  children,
}: {
  id: string;
  label: string;
  wrong?: string | undefined;
  hint?: string | undefined;
  children: React.ReactNode;
}) {
  return (
    <div className="account-field">
      <label className="label" htmlFor={id}>
        {label}
      </label>
      {children}
      {wrong ? (
        <p className="wrong" id={`${id}-wrong`}>
          {wrong}
        </p>
      ) : (
        hint && <p className="facts">{hint}</p>
      )}
    </div>
  );
}

function problemsOf(error: unknown): WrongField[] {
  if (!(error instanceof ServerRefusal))
    return [{ path: '', message: 'That did not work. Nothing was changed; try again.' }];
  if (error.status === 0)
    return [{ path: '', message: 'The server does not answer. Check that it runs, then try again.' }];
  if (error.status === 429)
    return [{ path: '', message: `Too many tries. Wait ${error.retry_after ?? 60} seconds, then try again.` }];
  if (error.code === 'sign_up_closed')
    return [{ path: '', message: 'New accounts are by invitation here. Ask the person who runs this server.' }];
  if (error.errors.length > 0) return [...error.errors];
  return [{ path: '', message: error.detail ?? 'That did not work. Nothing was changed; try again.' }];
}
