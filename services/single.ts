import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { everyService } from '@taskmaster/contracts/services';
import { migrate } from '@taskmaster/db/migrate';
import { type Database, openDatabase } from '@taskmaster/db/server/start';
import { createEmbeddedAdapter } from '@taskmaster/runtime/embedded/embedded-adapter';
import { createStateStore } from '@taskmaster/runtime/embedded/state-store';
import { createLogger, type Logger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { backup } from './backup/backup.ts';
import { beginNewEpoch } from './backup/new-epoch.ts';
import { startNightly } from './backup/nightly.ts';
import { type Restored, restore } from './backup/restore.ts';
import type { Config } from './config.ts';
import { holdAlone } from './hold-alone.ts';
import { PATIENCE } from './host.ts';
import { listenForOperator } from './http/operator-socket.ts';
import { type Services, type ServicesOptions, startServices } from './start-services.ts';

export interface Running {
  url: string;
  firstAccountUrl?: string;
  /** Resolves with the reason if the database dies under the program, or another program has taken it. */
  broken: Promise<string>;
  stop(): Promise<void>;
}

const SECRET_FILE = 'better-auth-secret';

/** The embedded way: our own PostgreSQL (or the one of DATABASE_URL), brought up to date, held by this program alone. */
export async function startSingle(
  config: Config,
  options: { version: string; progress(text: string): void },
): Promise<Running> {
  const log = createLogger(config.LOG_LEVEL);
  const dataDir = resolve(config.DATA_DIR);
  mkdirSync(dataDir, { recursive: true });
  const database = await open(config, dataDir, log, options.progress);
  const { connection } = database;
  const undo: (() => Promise<unknown>)[] = [() => database.stop()];
  try {
    // Alone first: a newer program must not change the tables under one that runs.
    const alone = await holdAlone(connection, log);
    undo.push(alone.release);
    const { applied } = await migrate(connection);
    if (applied.length > 0) log.info({ applied }, 'database brought up to date');

    const secret = secretOf(config, dataDir);
    const backups =
      config.BACKUP_KEEP > 0
        ? startNightly({
            folder: join(dataDir, 'backups'),
            keep: config.BACKUP_KEEP,
            make: (file) =>
              backup({ connection, file, version: options.version, secret, keep_secret: !config.BETTER_AUTH_SECRET }),
            log,
          })
        : undefined;
    if (backups) undo.push(() => backups.stop());
    const services = await startTogether({
      connection,
      config,
      log,
      version: options.version,
      secret,
      ...(backups ? { backups, dependencies: [{ name: 'backup', check: backups.state }] } : {}),
      address:
        config.PUBLIC_URL ?? `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${config.PORT}`,
      checkpointFile: join(dataDir, 'audit-checkpoints.jsonl'),
      database: `PostgreSQL ${database.version}, ${database.kind}`,
    });
    undo.push(() => services.stop());
    const address = await services.http.listen({ host: config.HOST, port: config.PORT });
    const operator = await listenForOperator(services.http, join(dataDir, 'operator.sock'), log);
    undo.push(() => operator.close());
    const url = config.PUBLIC_URL ?? address;
    const first = await services.api.firstAccountPath();
    log.info({ url, version: options.version }, 'ready');
    return {
      url,
      ...(first ? { firstAccountUrl: url + first } : {}),
      broken: Promise.race([database.exited.then((reason) => `The database stopped: ${reason}.`), alone.lost]),
      stop: () => unwind(undo),
    };
  } catch (error) {
    await unwind(undo);
    throw error;
  }
}

/** Every service in this one process, on one port, handing each other what they have in memory. */
export async function startTogether(
  options: Omit<ServicesOptions, 'names' | 'instances' | 'createAdapter'>,
): Promise<Services> {
  const pool = new pg.Pool({ ...options.connection, ...PATIENCE, max: 2, options: '-c role=taskmaster_sync' });
  pool.on('error', (error) => options.log.warn({ err: String(error) }, 'idle connection lost'));
  const state = createStateStore(pool, 'sync:');
  const services = await startServices({
    ...options,
    names: everyService,
    instances: 'one',
    createAdapter: ({ log }) => createEmbeddedAdapter({ state, log }),
  });
  return {
    ...services,
    async stop() {
      await services.stop();
      await pool.end();
    },
  };
}

/**
 * Puts a backup into a data folder, or a database, that holds nothing yet; the program must not run there.
 * @throws RestoreRefusal | StartRefusal
 */
export function restoreSingle(config: Config, file: string, progress: (text: string) => void): Promise<Restored> {
  const own = join(resolve(config.DATA_DIR), SECRET_FILE);
  return withDatabaseAlone(config, progress, (connection) => {
    const secret = config.BETTER_AUTH_SECRET ?? (existsSync(own) ? readFileSync(own, 'utf8').trim() : undefined);
    const keepSecret = (secret: string) => writeFileSync(own, secret, { mode: 0o600, flag: 'wx' });
    return restore({ connection, file, secret, keepSecret, progress });
  });
}

/** See `beginNewEpoch`; of the database that services which run apart share, too. */
export const newEpochAlone = (config: Config, progress: (text: string) => void): Promise<{ workspaces: number }> =>
  withDatabaseAlone(config, progress, beginNewEpoch);

/** @throws where any program runs on the database, in one piece or apart */
async function withDatabaseAlone<R>(
  config: Config,
  progress: (text: string) => void,
  work: (connection: pg.ClientConfig) => Promise<R>,
): Promise<R> {
  const dataDir = resolve(config.DATA_DIR);
  mkdirSync(dataDir, { recursive: true });
  const log = createLogger('warn');
  const database = await open(config, dataDir, log, progress);
  try {
    const held = await holdAlone(database.connection, log);
    try {
      return await work(database.connection);
    } finally {
      await held.release();
    }
  } finally {
    await database.stop();
  }
}

const open = (config: Config, dataDir: string, log: Logger, progress: (text: string) => void): Promise<Database> =>
  openDatabase({
    ...(config.DATABASE_URL ? { database_url: config.DATABASE_URL } : {}),
    data_dir: dataDir,
    allow_unsafe: config.ALLOW_UNSAFE_DATABASE,
    log: ({ level, msg, ...fields }) => log[level](fields, msg),
    progress,
  });

async function unwind(undo: (() => Promise<unknown>)[]): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

/** The secret that signs sessions: given, or made once and kept beside the data, readable by its owner alone. */
function secretOf(config: Config, dataDir: string): string {
  if (config.BETTER_AUTH_SECRET) return config.BETTER_AUTH_SECRET;
  const file = join(dataDir, SECRET_FILE);
  if (!existsSync(file)) writeFileSync(file, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}
