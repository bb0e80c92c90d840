import { afterAll, expect, onTestFinished, test } from 'vitest';
import { type DatabaseServer, startDatabaseServer } from './database-server.ts';
import { FAULTS, type Fault, faultsOf } from './faults.ts';
import { copyProgram } from './program.ts';
import { ROWS, type Rows } from './promises.ts';
import { randomFrom } from './random.ts';
import { say } from './say.ts';
import { Stage, type StageOptions } from './stage.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));
const PASSES = Number(process.env.PASSES ?? 1);
const PROMISES = [...new Set(ROWS.map((name) => name.slice(0, 2)))];

const copy = copyProgram();
afterAll(() => copy.remove());
const lines: string[] = [];
afterAll(() =>
  say(`faults × promises: violations; requests in doubt; told to try again later; seconds until all had caught up
${''.padEnd(46)} ${PROMISES.join(' ')}  doubt later     s\n${lines.join('\n')}\nseed ${SEED}`),
);

/** One after another on one place, each under load, each followed by a look at everything. */
async function befall(faults: readonly Fault[], options: Omit<StageOptions, 'folder' | 'seed'>): Promise<void> {
  const random = randomFrom(SEED);
  const stage = await Stage.open({ folder: copy.folder, seed: SEED, ...options });
  onTestFinished(() => stage.close());
  for (const fault of Array.from({ length: PASSES }, () => faults).flat()) {
    const before = { ...stage.record.counts };
    await stage.under(() => fault.befall(stage, random));
    const since = Date.now();
    const rows = await stage.findings();
    lines.push(lineOf(fault.name, rows, stage, before, Date.now() - since));
    expect(await stage.explain(rows), fault.name).toEqual([]);
  }
}

function lineOf(name: string, rows: Rows, { record }: Stage, before: Stage['record']['counts'], took: number): string {
  const broken = PROMISES.map((promise) =>
    ROWS.filter((each) => each.startsWith(promise)).reduce((sum, each) => sum + rows[each].found.length, 0),
  );
  const counts = [record.counts.retried - before.retried, record.counts.unavailable - before.unavailable];
  const columns = [
    ...broken.map((count) => String(count).padStart(2)),
    ...counts.map((count) => String(count).padStart(6)),
  ];
  return `${name.padEnd(46)} ${columns.join(' ')} ${(took / 1000).toFixed(1).padStart(5)}`;
}

test('whatever befalls the program and its own database, every promise holds and everything catches up', () =>
  befall(FAULTS, {}));

test('whatever befalls a database elsewhere and the way to it, the program outlives it', async () => {
  const database: DatabaseServer = await startDatabaseServer();
  onTestFinished(() => database.stop());
  await befall(faultsOf(database), { env: { DATABASE_URL: database.url }, connection: database.connection });
});
