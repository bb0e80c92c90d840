import type { Entity } from '@taskmaster/domain/registers';
import type { Project, Reminder, Tag, Task, Token, User } from '@taskmaster/domain/task';
import type { Statement } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { columns, keyOf, tableOf } from './columns.ts';

const say = statementsOf('tasks');
const list = (entity: Entity, alias = ''): string => columns[entity].map((column) => `${alias}${column}`).join(', ');

/**
 * The rows of a workspace with these ids, one step into the primary key each: OFFSET 0 keeps the planner from joining instead.
 */
const withIds = (entity: Entity, ids: string): string =>
  `select r.* from ${ids} asked (id) cross join lateral
     (select ${list(entity)} from ${tableOf(entity)} where workspace_id = $1 and id = asked.id offset 0) r`;
const byId = (entity: Entity): string => withIds(entity, 'unnest($2::uuid[])');

export interface LockedWorkspace {
  id: string;
  head: number;
  epoch: string;
  acl_version: number;
  deleted_at: string | null;
}
export const lockWorkspace = say<LockedWorkspace>(
  'lock_workspace',
  'select id, head, epoch, acl_version, deleted_at from tasks.workspace where id = $1 for no key update',
);
/** Read after the lock, in a statement of its own: folded into one, a member removed meanwhile would still be seen. */
export const readMember = say<{ role: 'owner' | 'editor' | 'viewer' }>(
  'read_member',
  'select role from tasks.member where workspace_id = $1 and user_id = $2',
);

export interface ProcessedOp {
  op: string;
  fingerprint: string;
  status: 'ok' | 'rejected';
  seq: number;
  answer_status: number | null;
  answer: unknown;
  error: unknown;
}
export const readProcessedOps = say<ProcessedOp>(
  'read_processed_ops',
  'select op, fingerprint, status, seq, answer_status, answer, error from tasks.processed_op where user_id = $1 and op = any($2::uuid[])',
);

export const tasksById = say<Task>('tasks_by_id', byId('task'));

/**
 * Tasks with all that an act on them may touch: what is below them, the occurrences before and after them in their
 * series (and what is below those), and their parents upwards.
 */
export const familiesOf = say<Task>(
  'families_of',
  `with recursive named as (
     ${byId('task')}
   ), root as (
     select id from named
     union select s.id from named n join tasks.task s on s.workspace_id = $1 and s.series_id = n.series_id and s.predecessor_slot = n.slot
     union select p.id from tasks.task p where p.workspace_id = $1 and p.successor_id = any($2::uuid[])
   ), below as (
     select id from root
     union select t.id from tasks.task t join below b on t.workspace_id = $1 and t.parent_id = b.id
   ), above as (
     select parent_id as id from named where parent_id is not null
     union select t.parent_id from tasks.task t join above a on t.workspace_id = $1 and t.id = a.id where t.parent_id is not null
   ), family as (select id from below union select id from above)
   ${withIds('task', 'family')}`,
);
export const tasksOfProject = say<Task>(
  'tasks_of_project',
  `select ${list('task')} from tasks.task where workspace_id = $1 and project_id = any($2::uuid[])`,
);
export const tasksWithTags = say<Task>(
  'tasks_with_tags',
  `select ${list('task')} from tasks.task where workspace_id = $1 and deleted_at is null
     and tags && (select coalesce(array_agg(name), '{}') from tasks.tag where workspace_id = $1 and id = any($2::uuid[]))`,
);
export const projectsById = say<Project>('projects_by_id', byId('project'));
export const tagsById = say<Tag>('tags_by_id', byId('tag'));
export const tokensById = say<Token>('tokens_by_id', byId('token'));
export const remindersById = say<Reminder>('reminders_by_id', byId('reminder'));
export const remindersOfTasks = say<Reminder>(
  'reminders_of_tasks',
  `select ${list('reminder', 'r.')} from tasks.reminder r
   where r.workspace_id = $1 and r.deleted_at is null and coalesce(r.task_id, r.series_id) in (
     select unnest(array[id, series_id]) from tasks.task where workspace_id = $1 and id = any($2::uuid[]))
   order by r.created_at, r.id`,
);
export const userById = say<User>('user_by_id', `select ${list('user')} from tasks."user" where id = $1`);
/** The order names the columns that are fixed, so that one step into the index answers, however long the list. */
export const lastPositionInInbox = say<{ position: string | null }>(
  'last_position_in_inbox',
  `select position from tasks.task where workspace_id = $1 and project_id is null and parent_id is null
   order by project_id desc, parent_id desc, position desc limit 1`,
);
export const lastPosition = say<{ position: string | null }>(
  'last_position',
  `select position from tasks.task where workspace_id = $1 and project_id = $2::uuid and parent_id is null
   order by parent_id desc, position desc limit 1`,
);
export const lastPositionBelow = say<{ position: string | null }>(
  'last_position_below',
  'select position from tasks.task where workspace_id = $1 and parent_id = $2::uuid order by position desc limit 1',
);

