import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, mkdtemp, rm, rmdir, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** Bytes. The kernels' limit is 104 or 108 with the final zero. */
const LONGEST_SOCKET_PATH = 99;
const SERVER_SOCKET = '/.s.PGSQL.5432';

export interface SocketFolder {
  readonly path: string;
  /** Removes what was made for it outside the data folder. */
  forget(): Promise<void>;
}

/** A name for the same folder that leaves room for a socket of 20 bytes. Valid until `forget`. */
export async function shortName(folder: string): Promise<SocketFolder> {
  if (Buffer.byteLength(folder) + 20 <= LONGEST_SOCKET_PATH) return { path: folder, forget: async () => {} };
  const home = await mkdtemp(path.join(os.tmpdir(), 'taskmaster-'));
  const link = path.join(home, 'd');
  await symlink(path.resolve(folder), link);
  return { path: link, forget: () => rm(home, { recursive: true, force: true }) };
}

/**
 * Makes the folder for PostgreSQL's socket: `preferred`, or one under the system's temporary folder when that path is
 * too long for a socket. Nobody but its owner (and root) can enter it, which is what lets the server trust who comes in.
 */
export async function makeServerSocketFolder(
  preferred: string,
  owner: { uid: number; gid: number },
): Promise<SocketFolder> {
  if (Buffer.byteLength(preferred + SERVER_SOCKET) <= LONGEST_SOCKET_PATH) {
    await mkdir(preferred, { recursive: true, mode: 0o700 });
    await own(preferred, owner);
    return { path: preferred, forget: async () => {} };
  }
  const folder = await makeShortFolder(preferred, owner);
  return { path: folder, forget: () => rmdir(folder).catch(() => {}) };
}

async function makeShortFolder(preferred: string, owner: { uid: number; gid: number }): Promise<string> {
  const key = createHash('sha256').update(path.resolve(preferred)).digest('hex').slice(0, 12);
  const usual = path.join(os.tmpdir(), `taskmaster-${key}`);
  await mkdir(usual, { mode: 0o700 }).then(
    () => own(usual, owner),
    () => {},
  );
  const found = await lstat(usual);
  const safe = found.isDirectory() && found.uid === owner.uid && (found.mode & 0o077) === 0;
  if (safe) return usual;
  const fresh = await mkdtemp(`${usual}-`);
  await own(fresh, owner);
  return fresh;
}

async function own(folder: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  await chmod(folder, 0o700);
  if (process.getuid?.() === 0) await chown(folder, uid, gid);
}
