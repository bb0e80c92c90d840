import pg from 'pg';
import { demandSafeSettings, demandSessions, demandVersion } from './demands.ts';
import { openEmbedded } from './embedded.ts';
import { StartRefusal } from './start-refusal.ts';

export { StartRefusal, type StartRefusalCode } from './start-refusal.ts';

export interface OpenDatabaseOptions {
  /** A PostgreSQL of one's own; without it the bundled one runs on `data_dir`. */
  readonly database_url?: string | undefined;
  readonly data_dir: string;
  readonly log: (line: { level: 'info' | 'warn' | 'error'; msg: string; [field: string]: unknown }) => void;
  /** Told what a person waits for, in a few words. */
  readonly progress?: ((text: string) => void) | undefined;
  /** Accept settings that can lose confirmed work at a power cut. */
  readonly allow_unsafe?: boolean | undefined;
}

/** For `new pg.Pool` or `new pg.Client`. The embedded server is reached by a socket that only its owner can open. */
export type Connection =
  | { readonly connectionString: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
      readonly ssl: false;
    };

export interface Database {
  readonly connection: Connection;
  readonly kind: 'embedded' | 'external';
  /** As the server says it: `18.4`. */
  readonly version: string;
  /** Ends the embedded server cleanly and frees the data folder; close your connections first. Safe to call twice. */
  stop(): Promise<void>;
  /** Resolves with the reason if the embedded server dies without `stop`; else never. */
  readonly exited: Promise<string>;
}

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
    if (!options.allow_unsafe) await demandSafeSettings(first);
    const second = await connect(connection);
    try {
      await demandSessions(first, second);
    } finally {
      await second.end();
    }
    options.log({ level: 'info', msg: 'database opened', kind: 'external', version });
    return { connection, kind: 'external', version, stop: async () => {}, exited: new Promise(() => {}) };
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
    throw new StartRefusal(
      'database_unreachable',
      `The database at DATABASE_URL does not let us in: ${(error as Error).message || (error as NodeJS.ErrnoException).code}.`,
      'Check the address, user, password and database in DATABASE_URL, and that the server runs. Without DATABASE_URL the bundled one is used.',
    );
  }
}
