import { rmSync } from 'node:fs';
import path from 'node:path';
import { ensureDapr } from './binaries.mjs';
import { freePorts, isListening } from './ports.mjs';
import { createProcess } from './process.mjs';

/** Dapr's scheduler, which keeps the jobs in its folder. @param {{folder: string}} options */
export async function createScheduler({ folder }) {
  const { scheduler } = await ensureDapr();
  const [port = 0, health = 0, client = 0, peer = 0] = await freePorts(4);
  const address = `127.0.0.1:${port}`;
  const id = 'dapr-scheduler-server-0';
  const data = path.join(folder, 'scheduler');
  const words = {
    id,
    port,
    'listen-address': '127.0.0.1',
    // Else it tells sidecars to find it by the name of this machine.
    'override-broadcast-host-port': address,
    'healthz-port': health,
    'healthz-listen-address': '127.0.0.1',
    'etcd-data-dir': data,
    'etcd-client-port': client,
    'etcd-initial-cluster': `${id}=http://localhost:${peer}`,
    // It is alone: nobody else could be elected, so it need not wait and see.
    'etcd-initial-election-tick-advance': true,
    'identity-directory-write': path.join(folder, 'scheduler-identity'),
    'enable-metrics': false,
  };
  const process = createProcess({
    name: 'scheduler',
    command: [scheduler, ...Object.entries(words).map(([name, value]) => `--${name}=${value}`)],
    folder,
    log: path.join(folder, 'scheduler.log'),
    // Its health says yes a second before its store, and with it every call, is there.
    isReady: async () => (await isListening(client)) && answersOk(`http://127.0.0.1:${health}/healthz`),
  });
  /** While it does not run: every job. */
  const wipe = async () => rmSync(data, { recursive: true, force: true });
  return { ...process, address, wipe };
}

/** @param {string} url @param {Record<string, string>} [headers] @returns {Promise<boolean>} */
export const answersOk = (url, headers = {}) =>
  fetch(url, { headers, signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
