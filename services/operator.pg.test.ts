import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  callAt,
  cookieOf,
  type Person,
  type RunningServices,
  runServices,
  signUp,
  until,
} from '../test/support/running-services.ts';
import { listenForOperator } from './http/operator-socket.ts';

const folder = mkdtempSync(join(tmpdir(), 'taskmaster-operator-'));
const path = join(folder, 'operator.sock');
let services: RunningServices;
let operator: { close(): Promise<void> };
let admin: Person;
let ann: Person;
let owner: pg.Client;
beforeAll(async () => {
  services = await runServices();
  operator = await listenForOperator(services.http, path, createLogger('silent'));
  admin = await services.person('admin');
  ann = await services.person('ann');
  owner = new pg.Client(services.connection);
  await owner.connect();
});
afterAll(async () => {
  await operator.close();
  await owner.end();
  await services.stop();
  rmSync(folder, { recursive: true });
});

/** As whoever may open the socket. */
const operate = (method: string, at: string, body?: object) =>
  // biome-ignore lint/suspicious/noExplicitAny: what a server answered is looked at, not trusted
  new Promise<{ status: number; json: any }>((answered, failed) => {
    const headers = body ? { 'content-type': 'application/json' } : {};
    const asked = request({ socketPath: path, method, path: at, headers }, async (answer) => {
      let text = '';
      for await (const part of answer) text += part;
      answered({ status: answer.statusCode ?? 0, json: JSON.parse(text || 'null') });
    });
    asked.on('error', failed);
    asked.end(body ? JSON.stringify(body) : undefined);
  });
const actsOf = async (action: string) =>
  (await admin.call('GET', '/api/audit-logs?event_type=com.todo.audit.recorded&limit=200')).json.items.filter(
    (one: { action: string }) => one.action === action,
  );

/** A letter that nobody could handle: of an event that the consumer passes over, so that it can be applied. */
async function deadLetter(): Promise<string> {
  const id = randomUUID();
  const { rows } = await owner.query(`select event from audit.outbox union all select event from tasks.outbox limit 1`);
  const event = { ...rows[0].event, id: randomUUID(), type: 'com.todo.task.completed' };
  event.data.payload = { after: { id: randomUUID(), series_id: null, successor_id: null }, changed: {} };
  event.data.sequence = 1;
  await owner.query(
    `insert into recurring.dead_letter (id, consumer, event_id, workspace_id, sequence, event, attempts, error) values ($1, 'recurring', $2, $3, 1, $4, 4, 'it broke')`,
    [id, event.id, ann.workspace, event],
  );
  return id;
}

