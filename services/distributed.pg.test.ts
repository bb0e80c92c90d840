import { randomUUID } from 'node:crypto';
import { migrate } from '@taskmaster/db/migrate';
import { migrations } from '@taskmaster/db/migrations';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { serviceAt } from '../scripts/stack/proxy.mjs';
import { routesOf } from '../test/isolation/operations.ts';
import { freshDatabase } from '../test/support/fresh-database.ts';
import { callAt, type Person, until } from '../test/support/running-services.ts';
import { openHub, runSeparately, type Separate, startAlone } from '../test/support/separate-services.ts';

let services: Separate;
let owner: pg.Client;
let admin: Person;
let ann: Person;
beforeAll(async () => {
  services = await runSeparately();
  owner = new pg.Client(services.connection);
  await owner.connect();
  admin = await services.person('admin');
  ann = await services.person('ann');
});
afterAll(async () => {
  await owner.end();
  await services.stop();
});

const actsSaidBy = async (schema: string, action: string, user: Person): Promise<Record<string, unknown>[]> => {
  const { rows } = await owner.query(
    `select event -> 'data' -> 'payload' -> 'detail' as detail from ${schema}.outbox
     where event #>> '{data,payload,action}' = $1 and event #>> '{data,user_id}' = $2`,
    [action, user.id],
  );
  return rows.map((row) => row.detail);
};
async function tokenOf(person: Person, scopes: string[]): Promise<{ authorization: string }> {
  const made = await person.call('POST', '/api/tokens', { name: 'of a program', scopes });
  return { authorization: `Bearer ${made.json.token}` };
}
const refusedSocket = (headers: Record<string, string>) =>
  new Promise<string>((refused, opened) => {
    const socket = new WebSocket(`${services.url.replace('http', 'ws')}/ws/tasks`, ['sync.v1'], { headers });
    socket.on('error', (error) => refused(error.message));
    socket.on('open', () => opened(new Error('it opened')));
  });

