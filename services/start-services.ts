import { fileURLToPath } from 'node:url';
import { type AdminStatus, serviceNames } from '@taskmaster/contracts/http/admin';
import { createRuntime, type RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { createEmbeddedAdapter } from '@taskmaster/runtime/embedded/embedded-adapter';
import { createStateStore } from '@taskmaster/runtime/embedded/state-store';
import { createMetrics, type Logger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { isOwnOrigin } from './api/auth/authenticate.ts';
import type { Closing } from './api/auth/closing.ts';
import { adminRoutes } from './api/routes/admin.ts';
import { startApi } from './api/service.ts';
import { type Audit, startAudit } from './audit/service.ts';
import type { Nightly } from './backup/nightly.ts';
import { backupRoutes } from './backup/routes.ts';
import type { Config } from './config.ts';
import { finishErasures } from './finish-erasures.ts';
import { aboutRoutes, describeApi } from './http/about-service.ts';
import { deadLetterRoutes } from './http/dead-letter-routes.ts';
import { createServer, type Http } from './http/server.ts';
import { inlineScriptHashes, pageRoutes } from './http/web-page.ts';
import { createMailer } from './mail/mailer.ts';
import { createUnsubscribe } from './mail/unsubscribe.ts';
import { startNotification } from './notification/service.ts';
import { recurring } from './recurring/service.ts';
import { startSync } from './sync/service.ts';

export interface Services {
  http: Http;
  api: RunningRuntime<'tasks'>;
  recurring: RunningRuntime<'recurring'>;
  audit: Audit;
  closing: Closing;
  firstAccountPath(): Promise<string | undefined>;
  stop(): Promise<void>;
}

export interface ServicesOptions {
  /** A database that is up to date. */
  connection: pg.ClientConfig;
  config: Pick<
    Config,
    | 'PUBLIC_URL'
    | 'SIGN_UP'
    | 'RATE_LIMIT'
    | 'METRICS_TOKEN'
    | 'TRUST_PROXY'
    | 'SMTP_URL'
    | 'MAIL_FROM'
    | 'AUDIT_RETENTION_DAYS'
  >;
  log: Logger;
  secret: string;
  version: string;
  /** Where people reach this place: what letters link to. */
  address: string;
  /** What `/ready` says of the database. */
  database: string;
  /** Where signed checkpoints of the audit log go besides the database. */
  checkpointFile?: string;
  /** The backups that this program makes by itself. */
  backups?: Nightly;
  /** Milliseconds; only tests shorten it. */
  validateSocketsEvery?: number;
}

/** Milliseconds that answers under way get when the program stops. */
const LAST_ANSWERS_WITHIN = 5_000;
/** Milliseconds after which a database that hangs counts as one that is away. */
const PATIENCE = { connectionTimeoutMillis: 20_000, query_timeout: 30_000 };

/** Every service in this one process, on one port, with the page at `/`. Ready to listen when this resolves. */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const { connection, config, log } = options;
  const metrics = createMetrics();
  const state = new pg.Pool({ ...connection, ...PATIENCE, max: 2, options: '-c role=taskmaster_sync' });
  const auth = { ...connection, ...PATIENCE, options: '-c role=taskmaster_auth -c search_path=auth' };
  const authPool = new pg.Pool({ ...auth, max: 4 });
  // Better Auth asks us in the middle of its transactions: what we ask then must not wait for one of theirs to end.
  const betterAuthPool = new pg.Pool({ ...auth, max: 4 });
  for (const pool of [state, authPool, betterAuthPool])
    pool.on('error', (error) => log.warn({ err: String(error) }, 'idle connection lost'));
  const adapter = createEmbeddedAdapter({ state: createStateStore(state, 'sync:'), log });
  const common = { connection, adapter, instances: 'one' as const, log, metrics };
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

  const auditRuntime = createRuntime({
    ...common,
    schema: 'audit',
    roles: { caller: 'taskmaster_audit', background: 'taskmaster_audit_background' },
    poolSize: 2,
  });

  const notificationRuntime = createRuntime({
    ...common,
    schema: 'notification',
    roles: { caller: 'taskmaster_notification', background: 'taskmaster_notification_background' },
    poolSize: 2,
  });

  const mailer =
    config.SMTP_URL && config.MAIL_FROM
      ? createMailer({ smtp_url: config.SMTP_URL, from: config.MAIL_FROM })
      : undefined;
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
    betterAuthPool,
    secret: options.secret,
    ...(public_url ? { public_url } : {}),
    sign_up: config.SIGN_UP,
    address: options.address,
    ...(mailer ? { mailer } : {}),
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
  const notification = startNotification({
    http,
    runtime: notificationRuntime,
    enter: started.enter,
    log,
    ...(mailer
      ? { mail: { mailer, address: options.address, unsubscribeToken: createUnsubscribe(options.secret).token } }
      : {}),
  });
  const audit = startAudit({
    http,
    runtime: auditRuntime,
    enter: async (request) => {
      const { user_id, role, workspaces } = await started.enter(request);
      return { user_id, role, workspace_ids: workspaces.map((workspace) => workspace.id) };
    },
    record: started.record,
    secret: options.secret,
    retention_days: config.AUDIT_RETENTION_DAYS,
    ...(options.checkpointFile ? { checkpointFile: options.checkpointFile } : {}),
    log,
  });
  const started_at = new Date().toISOString();
  const { enterAdmin, record } = started;
  const runtimes = { api, recurring: recurringRuntime, notification: notificationRuntime, audit: auditRuntime };
  const status = async (): Promise<Omit<AdminStatus, 'users'>> => ({
    version: options.version,
    started_at,
    services: await Promise.all(serviceNames.map(async (name) => ({ name, ...(await runtimes[name].counts()) }))),
    relay_lag: await started.relayLag(),
    reminders: await notification.counts(),
    backup: (await options.backups?.state()) ?? 'not kept by this program',
  });
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
      dependencies: [database, ...(options.backups ? [{ name: 'backup', check: options.backups.state }] : [])],
      about: started.about,
    });
    for (const service of serviceNames)
      deadLetterRoutes({ http, service, deadLetters: runtimes[service].deadLetters, enterAdmin, record, log });
    adminRoutes({ http, authPool, links: started.links, people: started.people, enterAdmin, record, status });
    if (options.backups) backupRoutes({ http, backups: options.backups, enterAdmin, record });
    pageRoutes(http, page);
  });
  for (const name of serviceNames) finishErasures(name, runtimes[name] as RunningRuntime<string>, log);
  await http.ready();
  await Promise.all([recurringRuntime.begin(), notificationRuntime.begin(), auditRuntime.begin()]);
  await api.begin();

  return {
    http,
    api,
    recurring: recurringRuntime,
    audit,
    closing: started.closing,
    firstAccountPath: started.firstAccountPath,
    async stop() {
      await sync.stop();
      globalThis.failpoint?.('shutdown.during_drain');
      // Whoever still reads an answer then is cut off: what must not be cut is the orderly stop behind it.
      const cut = setTimeout(() => http.server.closeAllConnections(), LAST_ANSWERS_WITHIN);
      await http.close();
      clearTimeout(cut);
      await notification.stop();
      await adapter.stop();
      // Together: a relay hands its events to the other's consumers.
      await Promise.all([api.stop(), recurringRuntime.stop(), notificationRuntime.stop(), auditRuntime.stop()]);
      mailer?.close();
      await Promise.all([state.end(), authPool.end(), betterAuthPool.end()]);
    },
  };
}
