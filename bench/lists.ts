import { tagId } from '@taskmaster/domain/ids';
import type { Person } from '../test/chaos/person.ts';
import { pick, randomFrom } from '../test/chaos/random.ts';
import { HttpConnection, mustSend } from './connection.ts';
import { distribution, type Figure, milliseconds, round, spreadOf } from './figures.ts';
import { TASKS_EACH } from './fill.ts';
import { watchOthers } from './machine.ts';
import type { Stand } from './stand.ts';
import { misspelt, WORDS } from './words.ts';

const ASKED = 300;

/** Lists of a person with 10,000 tasks: in the order of the index, and by every filter and sort. */
export async function lists(stand: Stand, person: Person, beside: number): Promise<Figure[]> {
  const connection = await HttpConnection.open(stand.url);
  const { rows } = await stand.database.query<{ id: string }>(
    'select project_id as id from tasks.task where workspace_id = $1 and project_id is not null limit 1',
    [person.workspace],
  );
  // The tag has the id that its name gives it.
  await stand.database.query('update tasks.tag set id = $2 where workspace_id = $1 and name = $3', [
    person.workspace,
    tagId(person.workspace, 'tag3'),
    'tag3',
  ]);
  const ask = async (query: string, times: number): Promise<number[]> => {
    const took: number[] = [];
    for (let count = 0; count < times; count++) {
      const start = performance.now();
      await mustSend(connection, person, 'GET', `/api/tasks${query}`);
      took.push(performance.now() - start);
    }
    return took.slice(Math.min(20, times / 2));
  };
  const figures: Figure[] = [];
  const others = watchOthers();
  const plain = await ask('', ASKED);
  const found = distribution(plain);
  figures.push({
    what: `list, index order, ${TASKS_EACH} tasks beside ${beside}`,
    value: milliseconds(found),
    spread: `p95 ${spreadOf(plain, (part) => distribution(part).p95)}`,
    must: 'p95 < 5 ms',
    reached: found.p95 < 5,
    others: others(),
    numbers: { ...found },
  });
  const filters = [
    '',
    '&priority=high',
    '&tag=tag3',
    `&project_id=${rows[0]?.id}`,
    '&due_after=2026-05-01&due_before=2026-05-08',
    '&due_before=2026-12-31',
    '&status=completed',
    '&status=all',
    '&q=ba',
  ];
  const sorts = ['created', 'due_date', 'priority', 'title', 'manual'].flatMap((sort) => [
    `sort=${sort}`,
    `sort=${sort}&order=desc`,
  ]);
  const watch = watchOthers();
  const all: number[] = [];
  let slowest = { query: '', p95: 0 };
  for (const sort of sorts) {
    for (const filter of filters) {
      const query = `?${sort}${filter}`;
      const took = await ask(query, 24);
      all.push(...took);
      const { p95 } = distribution(took);
      if (p95 > slowest.p95) slowest = { query, p95 };
    }
  }
  const any = distribution(all);
  figures.push({
    what: `list, ${sorts.length} sorts × ${filters.length} filters`,
    value: milliseconds(any),
    spread: `p95 ${spreadOf(all, (part) => distribution(part).p95)}`,
    must: 'p95 < 15 ms',
    reached: any.p95 < 15,
    others: watch(),
    numbers: { ...any, slowest_p95: slowest.p95 },
    note: `slowest ${slowest.query}: p95 ${round(slowest.p95)} ms`,
  });
  connection.close();
  return figures;
}

/** Words typed letter by letter, with and without a slip, and the first search where nobody has searched since the start. */
export async function searches(stand: Stand, people: readonly Person[]): Promise<Figure[]> {
  const random = randomFrom(5);
  const connection = await HttpConnection.open(stand.url);
  const [person, ...cold] = people;
  if (!person) return [];
  const search = async (who: Person, q: string) => {
    const start = performance.now();
    const { body } = await mustSend(connection, who, 'GET', `/api/tasks?q=${encodeURIComponent(q)}&status=all`);
    return { took: performance.now() - start, body };
  };
  const watch = watchOthers();
  const first: number[] = [];
  for (const other of cold) {
    await mustSend(connection, other, 'GET', '/api/me');
    first.push((await search(other, misspelt(pick(random, WORDS), random))).took);
  }
  const { rows } = await stand.database.query<{ word: string }>(
    'select word from tasks.search_vocab where workspace_id = $1 order by word',
    [person.workspace],
  );
  const present = rows.map((row) => row.word);
  await search(person, 'warm');
  const took: number[] = [];
  let slips = 0;
  let hits = 0;
  for (let count = 0; count < 150; count++) {
    const word = pick(random, present);
    const slipped = count % 3 === 0 ? word : misspelt(word, random);
    for (let length = 2; length < slipped.length; length++)
      took.push((await search(person, slipped.slice(0, length))).took);
    const last = await search(person, slipped);
    took.push(last.took);
    if (slipped === word) continue;
    slips++;
    if (last.body.includes(word)) hits++;
  }
  connection.close();
  const found = distribution(took);
  const rate = hits / slips;
  const share = watch();
  const others = share === undefined ? {} : { others: share };
  return [
    {
      what: `search as you type, ${TASKS_EACH} tasks`,
      value: `${milliseconds(found)}; ${(rate * 100).toFixed(0)} % found with one edit`,
      spread: `p95 ${spreadOf(took, (part) => distribution(part).p95)}`,
      must: 'p95 < 15 ms, ≥ 95 %',
      reached: found.p95 < 15 && rate >= 0.95,
      ...others,
      numbers: { ...found, hit_rate: rate, slips },
    },
    {
      what: 'first search of a cold workspace',
      value: `most ${round(Math.max(...first))} of ${first.length}, p50 ${round(distribution(first).p50)} ms`,
      spread: `${round(Math.min(...first))}–${round(Math.max(...first))}`,
      must: '< 100 ms',
      reached: Math.max(...first) < 100,
      ...others,
      numbers: { ...distribution(first) },
    },
  ];
}
