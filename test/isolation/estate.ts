import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { v7 } from 'uuid';
import { callAt, type Person, type RunningServices, until } from '../support/running-services.ts';

/** In every text that she wrote: where it is seen by anybody else, something of hers was. */
const MARK = `canary${randomUUID().slice(0, 8)}`;

/** What one person has, in every kind of it there is. */
export interface Estate {
  person: Person;
  /** One id of each kind, by its kind. */
  ids: Record<string, string>;
  /** Every id in any row of hers. */
  all: ReadonlySet<string>;
  /** Words of hers, short and long. */
  mark: string;
  tag: string;
  /** Keys of her requests, with the request. */
  keys: { key: string; method: string; path: string; body: unknown }[];
  /** Positions in her lists. */
  cursors: Record<string, string>;
  head: { seq: number; op: string | null; epoch: string };
  /** A token of hers that may only read. */
  reading: string;
  email: string;
}

const PASSWORD = 'a-long-pass phrase 7';

/** A person with a rich life, all of it made through the API; a dead letter of hers lies with whoever runs the place. */
export async function estateOf(services: RunningServices, owner: pg.Client): Promise<Estate> {
  const person = await services.person(`${MARK}name`);
  const keys: Estate['keys'] = [];
  const make = async (method: string, path: string, body: unknown) => {
    const key = `${MARK}-key-${keys.length}`;
    keys.push({ key, method, path, body });
    const answer = await person.call(method, path, body, { 'idempotency-key': key });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const tag = `${MARK}tag`;
  await make('PATCH', '/api/me', { settings: { time_zone: 'Pacific/Chatham', default_reminder_minutes: 17 } });
  const project = await make('POST', '/api/projects', { name: `${MARK} project` });
  const gone = await make('POST', '/api/projects', { name: `${MARK} gone` });
  const theTag = await make('POST', '/api/tags', { name: tag });
  const words = { title: `${MARK} title`, notes: `${MARK} notes`, tags: [tag], priority: 'high' };
  const task = await make('POST', '/api/tasks', {
    ...words,
    project_id: project.id,
    due_date: '2031-03-04',
    due_time: '08:15',
    reminders: [{ minutes_before: 10 }],
  });
  const child = await make('POST', '/api/tasks', { title: `${MARK} child`, parent_id: task.id });
  const series = await make('POST', '/api/tasks', {
    title: `${MARK} every day`,
    due_date: '2031-01-01',
    recurrence: { rule: 'FREQ=DAILY' },
  });
  const done = await make('POST', `/api/tasks/${series.id}/complete`, {});
  const deleted = await make('POST', '/api/tasks', { title: `${MARK} deleted`, project_id: gone.id });
  await person.call('DELETE', `/api/tasks/${deleted.id}`);
  await person.call('DELETE', `/api/projects/${gone.id}`);
  await make('POST', `/api/tasks/${task.id}/snooze`, { until: '2031-01-01T00:00:00Z' });
  await make('POST', '/api/tasks/quick', { text: `${MARK} quick @${tag} #${MARK}` });
  await make('POST', '/api/tasks', {
    title: `${MARK} told`,
    reminders: [{ at: new Date(Date.now() + 100).toISOString() }],
  });
  const token = await make('POST', '/api/tokens', {
    name: `${MARK} token`,
    scopes: ['tasks:read', 'projects:read', 'notifications:read', 'audit:read'],
  });
  const client = v7();
  const op = v7();
  const ops = [{ op, n: 1, kind: 'create', entity: 'task', id: v7(), patch: { title: `${MARK} by a device` } }];
  await make('POST', `/api/workspaces/${person.workspace}/ops`, { client_id: client, schema: 1, ops });
  const { email } = (await person.call('GET', '/api/me')).json.user;
  await callAt(
    services.url,
    'POST',
    '/api/auth/sign-in/email',
    { email, password: PASSWORD },
    { origin: services.url, 'user-agent': `${MARK} browser` },
  );

  const told = await until(
    async () => (await person.call('GET', '/api/notifications')).json.items[0],
    'a notification',
  );
  const ledger = (await person.call('GET', '/api/reminders')).json.items[0];
  const entry = await until(async () => (await person.call('GET', '/api/audit-logs')).json.items[0], 'an entry');
  const [letter, session] = [await deadLetterOf(owner, person), await sessionOf(owner, person)];
  const feed = (await person.call('GET', `/api/workspaces/${person.workspace}/changes?since=0&limit=1000`)).json;
  const last = feed.events.at(-1);
  const cursorOf = async (path: string) => (await person.call('GET', path)).json.next_cursor as string;
  return {
    person,
    ids: {
      task: task.id,
      child: child.id,
      done: done.id,
      successor: done.successor_id,
      deleted: deleted.id,
      project: project.id,
      'project gone': gone.id,
      tag: theTag.id,
      reminder: ledger.reminder_id,
      notification: told.id,
      ledger: ledger.id,
      token: token.id,
      workspace: person.workspace,
      user: person.id,
      session,
      device: client,
      op,
      act: last.act_id,
      epoch: feed.epoch,
      entry: entry.id,
      letter,
    },
    all: new Set(),
    mark: MARK,
    tag,
    keys,
    cursors: {
      '/api/tasks': await cursorOf('/api/tasks?limit=1'),
      '/api/reminders': await cursorOf('/api/reminders?limit=1'),
    },
    head: { seq: feed.head, op: last.op, epoch: feed.epoch },
    reading: token.token,
    email,
  };
}

async function deadLetterOf(owner: pg.Client, person: Person): Promise<string> {
  const id = randomUUID();
  const { rows } = await until(async () => {
    const found = await owner.query(
      `select stored::jsonb as event from audit.audit_logs where workspace_id = $1 and sequence is not null limit 1`,
      [person.workspace],
    );
    return found.rows.length > 0 && found;
  }, 'an event of hers');
  await owner.query(
    `insert into recurring.dead_letter (id, consumer, event_id, workspace_id, sequence, event, attempts, error, failed_at)
     values ($1, 'recurring', $2, $3, 1, $4, 4, $5, now())`,
    [id, randomUUID(), person.workspace, { ...rows[0].event, note: MARK }, 'it broke'],
  );
  return id;
}

const sessionOf = async (owner: pg.Client, person: Person): Promise<string> =>
  (await owner.query('select id from auth.session where "userId" = $1 limit 1', [person.id])).rows[0].id;

/** Every row of a person's, in every table there is: how many, and what they come to. */
export interface Holdings {
  of(person: Person): Promise<Record<string, string>>;
  idsOf(person: Person): Promise<Set<string>>;
}

const OWNED_BY: Record<string, string> = {
  workspace_id: 'workspace',
  user_id: 'person',
  userId: 'person',
  owner_id: 'person',
};
/** What using a token moves, which is no change of hers. */
const MOVING = ['last_used_at'];

/** Looks as the owner of the tables, past every wall, at all but queues and tables that say nothing of whose their rows are. */
export async function holdings(owner: pg.Client): Promise<Holdings> {
  const { rows } = await owner.query<{ at: string; columns: string[] }>(
    `select format('%I.%I', table_schema, table_name) as at, array_agg(column_name::text) as columns
     from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where table_schema in ('tasks', 'recurring', 'notification', 'sync', 'audit', 'auth') and table_type = 'BASE TABLE'
       and table_name not in ('outbox', 'inbox') group by 1 order by 1`,
  );
  const tables = rows.flatMap(({ at, columns }) => {
    const own = columns.flatMap((column) => {
      const by = OWNED_BY[column];
      return by ? [`t."${column}" = ${by === 'person' ? '$1' : '$2'}::uuid`] : [];
    });
    if (/(^|\.)"?(user|workspace)"?$/.test(at)) own.push('t.id in ($1::uuid, $2::uuid)');
    if (at === 'auth.verification') own.push('t.value = $1::text');
    // That somebody was refused is meant to be witnessed, in the chain of whoever's token it was.
    const but = at === 'audit.audit_logs' ? ` and t.action <> 'refused'` : '';
    return own.length > 0 ? [{ at, where: `(${own.join(' or ')})${but}` }] : [];
  });
  const everything = (what: string): string =>
    tables
      .map(({ at, where }) => `select '${at.replaceAll("'", "''")}' as at, ${what} from ${at} t where ${where}`)
      .join(' union all ');
  const row = `(to_jsonb(t) - '{${MOVING.join(',')}}'::text[])::text`;
  const sums = everything(`count(*) || ' rows, ' || coalesce(md5(string_agg(${row}, '|' order by ${row})), '') as sum`);
  return {
    of: async (person) => {
      const found = await owner.query<{ at: string; sum: string }>(sums, [person.id, person.workspace]);
      return Object.fromEntries(found.rows.map(({ at, sum }) => [at, sum]));
    },
    idsOf: async (person) => {
      const found = await owner.query<{ text: string }>(everything('t::text as text'), [person.id, person.workspace]);
      return new Set(found.rows.flatMap(({ text }) => text.match(UUID) ?? []));
    },
  };
}

export const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Until every service has handled what there is. */
export async function settled(admin: Person): Promise<void> {
  await until(async () => {
    const { services, relay_lag } = (await admin.call('GET', '/api/admin/status')).json;
    return (
      relay_lag === 0 && services.every(({ outbox, inbox }: { outbox: number; inbox: number }) => outbox + inbox === 0)
    );
  }, 'every service has caught up');
}
