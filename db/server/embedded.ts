import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { inspectDataDir, makeServerFolder, type ServerFolder } from './data-folder.ts';
import { demandSafeSettings, demandVersion } from './demands.ts';
import { type Binaries, findNativePackage, prepareBinaries } from './native-package.ts';
import { chooseGuard, endLeftServer, type Guard, type Postmaster, runToEnd, startPostmaster } from './postmaster.ts';
import { holdDataDir } from './program-lock.ts';
import { chooseServerUser, giveTo, type ServerUser } from './server-user.ts';
import { makeServerSocketFolder } from './socket-folder.ts';
import type { Connection, Database, OpenDatabaseOptions } from './start.ts';

const NAME = 'taskmaster';

/**
 * Durable by PostgreSQL's own defaults; only what a small machine needs is changed. No statement and no value of a row
 * goes to the log: a line of log must not show one person's data to another.
 */
const SETTINGS = {
  shared_buffers: '32MB',
  io_method: 'sync',
  max_connections: '60',
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

/**
 * Starts the bundled PostgreSQL; see `openDatabase`.
 *
 * @param guard how the server is made to end with the program; chosen by what the machine has.
 */
export async function openEmbedded(options: OpenDatabaseOptions, guard?: Guard): Promise<Database> {
  const data_dir = path.resolve(options.data_dir);
  const progress = options.progress ?? (() => {});
  const native = findNativePackage();
  await inspectDataDir(data_dir, native.major);

  const visible = process.getuid?.() === 0 ? 0o711 : 0o700;
  if (!existsSync(data_dir)) await mkdir(data_dir, { recursive: true, mode: visible });
  const lock = await holdDataDir(data_dir);
  try {
    const found = await inspectDataDir(data_dir, native.major);
    if (found) await endLeftServer(found.data, progress);
    const user = await chooseServerUser(data_dir, found?.root);
    const prepare = (root: string) => prepareBinaries(native, root, !user.canRead(path.join(native.root, 'bin')));

    const folder =
      found ??
      (await makeServerFolder(
        data_dir,
        { postgres_major: native.major, package_version: native.version, made_at: new Date().toISOString() },
        async (unfinished) => {
          progress('Making the database (first start)');
          await giveTo(user, unfinished.root);
          await initialise(unfinished, await prepare(unfinished.root), user);
        },
      ));
    progress('Starting the database');
    const binaries = await prepare(folder.root);
    await giveTo(user, folder.root);
    const socket_folder = await makeServerSocketFolder(folder.run, user);
    const postmaster = await startPostmaster({
      data: folder.data,
      socket_folder,
      settings: SETTINGS,
      binaries,
      user,
      guard: guard ?? (await chooseGuard()),
      log: options.log,
      progress,
    });
    try {
      return await present(postmaster, socket_folder, found === undefined, lock.release, options);
    } catch (error) {
      await postmaster.stop();
      throw error;
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function present(
  postmaster: Postmaster,
  socket_folder: string,
  first_start: boolean,
  release: () => Promise<void>,
  options: OpenDatabaseOptions,
): Promise<Database> {
  const connection: Connection = { host: socket_folder, port: 5432, user: NAME, database: NAME, ssl: false };
  const client = first_start ? await createAndConnect(connection) : await connectOrCreate(connection);
  const version = await demandVersion(client)
    .then(async (version) => {
      if (!options.allow_unsafe) await demandSafeSettings(client);
      return version;
    })
    .finally(() => client.end());

  let stopping: Promise<void> | undefined;
  const exited = new Promise<string>((resolve) => {
    void postmaster.gone.then((reason) => stopping ?? resolve(reason));
  });
  options.log({ level: 'info', msg: 'database opened', kind: 'embedded', version, pid: postmaster.pid });
  return {
    connection,
    kind: 'embedded',
    version,
    exited,
    stop: () => {
      stopping ??= postmaster.stop().finally(release);
      return stopping;
    },
  };
}

/** The first start may have ended between making the folder and making the database in it. */
async function connectOrCreate(connection: Connection): Promise<pg.Client> {
  try {
    return await connect(connection);
  } catch (error) {
    if ((error as { code?: string }).code !== '3D000') throw error;
  }
  return createAndConnect(connection);
}

async function createAndConnect(connection: Connection): Promise<pg.Client> {
  const client = await connect({ ...connection, database: 'postgres' });
  await client.query(`create database ${NAME}`).finally(() => client.end());
  return connect(connection);
}

async function connect(connection: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** PostgreSQL's own Unicode rules instead of the system's: an upgrade of the system cannot break an index. */
async function initialise(folder: ServerFolder, binaries: Binaries, user: ServerUser): Promise<void> {
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const words = ['-D', folder.data, '-U', NAME, '--auth=trust', '--no-instructions', ...locale];
  await runToEnd('initdb', words, binaries, user);
}
