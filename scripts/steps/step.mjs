import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** A step did not work; the message is all a person needs to see. */
export class StepFailed extends Error {}

/**
 * One line per step: what is done, a dot every five seconds, and how long it took.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  const startedAt = performance.now();
  process.stdout.write(`${what} …`);
  const dots = setInterval(() => process.stdout.write('.'), 5_000);
  try {
    const result = await work();
    process.stdout.write(` ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    process.stdout.write(' failed\n');
    throw error;
  } finally {
    clearInterval(dots);
  }
}

/**
 * Runs a program. Its output is kept back and shown only when it fails.
 *
 * @param {readonly string[]} command
 * @param {{cwd?: string, env?: Record<string, string | undefined>, hint?: string}} [options]
 * @returns {Promise<string>} what it printed
 * @throws {StepFailed}
 */
export function quietly([program = '', ...words], { cwd = root, env = {}, hint = '' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const fail = (/** @type {string} */ how) =>
      reject(
        new StepFailed(
          [output.trim(), `${path.basename(program)} ${words.join(' ')}: ${how}`, hint].filter(Boolean).join('\n'),
        ),
      );
    child.once('error', (error) => fail(error.message));
    child.once('close', (code, signal) => (code === 0 ? resolve(output) : fail(`ended with ${signal ?? code}`)));
  });
}

/** @param {string} program a package's command, for instance `next` @param {string[]} words */
export function nodeCommand(program, ...words) {
  return [process.execPath, path.join(root, 'node_modules', program), ...words];
}

/**
 * One hash over the names and contents of files, so that "is it stale?" never depends on clocks or checkouts.
 *
 * @param {readonly string[]} places files or folders, relative to the project
 * @param {(file: string) => boolean} [counts]
 */
export function contentHash(places, counts = () => true) {
  const hash = createHash('sha256');
  for (const file of places.flatMap(filesIn).filter(counts).sort()) {
    hash.update(`${file}\0`).update(
      createHash('sha256')
        .update(readFileSync(path.join(root, file)))
        .digest(),
    );
  }
  return hash.digest('hex');
}

const NOT_SOURCES = new Set(['node_modules', 'dist', 'out', '.next', '.git', 'coverage']);

/** @param {string} place @returns {string[]} */
export function filesIn(place) {
  try {
    return readdirSync(path.join(root, place), { withFileTypes: true }).flatMap((entry) => {
      const file = path.posix.join(place, entry.name);
      if (entry.isDirectory()) return NOT_SOURCES.has(entry.name) ? [] : filesIn(file);
      return entry.isFile() ? [file] : [];
    });
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOTDIR') return [place];
    if (code === 'ENOENT') return [];
    throw error;
  }
}

/** @param {string} file from the project, or an absolute path @returns {string | undefined} */
export function readIfThere(file) {
  try {
    return readFileSync(path.resolve(root, file), 'utf8');
  } catch {
    return undefined;
  }
}
