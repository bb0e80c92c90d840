import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRuntime, type RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { createDaprAdapter, type DaprAdapter } from '@taskmaster/runtime/dapr/dapr-adapter';
import { createLogger, createMetrics } from '@taskmaster/runtime/telemetry';
import { describeRuntime, type Harness } from '@taskmaster/runtime/testing/conformance';
import { createServer, type Http } from '@taskmaster/services/http/server';
import { sidecarRoutes } from '@taskmaster/services/http/sidecar-routes';
import pg from 'pg';
import { type Sidecar, startBroker } from '../../scripts/stack/broker.mjs';
import { freePorts } from '../../scripts/stack/ports.mjs';
import { freshDatabase } from '../support/fresh-database.ts';

const OWNER = 'backend-api';
const CONSUMER = 'recurring-task-service';
/** In the product sync alone observes: what the suite's consumer observes comes to it by that app. */
const OBSERVER = 'sync-service';

for (const variant of ['redpanda', 'oracle'] as const)
  describeRuntime(`Dapr and Kafka, as on ${variant}`, () => startHarness(variant));

/** A service's process as far as the runtime sees it. It may be started again behind its sidecar, which stays. */
interface App {
  readonly sidecar: Sidecar;
  readonly port: number;
  adapter: DaprAdapter;
  http: Http;
}

async function startHarness(variant: 'redpanda' | 'oracle'): Promise<Harness> {
  const { connection, drop } = await freshDatabase();
  const looking = new pg.Pool({ ...connection, max: 2 });
  const log = createLogger('silent');
  const secret = randomBytes(32).toString('hex');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tm-conformance-'));
  const { host, port, user, database } = connection;
  const database_url = `postgresql://${user}@/${database}?host=${encodeURIComponent(host ?? '')}&port=${port}`;
  const broker = await startBroker({ run_folder: folder, variant, database_url });
  const ports = await freePorts(3);
  const sidecars = await Promise.all(
    [OWNER, CONSUMER, OBSERVER].map((app_id, index) => broker.sidecar({ app_id, app_port: ports[index] ?? 0 })),
  );
  let apps: App[] = [];
  let runtimes: { owner: RunningRuntime<'tasks'>; consumer: RunningRuntime<'recurring'> } | undefined;
  let register: Parameters<Harness['onStart']>[0] = () => undefined;

  function createApp(sidecar: Sidecar, index: number): App {
    const metrics = createMetrics();
    const adapter = createDaprAdapter({
      app_id: sidecar.app_id,
      sidecar: { url: sidecar.url, token: sidecar.dapr_api_token },
      app_token: sidecar.app_api_token,
      secret,
      components: { pubsub: 'taskbus', state: 'taskmaster-state' },
      answeredBy: () => OWNER,
      log,
      metrics,
    });
    const http = createServer({
      service: 'api',
      log,
      metrics,
      trustProxy: 'false',
      secure: false,
      scriptHashes: [],
    });
    http.get('/ready', async () => ({ status: 'ready' }));
    sidecarRoutes(http, adapter);
    return { sidecar, port: ports[index] ?? 0, adapter, http };
  }

  async function stopApps(): Promise<void> {
    // Consumers first stop waiting for what is away: an event in hand is refused, and comes again.
    for (const { adapter } of apps) adapter.rest();
    await Promise.all([runtimes?.owner.stop(), runtimes?.consumer.stop()]);
    await Promise.all(apps.map(({ http }) => http.close()));
    await Promise.all(apps.map(({ adapter }) => adapter.stop()));
    runtimes = undefined;
    apps = [];
  }
  const started = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('not started');
    return part;
  };

  return {
    get adapter() {
      return started(apps[0]).adapter;
    },
    owner: () => started(runtimes).owner,
    consumer: () => started(runtimes).consumer,
    onStart: (given) => {
      register = given;
    },
    async restart() {
      await stopApps();
      apps = sidecars.map(createApp);
      const [own, other, observer] = apps.map(({ adapter }) => adapter);
      const common = { connection, instances: 'several' as const, log, metrics: createMetrics(), compareEvery: 300 };
      const owner = createRuntime({
        ...common,
        adapter: started(own),
        schema: 'tasks',
        roles: { caller: 'taskmaster_api', background: 'taskmaster_api_background' },
        poolSize: 2,
      });
      const consumer = createRuntime({
        ...common,
        adapter: { ...started(other), fanOut: started(observer).fanOut },
        schema: 'recurring',
        roles: { caller: 'taskmaster_recurring', background: 'taskmaster_recurring' },
        poolSize: 2,
      });
      runtimes = { owner, consumer };
      register(owner, consumer);
      for (const { http, port: listen } of apps) await http.listen({ host: '127.0.0.1', port: listen });
      await Promise.all(sidecars.map((sidecar) => sidecar.ready()));
      await consumer.begin();
      await owner.begin();
    },
    sql: async <Row>(text: string, values?: unknown[]) => (await looking.query(text, values)).rows as Row[],
    async stop() {
      await stopApps();
      await broker.stop();
      await looking.end();
      await drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