describe('whoever runs the place', () => {
  it.each([
    ['GET', '/api/admin/status'],
    ['GET', '/api/admin/users'],
    ['POST', '/api/admin/users/reset-password'],
    ['POST', '/api/admin/invitations'],
    ['GET', '/api/admin/recurring/dead-letters'],
    ['GET', `/api/admin/audit/dead-letters/${randomUUID()}`],
    ['POST', `/api/admin/notification/dead-letters/${randomUUID()}/replay`],
  ])('is nobody else: %s %s', async (method, at) => {
    expect((await callAt(services.url, method, at, method === 'POST' ? {} : undefined)).status).toBe(401);
    // Not by claiming to come from the socket, either.
    const claims = { 'x-forwarded-for': 'operator', 'x-operator': 'true' };
    expect((await callAt(services.url, method, at, undefined, claims)).status).toBe(401);
    const body = at.endsWith('reset-password') ? { email: 'x@example.test' } : method === 'POST' ? {} : undefined;
    expect((await ann.call(method, at, body)).status).toBe(403);
  });

  it('is whoever may open the socket, which is its owner’s alone, and the first account', async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    for (const { status, json } of [
      await operate('GET', '/api/admin/status'),
      await admin.call('GET', '/api/admin/status'),
    ]) {
      expect(status).toBe(200);
      expect(json.users).toBe(2);
      expect(json.services.map((one: { name: string }) => one.name)).toEqual([
        'api',
        'recurring',
        'notification',
        'audit',
      ]);
    }
    // It has no person: what belongs to one is not to be had there.
    expect((await operate('GET', '/api/tasks')).status).toBe(401);
    const { json } = await operate('GET', '/api/admin/users');
    expect(json.items.map((one: { role: string }) => one.role)).toEqual(['admin', 'user']);
  });

  it('makes a link for a new password, without mail, and it is witnessed', async () => {
    const email = (await ann.call('GET', '/api/me')).json.user.email;
    const { status, json } = await operate('POST', '/api/admin/users/reset-password', { email: email.toUpperCase() });
    expect(status).toBe(201);
    const token = new URL(json.url).searchParams.get('token');
    const reset = (password: string) =>
      callAt(
        services.url,
        'POST',
        '/api/auth/reset-password',
        { newPassword: password, token },
        { origin: services.url },
      );
    expect((await reset('another long phrase 8')).status).toBe(200);
    expect((await reset('a third long phrase 9')).status).toBeGreaterThan(399);
    const again = { email, password: 'another long phrase 8' };
    expect(
      (await callAt(services.url, 'POST', '/api/auth/sign-in/email', again, { origin: services.url })).status,
    ).toBe(200);
    expect((await operate('POST', '/api/admin/users/reset-password', { email: 'nobody@example.test' })).status).toBe(
      404,
    );
    await until(async () => (await actsOf('password_reset_link_made')).length === 1, 'the entry');
    expect((await actsOf('password_reset_link_made'))[0].payload.detail).toEqual({ for: ann.id });
  });

  it('gives the running of the place to another, and never takes it from the last', async () => {
    const bea = await services.person('bea');
    const emailOf = async (who: Person) => (await who.call('GET', '/api/me')).json.user.email;
    const role = (by: typeof operate, email: string, wanted: string) =>
      by('POST', '/api/admin/users/role', { email, role: wanted });
    expect((await role(admin.call, await emailOf(admin), 'user')).json.code).toBe('conflict');
    expect((await role(bea.call, await emailOf(bea), 'admin')).status).toBe(403);
    expect((await role(operate, await emailOf(bea), 'admin')).status).toBe(204);
    await until(async () => (await bea.call('GET', '/api/admin/status')).status === 200, 'she runs it');
    const listed = (await operate('GET', '/api/admin/users')).json.items;
    expect(listed.filter((one: { role: string }) => one.role === 'admin')).toHaveLength(2);
    expect((await role(admin.call, await emailOf(bea), 'user')).status).toBe(204);
    await until(async () => (await bea.call('GET', '/api/admin/status')).status === 403, 'no longer');
    expect((await role(operate, 'nobody@example.test', 'admin')).status).toBe(404);
    // Two who take it from each other at once: one of them keeps it.
    await role(operate, await emailOf(bea), 'admin');
    const both = [await emailOf(bea), await emailOf(admin)].map((email) => role(operate, email, 'user'));
    expect((await Promise.all(both)).map((answer) => answer.status).sort()).toEqual([204, 409]);
    await role(operate, await emailOf(admin), 'admin');
    await role(operate, await emailOf(bea), 'user');
    await until(async () => {
      const query = `user_id=${bea.id}&event_type=com.todo.user.updated`;
      const { items } = (await admin.call('GET', `/api/audit-logs?${query}`)).json;
      return items[0]?.payload.changed.role?.join() === 'admin,user';
    }, 'the entry');
  });

  it('lists dead letters, looks at one, and applies it once', async () => {
    await until(async () => (await owner.query('select 1 from tasks.outbox')).rowCount, 'an event');
    const id = await deadLetter();
    const list = (await operate('GET', '/api/admin/recurring/dead-letters')).json.items;
    expect(list).toMatchObject([{ id, consumer: 'recurring', error: 'it broke', replayed_at: null }]);
    expect(list[0].event).toBeUndefined();
    expect((await admin.call('GET', `/api/admin/recurring/dead-letters/${id}`)).json.event.type).toBe(
      'com.todo.task.completed',
    );
    const replay = () => operate('POST', `/api/admin/recurring/dead-letters/${id}/replay`, {});
    expect((await replay()).json).toEqual({ outcome: 'applied' });
    expect((await replay()).json).toEqual({ outcome: 'already_replayed' });
    expect((await operate('POST', `/api/admin/recurring/dead-letters/${randomUUID()}/replay`, {})).status).toBe(404);
    expect((await operate('GET', '/api/admin/recurring/dead-letters/nonsense')).status).toBe(422);
  });
});

