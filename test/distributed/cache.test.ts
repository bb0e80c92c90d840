import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
let place: string;

beforeEach(() => {
  place = mkdtempSync(path.join(os.tmpdir(), 'tm-cache-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

test('of two that want the same at once one makes it, and both get it', async () => {
  const results = await Promise.all([want(), want()]);
  expect(results.map(({ code }) => code)).toEqual([0, 0]);
  expect(new Set(results.map(({ folder }) => folder)).size).toBe(1);
  expect(timesMade()).toBe(1);
});

test('what is there is not made again', async () => {
  await want();
  await want();
  expect(timesMade()).toBe(1);
});

test('what failed is not there, and is made by the next', async () => {
  expect((await want('throw new Error("no")')).code).not.toBe(0);
  expect((await want()).code).toBe(0);
  expect(timesMade()).toBe(2);
});

test('whoever was killed at it holds up nobody', async () => {
  const folder = (await want()).folder;
  rmSync(folder, { recursive: true });
  const { pid } = spawnSync('true');
  writeFileSync(`${folder}.lock`, String(pid));
  expect((await want()).code).toBe(0);
  expect(readdirSync(path.dirname(folder))).toEqual([path.basename(folder)]);
});

const timesMade = () => readFileSync(path.join(place, 'made'), 'utf8').length;

/** Asks in a process of its own. `then` is what making it ends with. */
function want(then = ''): Promise<{ code: number | null; folder: string }> {
  const program = `
    import { appendFileSync } from 'node:fs';
    import { once } from './scripts/stack/cache.mjs';
    const make = async () => {
      appendFileSync(${JSON.stringify(path.join(place, 'made'))}, 'x');
      await new Promise((resolve) => setTimeout(resolve, 200));
      ${then}
    };
    console.log('in ' + (await once({ name: 'thing', from: ['package.json'], what: 'Making', make })));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: root,
    env: { ...process.env, XDG_CACHE_HOME: path.join(place, 'cache') },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  return new Promise((resolve) =>
    child.once('close', (code) => resolve({ code, folder: /^in (.*)$/m.exec(said)?.[1] ?? '' })),
  );
}
