import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.resolve(import.meta.dirname, '../..');
const PATIENCE_MS = 60_000;

export interface StartedProgram {
  readonly url: string;
  readonly pid: number;
  /** What it has printed last. */
  said(): string;
  /** As Ctrl-C does; its data goes with it. */
  stop(): Promise<void>;
  /** As a power cut does: no goodbye. Its data stays for whoever starts on it again. */
  kill9(): Promise<void>;
}

/** The built program on a free port and data of its own. Resolves when it answers `/ready`. @throws what it said, if it ended. */
export async function startProgram({
  env = {},
}: {
  env?: Readonly<Record<string, string>>;
} = {}): Promise<StartedProgram> {
  const main = path.join(root, 'dist/main.js');
  if (!existsSync(main)) throw new Error('The program is not built: node scripts/set-up.mjs start');
  const data_dir = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'tm-e2e-')));
  // As root the database runs as another user, who must be able to pass.
  chmodSync(data_dir, 0o711);
  const port = await freePort();
  const settings = { DATA_DIR: data_dir, PORT: String(port), RATE_LIMIT: 'off', LOG_LEVEL: 'warn', ...env };
  const child = spawn(process.execPath, [main], {
    cwd: root,
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (said = (said + String(chunk)).slice(-8000)));
  const url = `http://localhost:${port}`;
  await ready(url, child, () => said);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      await gone;
    }
  };
  return {
    url,
    pid: child.pid ?? 0,
    said: () => said,
    stop: async () => {
      await end('SIGTERM');
      rmSync(data_dir, { recursive: true, force: true, maxRetries: 5 });
    },
    kill9: () => end('SIGKILL'),
  };
}

async function ready(url: string, child: ChildProcess, said: () => string): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(100)) {
    if (child.exitCode !== null) throw new Error(`The program ended before it was ready: ${said()}`);
    const answer = await fetch(`${url}/ready`).catch(() => undefined);
    if (answer?.ok) return;
  }
  child.kill('SIGKILL');
  throw new Error(`The program was not ready in time: ${said()}`);
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
