import { expect, onTestFinished, test } from 'vitest';
import { runCrashes } from './crash-run.ts';
import { copyProgram } from './program.ts';
import { SEED } from './random.ts';
import { say, sayIfAny } from './say.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 20);

test(`${ROUNDS} times killed under load, the program keeps what it acknowledged, once, in order`, async () => {
  const copy = copyProgram();
  onTestFinished(copy.remove);
  const { broken, table, attempts } = await runCrashes({ folder: copy.folder, rounds: ROUNDS, seed: SEED });
  say(table);
  sayIfAny(broken);
  expect(broken, `SEED=${SEED}`).toEqual([]);
  // A run in which nothing was under way proves nothing.
  expect(attempts.filter((attempt) => attempt.retries > 0).length).toBeGreaterThan(ROUNDS / 2);
});
