import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './native-package.ts';
import { findProgram, type ServerUser, works } from './server-user.ts';
import { StartRefusal } from './start-refusal.ts';

/** What sees to it that the server ends with the program: the kernel, or a shell that waits at a pipe. */
export type Guard = 'death_signal' | 'pipe';

export interface Postmaster {
  readonly pid: number;
  /** Resolves with a description once the server's process is gone. */
  readonly gone: Promise<string>;
  /** Ends every session, writes everything down, and returns when the process is gone. */
  stop(): Promise<void>;
}

export type ServerLog = (line: { level: 'info' | 'warn' | 'error'; msg: string }) => void;

/** The server in the background, its number on standard output, and an end for it when standard input closes. */
const PIPE_GUARD = `
exec 3<&0
"$@" </dev/null 1>&2 3<&- &
server=$!
echo "$server"
exec 1>&-
(read -r nothing <&3; kill -INT "$server") 2>/dev/null &
guard=$!
exec 3<&-
wait "$server"
ended=$?
kill "$guard" 2>/dev/null
exit "$ended"
`;

/** Milliseconds that each way of stopping gets before the next, harsher one. */
const STOPPING: ReadonlyArray<readonly [NodeJS.Signals, number]> = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5_000],
];

/** The kernel's signal where `setpriv` has it (Linux), else the pipe. */
export async function chooseGuard(): Promise<Guard> {
  return (await works(['setpriv', '--pdeathsig', 'INT', 'true'])) ? 'death_signal' : 'pipe';
}

/** Runs one of the package's programs to its end. @throws StartRefusal with what it printed. */
export async function runToEnd(name: string, words: readonly string[], binaries: Binaries, user: ServerUser) {
  const killedWithUs = await works(['setpriv', '--pdeathsig', 'KILL', 'true']);
  const child = launch(
    [...(killedWithUs ? ['setpriv', '--pdeathsig', 'KILL'] : []), path.join(binaries.bin, name), ...words],
    {
      binaries,
      user,
      stdin: 'ignore',
    },
  );
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => lines.push(String(chunk)));
  const ended = await new Promise<string>((resolve) => {
    child
      .once('error', (error) => resolve(error.message))
      .once('close', (code, signal) => resolve(`${code ?? signal}`));
  });
  if (ended !== '0') {
    throw new StartRefusal(
      'server_did_not_start',
      `${name} ended with ${ended}: ${lines.join('').trim().slice(-1500)}`,
      'Look at the reason above (a full disk, missing rights?), or set DATABASE_URL to a PostgreSQL of your own.',
    );
  }
}

/** Starts the server and returns when it takes connections. @throws StartRefusal `server_did_not_start` */
export async function startPostmaster(options: {
  data: string;
  socket_folder: string;
  settings: Readonly<Record<string, string>>;
  binaries: Binaries;
  user: ServerUser;
  guard: Guard;
  log: ServerLog;
  progress: (text: string) => void;
}): Promise<Postmaster> {
  const { data, socket_folder, binaries, user, guard } = options;
  const settings = { listen_addresses: '', unix_socket_directories: socket_folder, ...options.settings };
  const server = [path.join(binaries.bin, 'postgres'), '-D', data];
  for (const [name, value] of Object.entries(settings)) server.push('-c', `${name}=${value}`);
  const command =
    guard === 'pipe'
      ? ['sh', '-c', PIPE_GUARD, 'taskmaster-postgres', ...server]
      : ['setpriv', '--pdeathsig', 'INT', ...server];

  const child = launch(command, { binaries, user, stdin: guard === 'pipe' ? 'pipe' : 'ignore' });
  const last: string[] = [];
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(`PostgreSQL ended (${signal ?? `code ${code}`})`));
  });
  let ended = false;
  void gone.then(() => {
    ended = true;
  });
  if (child.stderr) relay(child.stderr, options.log, last);
  const pid = guard === 'pipe' ? await firstNumber(child) : (child.pid ?? 0);

  const startedAt = performance.now();
  for (let said = 0; !isReady(data, pid); ) {
    if (ended) {
      throw new StartRefusal(
        'server_did_not_start',
        `${await gone} before it was ready. Its last lines: ${last.slice(-8).join(' | ') || 'none'}`,
        'Look at the reason above. If the data is damaged, run "restore" with your last backup and an empty DATA_DIR.',
      );
    }
    await sleep(5);
    const seconds = Math.floor((performance.now() - startedAt) / 5_000) * 5;
    if (seconds > said) {
      said = seconds;
      options.progress(`The database is recovering (${seconds} s); this ends by itself`);
    }
  }
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as { unref?(): void } | null)?.unref?.();

  return {
    pid,
    gone,
    stop: async () => {
      child.ref();
      if (!ended) await endProcess(pid, () => ended);
      await gone;
    },
  };
}

