import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { repeat } from './repeat.ts';

it('runs again and again, never twice at a time, although one fails, until it is ended', async () => {
  let [runs, inside, most] = [0, 0, 0];
  const failures: unknown[] = [];
  let enough: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const end = repeat(
    1,
    async () => {
      runs++;
      most = Math.max(most, ++inside);
      await sleep(5);
      inside--;
      if (runs === 4) enough();
      if (runs % 2 === 0) throw new Error(`run ${runs}`);
    },
    (error) => failures.push(error),
  );
  await reached;
  end();
  await sleep(20);
  const after = runs;
  await sleep(20);
  expect([most, runs, runs < 7, failures.map(String).slice(0, 2)]).toEqual([
    1,
    after,
    true,
    ['Error: run 2', 'Error: run 4'],
  ]);
});
