import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Stack, startStack } from '../../scripts/stack/stack.mjs';
import { buildForTests, rewrite } from '../chaos/mutants.ts';
import { broken, type Rows } from '../chaos/promises.ts';
import { SEED } from '../chaos/random.ts';
import { say } from '../chaos/say.ts';
import { Stage } from '../chaos/stage.ts';
import { STACK_MUTANTS, type StackMutant } from './mutant-list.ts';
import { asProgram } from './stack-program.ts';

/** `MUTANTS=all`: also those that take long. */
const chosen = STACK_MUTANTS.filter(({ quick }) => quick || process.env.MUTANTS === 'all');
/** What is broken shows under load, and how much of it a second holds is the machine's: where nothing is seen there is more of it. */
const TIMES_THE_LOAD = [1, 4, 8];

/** The program broken that way as five services with a broker between, under load. */
async function run(mutant: StackMutant, times: number): Promise<{ rows: Rows; table: string }> {
  const copy = await buildForTests(...mutant.rewrites.map((one) => ({ ...one, breaks: mutant.breaks })));
  onTestFinished(copy.remove);
  const run_folder = mkdtempSync(path.join(os.tmpdir(), 'tm-mutant-'));
  onTestFinished(() => rmSync(run_folder, { recursive: true, force: true }));
  let stack: Stack | undefined;
  const stage = await Stage.open({
    folder: copy.folder,
    seed: SEED,
    people: 2,
    patience: mutant.patience * times,
    quiet: 2_000,
    async begin(mail) {
      const env = { ...mail, FAILPOINTS: 'on', RATE_LIMIT: 'off', LOG_LEVEL: 'warn' };
      const replicas = mutant.replicas ?? {};
      stack = await startStack({ run_folder, program: copy.folder, replicas, env });
      return asProgram(stack);
    },
  });
  try {
    await stage.under(async () => {
      await sleep(mutant.load * times);
      if (stack) await mutant.befall?.(stack, stage);
    });
    const rows = await stage.findings();
    return { rows, table: stage.table(rows) };
  } finally {
    await stage.close();
  }
}

const seenIn = (rows: Rows): string =>
  broken(rows)
    .map((name) => `${name} ${rows[name].found.length}`)
    .join(', ');

test.each(chosen.filter(({ turns }) => turns))(
  '$turns is seen where $breaks',
  async (mutant) => {
    const { breaks, turns = 'P1 lost' } = mutant;
    let seen = await run(mutant, 1);
    for (const times of TIMES_THE_LOAD.slice(1)) {
      if (broken(seen.rows).includes(turns)) break;
      say(`${breaks}: nothing seen, again under ${times} times the load`);
      seen = await run(mutant, times);
    }
    say(`${turns.padEnd(28)} ${breaks}: ${seenIn(seen.rows) || 'nothing seen'}`);
    expect(broken(seen.rows), `${seen.table}\nSEED=${SEED}`).toContain(turns);
  },
  3_600_000,
);

test.each(chosen.filter(({ turns }) => !turns))(
  'nothing is seen where $breaks: something else stands behind it',
  async (mutant) => {
    const { rows, table } = await run(mutant, 1);
    say(`${'(none)'.padEnd(28)} ${mutant.breaks}: ${seenIn(rows) || 'nothing seen, as it should be'}`);
    expect(broken(rows), `${table}\nSEED=${SEED}`).toEqual([]);
  },
  3_600_000,
);

test('every mutant finds its text where it is', () => {
  for (const { breaks, rewrites } of STACK_MUTANTS)
    for (const { file, replace } of rewrites) {
      const source = readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');
      expect(rewrite(source, { breaks, file, replace })).not.toBe(source);
    }
});
