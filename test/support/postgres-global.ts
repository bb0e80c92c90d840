import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { migrate } from '@taskmaster/db/migrate';
import { type Connection, openDatabase } from '@taskmaster/db/server/start';
import pg from 'pg';
import type { TestProject } from 'vitest/node';

export interface TestServer {
  readonly connection: Connection;
  /** A migrated database that nobody changes; copies of it are cheap. */
  readonly template: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: TestServer;
  }
}

const TEMPLATE = 'migrated';

/** One throw-away PostgreSQL for the whole run, with a migrated template; `freshDatabase` makes copies of it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const data_dir = await mkdtemp(path.join(os.tmpdir(), 'taskmaster-test-'));
  await chmod(data_dir, 0o711);
  const database = await openDatabase({ data_dir, log: () => {} });
  const tearDown = async () => {
    await database.stop();
    await rm(data_dir, { recursive: true, force: true });
  };
  try {
    await makeTemplate(database.connection);
  } catch (error) {
    await tearDown();
    throw error;
  }
  project.provide('postgres', { connection: database.connection, template: TEMPLATE });
  return tearDown;
}

async function makeTemplate(connection: Connection): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    await client.query(`create database ${TEMPLATE}`);
    await migrate({ ...connection, database: TEMPLATE });
    await client.query(`alter database ${TEMPLATE} with is_template true allow_connections false`);
  } finally {
    await client.end();
  }
}
