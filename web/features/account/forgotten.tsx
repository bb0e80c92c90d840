import { useState } from 'react';
import { ask, ServerRefusal } from '../../sync/transport.ts';
import { askAbout } from './session.ts';

/** The way back in: by a letter, or where the place sends none by whoever runs it. */
export function Forgotten({ email }: { email: string }) {
  const [words, setWords] = useState('');
  async function send(): Promise<void> {
    const address = email.trim();
    try {
      if (!(await askAbout()).mail)
        return setWords('Ask the person who runs this server: they can make you a link for a new one.');
      if (!address) return setWords('Write your e-mail address above first.');
      await ask('/api/auth/request-password-reset', { method: 'POST', body: { email: address } });
      setWords('If there is an account with this address, a letter is on its way.');
    } catch (error) {
      const { status, retry_after } = error instanceof ServerRefusal ? error : { status: 0, retry_after: undefined };
      setWords(
        status === 429
          ? `Too many tries. Wait ${retry_after ?? 60} seconds, then try again.`
          : status === 0
            ? 'The server does not answer.'
            : 'That is no address a letter could go to.',
      );
    }
  }
  return (
    <p className="facts account-forgotten">
      <button type="button" className="link" onClick={() => void send()}>
        Forgotten your password?
      </button>
      <span role="status"> {words}</span>
    </p>
  );
}
