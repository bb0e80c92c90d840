import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, type RunningServices, runServices } from '../../../test/support/running-services.ts';

let services: RunningServices;
let ann: Person;
let bob: Person;
beforeAll(async () => {
  services = await runServices();
  ann = await services.person('ann');
  bob = await services.person('bob');
  for (const who of [ann, bob]) {
    await who.call('POST', '/api/tasks/quick', { text: 'Secret words every day at 9am #Mine @tagged !30m before' });
    await who.call('POST', '/api/tokens', { name: 'a program', scopes: ['sync'] });
  }
});
afterAll(() => services.stop());

const tables = [
  'workspace',
  'member',
  '"user"',
  'project',
  'tag',
  'task',
  'reminder',
  'change',
  'search_word',
  'search_vocab',
  'processed_op',
  'sync_client',
  'token',
  'token_secret',
];

async function as<T>(
  role: string,
  settings: { user?: string; workspaces?: string },
  look: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ ...services.connection, options: `-c role=${role}` });
  await client.connect();
  try {
    await client.query('begin');
    if (settings.user) await client.query("select set_config('app.user_id', $1, true)", [settings.user]);
    if (settings.workspaces) await client.query("select set_config('app.workspaces', $1, true)", [settings.workspaces]);
    return await look(client);
  } finally {
    await client.end();
  }
}

describe('the second wall', () => {
  it.each(tables)('shows nothing foreign to a query without its WHERE: %s', async (table) => {
    const of =
      table === 'workspace'
        ? 'id'
        : table === '"user"'
          ? 'id'
          : ['member', 'processed_op', 'sync_client'].includes(table)
            ? 'user_id'
            : 'workspace_id';
    const own = of === 'user_id' || table === '"user"' ? ann.id : ann.workspace;
    const rows = await as(
      'taskmaster_api',
      { user: ann.id, workspaces: `{${ann.workspace}}` },
      async (client) => (await client.query(`select ${of}::text as of from tasks.${table}`)).rows,
    );
    expect(rows.filter((row) => row.of !== own)).toEqual([]);
    if (!['processed_op', 'sync_client'].includes(table)) expect(rows.length).toBeGreaterThan(0);
  });

  it.each(tables)('shows nothing at all where the settings are unset: %s', async (table) => {
    const rows = await as(
      'taskmaster_api',
      {},
      async (client) => (await client.query(`select 1 from tasks.${table}`)).rows,
    );
    expect(rows).toEqual([]);
  });

  it('takes no row for a foreign workspace', async () => {
    const write = as('taskmaster_api', { user: ann.id, workspaces: `{${ann.workspace}}` }, (client) =>
      client.query(`insert into tasks.search_vocab (workspace_id, word) values ($1, 'planted')`, [bob.workspace]),
    );
    await expect(write).rejects.toMatchObject({ code: '42501' });
  });

  it('lets nobody rewrite history, and no service into another’s tables', async () => {
    const mine = { user: ann.id, workspaces: `{${ann.workspace}}` };
    await expect(
      as('taskmaster_api', mine, (client) => client.query('update tasks.change set kind = kind')),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(
      as('taskmaster_api_background', mine, (client) => client.query('delete from tasks.change')),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(
      as('taskmaster_recurring', mine, (client) => client.query('select from tasks.task')),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(
      as('taskmaster_api', mine, (client) => client.query('select from auth.session')),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(
      as('taskmaster_api', mine, (client) => client.query('select hash from tasks.token_secret')),
    ).rejects.toMatchObject({ code: '42501' });
  });
});

describe('a command', () => {
  it('reads authorisation after the lock: a member removed while it waits changes nothing', async () => {
    const task = (await ann.call('POST', '/api/tasks', { title: 'before' })).json;
    const other = new pg.Client(services.connection);
    await other.connect();
    await other.query('begin');
    await other.query('select from tasks.workspace where id = $1 for update', [ann.workspace]);
    const waiting = ann.call('PATCH', `/api/tasks/${task.id}`, { title: 'after' });
    await new Promise((go) => setTimeout(go, 150));
    await other.query('delete from tasks.member where workspace_id = $1', [ann.workspace]);
    await other.query('commit');
    expect((await waiting).status).toBe(404);
    await other.query(`insert into tasks.member (workspace_id, user_id, role) values ($1, $2, 'owner')`, [
      ann.workspace,
      ann.id,
    ]);
    await other.end();
    expect((await ann.call('GET', `/api/tasks/${task.id}`)).json.title).toBe('before');
  });

  it('takes the next sequence, gapless, whatever runs at once', async () => {
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        bob.call('POST', '/api/tasks', { title: `task ${index}`, tags: [`tag${index % 7}`] }),
      ),
    );
    const { events, head } = (await bob.call('GET', `/api/workspaces/${bob.workspace}/changes?since=0&limit=1000`))
      .json;
    expect(events.map((event: { seq: number }) => event.seq)).toEqual(
      Array.from({ length: head }, (_, index) => index + 1),
    );
  });

  it('whose database connection dies is answered 503 and can be sent again', async () => {
    const killer = new pg.Client(services.connection);
    await killer.connect();
    await killer.query('begin');
    await killer.query('select from tasks.workspace where id = $1 for update', [bob.workspace]);
    const waiting = bob.call('POST', '/api/tasks', { title: 'cut off' }, { 'idempotency-key': 'cut-off-key' });
    await new Promise((go) => setTimeout(go, 150));
    await killer.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'taskmaster taskmaster_api' and wait_event_type = 'Lock'`,
    );
    await killer.query('rollback');
    await killer.end();
    const cut = await waiting;
    expect([cut.status, cut.json.code, cut.headers.has('retry-after')]).toEqual([503, 'unavailable', true]);
    const again = await bob.call('POST', '/api/tasks', { title: 'cut off' }, { 'idempotency-key': 'cut-off-key' });
    expect(again.status).toBe(201);
    expect((await bob.call('GET', '/api/tasks?q=cut')).json.items).toHaveLength(1);
  });
});
