import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Stack, startStack } from '../../scripts/stack/stack.mjs';
import { befall } from '../chaos/befall.ts';
import { copyProgram } from '../chaos/program.ts';
import { SEED } from '../chaos/random.ts';
import { stackFaults } from './stack-faults.ts';
import { asProgram } from './stack-program.ts';

/** `FAULTS=wiped`: those whose name says so. */
const named = new RegExp(process.env.FAULTS ?? '');
/** `OTHER=folder`: begins with what is built there, an older version say, whose every instance is then replaced by this one. */
const other = process.env.OTHER;

test('whatever befalls services, sidecars, scheduler and broker, every promise holds', async () => {
  const run_folder = mkdtempSync(path.join(os.tmpdir(), 'tm-faults-'));
  onTestFinished(() => rmSync(run_folder, { recursive: true, force: true }));
  const copy = copyProgram();
  onTestFinished(copy.remove);
  let stack: Stack;
  const faults = stackFaults(() => stack, copy.folder).filter(({ name }) => named.test(name));
  const stage = await befall(faults, {
    folder: run_folder,
    seed: SEED,
    quiet: 2_000,
    patience: 300_000,
    async begin(mail) {
      const replicas = { api: 2, recurring: 2, notification: 2, sync: 2, audit: 2 };
      const env = { ...mail, RATE_LIMIT: 'off', LOG_LEVEL: 'warn' };
      stack = await startStack({ run_folder, replicas, env, ...(other ? { program: other } : {}) });
      return asProgram(stack);
    },
  });
  expect(stage.record.attempts.length).toBeGreaterThan(faults.length);
}, 7_200_000);
