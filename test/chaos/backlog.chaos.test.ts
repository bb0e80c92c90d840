import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { befall } from './befall.ts';
import { behind } from './checks/behind.ts';
import type { Fault } from './faults.ts';
import type { Attempt, PushedOp } from './journal.ts';
import { type Person, send, waitFor } from './person.ts';
import { copyProgram } from './program.ts';
import { SEED } from './random.ts';
import { say } from './say.ts';
import type { Stage } from './stage.ts';

const BACKLOG = Number(process.env.BACKLOG ?? 10_000);
const A_PUSH = 100;
const SERIES = 5;

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
    await Promise.all(
      stage.people.map(async (person) => {
        const device = { client_id: randomUUID(), n: 0 };
        for (let made = 0; made < BACKLOG / stage.people.length; made += A_PUSH)
          stage.record.attempts.push(await push(stage, person, device));
      }),
    );
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

/** New tasks, some of them occurrences that are completed at once: each asks for a successor. */
async function push(stage: Stage, person: Person, device: { client_id: string; n: number }): Promise<Attempt> {
  const op = (kind: PushedOp['kind'], id: string, patch: object) => ({
    op: randomUUID(),
    n: ++device.n,
    entity: 'task' as const,
    kind,
    id,
    patch,
  });
  const due = { due_date: '2026-01-05', due_time: '09:00', due_zone: null };
  const recurrence = { rule: 'FREQ=DAILY', overdue: 'one_by_one' };
  const ops = Array.from({ length: A_PUSH - 2 * SERIES }, () =>
    op('create', randomUUID(), { title: `made ${randomUUID()}` }),
  );
  for (let index = 0; index < SERIES; index++) {
    const id = randomUUID();
    ops.push(op('create', id, { title: `made ${randomUUID()}`, due, recurrence }), op('complete', id, {}));
  }
  const path = `/api/workspaces/${person.workspace}/ops`;
  const request = { method: 'POST', path, body: { client_id: device.client_id, schema: 1, ops } };
  const answer = await send(stage.url, person, request);
  expect(answer.status, answer.text.slice(0, 300)).toBe(200);
  return { person, request, verb: 'updated', shape: 'device', outcome: 'acknowledged', answer, retries: 0, trail: [] };
}

test('a backlog is worked off by the next start, each effect once', async () => {
  const copy = copyProgram();
  onTestFinished(copy.remove);
  // Once, however often the others: what matters here is how much there is of it.
  await befall([backlog], { folder: copy.folder, seed: SEED }, 1);
});
