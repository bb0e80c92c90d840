import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Connection, connectionOf, temporaryFolder } from './program.ts';

/** Undefined where this user may make a mount namespace; else why not. */
export function whyNoSmallDisk(): string | undefined {
  const tried = spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs -o size=1m none /mnt'], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : (tried.stderr || String(tried.error ?? 'unshare failed')).trim();
}

/** A data folder on a small file system of its own, in a mount namespace that nobody else sees. */
export interface SmallDisk {
  readonly data_dir: string;
  /** What a program is started with to see it. */
  readonly prefix: readonly string[];
  readonly connection: Connection;
  /** Leaves no byte. */
  fill(): void;
  free(): void;
  stop(): Promise<void>;
}

export async function makeSmallDisk(megabytes: number): Promise<SmallDisk> {
  const data_dir = temporaryFolder('disk');
  const mount = `mount -t tmpfs -o size=${megabytes}m,mode=711 tmpfs ${data_dir} && echo mounted && exec sleep infinity`;
  const keeper: ChildProcess = spawn('unshare', ['-m', 'sh', '-c', mount], { stdio: ['ignore', 'pipe', 'inherit'] });
  const killWithUs = () => keeper.kill('SIGKILL');
  process.once('exit', killWithUs);
  if (keeper.stdout) await once(keeper.stdout, 'data');
  // The way in from outside of the namespace.
  const inside = `/proc/${keeper.pid}/root${data_dir}`;
  const filler = path.join(inside, 'filler');
  return {
    data_dir,
    prefix: ['nsenter', '-t', String(keeper.pid), '-m'],
    connection: { ...connectionOf(data_dir), host: path.join(inside, 'postgres/run') },
    fill() {
      writeFileSync(filler, '');
      const { bavail, bsize } = statfsSync(inside);
      spawnSync('fallocate', ['-l', String(bavail * bsize), filler]);
      // What is left over since.
      spawnSync('sh', ['-c', `cat /dev/zero >> ${filler}`], { stdio: 'ignore' });
    },
    free: () => rmSync(filler, { force: true }),
    async stop() {
      process.removeListener('exit', killWithUs);
      const gone = once(keeper, 'exit');
      keeper.kill('SIGKILL');
      await gone;
      execFileSync('rm', ['-rf', data_dir]);
    },
  };
}