/** Registers changed by other devices since an op's base: what the op overwrites is kept and offered. */
export const changedSince = say<{ entity_id: string; seq: number; registers: string[]; client_id: string | null }>(
  'changed_since',
  `select c.entity_id, c.seq, c.client_id, array(select jsonb_object_keys(c.patch)) as registers
   from (select entity_id, min(seq) as seq from unnest($2::uuid[], $3::bigint[]) asked (entity_id, seq) group by entity_id) base
   join tasks.change c on c.workspace_id = $1 and c.entity_id = base.entity_id and c.seq > base.seq and c.client_id is distinct from $4::uuid`,
);

/** What the act of a request made; nothing where it changed nothing. */
export const madeBy = say<{ entity: string; entity_id: string }>(
  'made_by',
  `select entity, entity_id from tasks.change
   where workspace_id = $1 and kind = 'created' and act_id = (select act_id from tasks.change where workspace_id = $1 and seq = $2 and op = $3) order by seq`,
);

const upserts = Object.fromEntries(
  (Object.keys(columns) as Entity[]).map((entity) => {
    const set = columns[entity].filter(
      (column) => column !== 'id' && column !== 'workspace_id' && column !== 'created_at',
    );
    return [
      entity,
      say(
        `upsert_${entity}`,
        `insert into ${tableOf(entity)} (${list(entity)}) select ${list(entity)} from jsonb_populate_recordset(null::${tableOf(entity)}, $1::jsonb)
         on conflict (${keyOf(entity)}) do update set ${set.map((column) => `${column} = excluded.${column}`).join(', ')}`,
      ),
    ];
  }),
) as { [E in Entity]: Statement<'tasks', never> };
export const upsert = upserts;

/** The log and its head move together. */
export const appendChanges = say(
  'append_changes',
  `with moved as (update tasks.workspace set head = $2, head_op = $3, moved_at = clock_timestamp() where id = $1)
   insert into tasks.change select * from jsonb_populate_recordset(null::tasks.change, $4::jsonb)`,
);
export const insertProcessedOps = say(
  'insert_processed_ops',
  `insert into tasks.processed_op (user_id, op, workspace_id, client_id, n, fingerprint, status, seq, answer_status, answer, error)
   select user_id, op, workspace_id, client_id, n, fingerprint, status, seq, answer_status, answer, error
   from json_populate_recordset(null::tasks.processed_op, $1::json)`,
);
export const readSyncClient = say<{ last_n: number }>(
  'read_sync_client',
  'select last_n from tasks.sync_client where user_id = $1 and client_id = $2 and workspace_id = $3',
);
export const writeSyncClient = say(
  'write_sync_client',
  `insert into tasks.sync_client (user_id, client_id, workspace_id, last_n) values ($1, $2, $3, $4)
   on conflict (user_id, client_id, workspace_id) do update set last_n = excluded.last_n, at = now()`,
);
/** Of one field of one task, so that every word is one step into the index, however many tasks have it. */
export const removeWords = say(
  'remove_words',
  'delete from tasks.search_word where workspace_id = $1 and word = any($2::text[]) and task_id = $3 and field = $4',
);
export const addWords = say(
  'add_words',
  `with added as (select * from jsonb_to_recordset($2::jsonb) n (task_id uuid, word text, field smallint)),
   vocab as (insert into tasks.search_vocab (workspace_id, word) select distinct $1::uuid, word from added on conflict do nothing)
   insert into tasks.search_word (workspace_id, word, task_id, field) select $1, word, task_id, field from added on conflict do nothing`,
);
