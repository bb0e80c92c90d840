import { personalWorkspaceId } from '@taskmaster/domain/ids';
import type { Person } from '../test/chaos/person.ts';
import type { Stand } from './stand.ts';
import { WORDS } from './words.ts';

export const TASKS_EACH = 10_000;

/**
 * Puts tasks and their words straight into the tables: 10,000 each for these people, the rest for people nobody knows.
 * Titles of four words; a fifth done, priorities, days, projects and tags spread. Such workspaces have no log.
 */
export async function fill({ database }: Stand, people: readonly Person[], others: number): Promise<void> {
  await database.query('create table public.bench_word (n int primary key, word text collate "C")');
  await database.query(
    'insert into public.bench_word select n - 1, word from unnest($1::text[]) with ordinality w (word, n)',
    [WORDS],
  );
  const strangers = Array.from({ length: Math.ceil(others / TASKS_EACH) }, (_, index) =>
    personalWorkspaceId(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`),
  );
  const spaces = [...people.map((person) => person.workspace), ...strangers];
  for (const [index, space] of spaces.entries()) {
    await database.query({
      name: 'fill_tasks',
      text: fillTasks,
      values: [space, TASKS_EACH, WORDS.length, index * 7919],
    });
    await database.query({ name: 'fill_words', text: fillWords, values: [space] });
  }
  await database.query({ text: fillVocabulary, values: [spaces] });
  await database.query(
    'insert into tasks.tag (workspace_id, id, name, color, version, created_at, updated_at) select w, md5(w::text || n)::uuid, $2 || n, $3, 0, now(), now() from unnest($1::uuid[]) w, generate_series(0, 9) n',
    [people.map((person) => person.workspace), 'tag', 'rust'],
  );
  await database.query('vacuum analyze');
}

const wordAt = (salt: string): string =>
  `(select word from public.bench_word where n = ((i::bigint * i % 1000003 + i * ${salt} + $4::bigint) % $3::int)::int)`;

const fillTasks = `
  insert into tasks.task (workspace_id, id, title, notes, status, priority, tags, due_date, due_time, project_id, position, completed_at, version, created_at, updated_at)
  select $1::uuid, gen_random_uuid(), concat_ws(' ', ${['31', '977', '3571', '7001'].map(wordAt).join(', ')}), '',
    case when i % 5 = 0 then 'completed' else 'pending' end,
    (array['high', 'medium', 'low', null])[1 + i % 4], case when i % 3 = 0 then array['tag' || i % 10] else '{}' end,
    case when i % 2 = 0 then date '2026-01-01' + (i * 7 % 365) end, case when i % 6 = 0 then '09:30' end,
    case when i % 4 = 0 then overlay(overlay(md5($1::uuid::text || 'project' || i % 20) placing '4' from 13) placing '8' from 17)::uuid end, 'a' || lpad(i::text, 6, '0'),
    case when i % 5 = 0 then now() end, 0, now() - i * interval '1 minute', now()
  from generate_series(1, $2::int) i`;

const fillWords = `
  insert into tasks.search_word (workspace_id, word, task_id, field)
  select distinct workspace_id, word, id, 0 from tasks.task, regexp_split_to_table(title, ' ') word where workspace_id = $1 order by word`;

const fillVocabulary = `
  insert into tasks.search_vocab (workspace_id, word)
  select distinct workspace_id, word from tasks.search_word where workspace_id = any($1::uuid[])`;
