import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase } from '../test/support/fresh-database.ts';
import { Flight, IN_FAILED_TRANSACTION } from './flight.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let client: pg.Client;
beforeAll(async () => {
  database = await freshDatabase();
  client = new pg.Client(database.connection);
  client.on('error', () => undefined);
  await client.connect();
  await client.query('create temporary table kept (id int primary key)');
});
afterAll(async () => {
  await client.end().catch(() => undefined);
  await database.drop();
});

type Asked = [text: string, values?: unknown[], name?: string];

function fly(...statements: Asked[]): Promise<PromiseSettledResult<pg.QueryResult>[]> {
  const flight = new Flight(pg.types);
  const answers = statements.map(([text, values = [], name]) =>
    flight.add({ text, values, ...(name ? { name } : {}) }),
  );
  client.query(flight);
  return Promise.allSettled(answers);
}

const rows = (answer: PromiseSettledResult<pg.QueryResult> | undefined): unknown[] =>
  answer?.status === 'fulfilled' ? answer.value.rows : [`${(answer as PromiseRejectedResult).reason}`];
const codes = (answers: PromiseSettledResult<pg.QueryResult>[]): unknown[] =>
  answers.map((answer) => (answer.status === 'fulfilled' ? 'ok' : answer.reason.code));

const insert = 'insert into kept values ($1)';
const count = async (): Promise<unknown> => rows((await fly(['select count(*)::int as n from kept']))[0])[0];

describe('a flight', () => {
  it('gives each statement its own answer, in their order', async () => {
    const answers = await fly(['select 1 as a'], ['select $1::text as b, $2::int[] as c', ['x', [1, 2]]], ['']);
    expect(answers.map(rows)).toEqual([[{ a: 1 }], [{ b: 'x', c: [1, 2] }], []]);
  });

  it('ends a transaction in it: what was committed stays', async () => {
    const answers = await fly(['begin'], [insert, [1], 'insert'], ['commit']);
    expect(rows(answers[2])).toEqual([]);
    expect(answers.map((answer) => answer.status === 'fulfilled' && answer.value.command)).toEqual([
      'BEGIN',
      'INSERT',
      'COMMIT',
    ]);
    expect(await count()).toEqual({ n: 1 });
  });

  it('runs nothing after a statement that failed: no commit of the half before it', async () => {
    const answers = await fly(['begin'], [insert, [2], 'insert'], [insert, [2], 'insert'], [insert, [3]], ['commit']);
    expect(codes(answers)).toEqual(['ok', 'ok', '23505', IN_FAILED_TRANSACTION, IN_FAILED_TRANSACTION]);
    await client.query('rollback');
    expect(await count()).toEqual({ n: 1 });
  });

  it('parses a named statement again that was never reached', async () => {
    const named: Asked = ['select 7 as n', [], 'seven'];
    expect(codes(await fly(['select 1/0'], named))).toEqual(['22012', IN_FAILED_TRANSACTION]);
    expect(rows((await fly(named))[0])).toEqual([{ n: 7 }]);
    expect(rows((await fly(named))[0])).toEqual([{ n: 7 }]);
  });

  it('waits for the flight before it, and ends with the connection', async () => {
    const slow = fly(['select pg_sleep(0.2)']);
    const next = fly(['select 2 as n']);
    expect(rows((await next)[0])).toEqual([{ n: 2 }]);
    await slow;
    const lost = fly(['select pg_terminate_backend(pg_backend_pid())'], ['select 3']);
    expect((await lost).map((answer) => answer.status)).toEqual(['rejected', 'rejected']);
    expect((await fly(['select 4'])).map((answer) => answer.status)).toEqual(['rejected']);
  });
});
