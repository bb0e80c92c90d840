import pg from 'pg';
import { expect, test } from 'vitest';
import { freshDatabase } from './fresh-database.ts';

test('a fresh database is migrated and nobody sees what another wrote', async () => {
  const [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
  const [first, second] = [new pg.Client(one.connection), new pg.Client(other.connection)];
  await Promise.all([first.connect(), second.connect()]);
  await first.query('create table mine (id int)');
  const { rows } = await second.query<{ mine: string | null; migrations: string | null }>(
    `select to_regclass('mine') as mine, to_regclass('public.taskmaster_migration') as migrations`,
  );
  expect(rows).toEqual([{ mine: null, migrations: 'taskmaster_migration' }]);
  await Promise.all([first.end(), second.end()]);
  await Promise.all([one.drop(), other.drop()]);
});

test('a dropped database is gone, also while someone is connected', async () => {
  const { connection, drop } = await freshDatabase();
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  await drop();
  await expect(new pg.Client(connection).connect()).rejects.toThrow(/does not exist/);
});
