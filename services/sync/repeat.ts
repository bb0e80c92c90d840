import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs on this instance, whatever others do: never twice at a time, the next run is counted from the end of the last, and one
 * that fails is said and does not end the others.
 * @returns what ends it: no run begins after that.
 */
export function repeat(milliseconds: number, run: () => Promise<void>, failed: (error: unknown) => void): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  void (async () => {
    for (;;) {
      await sleep(milliseconds, undefined, { signal });
      await run().catch(failed);
    }
  })().catch(() => undefined);
  return () => ended.abort();
}
