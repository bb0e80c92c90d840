import { uuid } from '@taskmaster/contracts/fields';
import type { ListTasksQuery, TaskAnswer } from '@taskmaster/contracts/http/tasks';
import { Problem } from '@taskmaster/contracts/problems';
import { foldName, tagId } from '@taskmaster/domain/ids';
import type { Reminder, Task } from '@taskmaster/domain/task';
import { isDate } from '@taskmaster/domain/time/calendar';
import { addDays, localOf } from '@taskmaster/domain/time/zoned';
import type { Runtime, Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { type Caller, callerSettings, workspaceIds } from '../caller.ts';
import { columns } from '../kernel/columns.ts';
import { presentTask } from '../present-task.ts';
import { type SearchTerm, searchTerms } from './search.ts';

const say = statementsOf('tasks');
const MOST = 200;

const remindersOfMany = say<Reminder>(
  'reminders_of_many',
  `select ${columns.reminder.join(', ')} from tasks.reminder
   where workspace_id = any($1::uuid[]) and deleted_at is null and coalesce(task_id, series_id) = any($2::uuid[]) order by created_at, id`,
);

/** Values and the text that refers to them, kept together. */
class Sql {
  readonly values: unknown[] = [];
  readonly where: string[] = [];
  value(value: unknown, type: string): string {
    return `$${this.values.push(value)}::${type}`;
  }
  and(condition: string): void {
    this.where.push(condition);
  }
}

const rank = `case t.priority when 'high' then 1 when 'medium' then 2 when 'low' then 3 end`;

/** A caller's tasks, filtered, sorted, in pages. Nulls come last, ties by id. */
export async function listTasks(
  runtime: Pick<Runtime<'tasks'>, 'transact'>,
  caller: Caller,
  query: ListTasksQuery,
): Promise<{ items: TaskAnswer[]; next_cursor: string | null }> {
  const mine = workspaceIds(caller);
  const spaces = query.workspace_id ? mine.filter((id) => id === query.workspace_id) : mine;
  if (spaces.length === 0) throw new Problem('not_found');
  const limit = Math.min(query.limit, MOST);
  const zone = caller.settings.time_zone;

  return runtime.transact(
    async (tx) => {
      const terms = query.q === undefined ? undefined : await termsIn(tx, spaces, query.q);
      if (terms?.length === 0) return { items: [], next_cursor: null };
      const sql = new Sql();
      filter(sql, query, spaces, zone, terms);
      const sort = sortOf(sql, query, zone, terms !== undefined);
      const after = query.cursor === undefined ? undefined : readCursor(query.cursor, sort.name);
      if (after) sql.and(afterCursor(sql, sort, after));
      const direction = sort.descending ? 'desc' : 'asc';
      const text = `select ${columns.task.map((column) => `t.${column}`).join(', ')}, (${sort.key})::text as sort_key
        from tasks.task t where ${sql.where.join(' and ')}
        order by ${sort.key} ${direction}${sort.nullable ? ' nulls last' : ''}, t.id ${direction} limit ${sql.value(limit + 1, 'int')}`;
      const rows = await tx.query(say<Task & { sort_key: string | null }>('', text), sql.values);
      const page = rows.slice(0, limit);
      const ids = [...new Set(page.flatMap((task) => (task.series_id ? [task.id, task.series_id] : [task.id])))];
      const reminders = ids.length > 0 ? await tx.query(remindersOfMany, [spaces, ids]) : [];
      const last = page.at(-1);
      return {
        items: page.map((task) => presentTask(task, reminders, caller.settings)),
        next_cursor: rows.length > limit && last ? writeCursor(sort.name, last.sort_key, last.id) : null,
      };
    },
    { caller: callerSettings(caller), readOnly: true },
  );
}

/** Words count in all of the spaces together; a typo is looked for in each one's vocabulary. */
async function termsIn(tx: Tx<'tasks'>, spaces: readonly string[], q: string): Promise<SearchTerm[]> {
  const found = await Promise.all(spaces.map((space) => searchTerms(tx, space, q)));
  return (found[0] ?? []).map((term, index) => ({
    ...term,
    variants: [...new Set(found.flatMap((terms) => terms[index]?.variants ?? []))],
  }));
}

function filter(
  sql: Sql,
  query: ListTasksQuery,
  spaces: readonly string[],
  zone: string,
  terms: SearchTerm[] | undefined,
): void {
  sql.and(
    spaces.length === 1
      ? `t.workspace_id = ${sql.value(spaces[0], 'uuid')}`
      : `t.workspace_id = any(${sql.value(spaces, 'uuid[]')})`,
  );
  sql.and(query.status === 'deleted' ? 't.deleted_at is not null and not t.withdrawn' : 't.deleted_at is null');
  if (query.status === 'pending' || query.status === 'completed') sql.and(`t.status = '${query.status}'`);
  if (query.priority === 'none') sql.and('t.priority is null');
  else if (query.priority) sql.and(`t.priority = ${sql.value(query.priority, 'text')}`);
  const tags = [...(query.tag ?? []), ...(query.tags?.split(',') ?? [])]
    .map((tag) => foldName(tag.trim().replace(/^@/, '')))
    .filter(Boolean);
  for (const tag of tags) {
    const ids = spaces.map((space) => tagId(space, tag));
    sql.and(
      `t.tags && (select coalesce(array_agg(name), '{}') from tasks.tag g where g.workspace_id = any(${sql.value(spaces, 'uuid[]')}) and g.id = any(${sql.value(ids, 'uuid[]')}))`,
    );
  }
  if (query.project_id === 'inbox') sql.and('t.project_id is null');
  else if (query.project_id) sql.and(`t.project_id = ${sql.value(query.project_id, 'uuid')}`);
  if (query.parent_id === 'none') sql.and('t.parent_id is null');
  else if (query.parent_id) sql.and(`t.parent_id = ${sql.value(query.parent_id, 'uuid')}`);
  if (query.due_after) sql.and(dueLimit(sql, query.due_after, '>=', zone));
  if (query.due_before) sql.and(dueLimit(sql, query.due_before, '<', zone));
  for (const term of terms ?? []) {
    const range = `(w.word >= ${sql.value(term.from, 'text')} and w.word < ${sql.value(term.to, 'text')})`;
    const exact = term.variants.length > 0 ? ` or w.word = any(${sql.value(term.variants, 'text[]')})` : '';
    sql.and(
      `t.id in (select w.task_id from tasks.search_word w where w.workspace_id = any(${sql.value(spaces, 'uuid[]')}) and (${range}${exact}))`,
    );
  }
}

/** A day is a day in the caller's zone: an occurrence fixed in another zone counts on the caller's day. */
function dueLimit(sql: Sql, limit: string, compare: '>=' | '<', zone: string): string {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(limit);
  const local = isDay ? { date: limit, time: '00:00' } : localOf(limit, zone);
  const moment = sql.value(`${local.date} ${local.time}`, 'timestamp');
  // The plain column first, a day wider than any zone can shift it, so that the index on it serves.
  const wide =
    compare === '<'
      ? `t.due_date <= ${sql.value(addDays(local.date, 1), 'date')}`
      : `t.due_date >= ${sql.value(addDays(local.date, -1), 'date')}`;
  return `${wide} and ${dueMoment(sql, zone)} ${compare} ${moment}`;
}

const dueMoment = (sql: Sql, zone: string): string =>
  `(case when t.due_zone is null then t.due_date + coalesce(t.due_time, '00:00')::time
    else (t.due_date + t.due_time::time) at time zone t.due_zone at time zone ${sql.value(zone, 'text')} end)`;

interface Sort {
  name: string;
  key: string;
  type: string;
  descending: boolean;
  nullable?: true;
}

function sortOf(sql: Sql, query: ListTasksQuery, zone: string, searched: boolean): Sort {
  const descending = query.order === 'desc';
  const sort = query.sort ?? (searched ? 'relevance' : 'created');
  const name = `${sort}:${query.order}`;
  switch (sort) {
    case 'due_date':
      return { name, key: dueMoment(sql, zone), type: 'timestamp', descending, nullable: true };
    case 'priority':
      return { name, key: rank, type: 'int', descending, nullable: true };
    case 'title':
      return { name, key: 'lower(t.title) collate "C"', type: 'text', descending };
    case 'manual':
      return { name, key: 't.position', type: 'text', descending };
    case 'relevance':
      return { name, key: relevance(sql, query.q ?? ''), type: 'int', descending };
    default:
      return { name, key: 't.created_at', type: 'timestamptz', descending };
  }
}

/** The whole phrase in the title, then the beginning of it, then any hit; done ones after open ones. */
function relevance(sql: Sql, q: string): string {
  const phrase = sql.value(q.trim().toLowerCase(), 'text');
  return `((case when starts_with(lower(t.title), ${phrase}) then 0 when strpos(lower(t.title), ${phrase}) > 0 then 1 else 2 end)
    + (case t.status when 'completed' then 10 else 0 end))`;
}

function afterCursor(sql: Sql, sort: Sort, after: { key: string | null; id: string }): string {
  const beyond = sort.descending ? '<' : '>';
  const id = sql.value(after.id, 'uuid');
  if (after.key === null) return `((${sort.key}) is null and t.id ${beyond} ${id})`;
  // One comparison of rows, so that an index in this order is entered where the last page ended.
  const further = `(${sort.key}, t.id) ${beyond} (${sql.value(after.key, sort.type)}, ${id})`;
  return sort.nullable ? `((${sort.key}) is null or ${further})` : further;
}

const writeCursor = (sort: string, key: string | null, id: string): string =>
  Buffer.from(JSON.stringify([sort, key, id])).toString('base64url');

/** A key that the database can read as what it is compared with. */
function isKey(key: unknown, sort: string): key is string {
  if (typeof key !== 'string' || key.includes('\0')) return false;
  if (/^(created|due_date):/.test(sort)) return isMoment(key);
  return /^(priority|relevance):/.test(sort) ? /^\d{1,4}$/.test(key) : true;
}

/** As PostgreSQL prints a timestamp. */
function isMoment(text: string): boolean {
  const [, date = '', time = ''] =
    /^(\d{4,5}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,6})?(?:[+-]\d\d(?::\d\d)?)?$/.exec(text) ?? [];
  return isDate(date.slice(-10)) && !Number.isNaN(Date.parse(`2000-01-01T${time}Z`));
}

function readCursor(cursor: string, sort: string): { key: string | null; id: string } {
  try {
    const [of, key, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, string | null, string];
    if (of === sort && uuid.safeParse(id).success && (key === null || isKey(key, sort))) return { key, id };
  } catch {
    // Falls through: a cursor is ours or it is nothing.
  }
  throw new Problem('invalid', undefined, [{ path: 'cursor', message: 'Not a cursor of this list and order.' }]);
}
