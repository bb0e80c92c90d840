import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess, pidFile } from './left-server.ts';
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

interface StartOptions {
  readonly data: string;
  readonly socket_folder: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly binaries: Binaries;
  readonly user: ServerUser;
  readonly guard: Guard;
  readonly log: ServerLog;
  readonly progress: (text: string) => void;
}

type ServerLog = (line: { level: 'info' | 'warn' | 'error'; msg: string }) => void;

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

/** The kernel's signal where `setpriv` has it (Linux), else the pipe. */
export async function chooseGuard(): Promise<Guard> {
  return (await works(['setpriv', '--pdeathsig', 'INT', 'true'])) ? 'death_signal' : 'pipe';
}

/** Runs one of the package's programs to its end; it ends when we do. @throws StartRefusal with what it printed. */
export async function runToEnd(
  name: string,
  words: readonly string[],
  { binaries, user, guard }: Pick<StartOptions, 'binaries' | 'user' | 'guard'>,
): Promise<void> {
  const killedWithUs = guard === 'death_signal' ? ['setpriv', '--pdeathsig', 'KILL'] : [];
  const child = launch([...killedWithUs, path.join(binaries.bin, name), ...words], { binaries, user, stdin: 'ignore' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  const ended = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(`${signal ?? code}`));
  });
  if (ended !== '0') {
    throw new StartRefusal(
      'server_did_not_start',
      `${name} did not work (${ended}): ${output.trim().slice(-1500)}`,
      'Look at the reason above (a full disk, missing rights?), or set DATABASE_URL to a PostgreSQL of your own.',
    );
  }
}

/** Starts the server and returns when it takes connections. @throws StartRefusal `server_did_not_start` */
export async function startPostmaster(options: StartOptions): Promise<Postmaster> {
  const { data, socket_folder, binaries, user, guard } = options;
  const settings = { listen_addresses: '', unix_socket_directories: quoted(socket_folder), ...options.settings };
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
    child.once('exit', (code, signal) => resolve(`PostgreSQL ended (${signal ?? `code ${code}`})`));
  });
  const allSaid = new Promise((resolve) => child.once('close', resolve));
  let ended = false;
  void gone.then(() => {
    ended = true;
  });
  if (child.stderr) relay(child.stderr, options.log, last);
  const pid = guard === 'pipe' ? await firstNumber(child) : (child.pid ?? 0);

  const startedAt = performance.now();
  for (let said = 0; !isReady(data, pid); ) {
    if (ended) {
      await Promise.race([allSaid, sleep(1_000)]);
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

function launch(
  command: readonly string[],
  { binaries, user, stdin }: { binaries: Binaries; user: ServerUser; stdin: 'pipe' | 'ignore' },
): ChildProcess {
  const [name = '', ...words] = [...user.prefix, ...command];
  const library = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  // Nothing of ours but PATH: variables like PGPORT would change the server.
  const env: NodeJS.Dict<string> = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', [library]: binaries.library_path };
  return spawn(findProgram(name) ?? name, words, {
    // Its own session: Ctrl-C in a terminal must reach the program first, which then stops the server.
    detached: true,
    cwd: '/',
    stdio: [stdin, 'pipe', 'pipe'],
    env: env as NodeJS.ProcessEnv,
    ...(user.switches ? { uid: user.uid, gid: user.gid } : {}),
  });
}

/** The setting is a list with commas. */
function quoted(folder: string): string {
  return `"${folder.replaceAll('"', '""')}"`;
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
