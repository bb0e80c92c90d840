import path from 'node:path';
import { root } from '../steps/step.mjs';
import { createProcess } from './process.mjs';
import { answersOk } from './scheduler.mjs';

/**
 * One service as a process, beside its sidecar.
 *
 * @param {object} options
 * @param {string} options.name of the process and its log
 * @param {string} options.service
 * @param {number} options.port
 * @param {import('./broker.mjs').Sidecar} options.sidecar
 * @param {string} options.folder
 * @param {string} [options.program] a folder with `dist/main.js` in it, else that of this checkout
 * @param {Readonly<Record<string, string>>} options.env
 */
export function createService({ name, service, port, sidecar, folder, program = root, env }) {
  const url = `http://127.0.0.1:${port}`;
  const started = createProcess({
    name,
    command: [process.execPath, '--enable-source-maps', path.join(program, 'dist/main.js')],
    folder: program,
    log: path.join(folder, `${name}.log`),
    env: {
      NODE_ENV: 'production',
      ...env,
      MODE: 'distributed',
      SERVICE: service,
      PORT: String(port),
      DATA_DIR: folder,
      DAPR_HTTP_PORT: new URL(sidecar.url).port,
      DAPR_API_TOKEN: sidecar.dapr_api_token,
      APP_API_TOKEN: sidecar.app_api_token,
    },
    isReady: () => answersOk(`${url}/ready`),
  });
  return { ...started, name, service, url, port };
}
