import { Problem, type ProblemBody } from '@taskmaster/contracts/problems';
import { answeredBy } from '@taskmaster/contracts/questions';
import { everyService, type ServiceName } from '@taskmaster/contracts/services';
import { createEmbeddedAdapter } from '@taskmaster/runtime/embedded/embedded-adapter';
import { createStateStore } from '@taskmaster/runtime/embedded/state-store';
import { isInfrastructureError } from '@taskmaster/runtime/infrastructure-error';
import type { Adapter } from '@taskmaster/runtime/runtime';
import { createLogger } from '@taskmaster/runtime/telemetry';
import { readConfig } from '@taskmaster/services/config';
import { startDistributed } from '@taskmaster/services/distributed';
import type { Http } from '@taskmaster/services/http/server';
import type { Running } from '@taskmaster/services/single';
import pg from 'pg';
import { startProxy } from '../../scripts/stack/proxy.mjs';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';
import { type Person, signUp } from './running-services.ts';

export interface Separate {
  /** One address for all of them, as a reverse proxy gives it. */
  url: string;
  person(name?: string): Promise<Person>;
  of: Record<ServiceName, Running & { http: Http }>;
  connection: FreshDatabase['connection'];
  stop(): Promise<void>;
}

/**
 * Every service started as it is started alone, each on its own port, behind one address that routes by `deploy/routes.json`. They
 * share this process and nothing else: what one asks another crosses as JSON, as over a network.
 */
export async function runSeparately(env: Readonly<Record<string, string>> = {}): Promise<Separate> {
  const database = await freshDatabase();
  const hub = openHub(database.connection);
  const of = {} as Separate['of'];
  const logins = await createLogins(database.connection);
  const portsOf = (service: string) => [Number(new URL(of[service as ServiceName].url).port)];
  const proxy = await startProxy({ port: 0, portsOf });
  const common = { PUBLIC_URL: proxy.url, ...env };
  for (const service of everyService)
    of[service] = await startAlone(service, { ...database.connection, ...logins.of(service) }, hub, common);
  return {
    url: proxy.url,
    of,
    connection: database.connection,
    person: (name = 'ann') => signUp(proxy.url, name),
    async stop() {
      await proxy.close();
      for (const service of everyService) await of[service].stop();
      await hub.stop();
      await database.drop();
      await logins.drop();
    },
  };
}

const ROLES = {
  recurring: ['taskmaster_recurring'],
  notification: ['taskmaster_notification', 'taskmaster_notification_background'],
  sync: ['taskmaster_sync'],
  audit: ['taskmaster_audit', 'taskmaster_audit_background'],
} as const;

/** Each service but api, which migrates, comes to the database with a login that can do its own work and nothing else. */
async function createLogins(connection: FreshDatabase['connection']) {
  const nameOf = (service: string) => `${connection.database}_${service}`;
  const run = async (statement: (service: keyof typeof ROLES) => string) => {
    const client = new pg.Client({ ...connection, database: 'postgres' });
    await client.connect();
    for (const service of Object.keys(ROLES) as (keyof typeof ROLES)[]) await client.query(statement(service));
    await client.end();
  };
  await run((service) => `create role ${nameOf(service)} login in role ${ROLES[service].join(', ')}`);
  return {
    of: (service: ServiceName) => (service === 'api' ? {} : { user: nameOf(service) }),
    drop: () => run((service) => `drop role ${nameOf(service)}`),
  };
}

export async function startAlone(
  service: ServiceName,
  connection: FreshDatabase['connection'],
  hub: Hub,
  env: Readonly<Record<string, string>> = {},
  progress: (text: string) => void = () => undefined,
): Promise<Running & { http: Http }> {
  const config = readConfig({
    MODE: 'distributed',
    SERVICE: service,
    DATABASE_URL: urlOf(connection),
    ALLOW_UNSAFE_DATABASE: 'true',
    PORT: '0',
    SIGN_UP: 'open',
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'silent',
    BETTER_AUTH_SECRET: 'a secret of at least thirty-two characters',
    PUBLIC_URL: 'http://127.0.0.1:8080',
    DAPR_API_TOKEN: 'a token that nobody needs here',
    APP_API_TOKEN: 'another that nobody needs here',
    ...env,
  });
  let http: Http | undefined;
  const createAdapter: Parameters<typeof startDistributed>[1]['createAdapter'] = (around) => {
    http = around.http;
    return hub.adapterOf(around.service);
  };
  const running = await startDistributed({ ...config, PORT: 0 }, { version: 'test', progress, createAdapter });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= running.stop();
    return stopped;
  };
  return { ...running, stop, http: http as unknown as Http };
}

export interface Hub {
  adapterOf(service: ServiceName): Adapter;
  stop(): Promise<void>;
}

/** What carries between them: the embedded adapter, whose questions go through JSON. */
export function openHub(connection: pg.ClientConfig): Hub {
  const pool = new pg.Pool({ ...connection, max: 2, options: '-c role=taskmaster_sync' });
  pool.on('error', () => undefined);
  const carrier = createEmbeddedAdapter({ state: createStateStore(pool, 'sync:'), log: createLogger('silent') });
  const away = new Set<ServiceName>();
  return {
    adapterOf: (service) => ({
      ...carrier,
      answer(question, reply) {
        if (answeredBy[question] !== service) throw new Error(`${service} answers ${question}`);
        carrier.answer(question, reply);
      },
      async ask(question, input) {
        if (answeredBy[question] === service) return carrier.ask(question, input);
        if (away.has(answeredBy[question])) throw new Error(`${answeredBy[question]} is away`);
        try {
          return overTheWire(await carrier.ask(question, overTheWire(input)));
        } catch (error) {
          throw asItArrives(error);
        }
      },
      // The others go on.
      rest: () => undefined,
      stop: async () => void away.add(service),
    }),
    async stop() {
      carrier.rest();
      await carrier.stop();
      await pool.end();
    },
  };
}

const overTheWire = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value));

/** A refusal as application/problem+json, and made of that again; of anything else nothing but that it was. */
function asItArrives(error: unknown): Error {
  if (isInfrastructureError(error)) return new Problem('unavailable');
  if (!(error instanceof Problem)) return new Error('It failed there.');
  const { type: _type, title: _title, status: _status, code, detail, errors, ...extra } = overTheWire(error.body());
  return new Problem(code, detail, errors as ProblemBody['errors'], extra, error.retryAfter);
}

export function urlOf({ host = '', port = 5432, user = '', password, database }: FreshDatabase['connection']): string {
  const login = `${encodeURIComponent(user)}${typeof password === 'string' ? `:${encodeURIComponent(password)}` : ''}`;
  return host.startsWith('/')
    ? `postgres://${login}@localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`
    : `postgres://${login}@${host}:${port}/${database}`;
}
