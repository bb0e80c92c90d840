import { once } from 'node:events';
import { verifyExport } from '@taskmaster/contracts/audit/verify-export';
import { actEvent } from '@taskmaster/contracts/events/act';
import { createLogger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import {
  callAt,
  cookieOf,
  type Person,
  type RunningServices,
  runServices,
  until,
} from '../../test/support/running-services.ts';
import { replayErasures } from '../finish-erasures.ts';

let services: RunningServices;
let admin: Person;
let owner: pg.Client;
beforeAll(async () => {
  services = await runServices();
  admin = await services.person('admin');
  owner = new pg.Client(services.connection);
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await services.stop();
});

const password = 'a-long-pass phrase 7';
const addressOf = async (who: Person): Promise<string> =>
  (await owner.query('select email from auth."user" where id = $1', [who.id])).rows[0]?.email;
const signIn = async (email: string, given = password) => {
  const answer = await callAt(
    services.url,
    'POST',
    '/api/auth/sign-in/email',
    { email, password: given },
    { origin: services.url },
  );
  const cookie = cookieOf(answer);
  const call = (method: string, path: string, body?: unknown) =>
    callAt(services.url, method, path, body, { cookie, origin: services.url });
  return { status: answer.status, call };
};
/** Every table of every service in which these words stand, however they are kept. */
async function tablesWith(words: string): Promise<string[]> {
  const { rows: tables } = await owner.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname in ('auth', 'tasks', 'recurring', 'notification', 'sync', 'audit', 'runtime')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const { rowCount } = await owner.query(`select 1 from ${name} t where t::text ilike $1 limit 1`, [`%${words}%`]);
    if (rowCount) found.push(name);
  }
  return found;
}
const caughtUp = (workspace: string) =>
  until(async () => {
    const { rows } = await owner.query(
      `select w.head::int as head, array(select sequence::int from audit.cursor c where c.workspace_id = w.id
         union all select sequence::int from notification.cursor c where c.workspace_id = w.id
         union all select sequence::int from recurring.cursor c where c.workspace_id = w.id) as at
       from tasks.workspace w where w.id = $1`,
      [workspace],
    );
    return rows[0].at.length >= 3 && rows[0].at.every((at: number) => at === rows[0].head);
  }, 'every consumer has read all');

