import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { chown, lchown, readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { StartRefusal } from './start-refusal.ts';

/** As whom the server runs: PostgreSQL refuses to run as root. */
export interface ServerUser {
  /** Owner of the server's files, as this process sees it. */
  readonly uid: number;
  readonly gid: number;
  /** Set when the process must switch to `uid` and `gid`. */
  readonly switches: boolean;
  /** Words to put before the server's command. */
  readonly prefix: readonly string[];
  /** Whether the server can read this path. */
  canRead(file: string): boolean;
}

/** Inside a user namespace our own files stay ours, and PostgreSQL sees an ordinary user. */
const NAMESPACE = ['unshare', '--user', '--map-user=65534', '--map-group=65534'];

/**
 * As an ordinary user: that user. As root: the owner of the data when that is an ordinary user, else `postgres`, else
 * `nobody`, whoever can reach the folder; when nobody can (it lies under /root, say), a user namespace, else `nobody`
 * with the one capability to pass folders.
 *
 * @param data_dir must exist.
 * @param server_files the server's own folder, when it exists already.
 * @throws StartRefusal `no_user_to_run_as`
 */
export async function chooseServerUser(data_dir: string, server_files: string | undefined): Promise<ServerUser> {
  const self = { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  const owner = server_files === undefined ? undefined : ownerOf(server_files);
  return self.uid === 0 ? chooseForRoot(data_dir, owner) : chooseForOrdinaryUser(self, data_dir, owner);
}

async function chooseForOrdinaryUser(self: Owner, data_dir: string, owner: Owner | undefined): Promise<ServerUser> {
  if (owner && owner.uid !== self.uid) {
    throw new StartRefusal(
      'no_user_to_run_as',
      `The database in ${data_dir} belongs to user ${nameOf(owner.uid)}, and this program runs as ${nameOf(self.uid)}.`,
      `Run TaskMaster as that user, or hand the folder over: sudo chown -R ${self.uid}:${self.gid} "${data_dir}".`,
    );
  }
  const user = { ...self, switches: false, canRead: canReadMyself };
  if (owner || nameInPasswd(self.uid)) return { ...user, prefix: [] };
  if (await works([...NAMESPACE, 'true'])) return { ...user, prefix: NAMESPACE };
  throw new StartRefusal(
    'no_user_to_run_as',
    `This program runs as user id ${self.uid}, which has no name here, and PostgreSQL cannot make its folder so.`,
    'Run it as a user that is listed in /etc/passwd, or set DATABASE_URL to a PostgreSQL of your own.',
  );
}

async function chooseForRoot(data_dir: string, owner: Owner | undefined): Promise<ServerUser> {
  const present = owner && owner.uid !== 0 ? [owner] : [];
  const named = [ownerOf(data_dir), ...['postgres', 'nobody'].flatMap(accountNamed)].filter(
    ({ uid }) => uid !== 0 && nameInPasswd(uid) !== undefined,
  );
  for (const user of [...present, ...named]) {
    const canRead = (file: string) => reachable(file, user);
    if (canRead(data_dir)) return { ...user, switches: true, prefix: [], canRead };
  }
  if (await works([...NAMESPACE, 'true']))
    return {
      uid: 0,
      gid: 0,
      switches: false,
      prefix: NAMESPACE,
      canRead: (file) => reachable(file, { uid: 0, gid: 0 }),
    };

  const user = present[0] ?? named[0];
  if (user) {
    const prefix = ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
    // The last one lets the capability count for access(2) too, with which PostgreSQL looks for its own files.
    prefix.push('--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup');
    if (await works([...prefix, 'test', '-x', data_dir]))
      return { ...user, switches: false, prefix, canRead: () => true };
  }
  throw new StartRefusal(
    'no_user_to_run_as',
    `PostgreSQL does not run as root, and no other user can reach ${data_dir}.`,
    'Run TaskMaster as an ordinary user, or set DATA_DIR to a folder that everyone may pass through (/var/lib/taskmaster, say).',
  );
}

/**
 * Gives a folder of ours and all in it to the server's user, unless it is theirs. Links are not followed. The folder
 * itself comes last, so an interrupted run is done again.
 */
export async function giveTo(user: ServerUser, folder: string): Promise<void> {
  if (process.getuid?.() === 0 && ownerOf(folder).uid !== user.uid) await giveAll(user, folder);
}

async function giveAll(user: ServerUser, folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) await giveAll(user, file);
    else await lchown(file, user.uid, user.gid);
  }
  await chown(folder, user.uid, user.gid);
}

/** The whole path of a program on PATH or in the usual system folders. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => path.join(folder, name)).find(canExecute);
}

/** True when the command runs and ends with 0. */
export async function works(command: readonly string[]): Promise<boolean> {
  const [name = '', ...words] = command;
  const program = findProgram(name);
  if (!program) return false;
  return promisify(execFile)(program, words, { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

function ownerOf(file: string): Owner {
  const { uid, gid } = statSync(file);
  return { uid, gid };
}

/** By permission bits, for a process with no other groups. */
function reachable(file: string, user: Owner): boolean {
  const { uid, gid, mode } = statSync(file);
  const permissions = uid === user.uid ? mode >> 6 : gid === user.gid ? mode >> 3 : mode;
  if ((permissions & 1) === 0) return false;
  const parent = path.dirname(file);
  return parent === file || reachable(parent, user);
}

function canReadMyself(file: string): boolean {
  return canAccess(file, constants.R_OK);
}

function canExecute(file: string): boolean {
  return canAccess(file, constants.X_OK);
}

function canAccess(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

function accountNamed(name: string): Owner[] {
  return passwd()
    .filter((account) => account.name === name)
    .map(({ uid, gid }) => ({ uid, gid }));
}

function nameInPasswd(uid: number): string | undefined {
  if (uid === process.getuid?.()) {
    try {
      return os.userInfo().username;
    } catch {
      return undefined;
    }
  }
  return passwd().find((account) => account.uid === uid)?.name;
}

function nameOf(uid: number): string {
  return nameInPasswd(uid) ?? `${uid}`;
}

function passwd(): Array<Owner & { name: string }> {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [name, , uid, gid] = line.split(':');
      return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
    });
}
