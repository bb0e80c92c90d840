import { fileURLToPath } from 'node:url';
import { createRuntime, type RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { createEmbeddedAdapter } from '@taskmaster/runtime/embedded/embedded-adapter';
import { createStateStore } from '@taskmaster/runtime/embedded/state-store';
import { createMetrics, type Logger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { isOwnOrigin } from './api/auth/authenticate.ts';
import { startApi } from './api/service.ts';
import type { Config } from './config.ts';
import { aboutRoutes, describeApi } from './http/about-service.ts';
import { createServer, type Http } from './http/server.ts';
import { inlineScriptHashes, pageRoutes } from './http/web-page.ts';
import { recurring } from './recurring/service.ts';
import { startSync } from './sync/service.ts';

export interface Services {
  http: Http;
  api: RunningRuntime<'tasks'>;
  recurring: RunningRuntime<'recurring'>;
  firstAccountPath(): Promise<string | undefined>;
  stop(): Promise<void>;
}

export interface ServicesOptions {
  /** A database that is up to date. */
  connection: pg.ClientConfig;
  config: Pick<Config, 'PUBLIC_URL' | 'SIGN_UP' | 'RATE_LIMIT' | 'METRICS_TOKEN' | 'TRUST_PROXY'>;
  log: Logger;
  secret: string;
  version: string;
  /** What `/ready` says of the database. */
  database: string;
  /** Milliseconds; only tests shorten it. */
  validateSocketsEvery?: number;
}

/** Milliseconds after which a database that hangs counts as one that is away. */
const LAST_ANSWERS_WITHIN = 5_000;
const PATIENCE = { connectionTimeoutMillis: 20_000, query_timeout: 30_000 };

/** Every service in this one process, on one port, with the page at `/`. Ready to listen when this resolves. */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const { connection, config, log } = options;
  const metrics = createMetrics();
  const state = new pg.Pool({ ...connection, ...PATIENCE, max: 2, options: '-c role=taskmaster_sync' });
  const authPool = new pg.Pool({
    ...connection,
    ...PATIENCE,
    max: 4,
    options: '-c role=taskmaster_auth -c search_path=auth',
  });
  for (const pool of [state, authPool])
    pool.on('error', (error) => log.warn({ err: String(error) }, 'idle connection lost'));
  const adapter = createEmbeddedAdapter({ state: createStateStore(state, 'sync:'), log });
  const common = { connection, adapter, log, metrics };
  const api = createRuntime({
    ...common,
    schema: 'tasks',
    roles: { caller: 'taskmaster_api', background: 'taskmaster_api_background' },
    poolSize: 8,
  });
  const recurringRuntime = createRuntime({
    ...common,
    schema: 'recurring',
    roles: { caller: 'taskmaster_recurring', background: 'taskmaster_recurring' },
    poolSize: 2,
  });

  const page = fileURLToPath(new URL('../web/out', import.meta.url));
  const public_url = config.PUBLIC_URL;
  const secure = public_url?.startsWith('https:') ?? false;
  const http = createServer({
    log,
    metrics,
    trustProxy: config.TRUST_PROXY,
    secure,
    scriptHashes: inlineScriptHashes(page),
  });
  describeApi(http, options.version);
  const started = await startApi({
    http,
    runtime: api,
    authPool,
    secret: options.secret,
    ...(public_url ? { public_url } : {}),
    sign_up: config.SIGN_UP,
    rate: config.RATE_LIMIT,
    log,
  });
  const sync = startSync({
    http,
    runtime: api,
    log,
    metrics,
    readTicket: (ticket) => started.tickets.read(ticket),
    authenticate: started.authenticate,
    isOwnOrigin: (origin, host) => isOwnOrigin(origin, host, public_url),
    ...(options.validateSocketsEvery ? { validateEvery: options.validateSocketsEvery } : {}),
  });
  await recurring.start(recurringRuntime);
  const database = {
    name: 'database',
    check: async () => {
      await authPool.query('select 1');
      return options.database;
    },
  };
  http.after(() => {
    aboutRoutes(http, {
      metrics,
      ...(config.METRICS_TOKEN ? { metricsToken: config.METRICS_TOKEN } : {}),
      dependencies: [database],
      about: started.about,
    });
    pageRoutes(http, page);
  });
  await http.ready();
  await recurringRuntime.begin();
  await api.begin();

  return {
    http,
    api,
    recurring: recurringRuntime,
    firstAccountPath: started.firstAccountPath,
    async stop() {
      await sync.stop();
      // Whoever still reads an answer then is cut off: what must not be cut is the orderly stop behind it.
      const cut = setTimeout(() => http.server.closeAllConnections(), LAST_ANSWERS_WITHIN);
      await http.close();
      clearTimeout(cut);
      await adapter.stop();
      // Together: a relay hands its events to the other's consumers.
      await Promise.all([api.stop(), recurringRuntime.stop()]);
      await Promise.all([state.end(), authPool.end()]);
    },
  };
}
