import { randomUUID } from 'node:crypto';
import { everyService } from '@taskmaster/contracts/services';
import { createEmbeddedAdapter } from '@taskmaster/runtime/embedded/embedded-adapter';
import { createStateStore } from '@taskmaster/runtime/embedded/state-store';
import { createLogger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/fresh-database.ts';
import { asInTests, signUp, until } from '../../test/support/running-services.ts';
import { startServices } from '../start-services.ts';

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = new pg.Pool({ ...database.connection, max: 2 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** An instance that has just started, and looked for letters once. */
async function startAndLook(instances: 'one' | 'several'): Promise<void> {
  const log = createLogger('silent');
  const wakers = new Map<string, () => Promise<void>>();
  const adapter = createEmbeddedAdapter({ state: createStateStore(pool, 'notification:'), log });
  const services = await startServices({
    names: ['notification'],
    instances,
    createAdapter: () => ({
      ...adapter,
      every: () => undefined,
      wake: { at: async () => undefined, onWake: (name, run) => void wakers.set(name, run) },
      ask: async () => ({ heads: [] }) as never,
    }),
    connection: database.connection,
    config: {
      SIGN_UP: 'open',
      RATE_LIMIT: 'off',
      TRUST_PROXY: 'false',
      AUDIT_RETENTION_DAYS: 90,
      SMTP_URL: 'smtp://127.0.0.1:9',
      MAIL_FROM: 'tasks@example.test',
    },
    log,
    secret: 'a secret of at least thirty-two characters',
    version: 'test',
    address: 'http://127.0.0.1',
    database: 'PostgreSQL',
  });
  await wakers.get('notification: mail')?.();
  await services.stop();
}

it('an instance that starts leaves alone what another has in hand; where it is the only one, nobody has it in hand', async () => {
  const id = randomUUID();
  await pool.query(
    `insert into notification.ledger (id, workspace_id, reminder_id, user_id, "for", channel, task_id, title, counted_at, due_at,
       state, next_at, cause_id, cause_sequence, epoch, correlation_id)
     values ($1, $1, $1, $1, 'digest', 'mail', $1, 'x', now(), now(), 'handing_over', now() + interval '50 seconds', $1, 1, $1, 'x')`,
    [id],
  );
  const isInHand = async () =>
    (await pool.query('select next_at > now() as so from notification.ledger where id = $1', [id])).rows[0].so;
  await startAndLook('several');
  expect(await isInHand()).toBe(true);
  await startAndLook('one');
  expect(await isInHand()).toBe(false);
});

it('where one of several was woken the others arm again, and none puts off what another is to be woken for', async () => {
  const log = createLogger('silent');
  const armed: number[] = [];
  const state = createStateStore(pool, 'sync:');
  const services = await startServices({
    names: everyService,
    instances: 'several',
    // Whoever is woken, it is never this one.
    createAdapter: () => ({
      ...createEmbeddedAdapter({ state, log }),
      every: () => undefined,
      wake: {
        at: async (name, at) => void (name === 'notification: reminders' && armed.push(Date.parse(at))),
        onWake: () => undefined,
      },
    }),
    connection: database.connection,
    log,
    ...asInTests,
  });
  try {
    const ann = await signUp(await services.http.listen({ host: '127.0.0.1', port: 0 }), 'ann');
    const remindIn = async (milliseconds: number) => {
      const at = Date.now() + milliseconds;
      const body = { title: 'bell', reminders: [{ at: new Date(at).toISOString() }] };
      expect((await ann.call('POST', '/api/tasks', body)).status).toBe(201);
      return at;
    };
    const soon = await remindIn(300);
    await until(async () => armed.some((at) => at >= soon) && Date.now() > soon, 'the first to be armed for, and over');
    // As the other instance does that was woken for it.
    await pool.query(`update notification.ledger set state = 'handed_over' where due_at <= now()`);
    const inAnHour = await remindIn(3_600_000);
    await until(async () => armed.at(-1) === inAnHour, 'to be armed again');

    // As the other instance does for a person of its own.
    const due = new Date(Date.now() + 600_000);
    await pool.query(`update notification.ledger set due_at = $1 where due_at > now()`, [due]);
    const before = armed.length;
    await remindIn(1_800_000);
    await until(async () => armed.length > before, 'to be armed once more');
    expect(armed.at(-1)).toBe(due.getTime());
  } finally {
    await services.stop();
  }
});
