import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  type Answer,
  callAt,
  cookieOf,
  type Person,
  type RunningServices,
  runServices,
  until,
} from '../../../test/support/running-services.ts';

let services: RunningServices;
beforeAll(async () => {
  // The look that comes by itself is far away: what closes a socket here is what happened.
  services = await runServices({}, undefined, undefined, { validateSocketsEvery: 3_600_000 });
});
afterAll(() => services.stop());

const PASSWORD = 'a-long-pass phrase 7';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const as = (token: string) => callAt(services.url, 'GET', '/api/tasks', undefined, bearer(token));

/** Of a device that listens: how its socket was closed. */
async function listening(who: Person, token = who.token): Promise<{ closed: Promise<number>; end(): void }> {
  const socket = new WebSocket(`${services.url.replace('http', 'ws')}/ws/tasks`, ['sync.v1'], {
    headers: bearer(token),
  });
  const closed = new Promise<number>((done) => socket.once('close', done));
  const welcomed = new Promise((done) => socket.once('message', done));
  await new Promise((opened, refused) => socket.once('open', opened).once('error', refused));
  const spaces = [{ id: who.workspace, cursor: null }];
  socket.send(JSON.stringify({ t: 'hello', client_id: '019f0000-0000-7000-8000-000000000000', schema: 1, spaces }));
  await welcomed;
  return { closed, end: () => socket.terminate() };
}

/** The same person on another device. */
const elsewhere = async (who: Person): Promise<Person> =>
  signedIn(who, (await who.call('GET', '/api/me')).json.user.email);
async function signedIn(who: Person, email: string): Promise<Person> {
  const post = { origin: services.url };
  const signed = await callAt(services.url, 'POST', '/api/auth/sign-in/email', { email, password: PASSWORD }, post);
  const cookie = cookieOf(signed);
  const { token } = (await callAt(services.url, 'GET', '/api/auth/token', undefined, { cookie })).json;
  return {
    ...who,
    cookie,
    token,
    call: (method, path, body) => callAt(services.url, method, path, body, bearer(token)),
  };
}
const account = (who: Person, path: string, body: object): Promise<Answer> =>
  callAt(services.url, 'POST', `/api/auth${path}`, body, { cookie: who.cookie, origin: services.url });

describe('what ends', () => {
  it('signing out: that session and its sockets, at once, and no other', async () => {
    const here = await services.person('leaves');
    const there = await elsewhere(here);
    const [closing, staying] = [await listening(here), await listening(there)];
    expect((await account(here, '/sign-out', {})).status).toBe(200);
    expect(await closing.closed).toBe(4401);
    expect([(await as(here.token)).status, (await as(there.token)).status]).toEqual([401, 200]);
    expect((await callAt(services.url, 'GET', '/api/me', undefined, { cookie: here.cookie })).status).toBe(401);
    staying.end();
  });

  it('a changed password: every other session and its sockets, also where nobody asked for it', async () => {
    const here = await services.person('changes');
    const there = await elsewhere(here);
    const closing = await listening(there);
    const change = { currentPassword: PASSWORD, newPassword: 'another long phrase 8', revokeOtherSessions: false };
    expect((await account(here, '/change-password', { ...change, currentPassword: 'not the one at all' })).status).toBe(
      422,
    );
    expect((await as(there.token)).status).toBe(200);
    const changed = await account(here, '/change-password', change);
    expect(changed.status).toBe(200);
    expect(await closing.closed).toBe(4401);
    expect((await as(there.token)).status).toBe(401);
    const cookie = cookieOf(changed);
    expect((await callAt(services.url, 'GET', '/api/me', undefined, { cookie })).status).toBe(200);
  });

  it('a session that is ended from another device, and all the others', async () => {
    const here = await services.person('ends');
    const [one, two] = [await elsewhere(here), await elsewhere(here)];
    const closing = await listening(two);
    expect((await account(here, '/revoke-other-sessions', {})).status).toBe(200);
    expect(await closing.closed).toBe(4401);
    expect([(await as(one.token)).status, (await as(here.token)).status]).toEqual([401, 200]);
    // Somebody else's cannot be ended, known or not.
    const other = await services.person('other');
    const [{ token }] = (
      await callAt(services.url, 'GET', '/api/auth/list-sessions', undefined, { cookie: here.cookie })
    ).json;
    await account(other, '/revoke-session', { token });
    expect((await as(here.token)).status).toBe(200);
  });

  it('a token that is taken back: its sockets', async () => {
    const who = await services.person('programs');
    const { id, token } = (await who.call('POST', '/api/tokens', { name: 'a program', scopes: ['sync'] })).json;
    const [closing, staying] = [await listening(who, token), await listening(who)];
    expect((await who.call('DELETE', `/api/tokens/${id}`)).status).toBe(204);
    expect(await closing.closed).toBe(4401);
    staying.end();
  });

  it('a closed account: its sockets', async () => {
    const who = await services.person('closes');
    const closing = await listening(who);
    expect((await who.call('POST', '/api/me/close', { password: PASSWORD })).status).toBe(200);
    expect(await closing.closed).toBe(4401);
  });

  it('is witnessed', async () => {
    const who = await services.person('witnessed');
    const { email } = (await who.call('GET', '/api/me')).json.user;
    expect((await account(who, '/revoke-sessions', {})).status).toBe(200);
    const back = await signedIn(who, email);
    await until(async () => {
      const { items } = (await back.call('GET', '/api/audit-logs')).json;
      return items.some((entry: { action: string }) => entry.action === 'sessions_ended');
    }, 'the entry');
  });
});

it.each([
  '/ok',
  '/error',
  '/list-accounts',
  '/account-info',
  '/verify-email?token=x',
  '/callback/google',
  '/delete-user/callback',
  '/reset-password/x',
])('nothing else of the library is to be called: GET %s', async (path) => {
  const who = await services.person('looks');
  expect((await callAt(services.url, 'GET', `/api/auth${path}`, undefined, { cookie: who.cookie })).status).toBe(404);
});
it.each([
  '/update-user',
  '/update-session',
  '/change-email',
  '/delete-user',
  '/sign-in/social',
  '/link-social',
  '/unlink-account',
  '/verify-password',
  '/refresh-token',
  '/get-access-token',
])('nor POST %s', async (path) => {
  const who = await services.person('tries');
  expect(
    (await account(who, path, { name: 'x', role: 'admin', newEmail: 'x@example.test', provider: 'google' })).status,
  ).toBe(404);
});
