import net from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { newDataDir } from '../../test/support/data-dir.ts';
import { openDatabase } from './start.ts';

const NAME = 'someone_elses';
const { connection } = inject('postgres');
const socketFolder = 'host' in connection ? connection.host : '';
const url = urlOf(socketFolder);

beforeAll(() => run(`create database ${NAME}`, 'postgres'));
afterAll(() => run(`drop database ${NAME} with (force)`, 'postgres'));

test('a database of one’s own is opened, and stopping leaves it running', async () => {
  const database = await open(url);
  expect(database).toMatchObject({ kind: 'external', connection: { connectionString: url } });
  await database.stop();
  const again = await open(url);
  expect(again.version).toMatch(/^\d+/);
});

test('one that does not answer is refused, without its password', async () => {
  await expect(open('postgres://anna:secret@127.0.0.1:1/x')).rejects.toMatchObject({
    code: 'database_unreachable',
    message: expect.not.stringContaining('secret'),
  });
});

test('one that does not exist is refused', async () => {
  await expect(open(url.replace(NAME, 'nowhere'))).rejects.toMatchObject({
    code: 'database_unreachable',
    message: expect.stringContaining('nowhere'),
  });
});

describe('the server’s answers decide', () => {
  test('synchronous_commit=off is refused unless it is allowed', async () => {
    await withSetting('synchronous_commit', 'off');
    await expect(open(url)).rejects.toMatchObject({ code: 'unsafe_settings' });
    expect(
      (await openDatabase({ database_url: url, data_dir: newDataDir(), log: () => {}, allow_unsafe: true })).kind,
    ).toBe('external');
  });

  test('Neon is accepted with any of them: its log is elsewhere', async () => {
    await withSetting('synchronous_commit', 'off');
    await withSetting('"neon.timeline_id"', 'abc');
    expect((await open(url)).kind).toBe('external');
  });

  test('a server older than 15 is refused', async () => {
    await run(`create schema old`);
    await run(`create function old.current_setting(text) returns text language sql as $$
      select case $1 when 'server_version_num' then '140011' else '14.11' end $$`);
    await withSetting('search_path', 'old, pg_catalog');
    await expect(open(url)).rejects.toMatchObject({
      code: 'server_too_old',
      message: expect.stringContaining('14.11'),
    });
  });

  test('a server that takes no changes is refused', async () => {
    await withSetting('default_transaction_read_only', 'on');
    await expect(open(url)).rejects.toMatchObject({ code: 'takes_no_changes' });
  });
});

test('a pooler that loses notifications is refused, with the way around it', async () => {
  const folder = newDataDir();
  await poolerIn(folder);
  await expect(open(urlOf(folder))).rejects.toMatchObject({
    code: 'session_features_missing',
    message: expect.stringMatching(/LISTEN/),
    what_to_do: expect.stringMatching(/-pooler/),
  });
});

function open(database_url: string) {
  return openDatabase({ database_url, data_dir: newDataDir(), log: () => {} });
}

function urlOf(folder: string): string {
  return `postgres://taskmaster@localhost/${NAME}?host=${encodeURIComponent(folder)}`;
}

async function run(statement: string, database = NAME): Promise<void> {
  const client = new pg.Client({ ...connection, database });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

async function withSetting(name: string, value: string): Promise<void> {
  onTestFinished(() => run(`alter database ${NAME} reset ${name}`, 'postgres'));
  await run(`alter database ${NAME} set ${name} = ${value.includes(',') ? value : `'${value}'`}`, 'postgres');
}

/** Passes everything on but notifications, as a pooler does that lends a connection for one transaction only. */
async function poolerIn(folder: string): Promise<void> {
  const server = net.createServer((client) => {
    const upstream = net.connect(path.join(socketFolder, '.s.PGSQL.5432'));
    let waiting = Buffer.alloc(0);
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      waiting = Buffer.concat([waiting, chunk]);
      // A message: one letter, then its length in four bytes, which counts itself.
      while (waiting.length >= 5 && waiting.length > waiting.readUInt32BE(1)) {
        const length = waiting.readUInt32BE(1) + 1;
        const isNotification = String.fromCharCode(waiting[0] ?? 0) === 'A';
        if (!isNotification) client.write(waiting.subarray(0, length));
        waiting = waiting.subarray(length);
      }
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
    for (const socket of [client, upstream]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, '.s.PGSQL.5432'), resolve));
  onTestFinished(() => void server.close());
}
