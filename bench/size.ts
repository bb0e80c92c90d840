import { randomUUID } from 'node:crypto';
import type { Person } from '../test/chaos/person.ts';
import { pick, randomFrom } from '../test/chaos/random.ts';
import { HttpConnection, mustSend } from './connection.ts';
import { type Figure, round } from './figures.ts';
import { checkInvariants } from './invariants.ts';
import type { Stand } from './stand.ts';
import { WORDS } from './words.ts';

const A_PUSH = 100;

/**
 * What a task costs on disk after a day: made, with a due and four words for the search, its history, and what every service
 * keeps of it but the audit log; after the vacuum that a day brings. Then what a further change of it costs.
 */
export async function bytesOfATask(stand: Stand, person: Person, count: number): Promise<Figure> {
  const { database } = stand;
  const bytes = async () => {
    await database.query('vacuum analyze');
    const { rows } = await database.query<{ schema: string; bytes: number }>(
      `select n.nspname as schema, sum(pg_total_relation_size(c.oid)) as bytes from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and n.nspname in ('tasks', 'recurring', 'notification', 'audit', 'runtime') group by 1`,
    );
    return new Map(rows.map((row) => [row.schema, row.bytes]));
  };
  const before = await bytes();
  const connection = await HttpConnection.open(stand.url);
  const random = randomFrom(6);
  const words = (many: number) => Array.from({ length: many }, () => pick(random, WORDS)).join(' ');
  const due = { due_date: '2031-05-06', due_time: null, due_zone: null };
  const client_id = randomUUID();
  const ids_made: string[] = [];
  let n = 0;
  const push = async (ops: { kind: string; id: string; patch?: object }[]) => {
    const { body } = await mustSend(connection, person, 'POST', `/api/workspaces/${person.workspace}/ops`, {
      client_id,
      schema: 1,
      ops: ops.map((op) => ({ op: randomUUID(), n: ++n, entity: 'task', ...op })),
    });
    if (body.includes('"rejected"')) throw new Error(`push: ${body.slice(0, 300)}`);
  };
  for (let from = 0; from < count; from += A_PUSH) {
    const ids = Array.from({ length: A_PUSH }, () => randomUUID());
    await push(ids.map((id) => ({ kind: 'create', id, patch: { title: words(4), due } })));
    ids_made.push(...ids);
  }
  await checkInvariants(stand, [{ workspace: person.workspace, created: count }]);
  const made = await bytes();
  for (let from = 0; from < count; from += A_PUSH)
    await push(ids_made.slice(from, from + A_PUSH).map((id) => ({ kind: 'update', id, patch: { title: words(4) } })));
  connection.close();
  await checkInvariants(stand, [{ workspace: person.workspace, created: count }]);
  const changed = await bytes();
  const grown = (schema: string, from = before, to = made) => ((to.get(schema) ?? 0) - (from.get(schema) ?? 0)) / count;
  const kept = (from = before, to = made) =>
    ['tasks', 'recurring', 'notification', 'runtime'].reduce((sum, schema) => sum + grown(schema, from, to), 0);
  const all = kept();
  return {
    what: `bytes of table and index a task, ${count} tasks`,
    value: `${round(all / 1024)} kB: tasks ${round(grown('tasks') / 1024)}, notification ${round(grown('notification') / 1024)}; the audit log beside it ${round(grown('audit') / 1024)}; a new title ${round(kept(made, changed) / 1024)} kB more`,
    spread: '',
    must: '< 6 kB',
    reached: all < 6 * 1024,
    numbers: {
      ...Object.fromEntries([...made.keys()].map((schema) => [schema, grown(schema)])),
      change: kept(made, changed),
    },
  };
}
