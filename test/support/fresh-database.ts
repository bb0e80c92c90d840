import { randomBytes } from 'node:crypto';
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
    drop: () => run(connection, `drop database ${name} with (force)`),
  };
}

async function run(connection: pg.ClientConfig, statement: string): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
