import { fileURLToPath } from 'node:url';
import { serviceNames } from '@taskmaster/contracts/http/admin';
import type { ServiceName } from '@taskmaster/contracts/services';
import { createRuntime } from '@taskmaster/runtime/create-runtime';
import type { Adapter } from '@taskmaster/runtime/runtime';
import { createMetrics, type Logger, type Metrics } from '@taskmaster/runtime/telemetry';
import { exportSpans } from '@taskmaster/runtime/tracing';
import pg from 'pg';
import { type Api, startApi } from './api/service.ts';
import { type Audit, startAudit } from './audit/service.ts';
import type { Nightly } from './backup/nightly.ts';
import { finishErasures } from './finish-erasures.ts';
import { type Host, PATIENCE, type Serving, type Settings } from './host.ts';
import { aboutRoutes, type Dependency, describeApi } from './http/about-service.ts';
import { recorder, recordRefusals } from './http/acts.ts';
import { deadLetterRoutes } from './http/dead-letter-routes.ts';
import { createIdentity } from './http/identity.ts';
import { replayRoute } from './http/replay-route.ts';
import { createServer, type Http } from './http/server.ts';
import { inlineScriptHashes, pageRoutes } from './http/web-page.ts';
import { startNotification } from './notification/service.ts';
import { startRecurring } from './recurring/service.ts';
import { startSync } from './sync/service.ts';

export interface ServicesOptions<Name extends ServiceName = ServiceName> {
  names: readonly Name[];
  /** How they reach the others, and each other. */
  createAdapter(around: Around): Adapter;
  /** Of each of them, beside this one. */
  instances: 'one' | 'several';
  /** A database that is up to date. */
  connection: pg.ClientConfig;
  config: Settings;
  log: Logger;
  secret: string;
  version: string;
  /** Where people reach this place: what letters link to. */
  address: string;
  /** What `/ready` says of the database, and what it asks besides. */
  database: string;
  dependencies?: readonly Dependency[];
  /** What `/api/openapi.json` says: without it, what is served here. */
  describe?: () => object;
  /** Where signed checkpoints of the audit log go besides the database. */
  checkpointFile?: string;
  /** The backups that this program makes by itself. */
  backups?: Nightly;
  /** Milliseconds; only tests shorten it. */
  validateSocketsEvery?: number;
}

/** What an adapter may be made of: `http` is not listening yet, so it may have routes of its own there. */
export interface Around {
  http: Http;
  log: Logger;
  metrics: Metrics;
}

interface Started {
  api: Api;
  recurring: Serving<'recurring'>;
  notification: Serving<'notification'>;
  sync: Serving<'sync'>;
  audit: Audit;
}
export type Services<Name extends ServiceName = ServiceName> = Pick<Started, Name> & {
  http: Http;
  stop(): Promise<void>;
};

/** How each stands in the database, and how many transactions of its callers run at once. */
const inDatabase = {
  api: { schema: 'tasks', caller: 'taskmaster_api', background: 'taskmaster_api_background', poolSize: 8 },
  recurring: { schema: 'recurring', caller: 'taskmaster_recurring', background: 'taskmaster_recurring', poolSize: 2 },
  notification: {
    schema: 'notification',
    caller: 'taskmaster_notification',
    background: 'taskmaster_notification_background',
    poolSize: 2,
  },
  sync: { schema: 'sync', caller: 'taskmaster_sync', background: 'taskmaster_sync', poolSize: 1 },
  audit: { schema: 'audit', caller: 'taskmaster_audit', background: 'taskmaster_audit_background', poolSize: 2 },
} as const;
type SchemaOf<Name extends ServiceName> = (typeof inDatabase)[Name]['schema'];

/** Milliseconds that answers under way get when the program stops. */
const LAST_ANSWERS_WITHIN = 5_000;

/**
 * These services in this process, on one port, and with api the page at `/`. Ready to listen when this resolves. Which others
 * run, and where, they do not know: what they need of each other goes through the adapter.
 */
