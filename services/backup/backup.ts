import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { type Begin, END_OF_TABLE, FORMAT, fingerprintOf } from './format.ts';
import { roleOf, tablesOf } from './tables.ts';

export interface BackupOptions {
  connection: pg.ClientConfig;
  file: string;
  version: string;
  secret: string;
  /** False where it was given from outside, and stays there. */
  keep_secret: boolean;
  progress?(text: string): void;
}
export interface BackupMade {
  file: string;
  at: string;
  rows: number;
  bytes: number;
}

const LINE_FEED = 10;

/**
 * Writes everything, as it was at one moment, into one file that its owner alone may read, while the program goes on. The
 * file appears whole or not at all.
 */
export async function backup({
  connection,
  file,
  version,
  secret,
  keep_secret,
  progress,
}: BackupOptions): Promise<BackupMade> {
  const client = new pg.Client({ ...connection, application_name: 'taskmaster backup' });
  client.on('error', () => undefined);
  await client.connect();
  const unfinished = `${file}.unfinished`;
  try {
    // The read-only transaction holds nothing up, and sees one moment in all tables.
    await client.query('begin isolation level repeatable read read only');
    const [[about], { rows: migrations }] = await Promise.all([
      client.query<{ at: string; database: string }>(
        `select to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, current_setting('server_version') as database`,
      ),
      client.query<{ name: string }>('select name from public.taskmaster_migration order by name'),
    ]).then(([{ rows }, found]) => [rows, found] as const);
    const tables = await tablesOf(client);
    const at = about?.at ?? '';
    const out = createGzip({ level: 6 });
    const written = pipeline(out, createWriteStream(unfinished, { mode: 0o600 }));
    written.catch(() => undefined);
    const hash = createHash('sha256');
    const write = async (part: string | Buffer): Promise<void> => {
      hash.update(part);
      if (!out.write(part)) await Promise.race([once(out, 'drain'), written]);
    };
    const say = (line: object | string) => write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    const begin: Begin = {
      taskmaster_backup: FORMAT,
      at,
      version,
      migrations: migrations.map((one) => one.name),
      database: about?.database ?? '',
      secret: keep_secret ? secret : null,
      secret_fingerprint: fingerprintOf(secret),
    };
    await say(begin);
    const rows: Record<string, number> = {};
    for (const { name, columns } of tables) {
      progress?.(name);
      await say({ copy: name, columns });
      await client.query(`set local role ${roleOf(name)}`);
      const copied = client.query(copyTo(`copy (select ${columns.join(', ')} from ${name}) to stdout`));
      let count = 0;
      for await (const part of copied as AsyncIterable<Buffer>) {
        for (let at = part.indexOf(LINE_FEED); at >= 0; at = part.indexOf(LINE_FEED, at + 1)) count++;
        await write(part);
      }
      rows[name] = count;
      await client.query('reset role');
      await say(END_OF_TABLE);
    }
    out.end(`${JSON.stringify({ end: { rows, sha256: hash.digest('hex') } })}\n`);
    await finished(out);
    await written;
    const bytes = await durable(unfinished, file);
    return { file, at, rows: Object.values(rows).reduce((sum, count) => sum + count, 0), bytes };
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    await client.end();
  }
}

/** On disk before it has its name, and the name on disk as well. */
async function durable(unfinished: string, file: string): Promise<number> {
  const handle = await open(unfinished, 'r');
  await handle.sync();
  const { size } = await handle.stat();
  await handle.close();
  await rename(unfinished, file);
  const folder = await open(dirname(file), 'r');
  await folder.sync();
  await folder.close();
  return size;
}
