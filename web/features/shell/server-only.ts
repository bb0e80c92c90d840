import { useCallback, useEffect, useState } from 'react';
import { ask } from '../../sync/transport.ts';
import { showToast } from '../../ui/toast.tsx';

/** Something that only the server knows, asked for when it is looked at; `again` after a change. */
export function useServerAnswer<Answer>(path: string): { answer: Answer | undefined; isAway: boolean; again(): void } {
  const [answer, setAnswer] = useState<Answer>();
  const [isAway, setAway] = useState(false);
  const again = useCallback(() => {
    ask(path)
      .then(async (found) => {
        setAnswer((await found.json()) as Answer);
        setAway(false);
      })
      .catch(() => setAway(true));
  }, [path]);
  useEffect(again, [again]);
  return { answer, isAway, again };
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
    const { detail, status } = error as { detail?: string; status?: number };
    const words = status ? (detail ?? 'That was refused.') : 'The server does not answer.';
    showToast({ tone: 'refused', words: `${words} Nothing was changed.` });
    return undefined;
  }
}
