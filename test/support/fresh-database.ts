import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';

export interface FreshDatabase {
  readonly connection: pg.ClientConfig & { readonly database: string };
  /** Removes the database, cutting whoever is still connected. */
  drop(): Promise<void>;
}

/** A migrated database for this caller alone, copied from the run's template (some 25 ms). For `.pg.test.ts` files. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const { connection, template } = inject('postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await run(connection, `create database ${name} template ${template}`);
  return {
    connection: { ...connection, database: name },
    async drop() {
      await untilLeft(connection, name);
      await run(connection, `drop database ${name} with (force)`);
    },
  };
}

/** A pool that has ended may still say goodbye; cut off in the middle of it, it would fail whatever test runs then. */
async function untilLeft(connection: pg.ClientConfig, name: string): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  const somebody = async () =>
    (await client.query('select from pg_stat_activity where datname = $1', [name])).rowCount !== 0;
  for (let looks = 0; looks < 40 && (await somebody()); looks++) await sleep(25);
  await client.end();
}

async function run(connection: pg.ClientConfig, statement: string): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
