import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.resolve(import.meta.dirname, '../..');

export interface ProgramCopy {
  /** Holds `dist/main.js` and what it looks for beside itself. */
  readonly folder: string;
  remove(): void;
}

/** A folder in which a bundle finds its packages and its page as it does in the checkout. Put the bundle into `dist/`. */
export function programFolder(): ProgramCopy {
  const folder = temporaryFolder('program');
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  if (existsSync(path.join(root, 'web'))) symlinkSync(path.join(root, 'web'), path.join(folder, 'web'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The program as it is built now: a build that happens meanwhile does not change what is tested. */
export function copyProgram(): ProgramCopy {
  if (!existsSync(path.join(root, 'dist/main.js')))
    throw new Error('The program is not built: node scripts/set-up.mjs start');
  const copy = programFolder();
  cpSync(path.join(root, 'dist'), path.join(copy.folder, 'dist'), { recursive: true });
  return copy;
}

/** As root the database runs as another user, who must be able to pass. */
export function temporaryFolder(what: string): string {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), `tm-${what}-`)));
  chmodSync(folder, 0o711);
  return folder;
}

export interface Program {
  readonly url: string;
  readonly pid: number;
  /** The bundled database, as its owner: sees everything. */
  readonly connection: Connection;
  /** What it has printed last. */
  said(): string;
  /** Resolves when it answers `/ready`. @throws if it ends first, with what it said. */
  ready(): Promise<void>;
  hasEnded(): boolean;
  /** By `kill -9`, its own or somebody's. */
  wasKilled(): boolean;
  /** It was asked to stop, and did what it had to before. */
  endedInOrder(): boolean;
  /** Resolves when its process is gone. */
  readonly gone: Promise<unknown>;
  kill(): Promise<void>;
  /** As Ctrl-C does; kills after 25 seconds. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly folder: string;
  readonly data_dir: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly node?: readonly string[];
  /** What starts it: a way into another namespace, say. It must become the program. */
  readonly prefix?: readonly string[];
}

/** The bundled database of a data folder, as its owner: sees everything. */
export const connectionOf = (data_dir: string): Connection => ({
  host: path.join(data_dir, 'postgres/run'),
  port: 5432,
  user: 'taskmaster',
  database: 'taskmaster',
  ssl: false,
});
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly ssl: false;
}

/** Starts the program on its own data and port, and returns at once. It never outlives this process. */
export function startProgram({ folder, data_dir, port, env = {}, node = [], prefix = [] }: ProgramOptions): Program {
  mkdirSync(data_dir, { recursive: true });
  const settings = { DATA_DIR: data_dir, PORT: String(port), RATE_LIMIT: 'off', LOG_LEVEL: 'warn', ...env };
  const [command = '', ...words] = [...prefix, process.execPath, ...node, path.join(folder, 'dist/main.js')];
  const child = spawn(command, words, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { NODE_ENV: 'production', PATH: process.env.PATH, HOME: process.env.HOME, ...settings },
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      lines.push(String(chunk));
      if (lines.length > 200) lines.shift();
    });
  }
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.removeListener('exit', killWithUs));
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    pid: child.pid ?? 0,
    connection: connectionOf(data_dir),
    said: () => lines.join(''),
    hasEnded: () => hasEnded(child),
    wasKilled: () => child.signalCode === 'SIGKILL',
    endedInOrder: () => child.exitCode === 0,
    gone: once(child, 'exit'),
    async ready() {
      for (const until = Date.now() + 120_000; Date.now() < until; await sleep(10)) {
        if (hasEnded(child))
          throw new Error(`The program ended (${child.signalCode ?? child.exitCode}): ${lines.join('')}`);
        const answer = await fetch(`${url}/ready`).catch(() => undefined);
        await answer?.text();
        if (answer?.ok) return;
      }
      throw new Error(`The program was not ready within two minutes: ${lines.join('')}`);
    },
    kill: () => end(child, 'SIGKILL'),
    async stop() {
      const patience = setTimeout(() => child.kill('SIGKILL'), 25_000);
      await end(child, 'SIGTERM');
      clearTimeout(patience);
      await databaseGone(data_dir);
    },
  };
}

/** After a kill the database ends by itself. */
export async function databaseGone(data_dir: string): Promise<void> {
  for (const until = Date.now() + 30_000; Date.now() < until; await sleep(20)) {
    const pid = databasePid(data_dir);
    if (pid === undefined || !isAlive(pid)) return;
  }
}

export function databasePid(data_dir: string): number | undefined {
  try {
    return Number(readFileSync(path.join(data_dir, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return undefined;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return address.port;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
