import { existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentHash, readIfThere, step } from '../steps/step.mjs';

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'taskmaster');

/**
 * A folder that is made once for all checkouts and again when what it is made from changes. It is there complete or not at all.
 *
 * @param {{name: string, from: readonly string[], what: string, make: (folder: string) => Promise<unknown>}} recipe
 *   `from` are files of the project; `what` is said while `make` fills the folder
 */
export async function once({ name, from, what, make }) {
  const folder = path.join(cache, `${name}-${process.platform}-${process.arch}-${contentHash(from).slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  await alone(`${folder}.lock`, async () => {
    if (existsSync(folder)) return;
    // Named by process: should two hold the lock after all, neither gets the other's half.
    const unfinished = `${folder}.unfinished-${process.pid}`;
    mkdirSync(unfinished, { recursive: true });
    try {
      await step(`${what} (once, into ${folder})`, () => make(unfinished));
      renameSync(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  });
  return folder;
}

/** One process at a time. @param {string} file @param {() => Promise<void>} work */
async function alone(file, work) {
  for (let said = false, holder = take(file); holder; holder = take(file)) {
    if (!said) console.log(`Waiting for process ${holder}, which is at it already`);
    said = true;
    await sleep(500);
  }
  try {
    await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** @param {string} file @returns {number | undefined} who has the lock, if we did not get it */
function take(file) {
  // Linked into place, it is never there without its number.
  const own = `${file}-${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, file);
    return undefined;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own);
  }
  const holder = Number(readIfThere(file));
  if (isAlive(holder)) return holder;
  rmSync(file, { force: true });
  return take(file);
}

/** @param {number} pid */
function isAlive(pid) {
  if (!pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
