import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../test/support/fresh-database.ts';
import { until } from '../test/support/running-services.ts';
import { Lead, type Word } from './lead.ts';
import { createLogger } from './telemetry.ts';

let database: FreshDatabase;
let looking: pg.Client;
beforeAll(async () => {
  database = await freshDatabase();
  looking = new pg.Client(database.connection);
  await looking.connect();
});
afterAll(async () => {
  await looking.end();
  await database.drop();
});

const leads: Lead[] = [];
afterEach(async () => {
  for (const lead of leads.splice(0)) await lead.stop();
});

async function startLead(schema: string) {
  const words: Word[] = [];
  const calls: string[] = [];
  const lead = new Lead({
    connection: database.connection,
    schema,
    log: createLogger('silent'),
    onLead: async () => void calls.push('lead'),
    onLost: async () => void calls.push('lost'),
    onWord: (word) => words.push(word),
  });
  leads.push(lead);
  await lead.start();
  return { lead, words, calls };
}
const holder = async (schema: string) =>
  (
    await looking.query<{ pid: number }>(
      `select l.pid from pg_locks l join pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'advisory' and l.granted and a.application_name = $1`,
      [`taskmaster relay ${schema}`],
    )
  ).rows[0]?.pid;

describe('of the instances of a service', () => {
  it('hear no word that is none, whoever says it', async () => {
    const { words, calls } = await startLead('audit');
    for (const said of ['', 'nonsense', 'null', '{"changed":null}', '{"changed":["x"]}', '{"replay":{"from":-1}}'])
      await looking.query('select pg_notify($1, $2)', ['relay_audit', said]);
    const id = randomUUID();
    await looking.query('select pg_notify($1, $2)', ['relay_audit', JSON.stringify({ changed: [id] })]);
    await until(async () => words.length > 0, 'the word that is one');
    expect(words).toEqual([{ changed: [id] }]);
    expect(calls).toEqual(['lead']);
  });

  it('one leads, and hears what the others commit, each id once', async () => {
    const first = await startLead('tasks');
    const second = await startLead('tasks');
    expect([first.lead.isLeading, second.lead.isLeading]).toEqual([true, false]);
    const ids = Array.from({ length: 400 }, () => randomUUID());
    second.lead.tell(ids, false);
    second.lead.tell(ids.slice(0, 10), true);
    const heard = () => first.words.flatMap(({ changed = [] }) => changed);
    await until(async () => heard().length >= 400 && first.words.some(({ emitted }) => emitted), 'the words');
    expect(heard().sort()).toEqual([...ids].sort());
    expect(second.words).toEqual([]);
    await second.lead.sayReplay(7, ids.slice(0, 200));
    const replays = () => first.words.flatMap(({ replay }) => (replay ? [replay] : []));
    await until(async () => replays().flatMap((one) => one.workspace_ids ?? []).length === 200, 'the replay');
    expect(replays().every((one) => one.from === 7)).toBe(true);
  });

  it('another takes over when the one that leads stops', async () => {
    const first = await startLead('audit');
    const second = await startLead('audit');
    await first.lead.stop();
    await until(async () => second.lead.isLeading, 'the other to lead');
    expect(first.calls).toEqual(['lead', 'lost']);
    expect(second.calls).toEqual(['lead']);
  });

  it('one leads, whoever it is, after a connection was cut', async () => {
    const both = [await startLead('recurring'), await startLead('recurring')];
    const pid = await holder('recurring');
    await looking.query('select pg_terminate_backend($1)', [pid]);
    await until(async () => ![undefined, pid].includes(await holder('recurring')), 'a lead again');
    await until(async () => both.filter(({ lead }) => lead.isLeading).length === 1, 'exactly one');
    expect(both[0]?.calls.slice(0, 2)).toEqual(['lead', 'lost']);
  });

  it('a frozen one is ended after ten seconds of silence', async () => {
    const frozen = new pg.Client(database.connection);
    frozen.on('error', () => undefined);
    await frozen.connect();
    await frozen.query(`select pg_advisory_lock(7233001, hashtext('notification'))`);
    const since = Date.now();
    const second = await startLead('notification');
    expect(second.lead.isLeading).toBe(false);
    await until(async () => second.lead.isLeading, 'the standby to lead', 40);
    expect(Date.now() - since).toBeGreaterThan(9_000);
    await frozen.end().catch(() => undefined);
  }, 60_000);
});