it('has a service publish again what it emitted since a time: whoever has it passes it over', async () => {
  const somebody = await services.person('somebody');
  const marks = async () =>
    (await owner.query('select count(*)::int as n from tasks.outbox where published_at is null')).rows[0].n;
  const acts = async () => (await actsOf('signed_up')).length;
  await until(async () => (await marks()) === 0 && (await acts()) >= 3, 'everything published');
  const before = await acts();
  const since = new Date(0).toISOString();
  expect((await somebody.call('POST', '/api/admin/api/replay', { since })).status).toBe(403);
  expect((await operate('POST', '/api/admin/api/replay', { since: 'yesterday' })).status).toBe(422);
  const { status, json } = await operate('POST', '/api/admin/api/replay', { since });
  expect(status).toBe(200);
  expect(json.events).toBeGreaterThanOrEqual(before);
  await until(async () => (await marks()) === 0, 'published again');
  await until(async () => (await actsOf('events_sent_again')).length === 1, 'the entry');
  expect(await acts()).toBe(before);
  for (const service of ['recurring', 'notification', 'sync', 'audit'])
    expect((await operate('POST', `/api/admin/${service}/replay`, { since })).status, service).toBe(200);
});

it('where sign-up is closed, an invitation makes one account', async () => {
  const closed = await runServices({ SIGN_UP: 'closed' });
  try {
    const up = (invite: string, name: string) =>
      callAt(
        closed.url,
        'POST',
        '/api/auth/sign-up/email',
        { name, email: `${name}@example.test`, password: 'a-long-pass phrase 7' },
        { origin: closed.url, 'x-taskmaster-invite': invite },
      );
    const inviteIn = (url: string) => new URL(url, closed.url).searchParams.get('invite') ?? '';
    expect((await up(inviteIn((await closed.firstAccountPath()) ?? ''), 'first')).status).toBe(200);
    const signed = await callAt(
      closed.url,
      'POST',
      '/api/auth/sign-in/email',
      { email: 'first@example.test', password: 'a-long-pass phrase 7' },
      { origin: closed.url },
    );
    const cookie = cookieOf(signed);
    const made = await callAt(closed.url, 'POST', '/api/admin/invitations', {}, { cookie, origin: closed.url });
    expect(made.status).toBe(201);
    const invite = inviteIn(made.json.url);
    expect((await up('guessed', 'nobody')).json.code).toBe('sign_up_closed');
    // A try that comes to nothing uses nothing up, and gives the link to nobody else.
    const breaking = new pg.Client(closed.connection);
    await breaking.connect();
    await breaking.query('alter table auth."user" rename "emailVerified" to verified');
    const broken = await up(invite, 'second');
    await breaking.query('alter table auth."user" rename verified to "emailVerified"');
    await breaking.end();
    expect([broken.status >= 400, broken.json.code === 'sign_up_closed']).toEqual([true, false]);
    expect((await up(invite, 'third')).json.code).toBe('sign_up_closed');
    expect((await up(invite, 'second')).status).toBe(200);
    expect((await up(invite, 'second')).status).toBeGreaterThan(399);
    expect((await up(invite, 'third')).json.code).toBe('sign_up_closed');
    // Nor for whoever moves on to another address.
    const owner = new pg.Client(closed.connection);
    await owner.connect();
    await owner.query(`update auth."user" set email = 'elsewhere@example.test' where email = 'second@example.test'`);
    await owner.end();
    expect((await up(invite, 'second')).json.code).toBe('sign_up_closed');
    await expect(signUp(closed.url, 'fourth')).rejects.toThrow('403');
  } finally {
    await closed.stop();
  }
});
