import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  callAt,
  cookieOf,
  type Person,
  type RunningServices,
  runServices,
} from '../../test/support/running-services.ts';

let services: RunningServices;
let ann: Person;
let bob: Person;
beforeAll(async () => {
  services = await runServices();
  ann = await services.person('ann');
  bob = await services.person('bob');
});
afterAll(() => services.stop());

const count = async () => (await ann.call('GET', '/api/tasks?status=all&limit=200')).json.items.length;

describe('a request that is not right', () => {
  const bodies: [string, unknown, number, string, string?][] = [
    ['no title', {}, 422, 'invalid', 'title'],
    ['an empty title', { title: '  ' }, 422, 'invalid', 'title'],
    ['a long title', { title: 'x'.repeat(501) }, 422, 'invalid', 'title'],
    ['a control character', { title: 'a\u0007b' }, 422, 'invalid', 'title'],
    ['half a surrogate pair', { title: 'a\ud800b' }, 422, 'invalid', 'title'],
    ['an unknown field', { title: 'x', colour: 'red' }, 422, 'invalid'],
    ['a read-only field', { title: 'x', version: 4 }, 422, 'invalid'],
    ['another user', { title: 'x', user_id: randomUUID() }, 422, 'invalid'],
    ['a wrong priority', { title: 'x', priority: 'urgent' }, 422, 'invalid', 'priority'],
    ['a day that is not', { title: 'x', due_date: '2027-02-30' }, 422, 'invalid', 'due_date'],
    ['a time without a date', { title: 'x', due_time: '09:00' }, 422, 'invalid', 'due_time'],
    [
      'a zone that is not',
      { title: 'x', due_date: '2027-01-01', due_time: '09:00', due_zone: 'Mars/Base' },
      422,
      'invalid',
      'due_zone',
    ],
    [
      'a timestamp and a time',
      { title: 'x', due_date: '2027-01-01T10:00:00Z', due_time: '09:00' },
      422,
      'invalid',
      'due_time',
    ],
    ['a rule that is not', { title: 'x', recurrence: { rule: 'FREQ=SOMETIMES' } }, 422, 'invalid', 'recurrence.rule'],
    [
      'a sub-daily rule',
      { title: 'x', due_date: '2027-01-01', recurrence: { rule: 'FREQ=HOURLY' } },
      422,
      'invalid',
      'recurrence.rule',
    ],
    [
      'a shorthand beside its long form',
      { title: 'x', reminders: [], reminder_lead_time: 5 },
      422,
      'invalid',
      'reminder_lead_time',
    ],
    ['a project that is not there', { title: 'x', project_id: randomUUID() }, 422, 'invalid', 'project_id'],
    ['a parent that is not there', { title: 'x', parent_id: randomUUID() }, 422, 'invalid', 'parent_id'],
    ['notes above 32,768 bytes', { title: 'x', notes: 'ä'.repeat(16_385) }, 422, 'invalid', 'notes'],
    ['51 tags', { title: 'x', tags: Array.from({ length: 51 }, (_, index) => `t${index}`) }, 422, 'invalid', 'tags'],
    ['broken JSON', '{"title": ', 400, 'malformed'],
    ['a body above 512 kB', { title: 'x', notes: 'x'.repeat(600_000) }, 413, 'too_large'],
  ];
  it.each(bodies)('is refused with a code and writes nothing: %s', async (_name, body, status, code, path) => {
    const before = await count();
    const answer = await ann.call('POST', '/api/tasks', body);
    expect([answer.status, answer.json?.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.json.request_id).toBe(answer.headers.get('x-request-id'));
    if (path) expect(answer.json.errors[0].path).toBe(path);
    expect(answer.text).not.toMatch(/node_modules|\.ts:|select |insert into/i);
    expect(await count()).toBe(before);
  });

  it('is 415 for another media type, 405 for another method, 404 for another address', async () => {
    const bearer = { authorization: `Bearer ${ann.token}` };
    expect(
      (await callAt(services.url, 'POST', '/api/tasks', 'title=x', { ...bearer, 'content-type': 'text/plain' })).json
        .code,
    ).toBe('unsupported_media_type');
    const other = await ann.call('DELETE', '/api/tasks');
    expect([other.json.code, other.headers.get('allow')]).toEqual(['method_not_allowed', 'GET, POST']);
    expect((await ann.call('GET', '/api/nothing')).json.code).toBe('not_found');
  });

  it('is 400 for bytes that are no UTF-8, 415 for another charset, and named even where the address cannot be read', async () => {
    const authorization = `Bearer ${ann.token}`;
    const send = (body: Uint8Array, type: string) =>
      fetch(`${services.url}/api/tasks`, {
        method: 'POST',
        body: body as never,
        headers: { authorization, 'content-type': type },
      });
    const broken = new Uint8Array([...Buffer.from('{"title":"caf'), 0xe9, ...Buffer.from('"}')]);
    expect((await send(broken, 'application/json')).status).toBe(400);
    expect((await send(Buffer.from('{"title":"x"}'), 'application/json; charset=latin1')).status).toBe(415);
    expect((await send(Buffer.from('{"title":"x"}'), 'application/json; charset=UTF-8')).status).toBe(201);
    const odd = await callAt(services.url, 'GET', '/api/tasks/%E0%A4%A');
    expect([odd.status, odd.json.request_id]).toEqual([400, odd.headers.get('x-request-id')]);
  });

  it('is 422 for a parameter that nobody reads, and for a date that nobody means', async () => {
    const { id } = (await ann.call('POST', '/api/tasks', { title: 'x' })).json;
    expect((await ann.call('GET', `/api/tasks/${id}/history?page=2`)).status).toBe(422);
    expect((await ann.call('POST', '/api/tasks', { title: 'x', due_date: '0026-12-22' })).status).toBe(422);
    expect((await ann.call('GET', '/api/tasks?q=')).json.items.length).toBeGreaterThan(0);
    for (const moment of ['2024-99-99 99:99', '2024-01-01 00:00nonsense', '2024-01-01 00:00:99'])
      for (const sort of ['created', 'due_date']) {
        const cursor = Buffer.from(JSON.stringify([`${sort}:asc`, moment, id])).toString('base64url');
        expect((await ann.call('GET', `/api/tasks?sort=${sort}&cursor=${cursor}`)).status).toBe(422);
      }
  });

  it('is 412 for a deletion of what has changed since', async () => {
    const { id, version } = (await ann.call('POST', '/api/tasks', { title: 'x' })).json;
    await ann.call('PATCH', `/api/tasks/${id}`, { title: 'y' });
    const deletion = (seen: number) => ann.call('DELETE', `/api/tasks/${id}`, undefined, { 'if-match': `"${seen}"` });
    expect((await deletion(version)).status).toBe(412);
    expect((await deletion(version + 1)).status).toBe(204);
  });

  it('of the sign-up names the field, and comes from our own page or from no page', async () => {
    const up = (email: string, headers: Record<string, string>) =>
      callAt(
        services.url,
        'POST',
        '/api/auth/sign-up/email',
        { name: 'x', email, password: 'a-long-pass phrase 7' },
        headers,
      );
    const wrong = await up('not-an-email', { origin: services.url });
    expect([wrong.status, wrong.json.errors]).toEqual([422, [{ path: 'email', message: 'Not an e-mail address.' }]]);
    expect((await up('evil@example.test', { origin: 'http://evil.test' })).json.code).toBe('foreign_origin');
  });

  it('is 401 without, with a broken, and with a forged token', async () => {
    expect((await callAt(services.url, 'GET', '/api/tasks')).status).toBe(401);
    for (const token of ['x', 'a.b.c', `${ann.token.slice(0, -4)}AAAA`]) {
      const answer = await callAt(services.url, 'GET', '/api/tasks', undefined, { authorization: `Bearer ${token}` });
      expect([answer.status, answer.json.code]).toEqual([401, 'unauthenticated']);
    }
    const [, payload] = ann.token.split('.');
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`;
    expect(
      (await callAt(services.url, 'GET', '/api/tasks', undefined, { authorization: `Bearer ${none}` })).status,
    ).toBe(401);
  });

  it.each([
    ['POST', '/api/tasks/quick', { text: 3 }],
    ['POST', '/api/tasks/quick/parse', {}],
    ['PATCH', '/api/me', { name: 7 }],
    ['GET', '/api/tasks?sort=nonsense', undefined],
    ['GET', '/api/tasks/no-id', undefined],
  ] as const)('tells a stranger nothing of what is valid: %s %s', async (method, path, body) => {
    expect((await callAt(services.url, method, path, body, { authorization: 'Bearer x' })).status).toBe(401);
    expect((await ann.call(method, path, body)).status).toBe(422);
  });

  it('tells nobody but administrators what is valid of theirs', async () => {
    const link = (who: Person) => who.call('POST', '/api/admin/users/reset-password', { email: 'x', role: 'admin' });
    expect([(await link(ann)).status, (await link(bob)).status]).toEqual([422, 403]);
  });

  it('is 422 for what an alias does not know, as for its own form', async () => {
    const { id } = (await ann.call('POST', '/api/tasks', { title: 'x' })).json;
    const complete = (body: object) => ann.call('PATCH', `/api/${ann.id}/tasks/${id}/complete`, body);
    expect((await complete({ user_id: bob.id })).status).toBe(422);
    expect((await complete({})).json.status).toBe('completed');
  });

  it('is 404 for someone else’s thing, before its body is looked at, and changes nothing', async () => {
    const task = (await ann.call('POST', '/api/tasks', { title: 'hers' })).json;
    for (const [method, path, body] of [
      ['GET', ''],
      ['PATCH', '', { title: 'his' }],
      ['PATCH', '', { nonsense: 1 }],
      ['DELETE', ''],
      ['POST', '/complete', {}],
      ['POST', '/snooze', {}],
      ['POST', '/restore', {}],
      ['GET', '/history'],
    ] as const) {
      const answer = await bob.call(method, `/api/tasks/${task.id}${path}`, body);
      expect([method, path, answer.status]).toEqual([method, path, 404]);
    }
    for (const path of ['snapshot', 'changes?since=0'])
      expect((await bob.call('GET', `/api/workspaces/${ann.workspace}/${path}`)).status).toBe(404);
    expect((await bob.call('POST', '/api/tasks', { title: 'x', workspace_id: ann.workspace })).status).toBe(404);
    expect((await bob.call('POST', '/api/tasks', { title: 'x', parent_id: task.id })).status).toBe(422);
    expect((await bob.call('GET', `/api/${ann.id}/tasks`)).status).toBe(403);
    expect((await ann.call('GET', `/api/tasks/${task.id}`)).json.title).toBe('hers');
  });

  it('is 409 where the state forbids it: deleted, taken id', async () => {
    const task = (await ann.call('POST', '/api/tasks', { title: 'gone' })).json;
    expect((await ann.call('POST', '/api/tasks', { id: task.id, title: 'again' })).json.code).toBe('id_taken');
    await ann.call('DELETE', `/api/tasks/${task.id}`);
    expect((await ann.call('DELETE', `/api/tasks/${task.id}`)).status).toBe(204);
    for (const [method, path, body] of [
      ['PATCH', '', { title: 'x' }],
      ['POST', '/complete', {}],
      ['POST', '/snooze', { until: '2030-01-01T00:00:00Z' }],
    ] as const)
      expect((await ann.call(method, `/api/tasks/${task.id}${path}`, body)).json.code).toBe('deleted');
  });

  it('is 422 where a task would be inside itself', async () => {
    const parent = (await ann.call('POST', '/api/tasks', { title: 'parent' })).json;
    const child = (await ann.call('POST', '/api/tasks', { title: 'child', parent_id: parent.id })).json;
    expect((await ann.call('PATCH', `/api/tasks/${parent.id}`, { parent_id: child.id })).json.code).toBe(
      'parent_cycle',
    );
  });

  it('is 403 with a cookie from another site, or without an Origin', async () => {
    const send = (headers: Record<string, string>) =>
      callAt(services.url, 'POST', '/api/tasks', { title: 'x' }, { cookie: ann.cookie, ...headers });
    expect((await send({ origin: 'https://evil.example' })).json.code).toBe('foreign_origin');
    expect((await send({ origin: services.url, 'sec-fetch-site': 'cross-site' })).json.code).toBe('foreign_origin');
    expect((await send({})).json.code).toBe('foreign_origin');
    expect((await send({ origin: services.url })).status).toBe(201);
  });

  it('is 410 for a cursor that is not of this history', async () => {
    const feed = (query: string) => ann.call('GET', `/api/workspaces/${ann.workspace}/changes?${query}`);
    expect((await feed('since=999999')).json.code).toBe('reset');
    expect((await feed(`since=1&epoch=${randomUUID()}`)).json.code).toBe('reset');
    expect((await feed(`since=1&op=${randomUUID()}`)).json.code).toBe('reset');
    expect((await feed('since=1')).status).toBe(200);
  });
});

describe('limits', () => {
  it('answer 429 with Retry-After, for the API and for sign-in', async () => {
    const limited = await runServices({ RATE_LIMIT: { perSecond: 5, burst: 10 } });
    try {
      const cy = await limited.person('cy');
      const answers = await Promise.all(Array.from({ length: 30 }, () => cy.call('GET', '/api/tasks')));
      const refused = answers.find((answer) => answer.status === 429);
      expect([refused?.json.code, Number(refused?.headers.get('retry-after')) >= 1]).toEqual(['rate_limited', true]);
      const tries = await Promise.all(
        Array.from({ length: 15 }, () =>
          callAt(
            limited.url,
            'POST',
            '/api/auth/sign-in/email',
            { email: 'x@example.test', password: 'wrong wrong wrong' },
            { origin: limited.url },
          ),
        ),
      );
      expect(tries.some((answer) => answer.status === 429 && answer.headers.get('retry-after'))).toBe(true);
    } finally {
      await limited.stop();
    }
  });

  it('cannot be walked around by another spelling of the address', async () => {
    const limited = await runServices({ RATE_LIMIT: { perSecond: 50, burst: 200 } });
    try {
      const body = { email: 'x@example.test', password: 'wrong wrong wrong' };
      for (const path of ['/api/auth/%2e/sign-in/email', '/api/auth/x/%2e%2e/sign-in/email']) {
        const answer = await new Promise<number | undefined>((done, failed) => {
          const { hostname, port } = new URL(limited.url);
          // fetch folds the dots itself: this sends the address as it is spelled.
          const request = http.request(
            {
              hostname,
              port,
              path,
              method: 'POST',
              headers: { 'content-type': 'application/json', origin: limited.url },
            },
            (response) => done(response.resume().statusCode),
          );
          request.on('error', failed).end(JSON.stringify(body));
        });
        expect([path, answer]).toEqual([path, 404]);
      }
    } finally {
      await limited.stop();
    }
  });

  it('keep a closed place closed: the first account needs the printed link, the second is refused', async () => {
    const closed = await runServices({ SIGN_UP: 'closed' });
    try {
      const body = { name: 'a', email: 'a@example.test', password: 'a-long-pass phrase 7' };
      const up = (headers: Record<string, string> = {}, email = body.email) =>
        callAt(closed.url, 'POST', '/api/auth/sign-up/email', { ...body, email }, { origin: closed.url, ...headers });
      const about = async () => (await callAt(closed.url, 'GET', '/api/about')).json;
      expect(await about()).toEqual({ has_accounts: false, sign_up: 'closed', mail: false });
      expect((await up()).json.code).toBe('sign_up_closed');
      const path = (await closed.firstAccountPath()) ?? '';
      const invite = new URLSearchParams(path.split('?')[1]).get('invite') ?? '';
      expect((await up({ 'x-taskmaster-invite': 'wrong' })).json.code).toBe('sign_up_closed');
      const first = await up({ 'x-taskmaster-invite': invite });
      expect(first.status).toBe(200);
      expect(await about()).toEqual({ has_accounts: true, sign_up: 'closed', mail: false });
      const cookie = cookieOf(first);
      expect((await callAt(closed.url, 'GET', '/api/me', undefined, { cookie })).json.user.role).toBe('admin');
      expect((await up({ 'x-taskmaster-invite': invite }, 'b@example.test')).json.code).toBe('sign_up_closed');
    } finally {
      await closed.stop();
    }
  });
});
