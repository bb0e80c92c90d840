import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startDatabaseProxy } from '../test/support/database-proxy.ts';
import { type FreshDatabase, freshDatabase } from '../test/support/fresh-database.ts';
import { until } from '../test/support/running-services.ts';
import { type Held, holdAlone, holdBesideOthers } from './hold-alone.ts';

const log = { warn: () => undefined, info: () => undefined };
let database: FreshDatabase;
let looking: pg.Client;
const held: Held[] = [];
beforeEach(async () => {
  database = await freshDatabase();
  looking = new pg.Client(database.connection);
  await looking.connect();
});
afterEach(async () => {
  for (const one of held.splice(0)) await one.release();
  await looking.end();
  await database.drop();
});
const hold = async (connection: pg.ClientConfig = database.connection) => {
  const one = await holdAlone(connection, log);
  held.push(one);
  return one;
};
const holder = async () =>
  (
    await looking.query<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    )
  ).rows[0]?.pid;

it('is taken again when its session is ended, and nobody else gets in after that', async () => {
  await hold();
  const first = await holder();
  await looking.query('select pg_terminate_backend($1)', [first]);
  await until(async () => ![undefined, first].includes(await holder()), 'the lock again');
  await expect(holdAlone(database.connection, log)).rejects.toThrow('Another TaskMaster');
});

it('is taken from a session of one’s own that the server still keeps', async () => {
  const { host = '', port = 5432 } = database.connection;
  const proxy = await startDatabaseProxy({ host, port });
  await hold({ ...database.connection, host: '127.0.0.1', port: proxy.port });
  const first = await holder();
  proxy.cut('half');
  await until(async () => ![undefined, first].includes(await holder()), 'the lock again');
  for (const one of held.splice(0)) await one.release();
  await proxy.stop();
});

it('is taken again where the server ended the session and nobody said so', async () => {
  const { host = '', port = 5432 } = database.connection;
  const proxy = await startDatabaseProxy({ host, port });
  await hold({ ...database.connection, host: '127.0.0.1', port: proxy.port });
  const first = await holder();
  proxy.mute();
  await until(async () => ![undefined, first].includes(await holder()), 'the lock again');
  for (const one of held.splice(0)) await one.release();
  await proxy.stop();
});

it('that another program took meanwhile is lost, and said to be', async () => {
  const one = await hold();
  const other = new pg.Client(database.connection);
  await other.connect();
  const first = await holder();
  const taken = other.query('select pg_advisory_lock(7233000)');
  const waiting = `select from pg_locks where locktype = 'advisory' and not granted`;
  await until(async () => (await looking.query(waiting)).rowCount, 'the other in the queue');
  await looking.query('select pg_terminate_backend($1)', [first]);
  await taken;
  expect(await one.lost).toContain('Another TaskMaster');
  await other.end();
});

it('services that run apart hold it beside each other, never beside a program that wants it for itself', async () => {
  const beside = async () => {
    const one = await holdBesideOthers(database.connection, log);
    held.push(one);
    return one;
  };
  const services = [await beside(), await beside()];
  await expect(hold()).rejects.toThrow('Another TaskMaster');
  for (const one of services) await one.release();
  await hold();
  await expect(beside()).rejects.toThrow('Another TaskMaster');
});
