import pg from 'pg';
import { freshDatabase } from '../../test/support/fresh-database.ts';
import { createRuntime, type RunningRuntime } from '../create-runtime.ts';
import type { Adapter } from '../runtime.ts';
import { createLogger, createMetrics } from '../telemetry.ts';
import { describeRuntime } from '../testing/conformance.ts';
import { createEmbeddedAdapter } from './embedded-adapter.ts';
import { createStateStore } from './state-store.ts';

describeRuntime('the embedded adapter', async () => {
  const { connection, drop } = await freshDatabase();
  const looking = new pg.Pool({ ...connection, max: 2 });
  const log = createLogger('silent');
  let adapter: Adapter | undefined;
  let owner: RunningRuntime<'tasks'> | undefined;
  let consumer: RunningRuntime<'recurring'> | undefined;
  let register: (owner: RunningRuntime<'tasks'>, consumer: RunningRuntime<'recurring'>) => void = () => undefined;
  const running = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('not started');
    return part;
  };
  const stopParts = async () => {
    adapter?.rest();
    await Promise.all([owner?.stop(), consumer?.stop()]);
    await adapter?.stop();
  };
  return {
    get adapter() {
      return running(adapter);
    },
    owner: () => running(owner),
    consumer: () => running(consumer),
    onStart: (given) => {
      register = given;
    },
    async restart() {
      await stopParts();
      adapter = createEmbeddedAdapter({ state: createStateStore(looking, 'test:'), log });
      const common = {
        connection,
        adapter,
        instances: 'one' as const,
        log,
        metrics: createMetrics(),
        compareEvery: 300,
      };
      owner = createRuntime({
        ...common,
        schema: 'tasks',
        roles: { caller: 'taskmaster_api', background: 'taskmaster_api_background' },
        poolSize: 2,
      });
      consumer = createRuntime({
        ...common,
        schema: 'recurring',
        roles: { caller: 'taskmaster_recurring', background: 'taskmaster_recurring' },
        poolSize: 2,
      });
      register(owner, consumer);
      await consumer.begin();
      await owner.begin();
    },
    sql: async <Row>(text: string, values?: unknown[]) => (await looking.query(text, values)).rows as Row[],
    async stop() {
      await stopParts();
      await looking.end();
      await drop();
    },
  };
});
