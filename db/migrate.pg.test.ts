import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase } from '../test/support/fresh-database.ts';
import { migrate } from './migrate.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

async function sql(text: string, connection: pg.ClientConfig = database.connection): Promise<pg.QueryResult> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

describe('migrate', () => {
  it('finds nothing to do the second time, and when many programs start at once', async () => {
    const runs = await Promise.all([
      migrate(database.connection),
      migrate(database.connection),
      migrate(database.connection),
    ]);
    expect(runs.map((run) => run.applied)).toEqual([[], [], []]);
  });

  it('runs each migration once where several programs start on an empty database', async () => {
    const name = `empty_${process.pid}`;
    const written = readdirSync(path.join(import.meta.dirname, 'migrations'))
      .map((file) => path.parse(file).name)
      .sort();
    await sql(`create database ${name} template template0`);
    const runs = await Promise.all([1, 2, 3].map(() => migrate({ ...database.connection, database: name })));
    expect(runs.flatMap((run) => run.applied)).toEqual(written);
    await sql(`drop database ${name} with (force)`);
  });

  it('refuses an edited migration and a database newer than the program', async () => {
    await sql(`update public.taskmaster_migration set hash = 'edited' where name = '0001_kernel'`);
    await expect(migrate(database.connection)).rejects.toThrow('edited after it ran');
    await sql(`insert into public.taskmaster_migration (name, hash) values ('9999_future', 'x')`);
    await expect(migrate(database.connection)).rejects.toThrow('newer than the program');
    await sql(`delete from public.taskmaster_migration where name = '9999_future'`);
  });

  it('makes nobody wait for long behind a table that somebody reads, and goes on when it is free', async () => {
    const name = `read_${process.pid}`;
    await sql(`create database ${name} template template0`);
    const connection = { ...database.connection, database: name };
    await migrate(connection, '0016_sync');
    const reader = new pg.Client(connection);
    await reader.connect();
    await reader.query('begin; lock table tasks.task in access share mode');
    const migrating = migrate(connection);
    const waits = async () =>
      (await reader.query(`select from pg_locks where relation = 'tasks.task'::regclass and not granted`)).rowCount;
    while (!(await waits())) await sleep(20);
    // Behind whoever waits; the time-out is what would cut off a command.
    await sql(`set statement_timeout = '20s'; select from tasks.task`, connection);
    await reader.end();
    expect((await migrating).applied).toContain('0017_key_before_others');
    await sql(`drop database ${name} with (force)`);
  });

  it('says what an administrator has to run where the login may not make roles', async () => {
    const name = `plain_${process.pid}`;
    await sql(`create role ${name} login`);
    await sql(`create database ${name} owner ${name} template template0`);
    const attempt = migrate({ ...database.connection, database: name, user: name });
    await expect(attempt).rejects.toThrow(`grant taskmaster_api to "${name}";`);
    await sql(`drop database ${name} with (force)`);
    await sql(`drop role ${name}`);
  });

  it.each(['taskmaster_api', 'taskmaster_api_background'])(
    'lets %s step to a row by its id in a database that has no statistics',
    async (role) => {
      const { rows: tables } = await sql(
        `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where nspname = 'tasks' and relkind = 'r' and has_table_privilege('${role}', c.oid, 'select')
           and array(select attname::text from pg_attribute where attrelid = c.oid) @> array['workspace_id', 'id']`,
      );
      expect(tables.map(({ name }) => name)).toContain('task');
      for (const { name } of tables) {
        // As connections that write plan: see decisions/0006.
        const results = await sql(
          `set role ${role}; set enable_hashjoin = off; set enable_mergejoin = off;
           explain (generic_plan, costs off) select from tasks."${name}" where workspace_id = $1 and id = $2`,
        );
        const plan = (results as unknown as pg.QueryResult[]).at(-1)?.rows.map((row) => row['QUERY PLAN']);
        expect(plan?.join('\n'), name).toMatch(/Index Cond: .*\bid = \$2/);
      }
    },
  );

  it('leaves every table of tasks under row-level security, forced', async () => {
    const { rows } = await sql(
      `select relname from pg_class c join pg_namespace n on n.oid = relnamespace
       where nspname = 'tasks' and relkind = 'r' and not (relrowsecurity and relforcerowsecurity) order by relname`,
    );
    // What a relay and the consumers keep is no caller's: their role has no grant there (outbox: insert alone).
    expect(rows.map((row) => row.relname)).toEqual(['cursor', 'dead_letter', 'inbox', 'outbox', 'position', 'seen']);
  });
});
