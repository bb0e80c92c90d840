import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../steps/step.mjs';
import { ensureDapr } from './binaries.mjs';
import { freePorts } from './ports.mjs';
import { createProcess } from './process.mjs';
import { answersOk } from './scheduler.mjs';

/** What each sidecar is told, here and in deploy/compose.yaml. */
export const FLAGS = {
  mode: 'standalone',
  'app-protocol': 'http',
  'app-channel-address': '127.0.0.1',
  'dapr-listen-addresses': '127.0.0.1',
  'dapr-graceful-shutdown-seconds': 10,
  // Answers with longer headers than the default 4 KiB are lost.
  'read-buffer-size': '16Ki',
  // One failed look is enough: while the app is thought well, each refused connection uses up a delivery's retries.
  'enable-app-health-check': true,
  'app-health-check-path': '/ready',
  'app-health-probe-interval': 2,
  'app-health-probe-timeout': 2_000,
  'app-health-threshold': 1,
};
/** Its heap is small, and Go collects it each time it has doubled: at fivefold, within a bound, it takes a tenth less of a processor. */
export const GO_SETTINGS = { GOGC: '400', GOMEMLIMIT: '256MiB' };

const components = (/** @type {string} */ name) => path.join(root, 'deploy/dapr', name);

/**
 * @typedef {object} SidecarOptions
 * @property {string} app_id
 * @property {number} app_port
 * @property {string} [name] of the process and its log; another one for a second replica
 * @property {string} [pod_name]
 * @property {number} [http_port] else a free one
 * @property {number} [grpc_port] else a free one
 * @property {readonly string[]} [resources] folders of further resource files
 * @property {string} [health_path] where the app says whether it can work
 * @property {Readonly<Record<string, string>>} [env]
 */

/**
 * One daprd with the product's components. `start` resolves when its API answers; `ready` when it has found the app and is
 * about to subscribe for it. Joining its group comes later still: what is observed is seen only from then on.
 *
 * @param {SidecarOptions & {folder: string, variant: 'redpanda' | 'oracle', scheduler_address: string}} options
 */
export async function createSidecar({
  folder,
  variant,
  scheduler_address,
  app_id,
  app_port,
  name = `daprd-${app_id}`,
  pod_name = `${app_id}-0`,
  http_port,
  grpc_port,
  resources = [],
  health_path = FLAGS['app-health-check-path'],
  env = {},
}) {
  const { daprd } = await ensureDapr();
  const [free_http = 0, free_grpc = 0, internal = 0, metrics = 0] = await freePorts(4);
  const tokens = { DAPR_API_TOKEN: randomBytes(24).toString('hex'), APP_API_TOKEN: randomBytes(24).toString('hex') };
  const url = `http://127.0.0.1:${http_port ?? free_http}`;
  const words = {
    ...FLAGS,
    'app-id': app_id,
    'app-port': app_port,
    'app-health-check-path': health_path,
    'dapr-http-port': http_port ?? free_http,
    'dapr-grpc-port': grpc_port ?? free_grpc,
    'dapr-internal-grpc-port': internal,
    'dapr-internal-grpc-listen-address': '127.0.0.1',
    'metrics-port': metrics,
    'metrics-listen-address': '127.0.0.1',
    'profile-port': -1,
    'scheduler-host-address': scheduler_address,
  };
  // Read from the environment, and so as the services have it; the sidecar must be told besides how to speak.
  const collector = { ...globalThis.process.env, ...env }.OTEL_EXPORTER_OTLP_ENDPOINT;
  /** @type {Record<string, string>} */
  const tracing = collector
    ? {
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_INSECURE: String(collector.startsWith('http:')),
      }
    : {};
  const configurations = ['common/configuration.yaml', 'development/configuration.yaml'].map(components);
  const folders = [...['common', 'development', variant].map(components), ...resources];
  const process = createProcess({
    name,
    command: [
      daprd,
      ...Object.entries(words).map(([word, value]) => `--${word}=${value}`),
      ...configurations.map((file) => `--config=${file}`),
      ...folders.map((place) => `--resources-path=${place}`),
    ],
    // The component files name secrets.json and names.db, which lie there.
    folder,
    log: path.join(folder, `${name}.log`),
    env: {
      ...tokens,
      ...GO_SETTINGS,
      POD_NAME: pod_name,
      // What it tells other sidecars to call.
      DAPR_HOST_IP: '127.0.0.1',
      ...(variant === 'oracle' ? { SSL_CERT_FILE: path.join(folder, 'server.pem') } : {}),
      ...tracing,
      ...env,
    },
    isReady: () => answersOk(`${url}/v1.0/healthz/outbound`),
  });

  async function ready() {
    while (!(await answersOk(`${url}/v1.0/healthz`))) {
      if (!process.pid()) throw new Error(`${name} has ended; see ${process.log}`);
      await sleep(50);
    }
  }

  return {
    ...process,
    ready,
    app_id,
    url,
    metrics_url: `http://127.0.0.1:${metrics}`,
    dapr_api_token: tokens.DAPR_API_TOKEN,
    app_api_token: tokens.APP_API_TOKEN,
  };
}
