import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';

/** What the figures were measured on. */
export function machine() {
  return {
    cpu: `${os.availableParallelism()} × ${os.cpus()[0]?.model ?? 'unknown'}`,
    memory: `${(os.totalmem() / 2 ** 30).toFixed(1)} GB`,
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    commit: git('rev-parse', '--short', 'HEAD'),
    changed: git('status', '--porcelain', '--untracked-files=no') === '' ? 'no' : 'yes',
  };
}

function git(...words: string[]): string {
  try {
    return execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}

/** Begins to watch the processors; the answer, 0 to 1, is what processes outside of ours have used since. Linux only. */
export function watchOthers(): () => number | undefined {
  const began = times();
  return () => {
    const now = times();
    if (!began || !now || now.all <= began.all) return undefined;
    return Math.max(0, now.busy - began.busy - (now.own - began.own)) / (now.all - began.all);
  };
}

function times(): { all: number; busy: number; own: number } | undefined {
  try {
    const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
    const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, interrupt = 0, soft = 0] = line
      .split(/\s+/)
      .slice(1)
      .map(Number);
    const busy = user + nice + system + interrupt + soft;
    return { all: busy + idle + wait, busy, own: ownTicks() };
  } catch {
    return undefined;
  }
}

/** Ticks of this process and all below it, ended ones included. */
function ownTicks(): number {
  return treeOf(process.pid).reduce((sum, { ticks }) => sum + ticks, 0);
}

interface Process {
  pid: number;
  parent: number;
  /** Its own and those of its ended children. */
  ticks: number;
  own: number;
}

/** A process and all that it started. */
export function treeOf(root: number): Process[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? processOf(Number(name)) : []));
  const tree = all.filter((one) => one.pid === root);
  for (const one of tree) tree.push(...all.filter((other) => other.parent === one.pid));
  return tree;
}

function processOf(pid: number): Process[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [, parent = 0] = fields;
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
    return [{ pid, parent, ticks: user + system + endedUser + endedSystem, own: user + system }];
  } catch {
    return [];
  }
}

/** Megabytes of memory that belong to a process and all that it started, shared pages by their share. Linux only. */
export function proportionalMemory(root: number): { pid: number; megabytes: number }[] {
  return treeOf(root).flatMap(({ pid }) => {
    try {
      const kilobytes = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
      return [{ pid, megabytes: kilobytes / 1024 }];
    } catch {
      return [];
    }
  });
}

/** Milliseconds of processor time that a process alone, and those that it started, have used: what a busy machine does not blur. */
export function processorTime(root: number): { own: number; below: number } {
  const MILLISECONDS_PER_TICK = 10;
  const tree = treeOf(root);
  const own = tree.find((one) => one.pid === root)?.own ?? 0;
  const all = tree.reduce((sum, { ticks }) => sum + ticks, 0);
  return { own: own * MILLISECONDS_PER_TICK, below: (all - own) * MILLISECONDS_PER_TICK };
}
