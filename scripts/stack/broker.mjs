import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createKafka, topics } from './kafka.mjs';
import { createScheduler } from './scheduler.mjs';
import { createSidecar } from './sidecar.mjs';

/** @typedef {Awaited<ReturnType<typeof startBroker>>} Broker */
/** @typedef {Awaited<ReturnType<typeof createSidecar>>} Sidecar */

/**
 * A real Kafka with the product's topics and a real Dapr scheduler, both on free ports and with their data, secrets and
 * logs in one folder; started again on that folder they go on with it. Nothing of it outlives `stop` or this process.
 *
 * @param {object} options
 * @param {string} options.run_folder made if it is missing
 * @param {'redpanda' | 'oracle'} [options.variant] which broker of the product it stands for
 * @param {string} options.database_url where sidecars keep state
 * @param {Readonly<Record<string, string>>} [options.app_secrets] what apps may read
 */
export async function startBroker({ run_folder, variant = 'redpanda', database_url, app_secrets = {} }) {
  mkdirSync(run_folder, { recursive: true, mode: 0o700 });
  const folder = realpathSync(run_folder);
  const kafka = await createKafka({ folder, passwords: passwordsOf(folder) });
  const scheduler = await createScheduler({ folder });
  writeFileSync(path.join(folder, 'secrets.json'), JSON.stringify(secrets(), null, 2), { mode: 0o600 });

  /** @type {Sidecar[]} */
  const sidecars = [];
  const startKafka = async () => {
    await kafka.start();
    await kafka.createTopics(topics());
  };
  try {
    await Promise.all([startKafka(), scheduler.start()]);
  } catch (error) {
    await stop();
    throw error;
  }

  /** Named as in a cluster, see deploy/dapr. */
  function secrets() {
    const { redpanda, oracle } = kafka.logins;
    return {
      'redpanda-creds': {
        REDPANDA_BOOTSTRAP_SERVERS: redpanda.brokers,
        REDPANDA_SASL_USERNAME: redpanda.username,
        REDPANDA_SASL_PASSWORD: redpanda.password,
      },
      'oci-streaming-creds': {
        ORACLE_STREAMING_ENDPOINT: oracle.brokers,
        ORACLE_STREAMING_USERNAME: oracle.username,
        ORACLE_STREAMING_AUTH_TOKEN: oracle.password,
      },
      'postgres-creds': { DATABASE_URL: database_url },
      'taskmaster-app': app_secrets,
    };
  }

  /** Starts one more. @param {import('./sidecar.mjs').SidecarOptions} options */
  async function sidecar(options) {
    const one = await createSidecar({ folder, variant, scheduler_address: scheduler.address, ...options });
    sidecars.push(one);
    await one.start();
    return one;
  }

  async function stop() {
    await Promise.all(sidecars.map((one) => one.stop()));
    await Promise.all([scheduler.stop(), kafka.stop()]);
  }

  /** As after the loss of its disk: it comes back with nothing, and the topics are made again. @param {'kafka' | 'scheduler'} name */
  async function wipe(name) {
    const one = { kafka, scheduler }[name];
    await one.kill();
    await one.wipe();
    await (name === 'kafka' ? startKafka() : one.start());
  }

  return { run_folder: folder, variant, kafka, scheduler, sidecar, wipe, stop };
}

/** Kept in the folder: the broker knows them from the day it was made. @param {string} folder */
function passwordsOf(folder) {
  const file = path.join(folder, 'passwords.json');
  const made = () => randomBytes(16).toString('hex');
  if (!existsSync(file)) writeFileSync(file, JSON.stringify({ redpanda: made(), oracle: made() }), { mode: 0o600 });
  return JSON.parse(readFileSync(file, 'utf8'));
}
