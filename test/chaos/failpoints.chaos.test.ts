import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Failpoint, failpoints } from '@taskmaster/domain/failpoints';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCrashes } from './crash-run.ts';
import { buildForTests } from './mutants.ts';
import { databaseGone, freePort, type ProgramCopy, startProgram, temporaryFolder } from './program.ts';
import { SEED } from './random.ts';
import { say, sayIfAny } from './say.ts';

/** How often each is come to. */
const PASSES = Number(process.env.PASSES ?? 1);
/** Only a carrier that loses or reorders makes a hole; what restores is another program. */
const ELSEWHERE: readonly Failpoint[] = ['consumer.after_hold_before_repair', 'migrate.mid', 'restore.mid'];

let copy: ProgramCopy;
beforeAll(async () => {
  copy = await buildForTests();
});
afterAll(() => copy.remove());

test('killed between any two steps, the program keeps every promise', async () => {
  const named = failpoints.filter((name) => !ELSEWHERE.includes(name));
  const { broken, table, reached } = await runCrashes({
    folder: copy.folder,
    rounds: 1,
    seed: SEED,
    failpoints: Array.from({ length: PASSES }, () => named).flat(),
  });
  say(`${table}\n${named.map((name) => `${name.padEnd(40)} ${reached[name] ? 'reached' : 'not reached'}`).join('\n')}`);
  sayIfAny(broken);
  expect(broken, `SEED=${SEED}`).toEqual([]);
  expect(named.filter((name) => !reached[name])).toEqual([]);
});

test('killed in the middle of a migration, the next start goes on from the last whole one', async () => {
  const data_dir = temporaryFolder('migrate');
  const port = await freePort();
  try {
    for (const at of ['migrate.mid:1', 'migrate.mid:3', 'migrate.mid:2']) {
      const program = startProgram({ folder: copy.folder, data_dir, port, env: { FAILPOINT: at } });
      await expect(program.ready()).rejects.toThrow('SIGKILL');
      await databaseGone(data_dir);
    }
    const program = startProgram({ folder: copy.folder, data_dir, port });
    await program.ready();
    await program.stop();
  } finally {
    await databaseGone(data_dir);
    rmSync(data_dir, { recursive: true, force: true, maxRetries: 5 });
  }
});

test('the program that people run holds none of it', () => {
  const dist = path.resolve(import.meta.dirname, '../../dist');
  const bundle = readdirSync(dist)
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(path.join(dist, file), 'utf8'))
    .join('\n');
  expect(bundle.length).toBeGreaterThan(100_000);
  for (const name of failpoints) expect(bundle).not.toContain(`'${name}'`);
  for (const name of failpoints) expect(bundle).not.toContain(`"${name}"`);
});