/**
 * A server left by a program that was killed is on its way out; after five seconds it is told again. It is never used:
 * nobody knows how it was started.
 */
export async function endLeftServer(data: string, progress: (text: string) => void): Promise<void> {
  const pid = Number(pidFile(data)[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const gone = () => !isServerOf(pid, data);
  for (let waited = 0; waited < 5_000; waited += 25) {
    if (gone()) return;
    if (waited === 0) progress('Waiting for the database of the last run to end');
    await sleep(25);
  }
  await endProcess(pid, gone);
  if (!gone()) {
    throw new StartRefusal(
      'server_did_not_start',
      `A PostgreSQL of an earlier run (process ${pid}) still uses ${data} and does not end.`,
      `End process ${pid}, then start TaskMaster again.`,
    );
  }
}

async function endProcess(pid: number, gone: () => boolean): Promise<void> {
  for (const [signal, patience] of STOPPING) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const until = performance.now() + patience;
    while (performance.now() < until) {
      if (gone()) return;
      await sleep(5);
    }
  }
}

function launch(
  command: readonly string[],
  { binaries, user, stdin }: { binaries: Binaries; user: ServerUser; stdin: 'pipe' | 'ignore' },
): ChildProcess {
  const [name = '', ...words] = [...user.prefix, ...command];
  const library = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return spawn(findProgram(name) ?? name, words, {
    // Its own session: Ctrl-C in a terminal must reach the program first, which then stops the server.
    detached: true,
    cwd: '/',
    stdio: [stdin, 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', [library]: binaries.library_path },
    ...(user.switches ? { uid: user.uid, gid: user.gid } : {}),
  });
}

async function firstNumber(child: ChildProcess): Promise<number> {
  if (!child.stdout) return 0;
  for await (const line of readline.createInterface({ input: child.stdout })) return Number(line);
  return 0;
}

/** PostgreSQL's lines as ours; a line that begins with a tab goes on with the one before. */
function relay(stream: Readable, log: ServerLog, last: string[]): void {
  readline.createInterface({ input: stream }).on('line', (text) => {
    const line = text.trim();
    if (!line) return;
    last.push(line);
    if (last.length > 20) last.shift();
    const severity = /^(?:\[\d+\] )?([A-Z]+): {1,2}/.exec(line)?.[1];
    const level = severity === 'FATAL' || severity === 'PANIC' ? 'error' : severity === 'WARNING' ? 'warn' : 'info';
    log({ level, msg: `postgres: ${line}` });
  });
}

function isReady(data: string, pid: number): boolean {
  const lines = pidFile(data);
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

/** Lines of postmaster.pid: number, folder, start, port, socket folder, address, shared memory, state. */
function pidFile(data: string): string[] {
  try {
    return readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** Process numbers are used again, after a restart of the machine above all: look whether it is this server. */
function isServerOf(pid: number, data: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  if (process.platform !== 'linux') return Number(pidFile(data)[0]) === pid;
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data)) return true;
  } catch {}
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(data);
  } catch {
    return false;
  }
}
