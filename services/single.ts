import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { migrate } from '@taskmaster/db/migrate';
import { type Database, openDatabase } from '@taskmaster/db/server/start';
import { createLogger, type Logger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { backup } from './backup/backup.ts';
import { startNightly } from './backup/nightly.ts';
import { type Restored, restore } from './backup/restore.ts';
import type { Config } from './config.ts';
import { listenForOperator } from './http/operator-socket.ts';
import { startServices } from './start-services.ts';

export interface Running {
  url: string;
  firstAccountUrl?: string;
  /** Resolves with the reason if the database dies under the program. */
  broken: Promise<string>;
  stop(): Promise<void>;
}

const SECRET_FILE = 'better-auth-secret';

/** Held for as long as the program runs: one program per database. */
const PROGRAM_LOCK = 7_233_000;

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
    undo.push(await holdAlone(connection));
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
    const services = await startServices({
      connection,
      config,
      log,
      version: options.version,
      secret,
      ...(backups ? { backups } : {}),
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
    const first = await services.firstAccountPath();
    log.info({ url, version: options.version }, 'ready');
    return {
      url,
      ...(first ? { firstAccountUrl: url + first } : {}),
      broken: database.exited,
      stop: () => unwind(undo),
    };
  } catch (error) {
    await unwind(undo);
    throw error;
  }
}

/**
 * Puts a backup into a data folder, or a database, that holds nothing yet; the program must not run there.
 * @throws RestoreRefusal | StartRefusal
 */
export async function restoreSingle(config: Config, file: string, progress: (text: string) => void): Promise<Restored> {
  const dataDir = resolve(config.DATA_DIR);
  mkdirSync(dataDir, { recursive: true });
  const own = join(dataDir, SECRET_FILE);
  const database = await open(config, dataDir, createLogger('warn'), progress);
  try {
    const release = await holdAlone(database.connection);
    try {
      const here = config.BETTER_AUTH_SECRET ?? (existsSync(own) ? readFileSync(own, 'utf8').trim() : undefined);
      return await restore({
        connection: database.connection,
        file,
        secret: here,
        keepSecret: (secret) => writeFileSync(own, secret, { mode: 0o600, flag: 'wx' }),
        progress,
      });
    } finally {
      await release();
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

/** @throws where another program has this database. */
async function holdAlone(connection: pg.ClientConfig): Promise<() => Promise<void>> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [PROGRAM_LOCK]);
  if (!rows[0]?.held) {
    await client.end();
    throw new Error('Another TaskMaster is running on this database. One program per database; stop the other first.');
  }
  return () => client.end();
}

/** The secret that signs sessions: given, or made once and kept beside the data, readable by its owner alone. */
function secretOf(config: Config, dataDir: string): string {
  if (config.BETTER_AUTH_SECRET) return config.BETTER_AUTH_SECRET;
  const file = join(dataDir, SECRET_FILE);
  if (!existsSync(file)) writeFileSync(file, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}
