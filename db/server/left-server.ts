import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartRefusal } from './start-refusal.ts';

/** Milliseconds that a server gets to end by itself once its program is gone. */
const PATIENCE = 5_000;

/** Milliseconds that each way of stopping gets before the next, harsher one. */
const STOPPING: ReadonlyArray<readonly [NodeJS.Signals, number]> = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5_000],
];

/**
 * Sees to it that no server of an earlier program works on this data. Such a server was told to end when its program
 * did; after five seconds it is told again. It is never used: nobody knows how it was started.
 * Call it only while holding the data folder.
 *
 * @throws StartRefusal `server_did_not_start` when it does not end.
 */
export async function endLeftServer(data: string, progress: (text: string) => void): Promise<void> {
  const written = Number(pidFile(data)[0]);
  if (!Number.isInteger(written) || written <= 1) return;
  if (serversOn(data).length > 0) progress('Waiting for the database of the last run to end');
  for (const until = performance.now() + PATIENCE; performance.now() < until; await sleep(25)) {
    if (serversOn(data).length === 0) break;
  }
  // The first of them is told; the others end with it, unless it is gone already.
  for (const pid of serversOn(data).sort((one, other) => Number(other === written) - Number(one === written))) {
    await endProcess(pid, () => !serversOn(data).includes(pid));
  }
  const [left] = serversOn(data);
  if (left !== undefined) {
    throw new StartRefusal(
      'server_did_not_start',
      `A PostgreSQL of an earlier run (process ${left}) still works on ${data} and does not end.`,
      `End process ${left}, then start TaskMaster again.`,
    );
  }
  // The number now belongs to somebody else, after a restart of the machine for instance; PostgreSQL could not know.
  if (process.platform === 'linux' && isAlive(written)) await rm(path.join(data, 'postmaster.pid'), { force: true });
}

/** Asks a process to end, harder and harder, until `gone` says so. */
export async function endProcess(pid: number, gone: () => boolean): Promise<void> {
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

/** Lines of postmaster.pid: number, folder, start, port, socket folder, address, shared memory, state. */
export function pidFile(data: string): string[] {
  try {
    return readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/**
 * Numbers of the PostgreSQL processes that work in this folder. Where the system cannot tell (other than Linux), the
 * one that the folder's own record names, if it is alive.
 */
function serversOn(data: string): number[] {
  if (process.platform !== 'linux') {
    const written = Number(pidFile(data)[0]);
    return written > 1 && commandOf(written).includes('postgres') ? [written] : [];
  }
  const folder = realpathSync(data);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && worksIn(name, folder))
    .map(Number);
}

function worksIn(pid: string, folder: string): boolean {
  try {
    return (
      readlinkSync(`/proc/${pid}/cwd`) === folder && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres'
    );
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  return spawnSync('ps', ['-o', 'command=', '-p', `${pid}`], { encoding: 'utf8' }).stdout ?? '';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
