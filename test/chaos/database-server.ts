import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, openDatabase } from '@taskmaster/db/server/start';
import { type DatabaseProxy, startDatabaseProxy } from '../support/database-proxy.ts';
import { type Connection, connectionOf, databasePid, temporaryFolder } from './program.ts';

/** A PostgreSQL of one's own, as DATABASE_URL means it, reached over a way that can be cut. */
export interface DatabaseServer {
  readonly url: string;
  /** Past the proxy. */
  readonly connection: Connection;
  readonly proxy: DatabaseProxy;
  /** As a power cut: no goodbye to anybody, and then up again. */
  crash(awayFor: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startDatabaseServer(): Promise<DatabaseServer> {
  const data_dir = temporaryFolder('database');
  const open = () => openDatabase({ data_dir, log: () => undefined });
  let database: Database = await open();
  const connection = connectionOf(data_dir);
  const proxy = await startDatabaseProxy(connection);
  return {
    url: `postgres://taskmaster@127.0.0.1:${proxy.port}/taskmaster`,
    connection,
    proxy,
    async crash(awayFor) {
      process.kill(databasePid(data_dir) ?? 0, 'SIGQUIT');
      await database.exited;
      await sleep(awayFor);
      await database.stop();
      database = await open();
    },
    async stop() {
      await proxy.stop();
      await database.stop();
      rmSync(data_dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
