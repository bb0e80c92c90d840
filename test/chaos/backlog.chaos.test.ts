import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { befall } from './befall.ts';
import { behind } from './checks/behind.ts';
import type { Fault } from './faults.ts';
import { waitFor } from './person.ts';
import { pile } from './pile.ts';
import { copyProgram } from './program.ts';
import { SEED } from './random.ts';
import { say } from './say.ts';
import type { Stage } from './stage.ts';

const BACKLOG = Number(process.env.BACKLOG ?? 10_000);

/** Nobody takes events for as long as changes are made: what consumers move in each transaction is held by somebody else. */
const backlog: Fault = {
  name: `${BACKLOG.toLocaleString('en')} changes that no consumer has seen, kill -9`,
  alone: true,
  async befall(stage: Stage) {
    const holder = new pg.Client(stage.connection);
    holder.on('error', () => undefined);
    await holder.connect();
    await holder.query('begin');
    await holder.query('lock table notification.cursor, audit.cursor, recurring.cursor in exclusive mode');
    await pile(stage, BACKLOG);
    const [entries] = await stage.sql<{ count: number }>('select count(*)::int as count from audit.audit_logs');
    expect(entries?.count, 'nobody has seen them').toBeLessThan(BACKLOG / 10);
    await stage.kill();
    await holder.end().catch(() => undefined);
    await stage.start().ready();
    const since = Date.now();
    const looking = new pg.Client(stage.connection);
    await looking.connect();
    const isDone = await waitFor(async () => (await behind(looking)).length === 0, 900_000);
    await looking.end();
    expect(isDone, 'all is caught up').toBe(true);
    const seconds = (Date.now() - since) / 1000;
    say(`backlog: ${BACKLOG} changes caught up by every consumer in ${seconds.toFixed(1)} s`);
  },
};

test('a backlog is worked off by the next start, each effect once', async () => {
  const copy = copyProgram();
  onTestFinished(copy.remove);
  // Once, however often the others: what matters here is how much there is of it.
  await befall([backlog], { folder: copy.folder, seed: SEED }, 1);
});
