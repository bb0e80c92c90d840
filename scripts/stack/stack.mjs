import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBroker } from './broker.mjs';
import { createDatabase } from './database.mjs';
import { freePorts, isListening } from './ports.mjs';
import { startProxy } from './proxy.mjs';
import { SERVICE_NAMES, SERVICES } from './routes.mjs';
import { createService } from './service.mjs';

const LOOK_EVERY_MS = 500;

/** @typedef {import('./routes.mjs').ServiceName} ServiceName */
/** @typedef {Awaited<ReturnType<typeof startStack>>} Stack */

/**
 * Five services with their sidecars, a broker, the scheduler and a database: each a process of its own, started again when it
 * ends, behind one address. Nothing of it outlives `stop` or this process.
 *
 * @param {object} options
 * @param {string} options.run_folder
 * @param {'redpanda' | 'oracle'} [options.variant]
 * @param {Partial<Record<ServiceName, number>>} [options.replicas]
 * @param {number} [options.port] of the one address; 0 is a free one
 * @param {boolean} [options.usual_ports] those of the specification, where nobody has them
 * @param {Readonly<Record<string, string>>} [options.env] further settings of the services
 * @param {string} [options.program]
 * @param {(text: string) => void} [options.say]
 */
export async function startStack({
  run_folder,
  variant = 'redpanda',
  replicas = {},
  port = 0,
  usual_ports = false,
  env = {},
  program,
  say = () => undefined,
}) {
  mkdirSync(run_folder, { recursive: true, mode: 0o711 });
  const folder = realpathSync(run_folder);
  /** @type {(() => Promise<unknown>)[]} */
  const undo = [];
  /** @type {Set<{name: string, pid(): number | undefined, start(): Promise<void>, kill(): Promise<void>, stop(): Promise<void>, log: string}>} */
  const watched = new Set();
  /** @type {Set<string>} */
  const away = new Set();
  let stopping = false;
  const stop = async () => {
    stopping = true;
    for (const step of undo.splice(0).reverse()) await step();
  };

  try {
    const database = createDatabase({ folder });
    undo.push(database.stop);
    say('PostgreSQL …');
    await database.start();
    say(`Kafka (as ${variant} speaks it) and the Dapr scheduler …`);
    const broker = await startBroker({
      run_folder: folder,
      variant,
      database_url: database.url(),
      app_secrets: { DATABASE_URL: database.url(), BETTER_AUTH_SECRET: secretIn(folder) },
    });
    undo.push(broker.stop);
    watched.add({ ...database, name: 'database' });
    watched.add({ ...broker.kafka, name: 'kafka' }).add({ ...broker.scheduler, name: 'scheduler' });

    /** Those that the address sends to. @type {(ReturnType<typeof createService> & {replica: number, sidecar: import('./broker.mjs').Sidecar})[]} */
    const services = [];
    const address = port || (await freePorts(1))[0] || 0;
    const url = `http://127.0.0.1:${address}`;
    const { OTEL_EXPORTER_OTLP_ENDPOINT } = env;
    const settings = { PUBLIC_URL: url, SIGN_UP: 'open', TRUST_PROXY: '1', ...env };

    /** @param {ServiceName} service @param {number} replica @param {string} [from] a folder with another build of it */
    async function add(service, replica, from = program) {
      const { app_id, ...usual } = SERVICES[service];
      const [free = 0, freeHttp = 0] = await freePorts(2);
      const takes = async (/** @type {number} */ wanted) =>
        usual_ports && replica === 0 && !(await isListening(wanted));
      const app_port = (await takes(usual.port)) ? usual.port : free;
      const name = `${service}-${replica}`;
      const sidecar = await broker.sidecar({
        app_id,
        app_port,
        name: `${name}-daprd`,
        pod_name: `${app_id}-${replica}`,
        env: OTEL_EXPORTER_OTLP_ENDPOINT ? { OTEL_EXPORTER_OTLP_ENDPOINT } : {},
        http_port: (await takes(usual.sidecar_port)) ? usual.sidecar_port : freeHttp,
      });
      const one = createService({
        name,
        service,
        port: app_port,
        sidecar,
        folder,
        env: settings,
        ...(from ? { program: from } : {}),
      });
      undo.push(one.stop);
      await one.start();
      await sidecar.ready();
      services.push({ ...one, replica, sidecar });
      watched.add(one).add({ ...sidecar, name: `${name}-daprd` });
      say(`${name} on ${one.url}, its sidecar on ${sidecar.url}`);
    }
    // api first: it brings the database up to date. And one of it alone: of two sidecars that make their tables at once one ends.
    await add('api', 0);
    for (const name of SERVICE_NAMES) {
      const wanted = Array.from({ length: replicas[name] ?? 1 }, (_, replica) => replica);
      await Promise.all(wanted.slice(name === 'api' ? 1 : 0).map((replica) => add(name, replica)));
    }

    // Last: who can reach it can reach all of them.
    const proxy = await startProxy({
      port: address,
      portsOf: (service) => {
        const all = services.filter((one) => one.service === service);
        const alive = all.filter((one) => one.pid());
        return (alive.length > 0 ? alive : all).map((one) => one.port);
      },
    });
    undo.push(proxy.close);
    void startAgain();

    /** @param {ServiceName} service */
    const instancesOf = (service) =>
      services.filter((one) => one.service === service).sort((a, b) => a.replica - b.replica);

    /** @param {(typeof services)[number]} old */
    async function retire(old) {
      services.splice(services.indexOf(old), 1);
      while (proxy.underWay(old.port) > 0) await sleep(20);
      for (const one of watched) if ([old.name, `${old.name}-daprd`].includes(one.name)) watched.delete(one);
      // The service last: it has to answer what its sidecar still brings.
      await old.sidecar.stop();
      await old.stop();
    }

    return {
      url,
      variant,
      database_url: database.url(),
      broker,
      /** Those of a service that the address sends to now, the first first. @param {ServiceName} service */
      instances: (service) => instancesOf(service).map(({ name, url }) => ({ name, url })),
      /** The sidecar of the first instance, and where that listens. @param {ServiceName} service */
      sidecar: (service) => {
        const [first] = instancesOf(service);
        if (!first) throw new Error(`${service} has no sidecar`);
        return { ...first.sidecar, service_url: first.url };
      },
      /**
       * As a power cut: it is started again, unless it is to stay away until it is called back.
       *
       * @param {string} name @param {{stays_away?: boolean}} [how]
       */
      async kill(name, { stays_away = false } = {}) {
        if (stays_away) away.add(name);
        await called(name).kill();
      },
      /** As the loss of its disk: it comes back with nothing. @param {'kafka' | 'scheduler'} name */
      async wipe(name) {
        away.add(name);
        await broker.wipe(name).finally(() => away.delete(name));
      },
      /** As an operator does: it ends in order, and is started again. @param {string} name */
      restart: (name) => called(name).stop(),
      /**
       * Replaces instances of a service one after another, as a cluster brings a new version: the new one is ready before the old
       * one is sent nothing more, and the old one ends when it has answered everybody.
       *
       * @param {ServiceName} service @param {{program?: string, instances?: number}} [how] else all of them, by the same build
       */
      async roll(service, { program: from, instances = Number.POSITIVE_INFINITY } = {}) {
        const old = instancesOf(service).slice(0, instances);
        for (const one of old) {
          const taken = new Set(instancesOf(service).map(({ replica }) => replica));
          let replica = 0;
          while (taken.has(replica)) replica++;
          await add(service, replica, from);
          await retire(one);
        }
      },
      /** @param {string} name */
      comeBack: (name) => void away.delete(name),
      /** @param {string} name @param {NodeJS.Signals} signal */
      signal(name, signal) {
        const pid = called(name).pid();
        if (pid) process.kill(pid, signal);
      },
      processes: () => [...watched].map((one) => ({ name: one.name, pid: one.pid(), log: one.log })),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }

  /** @param {string} name */
  function called(name) {
    const found = [...watched].find((one) => one.name === name);
    if (!found) throw new Error(`${name} is none of ${[...watched].map((one) => one.name).join(', ')}`);
    return found;
  }

  /** As a cluster does with whatever ends. */
  async function startAgain() {
    /** @type {Set<string>} */
    const starting = new Set();
    while (!stopping) {
      await sleep(LOOK_EVERY_MS);
      for (const one of watched) {
        if (stopping || one.pid() || starting.has(one.name) || away.has(one.name)) continue;
        starting.add(one.name);
        say(`${one.name} has ended, starting it again`);
        void one
          .start()
          .catch((error) => !stopping && say(`${one.name}: ${String(error).slice(0, 500)}`))
          .finally(() => starting.delete(one.name));
      }
    }
  }
}

/** @param {string} folder */
function secretIn(folder) {
  const file = path.join(folder, 'better-auth-secret');
  if (!existsSync(file)) writeFileSync(file, randomBytes(48).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}
