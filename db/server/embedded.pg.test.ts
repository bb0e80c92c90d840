import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { copyOf, newDataDir } from '../../test/support/data-dir.ts';
import {
  type DatabaseProgram,
  isAlive,
  ordinaryUser,
  processGone,
  type RunOptions,
  runDatabaseProgram,
} from '../../test/support/run-database-program.ts';
import { serverFolder } from './data-folder.ts';
import type { Connection, Database } from './database.ts';
import { findNativePackage } from './native-package.ts';
import { openDatabase } from './start.ts';

const opened: Database[] = [];
const programs: DatabaseProgram[] = [];

/** A data folder as a first start leaves it: copying it is cheaper than a first start. */
let prepared = '';

beforeAll(async () => {
  prepared = mkdtempSync(path.join(os.tmpdir(), 'taskmaster-prepared-'));
  chmodSync(prepared, 0o711);
  const { stop } = await openDatabase({ data_dir: prepared, log: () => {} });
  await stop();
});

afterAll(() => rmSync(prepared, { recursive: true, force: true }));

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.end('SIGKILL')));
  await Promise.all(opened.splice(0).map((database) => database.stop()));
});

describe('a first start', () => {
  test('makes a database that keeps what is written across a stop and a start', async () => {
    const data_dir = newDataDir();
    const first = await open(data_dir, 'first start');
    expect(first).toMatchObject({ kind: 'embedded', version: expect.stringMatching(/^18\./) });
    await run(first.connection, 'create table kept (word text)');
    await run(first.connection, `insert into kept values ('still here')`);
    await first.stop();

    const second = await open(data_dir, 'restart');
    expect(await run(second.connection, 'select word from kept')).toEqual([{ word: 'still here' }]);
  });

  test('says in a marker which version made the folder', async () => {
    const data_dir = newDataDir();
    await open(data_dir);
    const marker = JSON.parse(readFileSync(path.join(data_dir, 'postgres/taskmaster.json'), 'utf8'));
    expect(marker).toMatchObject({ made_by: 'taskmaster', postgres_major: findNativePackage().major });
  });

  test('that was killed half-way is done again, and its rests are removed', async () => {
    const data_dir = newDataDir();
    const killed = start(data_dir);
    await killed.next('progress');
    await killed.end('SIGKILL');

    await open(data_dir);
    expect(readdirSync(data_dir).sort()).toEqual(['postgres', 'program']);
  });

  test('that ended before the database was made in the server makes it on the second', async () => {
    const data_dir = copyOf(prepared);
    const { connection, stop } = await open(data_dir);
    await run({ ...connection, database: 'postgres' }, 'drop database taskmaster');
    await stop();
    const again = await open(data_dir);
    expect(await run(again.connection, 'select current_database() as name')).toEqual([{ name: 'taskmaster' }]);
  });

  test.each([
    ['is long', 'x'.repeat(120)],
    ['has spaces, commas and quotes', `a b, c 'd'`],
    ['is not ASCII', 'données ☕'],
  ])('works in a folder whose path %s', async (_, name) => {
    const data_dir = path.join(newDataDir(), name);
    const { connection, stop } = await open(data_dir);
    expect(await run(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    await expect(open(data_dir)).rejects.toMatchObject({ code: 'already_running' });
    await stop();
    expect(
      readdirSync(os.tmpdir()).filter(
        (name) => hostOf(connection).split(path.sep).includes(name) && !data_dir.includes(name),
      ),
    ).toEqual([]);
  });
});

describe('the server', () => {
  test('is reached by a socket in a folder that only its owner can enter, and by no network', async () => {
    const { connection } = await open(copyOf(prepared));
    expect(statSync(hostOf(connection)).mode & 0o777).toBe(0o700);
    expect(await run(connection, 'show listen_addresses')).toEqual([{ listen_addresses: '' }]);
  });

  test('does not run as root', async () => {
    const data_dir = copyOf(prepared);
    await open(data_dir);
    const pid = readFileSync(path.join(serverFolder(data_dir).data, 'postmaster.pid'), 'utf8').split('\n')[0];
    expect(statSync(`/proc/${pid}`).uid).not.toBe(0);
  });

  test('writes and reads durably, in Unicode', async () => {
    const { connection } = await open(copyOf(prepared));
    expect(
      await run(
        connection,
        `select current_setting('fsync') as fsync, current_setting('full_page_writes') as full_page_writes,
                current_setting('synchronous_commit') as synchronous_commit, upper('žluťoučký') as upper`,
      ),
    ).toEqual([{ fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', upper: 'ŽLUŤOUČKÝ' }]);
  });

  test('logs neither statements nor values', async () => {
    const lines: string[] = [];
    const { connection, stop } = await open(copyOf(prepared), undefined, (line) => lines.push(line.msg));
    await run(connection, 'create table secrets (word text unique)');
    await run(connection, `insert into secrets values ('hush-hush')`);
    await expect(run(connection, `insert into secrets values ('hush-hush')`)).rejects.toThrow(/duplicate/);
    await expect(run(connection, `select 'hush-hush'::uuid`)).rejects.toThrow(/uuid/);
    await stop();
    expect(lines.join('\n')).toContain('ready to accept connections');
    expect(lines.join('\n')).not.toContain('hush-hush');
  });
});

describe('a stop', () => {
  test('cuts open sessions, ends the server, frees the folder, and may be asked for twice', async () => {
    const data_dir = copyOf(prepared);
    const { connection, stop } = await open(data_dir);
    const pid = postmasterOf(data_dir);
    const client = new pg.Client(connection);
    client.on('error', () => {});
    await client.connect();
    await Promise.all([stop(), stop()]);
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(path.join(serverFolder(data_dir).data, 'postmaster.pid'))).toBe(false);
    expect(readdirSync(path.join(data_dir, 'program'))).toEqual([]);
  });

  test('is not reported as an unexpected end', async () => {
    const { exited, stop } = await open(copyOf(prepared));
    await stop();
    expect(await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 50, 'silent'))])).toBe('silent');
  });
});

