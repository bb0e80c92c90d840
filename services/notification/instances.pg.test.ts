import { randomUUID } from 'node:crypto';
import { createEmbeddedAdapter } from '@taskmaster/runtime/embedded/embedded-adapter';
import { createStateStore } from '@taskmaster/runtime/embedded/state-store';
import { createLogger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/fresh-database.ts';
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
