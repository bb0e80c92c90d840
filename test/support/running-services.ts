import { randomUUID } from 'node:crypto';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { createLogger, type Logger } from '@taskmaster/runtime/telemetry';
import type { Closing } from '../../services/api/auth/closing.ts';
import type { Audit } from '../../services/audit/service.ts';
import type { Http } from '../../services/http/server.ts';
import { startTogether } from '../../services/single.ts';
import type { ServicesOptions } from '../../services/start-services.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answered is looked at, not trusted
  json: any;
}

/** A person with an account, and their way to call. */
export interface Person {
  id: string;
  workspace: string;
  token: string;
  cookie: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export async function callAt(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

/** The cookies that an answer set, as a browser sends them back. */
export const cookieOf = ({ headers }: { headers: Headers }): string =>
  headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');

export async function signUp(url: string, name: string): Promise<Person> {
  const email = `${name}-${randomUUID()}@example.test`;
  const up = await callAt(
    url,
    'POST',
    '/api/auth/sign-up/email',
    { name, email, password: 'a-long-pass phrase 7' },
    { origin: url },
  );
  if (up.status >= 300) throw new Error(`sign-up: ${up.status} ${up.text}`);
  const cookie = cookieOf(up);
  const { token } = (await callAt(url, 'GET', '/api/auth/token', undefined, { cookie, origin: url })).json;
  const call: Person['call'] = (method, path, body, headers = {}) =>
    callAt(url, method, path, body, { authorization: `Bearer ${token}`, ...headers });
  const me = (await call('GET', '/api/me')).json;
  return { id: me.user.id, workspace: me.workspaces[0].id, token, cookie, call };
}

export interface RunningServices {
  http: Http;
  api: RunningRuntime<'tasks'>;
  recurring: RunningRuntime<'recurring'>;
  audit: Audit;
  closing: Closing;
  firstAccountPath(): Promise<string | undefined>;
  stop(): Promise<void>;
  url: string;
  person(name?: string): Promise<Person>;
  connection: Awaited<ReturnType<typeof freshDatabase>>['connection'];
}

/** What services need to start and no test is about. */
export const asInTests = {
  config: { SIGN_UP: 'open', RATE_LIMIT: 'off', TRUST_PROXY: 'false', AUDIT_RETENTION_DAYS: 90 },
  secret: 'a secret of at least thirty-two characters',
  version: 'test',
  address: 'http://127.0.0.1:8000',
  database: 'PostgreSQL',
} as const;

/** Every service on a fresh real database and a real socket. */
export async function runServices(
  config: Partial<ServicesOptions['config']> = {},
  log: Logger = createLogger('silent'),
  /** Another database than a fresh one: it is left where it is. */
  given?: FreshDatabase['connection'],
  more: Partial<Pick<ServicesOptions, 'backups' | 'secret' | 'validateSocketsEvery'>> = {},
): Promise<RunningServices> {
  const database = given ? { connection: given, drop: async () => undefined } : await freshDatabase();
  const services = await startTogether({
    ...asInTests,
    connection: database.connection,
    config: { ...asInTests.config, ...config },
    log,
    ...(config.PUBLIC_URL ? { address: config.PUBLIC_URL } : {}),
    ...(more.backups ? { dependencies: [{ name: 'backup', check: more.backups.state }] } : {}),
    validateSocketsEvery: 500,
    ...more,
  });
  const url = await services.http.listen({ host: '127.0.0.1', port: 0 });
  const { http, api, recurring, audit } = services;
  return {
    http,
    api: api.runtime,
    recurring: recurring.runtime,
    audit,
    closing: api.closing,
    firstAccountPath: api.firstAccountPath,
    url,
    connection: database.connection,
    person: (name = 'ann') => signUp(url, name),
    async stop() {
      await services.stop();
      await database.drop();
    },
  };
}

/** Asks again until it is so. A guard against waiting for ever, not a measure of speed. */
export async function until<T>(look: () => Promise<T | undefined | false>, what: string, seconds = 30): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((go) => setTimeout(go, 50));
  }
}
