import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { contentHash, quietly, readIfThere, root, step } from './step.mjs';

const STAMP = 'node_modules/.taskmaster-lock';

/** @typedef {{version?: string, resolved?: string, link?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[]}} Package */

/** Installs the packages of the lockfile, unless they are there. Nothing in them is run: no install script is needed. */
export async function install() {
  const wanted = contentHash(['package-lock.json']);
  if (readIfThere(STAMP) === wanted) return;
  if (!isInstalled()) {
    const count = Object.keys(packagesOf('package-lock.json')).filter((name) => name.includes('node_modules/')).length;
    await step(`Installing ${count} packages`, () =>
      quietly(
        [
          ...npm(),
          'ci',
          '--ignore-scripts',
          '--include=dev',
          '--include=optional',
          '--no-audit',
          '--no-fund',
          '--loglevel=error',
        ],
        {
          hint: 'The packages could not be installed. Is the network there? Try "npm ci" by hand to see more.',
        },
      ),
    );
  }
  mkdirSync(path.join(root, 'node_modules'), { recursive: true });
  writeFileSync(path.join(root, STAMP), wanted);
}

/** Somebody may have run `npm ci` by hand: npm's own record of node_modules then agrees with the lockfile. */
function isInstalled() {
  const present = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json')).every(([name, { version, link, optional }]) => {
    if (!name.includes('node_modules/')) return true;
    const found = present[name];
    return found ? link === found.link && version === found.version : optional === true;
  });
}

/** @param {string} file @returns {Record<string, Package>} */
function packagesOf(file) {
  const text = readIfThere(file);
  return text ? JSON.parse(text).packages : {};
}

/** The npm that runs us, or the one on PATH. */
function npm() {
  const own = process.env.npm_execpath;
  return own?.endsWith('.js') ? [process.execPath, own] : ['npm'];
}