test('a server that dies is reported, and the next start recovers what was committed', async () => {
  const data_dir = copyOf(prepared);
  const { connection, exited, stop } = await open(data_dir);
  await run(connection, 'create table kept as select 7 as number');
  process.kill(postmasterOf(data_dir), 'SIGKILL');
  expect(await exited).toMatch(/SIGKILL/);
  await stop();
  const again = await open(data_dir);
  expect(await run(again.connection, 'select number from kept')).toEqual([{ number: 7 }]);
});

describe('a second program on the folder', () => {
  test('is refused and told who holds it; the first does not notice', async () => {
    const data_dir = copyOf(prepared);
    const first = start(data_dir);
    const { opened } = await first.next('opened');
    await expect(open(data_dir)).rejects.toMatchObject({
      code: 'already_running',
      message: expect.stringContaining(`process ${first.child.pid}`),
    });
    expect(await run(opened ?? {}, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('is refused while the first is only paused', async () => {
    const data_dir = copyOf(prepared);
    const first = start(data_dir);
    await first.next('opened');
    first.child.kill('SIGSTOP');
    await expect(open(data_dir)).rejects.toMatchObject({ code: 'already_running' });
    first.child.kill('SIGCONT');
  });

  test('of eight started at once exactly one opens', async () => {
    const data_dir = copyOf(prepared);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => open(data_dir)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'already_running' });
    }
  });

  test('takes the folder over from a program that was killed', async () => {
    const data_dir = copyOf(prepared);
    const killed = start(data_dir);
    await killed.next('opened');
    await killed.end('SIGKILL');
    await open(data_dir);
    expect(readdirSync(path.join(data_dir, 'program'))).toHaveLength(1);
  });
});

describe.each(['death_signal', 'pipe'])('guarded by %s, the server ends with the program', (guard) => {
  test('when that is killed', async () => {
    const data_dir = copyOf(prepared);
    const program = start(data_dir, { guard });
    const { opened, postmaster = 0 } = await program.next('opened');
    await run(opened ?? {}, 'create table kept as select 7 as number');
    await program.end('SIGKILL');
    await processGone(postmaster);

    const again = await open(data_dir);
    expect(await run(again.connection, 'select number from kept')).toEqual([{ number: 7 }]);
  });

  test('when that stops cleanly', async () => {
    const program = start(copyOf(prepared), { guard });
    const { postmaster = 0 } = await program.next('postmaster');
    program.child.kill('SIGTERM');
    await program.next('stopped');
    expect(isAlive(postmaster)).toBe(false);
  });
});

test('without setpriv the server ends with the program all the same', async () => {
  const program = start(copyOf(prepared), { without: ['setpriv'] });
  const { postmaster = 0 } = await program.next('opened');
  await program.end('SIGKILL');
  await processGone(postmaster);
});

describe('a server that no program holds', () => {
  test('is ended and started anew, never used', async () => {
    const data_dir = copyOf(prepared);
    const { stop } = await open(data_dir);
    const binary = readlinkSync(`/proc/${postmasterOf(data_dir)}/exe`);
    await stop();
    const left = await startWithoutProgram(data_dir, binary);
    await open(data_dir);
    expect(isAlive(left)).toBe(false);
    expect(postmasterOf(data_dir)).not.toBe(left);
  });

  test('is not confused with a stranger that has its number now', async () => {
    const data_dir = copyOf(prepared);
    const { stop } = await open(data_dir);
    await stop();
    const { data } = serverFolder(data_dir);
    const { uid, gid } = statSync(data);
    const stranger = spawn('sleep', ['1000'], process.getuid?.() === 0 ? { uid, gid } : {});
    try {
      const lines = [stranger.pid, data, 1_700_000_000, 5432, '/tmp', '', '', 'ready', ''];
      writeFileSync(path.join(data, 'postmaster.pid'), lines.join('\n'), { mode: 0o600 });
      await open(data_dir);
      expect(stranger.exitCode ?? stranger.signalCode).toBe(null);
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});

describe.runIf(process.getuid?.() === 0)('started by root', () => {
  describe('in a folder that no other user can reach', () => {
    test.each([
      ['user namespaces', []],
      ['capabilities, where those are forbidden', ['unshare']],
    ])('the server still runs, not as root, by %s', async (_, without) => {
      const data_dir = path.join(closedFolder(), 'data');
      const program = start(data_dir, { without });
      const { opened, postmaster = 0 } = await program.next('opened');
      expect(await run(opened ?? {}, 'select 1 as one')).toEqual([{ one: 1 }]);
      await program.end('SIGKILL');
      await processGone(postmaster);
      await open(data_dir);
    });

    test('and no way to step down, the start is refused', async () => {
      const program = start(path.join(closedFolder(), 'data'), { without: ['unshare', 'setpriv'] });
      expect(await program.next('refused')).toMatchObject({ refused: 'no_user_to_run_as' });
    });
  });
});

describe.runIf(ordinaryUser)('started by an ordinary user', () => {
  test('the folder of that user works, also when root started it before', async () => {
    const data_dir = newDataDir(ordinaryUser);
    const { connection, stop } = await open(data_dir);
    await run(connection, 'create table kept as select 7 as number');
    await stop();
    const program = start(data_dir, { as: ordinaryUser });
    const { opened } = await program.next('opened');
    expect(await run(opened ?? {}, 'select number from kept')).toEqual([{ number: 7 }]);
  });

  test('the folder of another is refused, and named', async () => {
    const data_dir = copyOf(prepared);
    const { stop } = await open(data_dir);
    await stop();
    const program = start(data_dir, { as: ordinaryUser });
    expect(await program.next('refused')).toMatchObject({ message: expect.stringContaining(data_dir) });
  });

  test('a kill leaves no server', async () => {
    const program = start(newDataDir(ordinaryUser), { as: ordinaryUser });
    const { postmaster = 0 } = await program.next('opened');
    expect(statSync(`/proc/${postmaster}`).uid).toBe(ordinaryUser?.uid);
    await program.end('SIGKILL');
    await processGone(postmaster);
  });
});

async function open(data_dir: string, measured?: string, log: (line: { msg: string }) => void = () => {}) {
  const startedAt = performance.now();
  const database = await openDatabase({ data_dir, log });
  if (measured) process.stdout.write(`${measured}: ${Math.round(performance.now() - startedAt)} ms\n`);
  opened.push(database);
  return database;
}

function start(data_dir: string, options?: RunOptions): DatabaseProgram {
  const program = runDatabaseProgram(data_dir, options);
  programs.push(program);
  return program;
}

async function run(connection: Connection | pg.ClientConfig, statement: string): Promise<unknown[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

function closedFolder(): string {
  const folder = path.join(newDataDir(), 'closed');
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

function hostOf(connection: Connection): string {
  return 'host' in connection ? connection.host : '';
}

function postmasterOf(data_dir: string): number {
  return Number(readFileSync(path.join(serverFolder(data_dir).data, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** As an orphan of long ago: nobody watches it. */
async function startWithoutProgram(data_dir: string, binary: string): Promise<number> {
  const { root, data, run: sockets } = serverFolder(data_dir);
  const links = readdirSync(root).find((name) => name.startsWith('libraries-')) ?? '';
  const libraries = [path.join(root, links), path.resolve(binary, '../../lib')];
  const { uid, gid } = statSync(data);
  const server = spawn(binary, ['-D', data, '-k', sockets, '-c', 'listen_addresses='], {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(':') },
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
  });
  server.unref();
  while (
    !existsSync(path.join(data, 'postmaster.pid')) ||
    !/ready/.test(readFileSync(path.join(data, 'postmaster.pid'), 'utf8'))
  ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return server.pid ?? 0;
}
