import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Person {
  readonly id: string;
  readonly workspace: string;
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly replayed: boolean;
}

/** Makes an account over HTTP, and a token to call with for a quarter of an hour. */
export async function signUp(url: string, name: string): Promise<Person> {
  const email = `${name}-${randomUUID()}@example.test`;
  const headers = { 'content-type': 'application/json', origin: url };
  const body = JSON.stringify({ name, email, password: 'a-long-pass phrase 7' });
  const up = await fetch(`${url}/api/auth/sign-up/email`, { method: 'POST', headers, body });
  if (!up.ok) throw new Error(`sign-up: ${up.status} ${await up.text()}`);
  await up.text();
  const cookie = up.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const { token } = (await (await fetch(`${url}/api/auth/token`, { headers: { cookie, origin: url } })).json()) as {
    token: string;
  };
  const me = await fetch(`${url}/api/me`, { headers: { authorization: `Bearer ${token}` } });
  if (!me.ok) throw new Error(`me: ${me.status} ${await me.text()}`);
  const { user, workspaces } = (await me.json()) as { user: { id: string }; workspaces: { id: string }[] };
  const [personal] = workspaces;
  if (!personal) throw new Error('No workspace.');
  return { id: user.id, workspace: personal.id, token };
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly key?: string;
}

/** @throws when no answer came: then nobody knows what became of it. */
export async function send(url: string, person: Person, request: Request): Promise<Answer> {
  const { method, path, body, key } = request;
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${person.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const replayed = response.headers.get('idempotent-replayed') === 'true';
  return { status: response.status, text: await response.text(), replayed };
}

/** Asks again until it is so, or time is up. */
export async function waitFor(look: () => Promise<boolean>, milliseconds: number): Promise<boolean> {
  for (const until = Date.now() + milliseconds; Date.now() < until; await sleep(25)) if (await look()) return true;
  return false;
}
