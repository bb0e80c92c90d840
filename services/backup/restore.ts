import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline as pipelineOf, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { migrate } from '@taskmaster/db/migrate';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type Begin, beginSchema, END_OF_TABLE, endSchema, fingerprintOf, tableSchema } from './format.ts';
import { newEpoch, tellRestored } from './new-epoch.ts';
import { ROLES, roleOf, tablesOf } from './tables.ts';

/** Why a file was not restored, and that nothing was changed by the attempt. */
export class RestoreRefusal extends Error {}

export interface RestoreOptions {
  connection: pg.ClientConfig;
  file: string;
  /** What signs sessions here, where there is one already: then it, not the file's, holds. */
  secret: string | undefined;
  /** Keeps the file's, where there is none. Before anything is put back for good: the one is of no use without the other. */
  keepSecret(secret: string): void;
  progress?(text: string): void;
}
export interface Restored {
  at: string;
  rows: number;
}

/**
 * Puts a backup into a database that holds nothing yet, of this or another major version of PostgreSQL, in one transaction:
 * whole or not at all. Every workspace begins a new epoch, so a device that was ahead of the backup notices, keeps its edits
 * and sends them again.
 *
 * @throws RestoreRefusal where the file is not whole, or of a newer program, or the database holds something
 */
export async function restore({ connection, file, secret, keepSecret, progress }: RestoreOptions): Promise<Restored> {
  progress?.('Reading the backup');
  const { begin, rows } = await verified(file);
  await demandNothingThere(connection);
  await migrate(connection, begin.migrations.at(-1)).catch((error: Error) => {
    throw new RestoreRefusal(
      `${error.message} Restore it with the program that made it (${begin.version}), or a newer one.`,
    );
  });
  const client = new pg.Client({ ...connection, application_name: 'taskmaster restore' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('begin');
    await demandEmpty(client);
    for await (const { name, columns, lines } of tablesIn(file)) {
      progress?.(`Putting back ${name}`);
      // By way of a table of our own: COPY does not write where row-level security holds.
      const list = columns.join(', ');
      await client.query(`create temp table incoming on commit drop as select ${list} from ${name} with no data`);
      await client.query(`grant select on incoming to ${roleOf(name)}`);
      await pipeline(Readable.from(lines), client.query(copyFrom(`copy incoming (${list}) from stdin`)));
      await client.query(`set local role ${roleOf(name)}`);
      await client.query(`insert into ${name} (${list}) overriding system value select ${list} from incoming`);
      await client.query('reset role');
      await client.query('drop table incoming');
      globalThis.failpoint?.('restore.mid');
    }
    await continueSequences(client);
    await newEpoch(client);
    await tellRestored(client, { backup_at: begin.at, file: basename(file) });
    const known = secret ?? begin.secret ?? undefined;
    if (known === undefined || fingerprintOf(known) !== begin.secret_fingerprint) {
      // Sealed with a secret that is not known here: new keys are made, and everybody signs in again.
      await client.query(`set local role ${ROLES.auth}`);
      await client.query('delete from auth.jwks');
      await client.query('delete from auth.session');
      await client.query('reset role');
    }
    if (secret === undefined && begin.secret !== null) keepSecret(begin.secret);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    await client.end();
  }
  await migrate(connection);
  return { at: begin.at, rows };
}

/** Lines end where COPY ends them, at a line feed and nowhere else. */
async function* linesOf(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  // A file that cannot be read on ends the loop with why, not never.
  const read = pipelineOf(createReadStream(file), createGunzip(), () => undefined);
  for await (const chunk of read) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** Reads the whole file once: it is a backup, it ends where it should, and its hash is the one it was written with. */
async function verified(file: string): Promise<{ begin: Begin; rows: number }> {
  await access(file, constants.R_OK).catch(() => {
    throw new RestoreRefusal('The file is not there, or not readable. Nothing was changed.');
  });
  const hash = createHash('sha256');
  let begin: Begin | undefined;
  let table: string | undefined;
  const counts: Record<string, number> = {};
  try {
    for await (const line of linesOf(file)) {
      if (!begin) begin = beginSchema.parse(JSON.parse(line));
      else if (table === undefined && line.startsWith('{"end":')) {
        const { end } = endSchema.parse(JSON.parse(line));
        const whole = end.sha256 === hash.digest('hex') && JSON.stringify(end.rows) === JSON.stringify(counts);
        if (!whole) throw new Error('its checksum is another');
        return { begin, rows: Object.values(counts).reduce((sum, count) => sum + count, 0) };
      } else if (table === undefined) {
        table = tableSchema.parse(JSON.parse(line)).copy;
        counts[table] = 0;
      } else if (line === END_OF_TABLE) table = undefined;
      else counts[table] = (counts[table] ?? 0) + 1;
      hash.update(`${line}\n`);
    }
    throw new Error('its end is missing');
  } catch (error) {
    throw new RestoreRefusal(
      `The file is no whole backup of TaskMaster: ${(error as Error).message.split('\n')[0]}. Nothing was changed.`,
    );
  }
}

async function* tablesIn(
  file: string,
): AsyncGenerator<{ name: string; columns: string[]; lines: AsyncIterable<string> }> {
  const all = linesOf(file);
  await all.next();
  for (;;) {
    const { value, done } = await all.next();
    if (done || value.startsWith('{"end":')) return;
    const { copy: name, columns } = tableSchema.parse(JSON.parse(value));
    yield { name, columns, lines: rowsOf(all) };
  }
}

async function* rowsOf(all: AsyncGenerator<string>): AsyncGenerator<string> {
  for (;;) {
    const { value, done } = await all.next();
    if (done || value === END_OF_TABLE) return;
    yield `${value}\n`;
  }
}

/** Before anything is migrated: a database that is in use is left as it is, its version too. */
async function demandNothingThere(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    const { rows } = await client.query<{ there: boolean }>(`select to_regclass('auth."user"') is not null as there`);
    await client.query('begin');
    if (rows[0]?.there) await demandEmpty(client);
    await client.query('rollback');
  } finally {
    await client.end();
  }
}

async function demandEmpty(client: pg.Client): Promise<void> {
  for (const { name } of await tablesOf(client)) {
    await client.query(`set local role ${roleOf(name)}`);
    const { rowCount } = await client.query(`select from ${name} limit 1`);
    await client.query('reset role');
    if (rowCount)
      throw new RestoreRefusal(
        'The database holds something already. Restore into a new DATA_DIR, or an empty database at DATABASE_URL. Nothing was changed.',
      );
  }
}

/** Numbers that tables give by themselves go on behind the highest that was put back. */
async function continueSequences(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; column: string; sequence: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name, format('%I', a.attname) as column,
       pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname) as sequence
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where a.attidentity <> '' and c.relkind = 'r' and n.nspname = any($1)`,
    [Object.keys(ROLES)],
  );
  for (const { name, column, sequence } of rows) {
    await client.query(`set local role ${roleOf(name)}`);
    const { rows: found } = await client.query<{ last: string | null }>(`select max(${column}) as last from ${name}`);
    await client.query('reset role');
    const last = found[0]?.last;
    if (last) await client.query('select setval($1, $2)', [sequence, last]);
  }
}
