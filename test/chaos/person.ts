import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SmtpSink, wordsOf } from '../support/smtp-sink.ts';

export interface Person {
  readonly id: string;
  readonly workspace: string;
  readonly email: string;
  readonly cookie: string;
  /** An administrator may read the whole audit log. */
  readonly is_admin: boolean;
  /** Good for a quarter of an hour; got anew where the server says that it is over. */
  token: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly replayed: boolean;
  readonly retry_after: string | null;
}

/** Makes an account over HTTP, confirms its address by its letter where mail goes to a sink, and gets a token. */
export async function signUp(url: string, name: string, sink?: SmtpSink): Promise<Person> {
  const email = `${name}-${randomUUID()}@example.test`;
  const headers = { 'content-type': 'application/json', origin: url };
  const body = JSON.stringify({ name, email, password: 'a-long-pass phrase 7' });
  const up = await fetch(`${url}/api/auth/sign-up/email`, { method: 'POST', headers, body });
  if (!up.ok) throw new Error(`sign-up: ${up.status} ${await up.text()}`);
  await up.text();
  const cookie = cookieOf(up);
  const token = await newToken(url, cookie);
  if (sink) await confirm(url, email, sink);
  const me = await fetch(`${url}/api/me`, { headers: { authorization: `Bearer ${token}` } });
  if (!me.ok) throw new Error(`me: ${me.status} ${await me.text()}`);
  const { user, workspaces } = (await me.json()) as {
    user: { id: string; role: string };
    workspaces: { id: string }[];
  };
  const [personal] = workspaces;
  if (!personal) throw new Error('No workspace.');
  return { id: user.id, workspace: personal.id, email, cookie, is_admin: user.role === 'admin', token };
}

async function confirm(url: string, email: string, sink: SmtpSink): Promise<void> {
  await waitFor(async () => sink.to(email).length > 0, 60_000);
  const [letter] = sink.to(email);
  const link = new URL(/https?:\/\/\S+/.exec(letter ? wordsOf(letter) : '')?.[0] ?? 'http://no-letter');
  const answer = await fetch(`${url}/api/address/confirm`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ token: link.searchParams.get('token') }),
  });
  if (!answer.ok) throw new Error(`confirm: ${answer.status} ${await answer.text()}`);
}

const cookieOf = (answer: Response): string =>
  answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');

async function newToken(url: string, cookie: string): Promise<string> {
  const answer = await fetch(`${url}/api/auth/token`, { headers: { cookie, origin: url } });
  return ((await answer.json()) as { token: string }).token;
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly key?: string;
}

/** @throws when no answer came: then nobody knows what became of it. */
export async function send(url: string, person: Person, request: Request): Promise<Answer> {
  const answer = await sendOnce(url, person, request);
  if (answer.status !== 401) return answer;
  person.token = await newToken(url, person.cookie);
  return sendOnce(url, person, request);
}

async function sendOnce(url: string, person: Person, { method, path, body, key }: Request): Promise<Answer> {
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
  return {
    status: response.status,
    text: await response.text(),
    replayed: response.headers.get('idempotent-replayed') === 'true',
    retry_after: response.headers.get('retry-after'),
  };
}

/** Asks again until it is so, or time is up. */
export async function waitFor(look: () => Promise<boolean>, milliseconds: number): Promise<boolean> {
  for (const until = Date.now() + milliseconds; Date.now() < until; await sleep(25)) if (await look()) return true;
  return false;
}
