import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { StartRefusal } from './start-refusal.ts';

/**
 * What lies in DATA_DIR:
 *
 * ```
 * program/<random>.sock     answers while a program holds the folder
 * postgres/                 appears by one rename, complete
 *   taskmaster.json         marker: which version made it
 *   data/                   PostgreSQL's own folder
 *   run/                    its socket (elsewhere when the path would be too long)
 *   libraries-… binaries-…  made from the npm package, may be deleted while nothing runs
 * postgres.unfinished-…     a first start that did not end; removed by the next
 * ```
 */
export interface ServerFolder {
  readonly root: string;
  readonly data: string;
  readonly run: string;
}

interface Marker {
  readonly made_by: 'taskmaster';
  readonly postgres_major: number;
  readonly package_version: string;
  readonly made_at: string;
}

const UNFINISHED = /^postgres\.unfinished-[0-9a-f]{8}$/;
const PARTS = ['PG_VERSION', 'global/pg_control', 'base', 'pg_wal', 'pg_xact', 'postgresql.conf'];
const CONTROL_FILE_BYTES = 8192;

export function serverFolder(data_dir: string): ServerFolder {
  return folderAt(path.join(data_dir, 'postgres'));
}

/**
 * Looks, and changes nothing.
 *
 * @returns undefined when there is nothing yet.
 * @throws StartRefusal `data_dir_unusable`, `foreign_folder`, `damaged_folder`, `other_major_version`
 */
export async function inspectDataDir(data_dir: string, major: number): Promise<ServerFolder | undefined> {
  if (!existsSync(data_dir)) return undefined;
  const found = await stat(data_dir);
  if (!found.isDirectory()) {
    throw new StartRefusal('data_dir_unusable', `${data_dir} is not a folder.`, 'Set DATA_DIR to a folder.');
  }
  const inside = await list(data_dir);
  if (inside.includes('PG_VERSION')) throw foreign(data_dir, 'is the data folder of another PostgreSQL');
  if (!inside.includes('postgres')) return undefined;

  const folder = serverFolder(data_dir);
  if (!(await stat(folder.root)).isDirectory()) throw foreign(folder.root, 'is not a folder');
  const parts = await list(folder.root);
  if (parts.length === 0) return undefined;
  if (!parts.includes('taskmaster.json')) {
    throw foreign(
      folder.root,
      `was not made by TaskMaster (it has no taskmaster.json; it holds ${parts.slice(0, 4).join(', ')})`,
    );
  }
  const marker = await readMarker(folder.root);
  const missing = PARTS.filter((part) => !existsSync(path.join(folder.data, part)));
  if (missing.length > 0) throw damaged(folder.data, `${missing.join(', ')} missing`);
  const control = await stat(path.join(folder.data, 'global/pg_control'));
  if (control.size !== CONTROL_FILE_BYTES) throw damaged(folder.data, `global/pg_control has ${control.size} bytes`);
  const version = Number.parseInt(await readFile(path.join(folder.data, 'PG_VERSION'), 'utf8'), 10);
  if (version !== marker.postgres_major) {
    throw damaged(folder.data, `PG_VERSION says ${version}, taskmaster.json says ${marker.postgres_major}`);
  }
  if (version !== major) {
    throw new StartRefusal(
      'other_major_version',
      `${folder.data} was made by PostgreSQL ${version}; this version of TaskMaster brings PostgreSQL ${major}.`,
      `Go back to the version of TaskMaster that you used before, run its "backup", then run "restore" with this one and an empty DATA_DIR.`,
    );
  }
  return folder;
}

/**
 * Makes the server's folder so that it is there complete or not at all, also after a power cut.
 * Call it only while holding the data folder.
 *
 * @param fill makes the database in the folder it is given.
 */
export async function makeServerFolder(
  data_dir: string,
  made: Omit<Marker, 'made_by'>,
  fill: (folder: ServerFolder) => Promise<void>,
): Promise<ServerFolder> {
  for (const name of await readdir(data_dir)) {
    if (UNFINISHED.test(name)) await rm(path.join(data_dir, name), { recursive: true, force: true, maxRetries: 3 });
  }
  const unfinished = folderAt(path.join(data_dir, `postgres.unfinished-${randomBytes(4).toString('hex')}`));
  try {
    await mkdir(unfinished.root, { mode: 0o700 });
    await fill(unfinished);
    const marker: Marker = { made_by: 'taskmaster', ...made };
    await writeDurably(path.join(unfinished.root, 'taskmaster.json'), `${JSON.stringify(marker, undefined, 2)}\n`);
    await flush(unfinished.root);
    const folder = serverFolder(data_dir);
    await rename(unfinished.root, folder.root);
    await flush(data_dir);
    return folder;
  } catch (error) {
    await rm(unfinished.root, { recursive: true, force: true, maxRetries: 3 });
    throw error;
  }
}

function folderAt(root: string): ServerFolder {
  return { root, data: path.join(root, 'data'), run: path.join(root, 'run') };
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw new StartRefusal(
      'data_dir_unusable',
      `${folder} cannot be read: ${(error as Error).message}.`,
      'Run TaskMaster as the user who owns the folder, or set DATA_DIR to another one.',
    );
  }
}

async function readMarker(root: string): Promise<Marker> {
  const text = await readFile(path.join(root, 'taskmaster.json'), 'utf8');
  try {
    const marker = JSON.parse(text) as Partial<Marker>;
    if (marker.made_by === 'taskmaster' && typeof marker.postgres_major === 'number') return marker as Marker;
  } catch {}
  throw damaged(root, 'taskmaster.json cannot be understood');
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the names inside a folder durable. */
async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function foreign(folder: string, what: string): StartRefusal {
  return new StartRefusal(
    'foreign_folder',
    `${folder} ${what}. Nothing in it was changed.`,
    'Set DATA_DIR to an empty or new folder. To use a PostgreSQL of your own, start it and set DATABASE_URL.',
  );
}

function damaged(folder: string, what: string): StartRefusal {
  return new StartRefusal(
    'damaged_folder',
    `The database in ${folder} is damaged: ${what}. Nothing in it was changed.`,
    'Keep a copy of the folder. Then put the missing files back, or run "restore" with your last backup and an empty DATA_DIR.',
  );
}