describe('five services, each alone', () => {
  it('are one place for whoever comes by their address', async () => {
    const due_date = '2027-01-04';
    const made = await ann.call('POST', '/api/tasks', { title: 'daily', due_date, recurrence: { rule: 'FREQ=DAILY' } });
    expect(made.status).toBe(201);
    expect((await ann.call('POST', `/api/tasks/${made.json.id}/complete`, {})).status).toBe(200);
    const successor = await until(
      async () =>
        (await ann.call('GET', '/api/tasks')).json.items.find((task: { id: string }) => task.id !== made.json.id),
      'the successor, by recurring',
    );
    expect(successor.due_date).toBe('2027-01-05');
    expect((await ann.call('GET', '/api/reminders')).status).toBe(200);
    expect((await ann.call('GET', `/api/${ann.id}/notifications`)).json.items).toEqual([]);
    const entries = await until(async () => {
      const { items } = (await ann.call('GET', `/api/${ann.id}/audit_logs`)).json;
      return items.some((one: { resource_id: string }) => one.resource_id === successor.id) && items;
    }, 'the entry of the successor');
    expect(entries.length).toBeGreaterThan(2);
    expect((await ann.call('GET', '/api/audit-logs/verify')).json).toMatchObject({ intact_to: expect.any(Number) });
  });

  it('judge a cookie, a foreign origin, somebody else’s path and what is not valid as one program does', async () => {
    const { url } = services;
    const mark = (headers: Record<string, string>) =>
      callAt(url, 'POST', '/api/notifications/mark_all_read', {}, headers);
    expect((await mark({ cookie: ann.cookie, origin: url })).status).toBe(200);
    expect((await mark({ cookie: ann.cookie, origin: 'https://evil.example' })).json.code).toBe('foreign_origin');
    expect((await mark({ cookie: ann.cookie, origin: url, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await mark({ cookie: ann.cookie })).json.code).toBe('foreign_origin');
    expect((await mark({})).status).toBe(401);
    expect((await ann.call('GET', `/api/${admin.id}/notifications`)).json.code).toBe('forbidden');
    expect((await ann.call('GET', `/api/${admin.id}/audit_logs`)).json.code).toBe('forbidden');
    expect((await callAt(url, 'GET', '/api/notifications?limit=no')).status).toBe(401);
    expect((await ann.call('GET', '/api/notifications?limit=no')).status).toBe(422);
  });

  it('know at once that a session has ended', async () => {
    const bob = await services.person('bob');
    expect((await bob.call('GET', '/api/notifications')).status).toBe(200);
    await callAt(services.url, 'POST', '/api/auth/sign-out', {}, { cookie: bob.cookie, origin: services.url });
    expect((await bob.call('GET', '/api/notifications')).status).toBe(401);
    expect((await bob.call('GET', '/api/audit-logs')).status).toBe(401);
  });

  it('open a socket once for a ticket of api, and tell it what changes', async () => {
    const { ticket } = (await ann.call('POST', '/api/sync/ticket', {})).json;
    const at = `${services.url.replace('http', 'ws')}/ws/tasks?ticket=${ticket}`;
    const socket = new WebSocket(at, ['sync.v1']);
    const frames: { t: string }[] = [];
    socket.on('message', (data) => frames.push(JSON.parse(String(data))));
    await new Promise((opened, refused) => socket.on('open', opened).on('error', refused));
    const spaces = [{ id: ann.workspace, cursor: null }];
    socket.send(JSON.stringify({ t: 'hello', client_id: randomUUID(), schema: 1, spaces }));
    await until(async () => frames.some((frame) => frame.t === 'welcome'), 'welcome');
    await ann.call('POST', '/api/tasks', { title: 'told' });
    await until(
      async () => frames.some((frame) => frame.t === 'ev' && JSON.stringify(frame).includes('told')),
      'the run',
    );
    const again = new WebSocket(at, ['sync.v1']);
    await expect(new Promise((opened, refused) => again.on('open', opened).on('error', refused))).rejects.toThrow(
      '401',
    );
    socket.close();
  });

  it('each say themselves whom they refused, once, and the audit log hears of all of it', async () => {
    const bob = await services.person('bob');
    const reader = await tokenOf(bob, ['tasks:read']);
    const refused = await bob.call('GET', '/api/notifications', undefined, reader);
    expect([refused.status, refused.json.code, JSON.stringify(refused.json).includes(bob.id)]).toEqual([
      403,
      'forbidden',
      false,
    ]);
    expect((await bob.call('GET', '/api/audit-logs', undefined, reader)).status).toBe(403);
    expect((await bob.call('GET', '/api/admin/recurring/dead-letters')).status).toBe(403);
    expect((await bob.call('GET', '/api/admin/users')).status).toBe(403);
    expect(await refusedSocket(reader)).toContain('403');
    const routes = {
      notification: '/api/notifications',
      audit: '/api/audit-logs',
      recurring: '/api/admin/recurring/dead-letters',
      tasks: '/api/admin/users',
      sync: '/ws/tasks',
    };
    for (const [schema, route] of Object.entries(routes))
      await until(async () => (await actsSaidBy(schema, 'refused', bob)).length > 0, `what ${schema} said`).then(
        async () => expect(await actsSaidBy(schema, 'refused', bob)).toEqual([{ method: 'GET', route }]),
      );
    const entries = await until(async () => {
      const { items } = (await admin.call('GET', `/api/audit-logs?user_id=${bob.id}&limit=200`)).json;
      const refusals = items.filter((one: { action: string }) => one.action === 'refused');
      return refusals.length === 5 && refusals;
    }, 'the entries');
    for (const { payload } of entries) expect(Object.values(routes)).toContain(payload.detail.route);
  });

  it('let whoever runs the place see every one, and say which does not answer', async () => {
    const own = await admin.call('GET', '/api/audit-logs/export');
    expect(own.status).toBe(200);
    expect(await actsSaidBy('audit', 'audit_log_exported', admin)).toHaveLength(1);
    // On a busy machine any of them may answer too late to be counted.
    const before = await until(async () => {
      const found = (await admin.call('GET', '/api/admin/status')).json;
      return found.services.every((one: { outbox: number | null }) => one.outbox !== null) && found;
    }, 'an answer of each');
    expect(before.services.map((one: { name: string; dead_letters: number }) => [one.name, one.dead_letters])).toEqual(
      ['api', 'recurring', 'notification', 'audit'].map((name) => [name, 0]),
    );
    expect(before.reminders.failed).toBe(0);
    const other = await runSeparately();
    try {
      const alone = await other.person('admin');
      await other.of.notification.stop();
      const { services: counted, reminders } = await until(async () => {
        const found = (await alone.call('GET', '/api/admin/status')).json;
        return found.services[3].dead_letters === 0 && found;
      }, 'an answer of audit');
      expect(counted[2]).toEqual({ name: 'notification', outbox: null, inbox: null, dead_letters: null });
      expect(reminders).toBe(null);
      expect((await alone.call('GET', '/api/tasks')).status).toBe(200);
    } finally {
      await other.stop();
    }
  });

  it('are each alive, ready, measured and described by themselves; api describes the whole place', async () => {
    for (const [name, { url }] of Object.entries(services.of)) {
      expect((await callAt(url, 'GET', '/health')).json).toEqual({ status: 'ok' });
      expect((await callAt(url, 'GET', '/ready')).json.dependencies.database.status).toBe('ok');
      expect((await callAt(url, 'GET', '/metrics')).text).toContain(`service="${name}"`);
      const document = (await callAt(url, 'GET', '/api/openapi.json')).json;
      expect('/api/audit-logs' in document.paths, name).toBe(['api', 'audit'].includes(name));
      expect((await callAt(url, 'GET', '/api/nowhere')).json.code).toBe('not_found');
    }
  });

  it('are found where the table says: each route at the service that has it, and nowhere else', async () => {
    const ofEach = new Set(['*', '/*', '/health', '/ready', '/metrics', '/api/docs', '/api/openapi.json']);
    let seen = 0;
    for (const [name, { http }] of Object.entries(services.of)) {
      for (const route of routesOf(http)) {
        const [, path = ''] = route.split(' ');
        if (ofEach.has(path)) continue;
        seen++;
        expect(serviceAt(path.replaceAll(/\{\w+\}/g, () => randomUUID())), `${route} of ${name}`).toBe(name);
      }
    }
    expect(seen).toBeGreaterThan(60);
  });
});

it('a service waits until api has brought the database up to date, and says so', async () => {
  const fresh = await freshDatabase();
  const empty = { ...fresh.connection, database: `${fresh.connection.database}_empty` };
  const client = new pg.Client(fresh.connection);
  await client.connect();
  await client.query(`create database ${empty.database} template template0`);
  const hub = openHub(empty);
  const said: string[] = [];
  try {
    await migrate(empty, migrations.at(-2)?.name);
    let started = false;
    const waiting = startAlone('recurring', empty, hub, {}, (text) => said.push(text)).then((running) => {
      started = true;
      return running;
    });
    await until(async () => said.some((text) => /Waiting for api.*1 migration/.test(text)), 'what it waits for');
    await new Promise((go) => setTimeout(go, 1_500));
    expect(started).toBe(false);
    const api = await startAlone('api', empty, hub);
    const recurring = await waiting;
    expect((await callAt(recurring.url, 'GET', '/ready')).status).toBe(200);
    await recurring.stop();
    await api.stop();
  } finally {
    await hub.stop();
    await client.query(`drop database if exists ${empty.database} with (force)`);
    await client.end();
    await fresh.drop();
  }
});
