import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder for one test, removed when it ends. */
export function newDataDir(owner?: { uid: number; gid: number }): string {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'taskmaster-data-')));
  // As root the server runs as another user, who must be able to pass.
  chmodSync(folder, 0o711);
  if (owner) chownSync(folder, owner.uid, owner.gid);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A copy of a data folder, with its owners and rights, removed when the test ends. */
export function copyOf(data_dir: string): string {
  const copy = newDataDir();
  execFileSync('cp', ['-a', `${data_dir}/.`, copy]);
  return copy;
}

/** Names, kinds, rights, owners, times of change and contents of everything in a folder, as one value. */
export function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(folder, name);
    const { mode, uid, gid, mtimeMs } = statSync(file);
    hash.update(JSON.stringify([name, mode, uid, gid, mtimeMs]));
    if (statSync(file).isFile()) hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}
