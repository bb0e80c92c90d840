import { scopes } from '@taskmaster/contracts/scopes';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  type Answer,
  callAt,
  type Person,
  type RunningServices,
  runServices,
  until,
} from '../../test/support/running-services.ts';
import { isOpen } from './auth/scopes.ts';

let services: RunningServices;
let ann: Person;
let bob: Person;
beforeAll(async () => {
  services = await runServices();
  ann = await services.person('ann');
  bob = await services.person('bob');
});
afterAll(() => services.stop());

const make = async (who: Person, wanted: readonly string[], more: object = {}) =>
  (await who.call('POST', '/api/tokens', { name: 'a program', scopes: wanted, ...more })).json;
const as =
  (token: string) =>
  (method: string, path: string, body?: unknown): Promise<Answer> =>
    callAt(services.url, method, path, body, { authorization: `Bearer ${token}` });

describe('a token', () => {
  it('is shown once, acts as its person, and what it did says so', async () => {
    const made = await make(ann, ['tasks:write', 'tasks:read']);
    expect(made.token).toMatch(/^tm_[\w-]{43}$/);
    expect(made.ends).toBe(made.token.slice(-4));
    const call = as(made.token);
    const task = (await call('POST', '/api/tasks', { title: 'by a program' })).json;
    const { items } = (await ann.call('GET', `/api/tasks/${task.id}/history`)).json;
    expect(items[0].actor).toEqual({ kind: 'token', id: made.id });
    const [listed] = (await ann.call('GET', '/api/tokens')).json.items;
    expect(listed).toMatchObject({ id: made.id, scopes: ['tasks:read', 'tasks:write'], name: 'a program' });
    expect(JSON.stringify(listed)).not.toContain(made.token);
    await until(async () => (await ann.call('GET', '/api/tokens')).json.items[0].last_used_at, 'its last use');
    expect((await call('GET', '/api/me')).json.user.id).toBe(ann.id);
  });

  it('stands in the feed, the events and the audit log without what it is known by', async () => {
    const { id, token } = await make(ann, ['tasks:read']);
    const feed = await ann.call('GET', `/api/workspaces/${ann.workspace}/changes?since=0&limit=1000`);
    expect(feed.text).toContain(id);
    expect(feed.text).not.toContain(token.slice(0, 20));
    const found = await until(async () => {
      const { items } = (await ann.call('GET', '/api/audit-logs?event_type=com.todo.token.created')).json;
      return items.some((one: { resource_id: string }) => one.resource_id === id) && JSON.stringify(items);
    }, 'the entry');
    expect(found).not.toContain(token.slice(0, 20));
  });

  it('reaches no further than its scopes, and never the keys of the house', async () => {
    const reader = as((await make(ann, ['tasks:read'])).token);
    expect((await reader('GET', '/api/tasks')).status).toBe(200);
    expect((await reader('POST', '/api/tasks', { title: 'no' })).json.code).toBe('forbidden');
    const all = as((await make(ann, scopes)).token);
    for (const [method, path, body] of [
      ['GET', '/api/tokens'],
      ['POST', '/api/tokens', { name: 'more', scopes: ['sync'] }],
      ['PATCH', '/api/me', { name: 'Eve' }],
      ['GET', '/api/admin/users'],
      ['POST', '/api/admin/invitations', {}],
    ] as const)
      expect([method, path, (await all(method, path, body)).status]).toEqual([method, path, 403]);
    const theirs = (await bob.call('POST', '/api/tasks', { title: 'his' })).json;
    expect((await all('GET', `/api/tasks/${theirs.id}`)).status).toBe(404);
  });

  it('opens the socket where its scopes say so', async () => {
    const open = (token: string) =>
      new Promise<number>((done) => {
        const socket = new WebSocket(`${services.url.replace('http', 'ws')}/ws/tasks`, ['sync.v1'], {
          headers: { authorization: `Bearer ${token}` },
        });
        socket.on('open', () => {
          socket.close();
          done(101);
        });
        socket.on('unexpected-response', (_request, response) => done(response.statusCode ?? 0));
        socket.on('error', () => undefined);
      });
    expect(await open((await make(ann, ['sync'])).token)).toBe(101);
    expect(await open((await make(ann, ['tasks:read'])).token)).toBe(403);
  });

  it('is no good when it was taken back, has expired, or was made up', async () => {
    const { id, token } = await make(ann, ['tasks:read']);
    expect((await bob.call('DELETE', `/api/tokens/${id}`)).status).toBe(404);
    expect((await ann.call('DELETE', `/api/tokens/${id}`)).status).toBe(204);
    expect((await ann.call('DELETE', `/api/tokens/${id}`)).status).toBe(204);
    expect((await as(token)('GET', '/api/tasks')).status).toBe(401);
    const brief = await make(ann, ['tasks:read'], { expires_at: new Date(Date.now() + 700).toISOString() });
    await until(async () => (await as(brief.token)('GET', '/api/tasks')).status === 401, 'its end');
    for (const guessed of ['tm_', `tm_${'A'.repeat(43)}`, `${token}x`])
      expect((await as(guessed)('GET', '/api/tasks')).status).toBe(401);
  });

  it('is refused where it asks for what there is not', async () => {
    expect((await ann.call('POST', '/api/tokens', { name: 'x', scopes: ['everything'] })).status).toBe(422);
    expect((await ann.call('POST', '/api/tokens', { name: 'x', scopes: [] })).status).toBe(422);
    const past = { name: 'x', scopes: ['sync'], expires_at: '2020-01-01T00:00:00Z' };
    expect((await ann.call('POST', '/api/tokens', past)).json.errors[0].path).toBe('expires_at');
    // Nor by a device's push: it would have no secret.
    const op = { op: v7(), n: 1, kind: 'create', entity: 'token', id: v7(), patch: { name: 'x', scopes: [] } };
    const push = { client_id: v7(), schema: 1, ops: [op] };
    expect((await ann.call('POST', `/api/workspaces/${ann.workspace}/ops`, push)).status).toBe(422);
  });

  it('asked for twice with one key is one token, shown the first time', async () => {
    const ask = () =>
      ann.call('POST', '/api/tokens', { name: 'once', scopes: ['sync'] }, { 'idempotency-key': 'one token' });
    const [first, again] = [await ask(), await ask()];
    expect(again.json.id).toBe(first.json.id);
    expect([typeof first.json.token, again.json.token]).toEqual(['string', undefined]);
  });
});

it('every route that takes data is named by a scope, or is meant for people alone', () => {
  const paths = (services.http.swagger() as { paths: Record<string, Record<string, unknown>> }).paths;
  const forPeople = /^\/(health|ready|metrics|api\/(about|openapi.json|tokens|admin|docs|address\/confirm|me\/\w+$))/;
  const closed = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter(() => !forPeople.test(path))
      .filter((method) => !isOpen(scopes, method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1')))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(closed).toEqual(['PATCH /api/me']);
});
