import type { About } from '@taskmaster/contracts/http/service';
import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { tellServer, useServerAnswer } from '../shell/server-only.ts';

/** The address that one signs in with. A new one counts when the letter to it was answered, where this place sends mail. */
export function Address() {
  const { person } = useScreen();
  const { answer: place } = useServerAnswer<About>('/api/about');
  const [isOpen, setOpen] = useState(false);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const change = async () => {
    if (email.trim() === '' || password === '') return;
    const body = { email: email.trim(), password };
    const asked = await tellServer<{ changed: boolean }>('POST', '/api/me/address', body, ({ changed }) =>
      changed ? 'Changed. Sign in with it from now on' : 'A letter is on its way to the new address: answer it there',
    );
    if (!asked) return;
    setOpen(false);
    setPassword('');
  };
  return (
    <div className="setting">
      <span>
        E-mail
        <span className="facts setting-note">{person.email}</span>
      </span>
      {isOpen ? (
        <form
          className="setting-form"
          onSubmit={(event) => {
            event.preventDefault();
            void change();
          }}
        >
          <input
            className="field"
            type="email"
            autoComplete="email"
            aria-label="New address"
            placeholder="New address"
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
          <input
            className="field"
            type="password"
            autoComplete="current-password"
            aria-label="Your password"
            placeholder="Your password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          <button type="submit" className="button primary" aria-disabled={email.trim() === '' || password === ''}>
            {place?.mail ? 'Send the letter' : 'Change'}
          </button>
        </form>
      ) : (
        <button type="button" className="button" onClick={() => setOpen(true)}>
          Change the address
        </button>
      )}
    </div>
  );
}
