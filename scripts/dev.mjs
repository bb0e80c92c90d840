// `npm run dev`: the program as `npm start` runs it; on every change it is built again, and the server starts anew. Letters go to a
// mail server of its own, which shows each as a page.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import path from 'node:path';
import { build } from './steps/build.mjs';
import { install } from './steps/install.mjs';
import { root, StepFailed } from './steps/step.mjs';

const SOURCES = ['domain', 'contracts', 'db', 'runtime', 'services', 'web'];
const BUILT = /(^|[\\/])(node_modules|out|\.next|dist)([\\/]|$)|next-env\.d\.ts$/;

/** @type {import('node:child_process').ChildProcess | undefined} */
let server;
let letterBox = { url: process.env.SMTP_URL, stop: () => {} };
let stale = false;
let busy = false;

await install();
if (!process.env.SMTP_URL) letterBox = await openLetterBox();
await bringUpToDate();
for (const folder of SOURCES.filter((name) => existsSync(path.join(root, name)))) {
  watch(path.join(root, folder), { recursive: true }, (_, file) => {
    if (file && !BUILT.test(file)) setTimeout(bringUpToDate, 100);
  });
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(signal, async () => {
    await stopServer();
    letterBox.stop();
    process.exit(0);
  });
}

async function bringUpToDate() {
  stale = true;
  if (busy) return;
  busy = true;
  while (stale) {
    stale = false;
    try {
      const built = await build();
      if (built.server || !isRunning()) {
        await stopServer();
        startServer();
      }
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      console.error(error.message);
    }
  }
  busy = false;
}

function startServer() {
  if (!existsSync(path.join(root, 'dist/main.js'))) return;
  server = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    cwd: root,
    stdio: 'inherit',
    env: { MAIL_FROM: 'TaskMaster <tasks@localhost>', ...process.env, SMTP_URL: letterBox.url },
  });
}

function isRunning() {
  return server !== undefined && server.exitCode === null && server.signalCode === null;
}

async function stopServer() {
  if (!server || !isRunning()) return;
  server.kill('SIGTERM');
  await once(server, 'exit');
}

async function openLetterBox() {
  const folder = path.resolve(root, process.env.DATA_DIR ?? 'data', 'letters');
  const box = fork(path.join(root, 'scripts/letter-box.ts'), [folder], { cwd: root, execArgv: ['--import', 'tsx'] });
  const [{ url }] = await once(box, 'message');
  return { url, stop: () => void box.kill() };
}
