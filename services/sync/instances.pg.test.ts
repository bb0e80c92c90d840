import { randomUUID } from 'node:crypto';
import { createEmbeddedAdapter } from '@taskmaster/runtime/embedded/embedded-adapter';
import { createStateStore } from '@taskmaster/runtime/embedded/state-store';
import { createLogger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type FreshDatabase, freshDatabase } from '../../test/support/fresh-database.ts';
import { asInTests, signUp } from '../../test/support/running-services.ts';
import { type Services, startServices } from '../start-services.ts';

/** One of several instances of each service, and never the one where `every` runs. */
let database: FreshDatabase;
let pool: pg.Pool;
let services: Services<'api' | 'sync'>;
let url: string;
const jobs = new Map<string, () => Promise<void>>();
beforeAll(async () => {
  database = await freshDatabase();
  pool = new pg.Pool({ ...database.connection, max: 2 });
  const log = createLogger('silent');
  const adapter = createEmbeddedAdapter({ state: createStateStore(pool, 'sync:'), log });
  services = await startServices({
    names: ['api', 'sync'],
    instances: 'several',
    createAdapter: () => ({ ...adapter, every: (name, _milliseconds, run) => void jobs.set(name, run) }),
    connection: database.connection,
    log,
    ...asInTests,
    validateSocketsEvery: 300,
  });
  url = await services.http.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await services.stop();
  await pool.end();
  await database.drop();
});

it('an instance looks after its own sockets, whichever instance has the jobs that run once', async () => {
  const ann = await signUp(url, 'ann');
  const { ticket } = (await ann.call('POST', '/api/sync/ticket', {})).json;
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/tasks?ticket=${ticket}`, ['sync.v1']);
  const closed = new Promise<number>((done) => socket.on('close', done));
  await new Promise((opened, refused) => socket.on('open', opened).on('error', refused));
  await pool.query('delete from auth.session');
  expect(await closed).toBe(4401);
});

it('what sync said of a refusal goes a day after the audit log has it, and not before', async () => {
  const said = async () => (await pool.query('select id from sync.outbox')).rows.map((row) => row.id);
  const [gone, fresh] = [randomUUID(), randomUUID()];
  await pool.query(
    `insert into sync.outbox (id, topic, workspace_id, event, published_at) values
       ($1, 'audit-log', $1, '{}', now() - interval '25 hours'), ($2, 'audit-log', $2, '{}', now() - interval '23 hours')`,
    [gone, fresh],
  );
  await jobs.get('sync: forget acts')?.();
  expect(await said()).toEqual([fresh]);
});
