import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { inspectDataDir, makeServerFolder, type ServerFolder } from './data-folder.ts';
import type { Connection, Database, OpenDatabaseOptions } from './database.ts';
import { demandSafeSettings, demandVersion } from './demands.ts';
import { endLeftServer } from './left-server.ts';
import { findNativePackage, prepareBinaries } from './native-package.ts';
import { chooseGuard, type Guard, type Postmaster, runToEnd, startPostmaster } from './postmaster.ts';
import { holdDataDir, type ProgramLock } from './program-lock.ts';
import { chooseServerUser, giveTo } from './server-user.ts';
import { makeServerSocketFolder, type SocketFolder } from './socket-folder.ts';
import { StartRefusal } from './start-refusal.ts';

const NAME = 'taskmaster';

/**
 * Durable by PostgreSQL's own defaults; only what a small machine needs is changed. No statement and no value of a row
 * goes to the log: a line of log must not show one person's data to another.
 */
const SETTINGS = {
  shared_buffers: '32MB',
  io_method: 'sync',
  max_logical_replication_workers: '0',
  timezone: 'UTC',
  unix_socket_permissions: '0700',
  log_destination: 'stderr',
  log_line_prefix: '[%p] ',
  log_min_messages: 'log',
  log_checkpoints: 'off',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/** What one program and whoever looks at its database need. */
const CONNECTIONS = 60;

/**
 * Starts the bundled PostgreSQL; see `openDatabase`.
 *
 * @param guard how the server is made to end with the program; chosen by what the machine has.
 */
export async function openEmbedded(
  options: OpenDatabaseOptions & { max_connections?: number },
  guard?: Guard,
): Promise<Database> {
  const data_dir = path.resolve(options.data_dir);
  const progress = options.progress ?? (() => {});
  const native = findNativePackage();
  await inspectDataDir(data_dir, native.major);

  const lock = await makeAndHold(data_dir).catch(explainFileError);
  try {
    const found = await inspectDataDir(data_dir, native.major);
    if (found) await endLeftServer(found.data, progress);
    const user = await chooseServerUser(data_dir, found?.root);
    const prepare = (root: string) => prepareBinaries(native, root, !user.canRead(path.join(native.root, 'bin')));
    const means = { user, guard: guard ?? (await chooseGuard()) };

    const made = { postgres_major: native.major, package_version: native.version, made_at: new Date().toISOString() };
    const make = async (unfinished: ServerFolder) => {
      progress('Making the database (first start)');
      await giveTo(user, unfinished.root);
      await initialise(unfinished, { ...means, binaries: await prepare(unfinished.root) });
    };
    const folder = found ?? (await makeServerFolder(data_dir, made, make));

    progress('Starting the database');
    await giveTo(user, folder.root);
    const binaries = await prepare(folder.root);
    const sockets = await makeServerSocketFolder(folder.run, user);
    const connection = { host: sockets.path, port: 5432, user: NAME, database: NAME, ssl: false } as const;
    const settings = { ...SETTINGS, max_connections: String(options.max_connections ?? CONNECTIONS) };
    const server = { data: folder.data, socket_folder: sockets.path, settings, binaries, ...means };
    const postmaster = await startPostmaster({ ...server, log: options.log, progress });
    try {
      if (!found) await createDatabase(connection);
      const version = await examine(connection, folder, options.allow_unsafe);
      options.log({ level: 'info', msg: 'database opened', kind: 'embedded', version, pid: postmaster.pid });
      return { kind: 'embedded', connection, version, ...ending(postmaster, sockets, lock) };
    } catch (error) {
      await postmaster.stop();
      throw error;
    }
  } catch (error) {
    await lock.release();
    return explainFileError(error);
  }
}

/** As root other users must be able to pass: the server runs as one of them. */
async function makeAndHold(data_dir: string): Promise<ProgramLock> {
  await mkdir(data_dir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  return holdDataDir(data_dir);
}

/** A full disk or a missing right is for a person to mend. */
function explainFileError(error: unknown): never {
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (error instanceof StartRefusal || !syscall) throw error;
  throw new StartRefusal(
    'data_dir_unusable',
    `The data folder cannot be used: ${message}.`,
    'Make room or give this user the right to write there, or set DATA_DIR to another folder.',
  );
}

/** @returns the server's version */
async function examine(connection: Connection, folder: ServerFolder, allow_unsafe = false): Promise<string> {
  // The first start may have ended between making the folder and making the database in it.
  const client = await connect(connection).catch(async (error) => {
    if (error.code !== '3D000') throw error;
    await createDatabase(connection);
    return connect(connection);
  });
  try {
    if (!allow_unsafe) await demandSafeSettings(client, `postgresql.conf or postgresql.auto.conf in ${folder.data}`);
    return await demandVersion(client);
  } finally {
    await client.end();
  }
}

async function createDatabase(connection: Connection): Promise<void> {
  const client = await connect({ ...connection, database: 'postgres' });
  await client.query(`create database ${NAME}`).finally(() => client.end());
}

function ending(postmaster: Postmaster, sockets: SocketFolder, lock: ProgramLock): Pick<Database, 'stop' | 'exited'> {
  let stopping: Promise<void> | undefined;
  return {
    exited: new Promise((resolve) => {
      void postmaster.gone.then((reason) => stopping ?? resolve(reason));
    }),
    stop: () => {
      stopping ??= postmaster.stop().then(sockets.forget).finally(lock.release);
      return stopping;
    },
  };
}

async function connect(connection: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** PostgreSQL's own Unicode rules instead of the system's: an upgrade of the system cannot break an index. */
async function initialise(folder: ServerFolder, means: Parameters<typeof runToEnd>[2]): Promise<void> {
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  await runToEnd('initdb', ['-D', folder.data, '-U', NAME, '--auth=trust', '--no-instructions', ...locale], means);
}
