import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { shortName } from './socket-folder.ts';
import { StartRefusal } from './start-refusal.ts';

/** The data folder belongs to this program until `release` or until its process ends, however it ends. */
export interface ProgramLock {
  release(): Promise<void>;
}

interface Holder {
  readonly pid?: number;
  readonly settled?: boolean;
}

/**
 * Takes the data folder for this program: it listens on a socket of its own in `<data_dir>/program/`, and whoever
 * answers there holds the folder. A socket is published only once it answers, and its name is never used again: one that
 * does not answer is dead for good, so removing it cannot hit a living program. Of two that start together, each
 * sees the other; both step back and try again.
 *
 * @throws StartRefusal `already_running` when another program answers.
 */
export async function holdDataDir(data_dir: string): Promise<ProgramLock> {
  const folder = path.join(data_dir, 'program');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const owner = await stat(data_dir);
  if (process.getuid?.() === 0) await chown(folder, owner.uid, owner.gid);
  const short = await shortName(folder);
  try {
    for (let attempt = 1; ; attempt++) {
      const own = await publish(folder, short.path);
      const others = await askOthers(folder, short.path, own.name);
      if (others.length === 0) {
        own.settle();
        return { release: own.withdraw };
      }
      await own.withdraw();
      const holder = others.find(({ settled }) => settled !== false);
      if (holder || attempt === 20) throw alreadyRunning(data_dir, holder);
      await sleep(20 + Math.random() * 200);
    }
  } finally {
    await short.forget();
  }
}

async function publish(folder: string, short: string) {
  const name = `${randomBytes(4).toString('hex')}.sock`;
  const state = { pid: process.pid, settled: false };
  const server = net.createServer((socket) => socket.on('error', () => {}).end(JSON.stringify(state)));
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path.join(short, `${name}.new`), resolve);
  });
  await rename(path.join(folder, `${name}.new`), path.join(folder, name));
  return {
    name,
    settle: () => {
      state.settled = true;
    },
    withdraw: async () => {
      await unlink(path.join(folder, name)).catch(() => {});
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Those that answer; sockets of the dead are removed on the way. */
async function askOthers(folder: string, short: string, own: string): Promise<Holder[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sock') && name !== own);
  const answers = await Promise.all(
    names.map(async (name) => {
      const holder = await ask(path.join(short, name));
      if (!holder) await rm(path.join(folder, name), { force: true });
      return holder ? [holder] : [];
    }),
  );
  return answers.flat();
}

/** Undefined when nobody listens. A program that is stopped or busy still holds its socket: it counts as alive. */
function ask(socketPath: string): Promise<Holder | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(socketPath);
    const finish = (holder: Holder | undefined) => {
      socket.destroy();
      resolve(holder);
    };
    socket.setTimeout(2_000, () => finish({}));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => finish(parseHolder(text)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      finish(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? undefined : {});
    });
  });
}

function parseHolder(text: string): Holder {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return {};
  }
}

function alreadyRunning(data_dir: string, holder: Holder | undefined): StartRefusal {
  const who = holder?.pid ? ` (process ${holder.pid})` : '';
  return new StartRefusal(
    'already_running',
    `TaskMaster is already running on ${data_dir}${who}.`,
    'Use the one that runs, or stop it first. To run a second one, give it a DATA_DIR and a PORT of its own.',
  );
}
