import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentHash, step } from '../steps/step.mjs';

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
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished);
    await step(`${what} (once, into ${folder})`, () => make(unfinished));
    renameSync(unfinished, folder);
  });
  return folder;
}

/** One process at a time. A lock whose process is gone counts as none. @param {string} file @param {() => Promise<void>} work */
async function alone(file, work) {
  for (let said = false; !take(file); said = true) {
    if (!said) console.log(`Waiting for process ${readFileSync(file, 'utf8')}, which is at it already`);
    await sleep(500);
  }
  try {
    await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** @param {string} file */
function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  try {
    const holder = Number(readFileSync(file, 'utf8'));
    if (holder > 0) process.kill(holder, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH') rmSync(file, { force: true });
  }
  return false;
}
