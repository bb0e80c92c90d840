import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';

/** Held for as long as the program runs: one program per database, or several that each run one service. */
const PROGRAM_LOCK = 7_233_000;
const LOOK_AGAIN = 1_000;
/** How often the session is asked whether it is still there, and how long it may take to say so. */
const ASK_EVERY = 3_000;
const ANSWER_WITHIN = 10_000;

export interface Held {
  /** Resolves with the reason once another program has the database; else never. */
  readonly lost: Promise<string>;
  release(): Promise<void>;
}

/**
 * Takes the database for this program alone. The lock is of a session: when that is cut, or the database starts anew, it is taken
 * again as soon as there is a database; a session of our own that the server still keeps, because the network was cut, is ended; one
 * that the server ended and did not say so is found out by asking.
 * Where another program was faster, `lost` says so, and this one must stop.
 *
 * @throws where another program has this database.
 */
export const holdAlone = (connection: pg.ClientConfig, log: Pick<Logger, 'warn' | 'info'>): Promise<Held> =>
  hold(connection, log, 'pg_try_advisory_lock');

/** The same beside others that do so too: a program that wants the database for itself is kept out, and keeps these out. */
export const holdBesideOthers = (connection: pg.ClientConfig, log: Pick<Logger, 'warn' | 'info'>): Promise<Held> =>
  hold(connection, log, 'pg_try_advisory_lock_shared');

type Lock = 'pg_try_advisory_lock' | 'pg_try_advisory_lock_shared';

async function hold(connection: pg.ClientConfig, log: Pick<Logger, 'warn' | 'info'>, lock: Lock): Promise<Held> {
  let session = await take(connection, lock);
  if (!session) throw new Error(TAKEN);
  let released = false;
  let giveUp: (reason: string) => void = () => undefined;
  const lost = new Promise<string>((resolve) => {
    giveUp = resolve;
  });

  const watch = (held: Session) => void held.cut.then(() => retake(held));
  async function retake(old: Session): Promise<void> {
    if (!released) log.warn({}, 'program lock: its connection was cut, taking it again');
    while (!released) {
      const again = await take(connection, lock, old).catch(() => undefined);
      if (again === null) return giveUp(TAKEN);
      if (again) {
        if (released) return void (await again.client.end());
        session = again;
        log.info({}, 'program lock: taken again');
        return watch(again);
      }
      await sleep(LOOK_AGAIN, undefined, { ref: false });
    }
  }
  watch(session);
  return {
    lost,
    release: async () => {
      released = true;
      await session?.client.end().catch(() => undefined);
    },
  };
}

const TAKEN = 'Another TaskMaster is running on this database. One program per database; stop the other first.';

interface Session {
  client: pg.Client;
  pid: number;
  began: string;
  /** Resolves when the connection is gone. */
  cut: Promise<unknown>;
}

/** Null where another program holds it. @throws where the database is away */
async function take(connection: pg.ClientConfig, lock: Lock, old?: Session): Promise<Session | null> {
  const client = new pg.Client({
    ...connection,
    connectionTimeoutMillis: 10_000,
    query_timeout: ANSWER_WITHIN,
    keepAlive: true,
  });
  const cut = new Promise((resolve) => client.once('end', resolve));
  client.on('error', () => undefined);
  await client.connect();
  try {
    if (old !== undefined) await client.query(endSession, [PROGRAM_LOCK, old.pid, old.began]);
    const { rows } = await client.query<{ held: boolean; pid: number; began: string }>(
      `select ${lock}($1) as held, pid, backend_start::text as began
       from pg_stat_activity where pid = pg_backend_pid()`,
      [PROGRAM_LOCK],
    );
    if (rows[0]?.held) {
      ask(client, cut);
      return { client, cut, pid: rows[0].pid, began: rows[0].began };
    }
    await client.end();
    return null;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** Ends a session that does not answer: then it counts as cut. */
function ask(client: pg.Client, cut: Promise<unknown>): void {
  const timer = setInterval(() => {
    client.query('select 1').catch(() => client.end().catch(() => undefined));
  }, ASK_EVERY).unref();
  void cut.then(() => clearInterval(timer));
}

/** Only the very session that held the lock for us, and waits until it is gone. */
const endSession = `select pg_terminate_backend(l.pid, 5000) from pg_locks l join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'advisory' and l.classid = 0 and l.objid = $1::bigint::oid and l.granted
    and a.datname = current_database() and l.pid = $2 and a.backend_start = $3::timestamptz`;
