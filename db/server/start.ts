import pg from 'pg';
import type { Connection, Database, OpenDatabaseOptions } from './database.ts';
import { demandChanges, demandSafeSettings, demandSessions, demandVersion } from './demands.ts';
import { openEmbedded } from './embedded.ts';
import { StartRefusal } from './start-refusal.ts';

export type { Connection, Database, OpenDatabaseOptions } from './database.ts';
export { StartRefusal } from './start-refusal.ts';

/**
 * Opens the one durable store: DATABASE_URL when given, else the bundled PostgreSQL on `data_dir`.
 *
 * Guarantees for the bundled one: one program per folder; the server ends with the program, however that ends (call
 * this from the main thread: the kernel watches the thread that starts the server); a folder is made completely
 * or not at all; a folder that is not ours, or is damaged, is left as it is.
 *
 * @throws StartRefusal when a person has to decide something first.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  return options.database_url ? openExternal(options.database_url, options) : openEmbedded(options);
}

async function openExternal(database_url: string, options: OpenDatabaseOptions): Promise<Database> {
  options.progress?.('Connecting to the database');
  const connection = { connectionString: database_url };
  const first = await connect(connection);
  try {
    const version = await demandVersion(first);
    await demandChanges(first);
    if (!options.allow_unsafe)
      await demandSafeSettings(first, 'postgresql.conf, ALTER SYSTEM, ALTER ROLE or ALTER DATABASE of that server');
    const second = await connect(connection);
    try {
      await demandSessions(first, second);
    } finally {
      await second.end();
    }
    options.log({ level: 'info', msg: 'database opened', kind: 'external', version });
    return { connection, kind: 'external', version, stop: async () => {}, exited: new Promise(() => {}) };
  } catch (error) {
    throw error instanceof StartRefusal ? error : unreachable(error as Error);
  } finally {
    await first.end();
  }
}

async function connect(connection: Connection): Promise<pg.Client> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw unreachable(error as Error);
  }
}

function unreachable(error: Error): StartRefusal {
  return new StartRefusal(
    'database_unreachable',
    `The database at DATABASE_URL cannot be used: ${error.message || (error as NodeJS.ErrnoException).code}.`,
    'Check the address, user, password and database in DATABASE_URL, and that the server runs. Without DATABASE_URL the bundled one is used.',
  );
}
