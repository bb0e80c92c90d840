import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { runCrashes } from './crash-run.ts';
import { HARMLESS, MUTANTS, type Mutant } from './mutant-list.ts';
import { buildForTests, rewrite } from './mutants.ts';
import { broken, ROWS, type Rows } from './promises.ts';
import { pick, randomFrom, SEED } from './random.ts';
import { say } from './say.ts';
import { type Prepared, prepare } from './stage.ts';

let prepared: Prepared;
beforeAll(async () => {
  const copy = await buildForTests();
  prepared = await prepare(copy.folder, 3);
  copy.remove();
});
afterAll(() => prepared.remove());

const A_LOAD = 1_000;

/** What is broken shows under load, and how much of it a second holds is the machine's: where nothing is seen there is more of it. */
async function run(mutant: Omit<Mutant, 'turns'>, isSeen: (rows: Rows) => boolean) {
  const copy = await buildForTests(mutant);
  onTestFinished(copy.remove);
  const { rounds = 1, night, load, patience = 1_000 } = mutant;
  const common = { folder: copy.folder, seed: SEED, prepared, rounds, ...(night ? { night } : {}) };
  let report = await runCrashes({ ...common, patience, ...(load ? { load } : {}) });
  for (const more of [4, 16]) {
    if (isSeen(report.rows)) break;
    say(`${mutant.breaks}: nothing seen, again under ${more} times the load`);
    report = await runCrashes({ ...common, patience: 2 * patience, load: (load ?? A_LOAD) * more });
  }
  return report;
}

/** `MUTANTS=some`: one of each promise, drawn; none that takes a night. */
function chosen(): readonly Mutant[] {
  if (process.env.MUTANTS !== 'some') return MUTANTS;
  const random = randomFrom(SEED);
  const promises = [...new Set(MUTANTS.map(({ turns }) => turns.slice(0, 2)))];
  return promises.map((promise) =>
    pick(
      random,
      MUTANTS.filter(({ turns, night }) => turns.startsWith(promise) && !night),
    ),
  );
}

test.each(chosen())('$turns is seen where $breaks', async (mutant) => {
  const { rows, table } = await run(mutant, (found) => broken(found).includes(mutant.turns));
  const seen = broken(rows).map((name) => `${name} ${rows[name].found.length}`);
  say(`${mutant.turns.padEnd(28)} ${mutant.breaks}: ${seen.join(', ') || 'nothing seen'}`);
  expect(broken(rows), `${table}\nSEED=${SEED}`).toContain(mutant.turns);
});

test('a list without its WHERE shows nobody anything of another’s: the second wall stands behind it', async () => {
  const { rows, table } = await run(HARMLESS, () => true);
  say(`${'(none)'.padEnd(28)} ${HARMLESS.breaks}: ${broken(rows).join(', ') || 'nothing seen, as it should be'}`);
  expect(rows['P7 seen by others'].found, `${table}\nSEED=${SEED}`).toEqual([]);
});

test('every row of the table has a mutant that turns it red', () => {
  expect(ROWS.filter((name) => !MUTANTS.some((mutant) => mutant.turns === name))).toEqual([]);
});

test('every mutant finds its text where it is', () => {
  for (const mutant of [...MUTANTS, HARMLESS]) {
    const source = readFileSync(path.resolve(import.meta.dirname, '../..', mutant.file), 'utf8');
    expect(rewrite(source, mutant)).not.toBe(source);
  }
});

test('a mutant whose text has moved fails loudly', () => {
  for (const mutant of MUTANTS) expect(() => rewrite('export {};', mutant)).toThrow(/0 times/);
});
