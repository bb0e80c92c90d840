import { useCallback, useEffect, useState } from 'react';
import { ask, ServerRefusal } from '../../sync/transport.ts';
import { showToast } from '../../ui/toast.tsx';
import { refusedInWords } from './refused-words.ts';

/**
 * Something that only the server knows, asked for when it is looked at; `again` after a change. What the server does not show
 * any more is not shown on.
 */
export function useServerAnswer<Answer>(path: string): {
  answer: Answer | undefined;
  isAway: boolean;
  isRefused: boolean;
  again(): void;
} {
  const [answer, setAnswer] = useState<Answer>();
  const [failed, setFailed] = useState<'away' | 'refused'>();
  const again = useCallback(() => {
    ask(path)
      .then(async (found) => {
        setAnswer((await found.json()) as Answer);
        setFailed(undefined);
      })
      .catch((error) => {
        const isRefused = error instanceof ServerRefusal && error.status === 403;
        if (isRefused) setAnswer(undefined);
        setFailed(isRefused ? 'refused' : 'away');
      });
  }, [path]);
  useEffect(again, [again]);
  return { answer, isAway: failed === 'away', isRefused: failed === 'refused', again };
}

/** Sends a change that has no place on the device, and says what became of it. @returns the answer, or undefined */
export async function tellServer<Answer>(
  method: string,
  path: string,
  body: object,
  done: string | ((answer: Answer) => string),
): Promise<Answer | undefined> {
  try {
    const answer = await ask(path, { method, body });
    const text = await answer.text();
    const said = (text ? JSON.parse(text) : {}) as Answer;
    showToast({ tone: 'plain', words: typeof done === 'string' ? done : done(said) });
    return said;
  } catch (error) {
    showToast({ tone: 'refused', words: `${refusedInWords(error)} Nothing was changed.` });
    return undefined;
  }
}
