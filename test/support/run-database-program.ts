import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { newDataDir } from './data-dir.ts';

interface ProgramEvent {
  readonly progress?: string;
  readonly opened?: pg.ClientConfig;
  readonly postmaster?: number;
  readonly refused?: string;
  readonly message?: string;
  readonly stopped?: boolean;
}

export interface DatabaseProgram {
  readonly child: ChildProcess;
  /** The next event that has this field. @throws if the program ends first, with what it said. */
  next(field: keyof ProgramEvent): Promise<ProgramEvent>;
  /** Sends the signal and waits until the program is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
}

const PROGRAM = path.resolve(import.meta.dirname, 'database-program.ts');

const nobody = { uid: 65534, gid: 65534 };

/**
 * An ordinary user for `as`, when this is root and that user can reach Node and this checkout (not below /root, say);
 * tests that need one are skipped otherwise.
 */
export const ordinaryUser = canReachUs(nobody) ? nobody : undefined;

function canReachUs(user: { uid: number; gid: number }): boolean {
  if (process.getuid?.() !== 0) return false;
  const look = `require('node:fs').accessSync(${JSON.stringify(PROGRAM)})`;
  return spawnSync(process.execPath, ['-e', look], { ...user, cwd: '/' }).status === 0;
}

export interface RunOptions {
  readonly guard?: string;
  /** Run it as another user; needs root. */
  readonly as?: { readonly uid: number; readonly gid: number } | undefined;
  /** Programs of the system that shall fail, as if they were missing or forbidden. */
  readonly without?: readonly string[];
}

/** Runs `database-program.ts`. End what you start. */
export function runDatabaseProgram(
  data_dir: string,
  { guard = '', as, without = [] }: RunOptions = {},
): DatabaseProgram {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, data_dir, guard], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${folderOfFailing(without)}${path.delimiter}${process.env.PATH}` },
    ...as,
  });
  const events: ProgramEvent[] = [];
  const noise: string[] = [];
  let closed = false;
  readline.createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line) as ProgramEvent));
  child.stderr.on('data', (chunk) => noise.push(String(chunk)));
  child.once('error', (error) => {
    noise.push(error.message);
    closed = true;
  });
  child.once('close', () => {
    closed = true;
  });
  return {
    child,
    next: async (field) => {
      for (;;) {
        const last = closed;
        const found = events.find((event) => event[field] !== undefined);
        if (found) return found;
        if (last) throw new Error(`The program ended without "${field}": ${JSON.stringify(events)} ${noise.join('')}`);
        await sleep(5);
      }
    },
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
  };
}

function folderOfFailing(programs: readonly string[]): string {
  const folder = newDataDir();
  for (const name of programs) writeFileSync(path.join(folder, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  return folder;
}

/** Waits until no process has this number. */
export async function processGone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(10);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