export async function startServices<Name extends ServiceName>(options: ServicesOptions<Name>): Promise<Services<Name>> {
  const { names, config, log } = options;
  const page = has(names, 'api') ? fileURLToPath(new URL('../web/out', import.meta.url)) : undefined;
  const metrics = createMetrics();
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  const endOfSpans = endpoint
    ? await exportSpans({ endpoint, headers: config.OTEL_EXPORTER_OTLP_HEADERS ?? '', log })
    : undefined;
  const http = createServer({
    service: names.length === 1 && names[0] ? names[0] : 'api',
    log,
    metrics,
    trustProxy: config.TRUST_PROXY,
    secure: config.PUBLIC_URL?.startsWith('https:') ?? false,
    scriptHashes: page ? inlineScriptHashes(page) : [],
  });
  describeApi(http, options.version);
  const adapter = options.createAdapter({ http, log, metrics });
  const started: [Name, Host<string>, Serving<string>][] = [];
  for (const name of names) {
    const host = hostOf(name, options, adapter, metrics);
    started.push([name, host as Host<string>, (await start(name, host, options)) as Serving<string>]);
  }
  const database = databaseOf(options);
  http.after(() => {
    aboutRoutes(http, {
      metrics,
      ...(config.METRICS_TOKEN ? { metricsToken: config.METRICS_TOKEN } : {}),
      dependencies: [database, consumersOf(started.map(([, { runtime }]) => runtime)), ...(options.dependencies ?? [])],
      describe: options.describe ?? (() => http.swagger()),
    });
    for (const [name, host, { routes }] of started) mount(http, name, host, routes);
    pageRoutes(http, page);
  });
  await http.ready();
  // api last: its relay finds the others' consumers where they are here.
  await Promise.all(started.map(([name, { runtime }]) => name !== 'api' && runtime.begin()));
  await Promise.all(started.map(([name, { runtime }]) => name === 'api' && runtime.begin()));

  return {
    ...(Object.fromEntries(started.map(([name, , service]) => [name, service])) as unknown as Pick<Started, Name>),
    http,
    async stop() {
      await Promise.all(started.map(([, , service]) => service.farewell?.()));
      globalThis.failpoint?.('shutdown.during_drain');
      // Whoever still reads an answer then is cut off: what must not be cut is the orderly stop behind it.
      const cut = setTimeout(() => http.server.closeAllConnections(), LAST_ANSWERS_WITHIN);
      await http.close();
      clearTimeout(cut);
      adapter.rest();
      // Together: a relay hands its events to the other's consumers.
      await Promise.all(started.map(([, , service]) => service.stop()));
      await adapter.stop();
      await database.end();
      await endOfSpans?.();
    },
  };
}

function hostOf<Name extends ServiceName>(
  name: Name,
  { connection, config, address, version, log, instances }: ServicesOptions,
  adapter: Adapter,
  metrics: Metrics,
): Host<SchemaOf<Name>> {
  const { schema, caller, background, poolSize } = inDatabase[name];
  const roles = { caller, background };
  const around = { connection, adapter, instances, log, metrics };
  const runtime = createRuntime<SchemaOf<Name>>({ schema, service: name, roles, poolSize, ...around });
  const identity = createIdentity((sender) => runtime.ask('caller', sender));
  return { runtime, ...identity, record: recorder(runtime), instances, log, metrics, config, address, version };
}

const starting: {
  [Name in ServiceName]: (
    host: Host<SchemaOf<Name>>,
    options: ServicesOptions,
  ) => Started[Name] | Promise<Started[Name]>;
} = {
  api: (host, { connection, secret, backups }) =>
    startApi(host, { connection, secret, ...(backups ? { backups } : {}) }),
  recurring: (host) => startRecurring(host),
  notification: (host, { secret }) => startNotification(host, { secret }),
  sync: (host, { validateSocketsEvery }) =>
    startSync(host, validateSocketsEvery ? { validateEvery: validateSocketsEvery } : {}),
  audit: (host, { secret, checkpointFile }) =>
    startAudit(host, { secret, ...(checkpointFile ? { checkpointFile } : {}) }),
};
const start = <Name extends ServiceName>(name: Name, host: Host<SchemaOf<Name>>, options: ServicesOptions) =>
  starting[name](host, options);

/** What a service answers, and what could not be handled of what it consumes; whom its routes refuse it says itself, and nobody else. */
function mount(http: Http, name: ServiceName, host: Host<string>, routes: Serving<string>['routes']): void {
  const { runtime, enterAdmin, record, log } = host;
  const consumer = serviceNames.find((one) => one === name);
  if (consumer) finishErasures(name, runtime, log);
  http.register(async (scope) => {
    const own = scope as unknown as Http;
    recordRefusals(own, record, log);
    routes?.(own);
    replayRoute({ http: own, service: name, runtime, enterAdmin, record });
    if (consumer)
      deadLetterRoutes({ http: own, service: consumer, deadLetters: runtime.deadLetters, enterAdmin, record, log });
  });
}

/** Asked over a connection of its own, so that whoever waits for the others is not waited for. */
function databaseOf({ connection, database, log }: ServicesOptions): Dependency & { end(): Promise<void> } {
  const pool = new pg.Pool({ ...connection, ...PATIENCE, max: 1 });
  pool.on('error', (error) => log.warn({ err: String(error) }, 'idle connection lost'));
  return {
    name: 'database',
    check: async () => {
      await pool.query('select 1');
      return database;
    },
    end: () => pool.end(),
  };
}

/** Where one cannot take events, a carrier is to keep them: it asks whether this process is ready. */
function consumersOf(runtimes: readonly Pick<Host<string>['runtime'], 'waiting'>[]): Dependency {
  return {
    name: 'consumers',
    check: async () => {
      const waiting = runtimes.flatMap((runtime) => runtime.waiting());
      if (waiting.length > 0) throw new Error(`${waiting.join(', ')}: not able to take events now`);
      return undefined;
    },
  };
}

const has = (names: readonly ServiceName[], name: ServiceName): boolean => names.includes(name);
