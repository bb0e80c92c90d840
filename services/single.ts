import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '@taskmaster/db/migrate';
import { openDatabase } from '@taskmaster/db/server/start';
import { createRuntime } from '@taskmaster/runtime/create-runtime';
import { createEmbeddedAdapter } from '@taskmaster/runtime/embedded/embedded-adapter';
import { createStateStore } from '@taskmaster/runtime/embedded/state-store';
import { createLogger, createMetrics } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { isOwnOrigin } from './api/auth/authenticate.ts';
import { startApi } from './api/service.ts';
import type { Config } from './config.ts';
import { aboutRoutes, describeApi } from './http/about-service.ts';
import { createServer } from './http/server.ts';
import { inlineScriptHashes, pageRoutes } from './http/web-page.ts';
import { recurring } from './recurring/service.ts';
import { startSync } from './sync/service.ts';

export interface Running {
  url: string;
  firstAccountUrl?: string;
  /** Resolves with the reason if the database dies under the program. */
  broken: Promise<string>;
  stop(): Promise<void>;
}

/** Held for as long as the program runs: one program per database. */
const PROGRAM_LOCK = 7_233_000;

/** Every service in this one process, on one port, with the page at `/`. */
export async function startSingle(config: Config, options: { version: string; progress(text: string): void }): Promise<Running> {
  const log = createLogger(config.LOG_LEVEL);
  const metrics = createMetrics();
  const dataDir = resolve(config.DATA_DIR);
  mkdirSync(dataDir, { recursive: true });
  const database = await openDatabase({
    ...(config.DATABASE_URL ? { database_url: config.DATABASE_URL } : {}),
    data_dir: dataDir,
    allow_unsafe: config.ALLOW_UNSAFE_DATABASE,
    log: ({ level, msg, ...fields }) => log[level](fields, msg),
    progress: options.progress,
  });
  const { connection } = database;
  const undo: (() => Promise<unknown>)[] = [() => database.stop()];
  try {
    const { applied } = await migrate(connection);
    if (applied.length > 0) log.info({ applied }, 'database brought up to date');
    undo.push(await holdAlone(connection));

    const state = new pg.Pool({ ...connection, max: 2, options: '-c role=taskmaster_sync' });
    const authPool = new pg.Pool({ ...connection, max: 4, options: '-c role=taskmaster_auth -c search_path=auth' });
    for (const pool of [state, authPool]) pool.on('error', (error) => log.warn({ err: String(error) }, 'idle connection lost'));
    undo.push(() => state.end(), () => authPool.end());
    const adapter = createEmbeddedAdapter({ state: createStateStore(state, 'sync:'), log });
    const common = { connection, adapter, log, metrics };
    const api = createRuntime({ ...common, schema: 'tasks', roles: { caller: 'taskmaster_api', background: 'taskmaster_api_background' }, poolSize: 8 });
    const recurringRuntime = createRuntime({ ...common, schema: 'recurring', roles: { caller: 'taskmaster_recurring', background: 'taskmaster_recurring' }, poolSize: 2 });

    const webOut = fileURLToPath(new URL('../web/out', import.meta.url));
    const http = createServer({
      log,
      metrics,
      trustProxy: config.TRUST_PROXY,
      secure: config.PUBLIC_URL?.startsWith('https:') ?? false,
      scriptHashes: inlineScriptHashes(webOut),
    });
    describeApi(http, options.version);
    const started = await startApi({
      http,
      runtime: api,
      authPool,
      secret: secretOf(config, dataDir),
      ...(config.PUBLIC_URL ? { public_url: config.PUBLIC_URL } : {}),
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
      isOwnOrigin: (origin, host) => isOwnOrigin(origin, host, config.PUBLIC_URL),
    });
    await recurring.start(recurringRuntime);
    http.after(() => {
      aboutRoutes(http, {
        metrics,
        ...(config.METRICS_TOKEN ? { metricsToken: config.METRICS_TOKEN } : {}),
        dependencies: [
          {
            name: 'database',
            check: async () => {
              await authPool.query('select 1');
              return `PostgreSQL ${database.version}, ${database.kind}`;
            },
          },
        ],
      });
      pageRoutes(http, webOut);
    });
    await http.ready();
    await recurringRuntime.begin();
    await api.begin();
    undo.push(async () => {
      await adapter.stop();
      await api.stop();
      await recurringRuntime.stop();
    });
    const address = await http.listen({ host: config.HOST, port: config.PORT });
    undo.push(async () => {
      await sync.stop();
      await http.close();
    });
    const url = config.PUBLIC_URL ?? address;
    const first = await started.firstAccountPath();
    log.info({ url, version: options.version }, 'ready');
    return { url, ...(first ? { firstAccountUrl: url + first } : {}), broken: database.exited, stop: () => unwind(undo) };
  } catch (error) {
    await unwind(undo);
    throw error;
  }
}

async function unwind(undo: (() => Promise<unknown>)[]): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

/** @throws where another program has this database. */
async function holdAlone(connection: pg.ClientConfig): Promise<() => Promise<void>> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [PROGRAM_LOCK]);
  if (!rows[0]?.held) {
    await client.end();
    throw new Error('Another TaskMaster is running on this database. One program per database; stop the other first.');
  }
  return () => client.end();
}

/** The secret that signs sessions: given, or made once and kept beside the data, readable by its owner alone. */
function secretOf(config: Config, dataDir: string): string {
  if (config.BETTER_AUTH_SECRET) return config.BETTER_AUTH_SECRET;
  const file = join(dataDir, 'better-auth-secret');
  if (!existsSync(file)) writeFileSync(file, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}