it('shuts a closed account at once, and gives it back as it was', async () => {
  const ann = await services.person('ann');
  const email = await addressOf(ann);
  const task = (
    await ann.call('POST', '/api/tasks', { title: 'stays mine', due_date: '2030-05-01', due_time: '09:00' })
  ).json;
  const token = (await ann.call('POST', '/api/tokens', { name: 'script', scopes: ['tasks:read'] })).json.token;
  const byToken = () => callAt(services.url, 'GET', '/api/tasks', undefined, { authorization: `Bearer ${token}` });
  expect((await byToken()).status).toBe(200);
  const planned = async () =>
    (await owner.query('select state from notification.ledger where user_id = $1', [ann.id])).rows.map(
      (row) => row.state,
    );
  await until(async () => (await planned()).includes('scheduled'), 'planned');

  const wrong = await ann.call('POST', '/api/me/close', { password: 'not my password' });
  expect([wrong.status, wrong.json.errors[0].path]).toEqual([422, 'password']);
  expect((await ann.call('GET', '/api/me')).status).toBe(200);
  const closed = await ann.call('POST', '/api/me/close', { password });
  expect(closed.status).toBe(200);
  const days = (Date.parse(closed.json.erased_at) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(14);
  expect((await ann.call('GET', '/api/me')).status).toBe(401);
  expect((await byToken()).status).toBe(401);
  await until(async () => (await planned()).every((state) => state === 'withdrawn'), 'withdrawn');

  const back = await signIn(email);
  const refused = await back.call('GET', '/api/me');
  expect([refused.status, refused.json.code, refused.json.erased_at]).toEqual([
    403,
    'account_closed',
    closed.json.erased_at,
  ]);
  expect((await back.call('GET', '/api/tasks')).status).toBe(403);
  expect((await back.call('POST', '/api/sync/ticket', {})).status).toBe(403);
  expect((await back.call('GET', '/api/audit-logs')).status).toBe(403);
  expect((await back.call('POST', '/api/me/reopen', {})).json.user.email).toBe(email);
  expect((await back.call('GET', `/api/tasks/${task.id}`)).json.title).toBe('stays mine');
  expect((await byToken()).status).toBe(200);
  await until(async () => (await planned()).includes('scheduled'), 'planned again');
  expect(await services.closing.eraseDue(new Date(Date.now() + 86_400_000).toISOString())).toBe(0);
});

it('erases every word of a person and keeps what others verify', async () => {
  const bob = await services.person('Zebulon');
  const email = await addressOf(bob);
  const made = await bob.call('POST', '/api/tasks', {
    title: 'Xanthippe at the dentist',
    notes: 'Xanthippe fears it',
    due_date: '2030-05-01',
    recurrence: 'every week',
    tags: ['xanthippe'],
  });
  await bob.call('POST', `/api/tasks/${made.json.id}/complete`, {});
  const at = new Date(Date.now() + 1_000).toISOString();
  await bob.call('POST', '/api/tasks', { title: 'Xanthippe rings', reminders: [{ at }] });
  await bob.call('POST', '/api/projects', { name: 'Xanthippe' });
  await bob.call('POST', '/api/tokens', { name: 'Xanthippe', scopes: ['tasks:read'] });
  await bob.call('PATCH', '/api/me', { name: 'Xanthippe Zebulon' });
  const tried = { email, password: 'not this one at all' };
  await callAt(services.url, 'POST', '/api/auth/sign-in/email', tried, { origin: services.url });
  await until(
    async () => (await bob.call('GET', '/api/notifications')).json.items.length > 0,
    'reminded, so that there is a notification',
  );
  await caughtUp(bob.workspace);
  await services.audit.checkpoint();
  expect((await tablesWith('xanthippe')).length).toBeGreaterThan(5);
  const before = (await admin.call('GET', '/api/audit-logs/verify')).json;
  expect((await admin.call('GET', `/api/audit-logs?user_id=${bob.id}`)).json.items[0].payload).not.toBeNull();

  await bob.call('POST', '/api/me/close', { password });
  const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();
  expect(await services.closing.eraseDue()).toBe(0);
  expect(await services.closing.eraseDue(tomorrow())).toBe(1);
  expect(await services.closing.eraseDue(tomorrow())).toBe(0);
  await caughtUp(bob.workspace);
  await until(
    async () => (await tablesWith('xanthippe')).length === 0,
    `nothing left in ${await tablesWith('xanthippe')}`,
  );
  expect(await tablesWith(email)).toEqual([]);
  expect(await tablesWith('zebulon')).toEqual([]);

  expect((await signIn(email)).status).toBe(401);
  const after = (await admin.call('GET', '/api/audit-logs/verify')).json;
  expect(after.broken_at).toBeUndefined();
  expect(after.intact_to).toBeGreaterThan(before.intact_to);
  const entries = (await admin.call('GET', `/api/audit-logs?user_id=${bob.id}&limit=200`)).json.items;
  expect(entries.map((one: { payload: unknown }) => one.payload)).toEqual(entries.map(() => null));
  expect(entries[0].action).toBe('erased');
  const file = (await admin.call('GET', '/api/audit-logs/export')).text.trim().split('\n');
  const checkpoints = (await owner.query('select line from audit.checkpoint order by id')).rows.map((row) => row.line);
  expect((await verifyExport(file, checkpoints)).broken_at).toBeUndefined();

  // What is still on its way when it happens is sealed with nothing that is kept, and breaks no list.
  const act = { action: 'refused', who: { user_id: bob.id }, via: 'rest', ip: '192.0.2.77' } as const;
  await services.api.transact(async (_tx, emit) => emit(actEvent(act, { id: uuid(), time: new Date().toISOString() })));
  const later = await until(async () => {
    const { items } = (await admin.call('GET', `/api/audit-logs?user_id=${bob.id}&limit=200`)).json;
    return items.length > entries.length && items;
  }, 'the late act');
  expect(later.map((one: { payload: unknown; ip: unknown }) => [one.payload, one.ip])).toEqual(
    later.map(() => [null, null]),
  );
  expect((await admin.call('GET', '/api/audit-logs')).status).toBe(200);

  // A consumer that reads it all again finds that there was somebody, and nothing more.
  const { events } = await services.api.ask('events', { workspace_id: bob.workspace, from: 1, to: 1_000 });
  expect(new Set(events.map((event) => event.type))).toEqual(new Set(['com.todo.user.erased']));
  expect(events.map((event) => event.data.sequence)).toEqual(events.map((_, index) => index + 1));

  // The address is free again, for somebody new.
  const up = await callAt(
    services.url,
    'POST',
    '/api/auth/sign-up/email',
    { name: 'bob again', email, password },
    { origin: services.url },
  );
  expect(up.status).toBe(200);
  expect(up.json.user.id).not.toBe(bob.id);
});

it('lets one that cannot be erased keep nobody else, and finishes what a crash broke off', async () => {
  const [first, second] = [await services.person('first'), await services.person('second')];
  for (const who of [first, second]) await who.call('POST', '/api/me/close', { password });
  await owner.query(`create function refuse_first() returns trigger language plpgsql as $$ begin
    if old.workspace_id = '${first.workspace}' then raise exception 'not this one'; end if; return new; end $$`);
  await owner.query(
    'create trigger in_the_way before update on tasks.change for each row execute function refuse_first()',
  );
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  expect(await services.closing.eraseDue(tomorrow)).toBe(1);
  expect(await addressOf(second)).toBeUndefined();
  // Begun: nobody comes back, and nobody reads a word of it.
  expect((await (await signIn(await addressOf(first))).call('POST', '/api/me/reopen', {})).status).toBe(401);
  await owner.query('drop trigger in_the_way on tasks.change');
  await owner.query('drop function refuse_first');
  expect(await services.closing.eraseDue(tomorrow)).toBe(1);
  expect(await addressOf(first)).toBeUndefined();
});

it('applies an erasure that had become a dead letter', async () => {
  const gone = await services.person('gone');
  await caughtUp(gone.workspace);
  await gone.call('POST', '/api/me/close', { password });
  await caughtUp(gone.workspace);
  const { events } = await services.api.ask('events', { workspace_id: gone.workspace, from: 1, to: 1_000 });
  const erased = { ...events.at(-1), id: uuid(), type: 'com.todo.user.erased' };
  await owner.query(
    `insert into recurring.dead_letter (id, consumer, event_id, workspace_id, sequence, event, attempts, error)
     values (gen_random_uuid(), 'recurring', $1, $2, 1, $3, 4, 'it broke')`,
    [erased.id, gone.workspace, erased],
  );
  await owner.query('insert into recurring.occurrence (workspace_id, task_id, sequence) values ($1, $2, 1)', [
    gone.workspace,
    uuid(),
  ]);
  await replayErasures(services.recurring, createLogger('silent'));
  const left = await owner.query('select 1 from recurring.occurrence where workspace_id = $1', [gone.workspace]);
  expect(left.rowCount).toBe(0);
});

it('takes the tokens of a closed account back with a new password', async () => {
  const tess = await services.person('tess');
  const email = await addressOf(tess);
  const token = (await tess.call('POST', '/api/tokens', { name: 'thief', scopes: ['tasks:read'] })).json.token;
  await tess.call('POST', '/api/me/close', { password });
  const { url } = (await admin.call('POST', '/api/admin/users/reset-password', { email })).json;
  const chosen = { token: new URL(url).searchParams.get('token'), newPassword: 'a new long phrase 9' };
  const reset = await callAt(services.url, 'POST', '/api/auth/reset-password', chosen, { origin: services.url });
  expect(reset.status).toBe(200);
  const back = await signIn(email, chosen.newPassword);
  expect((await back.call('POST', '/api/me/reopen', {})).status).toBe(200);
  const byToken = await callAt(services.url, 'GET', '/api/tasks', undefined, { authorization: `Bearer ${token}` });
  expect(byToken.status).toBe(401);
});

it('opens no socket for a closed account', async () => {
  const sol = await services.person('sol');
  const email = await addressOf(sol);
  await sol.call('POST', '/api/me/close', { password });
  const { token } = (await (await signIn(email)).call('GET', '/api/auth/token')).json;
  const socket = new WebSocket(`${services.url.replace('http', 'ws')}/ws/tasks`, 'sync.v1', {
    headers: { authorization: `Bearer ${token}` },
  });
  const [, answer] = await once(socket, 'unexpected-response');
  expect(answer.statusCode).toBe(403);
});

it('keeps an administrator where others would be left without one', async () => {
  const refused = await admin.call('POST', '/api/me/close', { password });
  expect([refused.status, refused.json.code]).toEqual([403, 'forbidden']);
  expect((await admin.call('GET', '/api/me')).status).toBe(200);
});

it('rewrites no history but that of an erased person, whoever asks', async () => {
  const service = new pg.Client({ ...services.connection, options: '-c role=taskmaster_api_background' });
  await service.connect();
  for (const client of [owner, service]) {
    for (const text of [
      `update tasks.change set patch = '{}', before = null where workspace_id = $1`,
      `update tasks.change set patch = '{"title":"other"}' where workspace_id = $1`,
      'delete from tasks.change where workspace_id = $1',
    ])
      await expect(client.query(text, [admin.workspace])).rejects.toMatchObject({ code: '42501' });
  }
  await service.end();
});
