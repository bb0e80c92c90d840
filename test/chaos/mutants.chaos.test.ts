import { expect, onTestFinished, test } from 'vitest';
import type { Wrong } from './checker.ts';
import { runCrashes } from './crash-run.ts';
import { buildForTests, MUTANTS, rewrite } from './mutants.ts';
import { say } from './say.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));

test.each(MUTANTS)('the checker sees it where $breaks', async (mutant) => {
  const copy = await buildForTests(mutant);
  onTestFinished(copy.remove);
  const { wrong, table } = await runCrashes({
    folder: copy.folder,
    rounds: mutant.rounds ?? 4,
    seed: SEED,
    people: 3,
    patience: mutant.patience ?? 3_000,
  });
  const seen = (Object.entries(wrong) as [Wrong, string[]][]).filter(([, list]) => list.length > 0);
  say(`${mutant.breaks}: ${seen.map(([promise, list]) => `${promise} ${list.length}`).join(', ') || 'nothing seen'}`);
  const promises = seen.map(([promise]) => promise);
  expect(
    promises.filter((promise) => mutant.seenAs.includes(promise)),
    `${table}\nSEED=${SEED}`,
  ).not.toEqual([]);
});

test('a mutant whose text has moved fails loudly', () => {
  for (const mutant of MUTANTS) expect(() => rewrite('export {};', mutant)).toThrow(/0 times/);
});
