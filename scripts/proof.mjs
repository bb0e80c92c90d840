// `npm run proof [-- distributed] [--long] [--seed N]`: kills the program until it has shown that it keeps its promises, and prints
// the tables. `distributed`: as five services on Dapr and Kafka.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureDapr, ensureKafka } from './stack/binaries.mjs';
import { build } from './steps/build.mjs';
import { ensureFaketime } from './steps/faketime.mjs';
import { nodeCommand, root } from './steps/step.mjs';

const words = process.argv.slice(2);
const isLong = words.includes('--long');
const seed = words.includes('--seed') ? words[words.indexOf('--seed') + 1] : String(Math.floor(Math.random() * 1e6));
const folder = mkdtempSync(path.join(os.tmpdir(), 'taskmaster-proof-'));
const file = path.join(folder, 'tables.txt');
const isDistributed = words.includes('distributed');
const kind = isDistributed ? 'distributed' : 'chaos';
const apart = isLong ? { AWAY: '300000', TURNS: '20', MUTANTS: 'all', BACKLOG: '100000' } : {};
const alone = isLong
  ? { ROUNDS: '100', PASSES: '4', MUTANTS: 'all', REMINDERS: '10000', BACKLOG: '100000', STOPPED: '35000' }
  : { PROOF: 'short', ROUNDS: '6', PASSES: '1', MUTANTS: 'some', REMINDERS: '1000', BACKLOG: '5000', STOPPED: '10000' };
const env = { ...process.env, PROOF_FILE: file, SEED: seed, ...(isDistributed ? apart : alone) };
await build();
if (isDistributed) {
  await ensureDapr();
  await ensureKafka();
} else await ensureFaketime();
const [program = '', ...rest] = nodeCommand(
  'vitest/vitest.mjs',
  'run',
  '--project',
  kind,
  ...(isDistributed ? ['test/distributed/faults', 'test/distributed/mutants'] : []),
);
const code = await new Promise((ended) =>
  spawn(program, rest, { cwd: root, stdio: 'inherit', env }).once('close', (status) => ended(status ?? 1)),
);
if (existsSync(file)) console.log(`\n${readFileSync(file, 'utf8')}`);
console.log(
  `${code === 0 ? 'Every promise held' : 'A promise was broken'}. Again: npm run proof -- ${isDistributed ? 'distributed ' : ''}${isLong ? '--long ' : ''}--seed ${seed}`,
);
rmSync(folder, { recursive: true, force: true });
process.exitCode = code === 0 ? 0 : 1;
