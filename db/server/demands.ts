import { randomInt } from 'node:crypto';
import type pg from 'pg';
import { StartRefusal } from './start-refusal.ts';

const OLDEST_VERSION = 150_000;

/** Each of these can lose what was answered with "done", or the whole database, at a power cut. */
const UNSAFE = ['fsync', 'full_page_writes', 'synchronous_commit'] as const;

/** @returns the server's version, `18.4` say. @throws StartRefusal `server_too_old` (before PostgreSQL 15) */
export async function demandVersion(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ number: string; version: string }>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version`,
  );
  const { number = '0', version = 'unknown' } = rows[0] ?? {};
  if (Number(number) < OLDEST_VERSION) {
    throw new StartRefusal(
      'server_too_old',
      `DATABASE_URL leads to PostgreSQL ${version}; TaskMaster needs 15 or newer.`,
      'Upgrade that server, or leave DATABASE_URL out to use the bundled one.',
    );
  }
  return version;
}

/** @throws StartRefusal `takes_no_changes`: a standby, or a database set to read-only */
export async function demandChanges(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ transaction_read_only: string }>('show transaction_read_only');
  if (rows[0]?.transaction_read_only === 'on') {
    throw new StartRefusal(
      'takes_no_changes',
      'DATABASE_URL leads to a database that takes no changes (a standby, or one set to read-only).',
      'Use the address of the primary server, or take default_transaction_read_only out of its settings.',
    );
  }
}

/**
 * Neon keeps its log on other machines and so may run without fsync: it is accepted.
 *
 * @param where a person changes settings.
 * @throws StartRefusal `unsafe_settings`
 */
export async function demandSafeSettings(client: pg.Client, where: string): Promise<void> {
  const { rows } = await client.query<{ name: string; value: string; neon: string | null }>(
    `select name, current_setting(name) as value, current_setting('neon.timeline_id', true) as neon
       from unnest($1::text[]) as name`,
    [UNSAFE],
  );
  const unsafe = rows.filter(({ value, neon }) => value === 'off' && !neon).map(({ name }) => `${name}=off`);
  if (unsafe.length > 0) {
    throw new StartRefusal(
      'unsafe_settings',
      `The database runs with ${unsafe.join(', ')}: a power cut could lose work that TaskMaster has confirmed.`,
      `Take the setting out of ${where}, or, for a throw-away installation only, set ALLOW_UNSAFE_DATABASE=true.`,
    );
  }
}

/**
 * Session advisory locks and LISTEN must work: a pooler that hands out connections per transaction breaks both.
 *
 * @param first and @param second are two connections of their own.
 * @param patience milliseconds that a notification may take.
 * @throws StartRefusal `session_features_missing`
 */
export async function demandSessions(first: pg.Client, second: pg.Client, patience = 5_000): Promise<void> {
  const key = randomInt(2 ** 31);
  const broken: string[] = [];

  await first.query('select pg_advisory_lock($1)', [key]);
  const taken = await second.query<{ twice: boolean }>('select pg_try_advisory_lock($1) as twice', [key]);
  const freed = await first.query<{ held: boolean }>('select pg_advisory_unlock($1) as held', [key]);
  if (taken.rows[0]?.twice || !freed.rows[0]?.held) broken.push('session advisory locks');

  const channel = `taskmaster_probe_${key}`;
  let stopWaiting = () => {};
  const heard = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), patience);
    first.on('notification', (message) => message.channel === channel && resolve(true));
    stopWaiting = () => clearTimeout(timer);
  });
  await first.query(`listen ${channel}`);
  await second.query(`notify ${channel}`);
  if (!(await heard)) broken.push('LISTEN/NOTIFY');
  stopWaiting();
  await first.query(`unlisten ${channel}`);

  if (broken.length > 0) {
    throw new StartRefusal(
      'session_features_missing',
      `${broken.join(' and ')} do not work over DATABASE_URL: it leads to a pooler that shares connections between transactions.`,
      'Use the direct address of the server: on Neon the host without "-pooler", on Supabase port 5432 instead of 6543, with PgBouncer the server behind it or pool_mode=session.',
    );
  }
}
