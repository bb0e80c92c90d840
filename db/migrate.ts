import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { migrations } from './migrations.ts';

/** One number for everyone who migrates: a second program waits, then finds nothing to do. */
const MIGRATION_LOCK = 7_233_001;
/** Whoever waits for a table makes all wait who come after: so not for long, and again. */
const LOCKED_WITHIN = '2s';
const LOCK_NOT_AVAILABLE = '55P03';
const AGAIN_AFTER = 1_000;
const MOST_TRIES = 100;

/**
 * Brings a database to the newest schema. Forward only; each migration is one transaction and runs once.
 * Safe to call from several processes at once (a session advisory lock). `upTo` is the last to run: a restore goes on from there.
 *
 * @throws if a migration that already ran has been edited, if the database is newer than this program, or if somebody holds a
 *   table for minutes.
 */
export async function migrate(connection: pg.ClientConfig, upTo?: string): Promise<{ applied: string[] }> {
  const client = new pg.Client(connection);
  await client.connect();
  const applied: string[] = [];
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(
      'create table if not exists public.taskmaster_migration (name text primary key, hash text not null, applied_at timestamptz not null default now())',
    );
    const { rows } = await client.query<{ name: string; hash: string }>(
      'select name, hash from public.taskmaster_migration',
    );
    const done = new Map(rows.map((row) => [row.name, row.hash]));
    const known = new Set(migrations.map((migration) => migration.name));
    for (const name of done.keys()) {
      if (!known.has(name))
        throw new Error(
          `The database holds migration ${name}, which this program does not know: it is newer than the program.`,
        );
    }
    await requireRoles(client);
    if (upTo !== undefined && !known.has(upTo))
      throw new Error(`It needs migration ${upTo}, which this program does not know: it is of a newer program.`);
    for (const { name, sql } of migrations) {
      if (upTo !== undefined && name > upTo) break;
      const hash = createHash('sha256').update(sql).digest('hex');
      const before = done.get(name);
      if (before === hash) continue;
      if (before !== undefined) throw new Error(`Migration ${name} was edited after it ran; add a new one instead.`);
      for (let tries = 1; !(await apply(client, name, sql, hash)); tries++) {
        if (tries === MOST_TRIES)
          throw new Error(
            `Migration ${name} waits for a table that somebody holds; it has changed nothing. End that, and start again.`,
          );
        await sleep(AGAIN_AFTER);
      }
      applied.push(name);
    }
    return { applied };
  } finally {
    await client.end();
  }
}

/** @returns whether it was done: not where a table was not to be had */
async function apply(client: pg.Client, name: string, sql: string, hash: string): Promise<boolean> {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = '${LOCKED_WITHIN}'`);
    await client.query(sql);
    globalThis.failpoint?.('migrate.mid');
    await client.query('insert into public.taskmaster_migration (name, hash) values ($1, $2)', [name, hash]);
    await client.query('commit');
    return true;
  } catch (error) {
    await client.query('rollback');
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

/**
 * Resolves when the database is as new as this program: another one brings it up to date. `waiting` is told, once, for how many
 * migrations. A database that is newer already is one that a newer program has begun to take over: this one goes on beside it.
 */
export async function awaitMigrations(
  connection: pg.ClientConfig,
  waiting: (missing: readonly string[]) => void,
  every = 1_000,
): Promise<void> {
  const client = new pg.Client(connection);
  // Cut while it waits: the next look says so.
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (let told = false; ; told = true) {
      const missing = await notYetThere(client);
      if (missing.length === 0) return;
      if (!told) waiting(missing);
      await sleep(every);
    }
  } finally {
    await client.end();
  }
}

async function notYetThere(client: pg.Client): Promise<string[]> {
  const { rows: tables } = await client.query(`select to_regclass('public.taskmaster_migration') as name`);
  const { rows } = tables[0].name
    ? await client.query<{ name: string }>('select name from public.taskmaster_migration')
    : { rows: [] };
  const there = new Set(rows.map((row) => row.name));
  return migrations.map((migration) => migration.name).filter((name) => !there.has(name));
}

const ROLES = [
  'taskmaster_api',
  'taskmaster_api_background',
  'taskmaster_audit',
  'taskmaster_audit_background',
  'taskmaster_auth',
  'taskmaster_notification',
  'taskmaster_notification_background',
  'taskmaster_recurring',
  'taskmaster_sync',
];

/** Where the login may not make roles, somebody who may has to: says what to run, and stops before anything is changed. */
async function requireRoles(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ missing: string[]; able: boolean; login: string }>(
    `select current_user as login, (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as able,
            array(select name from unnest($1::text[]) name where not exists (
              select from pg_roles where rolname = name and pg_has_role(current_user, oid, 'MEMBER'))) as missing`,
    [ROLES],
  );
  const [state] = rows;
  if (!state || state.able || state.missing.length === 0) return;
  const statements = state.missing.flatMap((role) => [
    `create role ${role} nologin;`,
    `grant ${role} to "${state.login}";`,
  ]);
  throw new Error(
    `The login may not make roles. Have an administrator of the database run this, then start again:\n${statements.join('\n')}`,
  );
}
