import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyOf, fingerprint, newDataDir } from '../../test/support/data-dir.ts';
import { ordinaryUser, runDatabaseProgram } from '../../test/support/run-database-program.ts';
import { serverFolder } from './data-folder.ts';
import { findNativePackage } from './native-package.ts';
import { openDatabase } from './start.ts';

let prepared = '';

beforeAll(async () => {
  prepared = mkdtempSync(path.join(os.tmpdir(), 'taskmaster-prepared-'));
  chmodSync(prepared, 0o711);
  const { stop } = await openDatabase({ data_dir: prepared, log: () => {} });
  await stop();
});

afterAll(() => rmSync(prepared, { recursive: true, force: true }));

describe('a folder that TaskMaster did not make is refused and left as it is', () => {
  test('the data folder of another PostgreSQL', async () => {
    const data_dir = newDataDir();
    writeFileSync(path.join(data_dir, 'PG_VERSION'), '17\n');
    mkdirSync(path.join(data_dir, 'base'));
    await refusesUntouched(data_dir, 'foreign_folder', /another PostgreSQL/);
  });

  test('a folder named postgres with something else in it', async () => {
    const data_dir = newDataDir();
    mkdirSync(path.join(data_dir, 'postgres'));
    writeFileSync(path.join(data_dir, 'postgres', 'letters.txt'), 'Dear Anna');
    await refusesUntouched(data_dir, 'foreign_folder', /letters\.txt/);
  });

  test('a database without our marker', async () => {
    const data_dir = skeleton();
    rmSync(path.join(data_dir, 'postgres/taskmaster.json'));
    await refusesUntouched(data_dir, 'foreign_folder', /taskmaster\.json/);
  });

  test('a file named postgres', async () => {
    const data_dir = newDataDir();
    writeFileSync(path.join(data_dir, 'postgres'), 'a file');
    await refusesUntouched(data_dir, 'foreign_folder', /not a folder/);
  });

  test('a DATA_DIR that is a file', async () => {
    const parent = newDataDir();
    writeFileSync(path.join(parent, 'data'), 'a file');
    const before = fingerprint(parent);
    await expect(open(path.join(parent, 'data'))).rejects.toMatchObject({ code: 'data_dir_unusable' });
    expect(fingerprint(parent)).toBe(before);
  });
});

describe('a damaged folder is refused and left as it is', () => {
  test.each(['PG_VERSION', 'global/pg_control', 'base', 'pg_wal', 'pg_xact'])('without %s', async (part) => {
    const data_dir = skeleton();
    rmSync(path.join(serverFolder(data_dir).data, part), { recursive: true });
    await refusesUntouched(data_dir, 'damaged_folder', new RegExp(part));
  });

  test('with a cut control file', async () => {
    const data_dir = skeleton();
    truncateSync(path.join(serverFolder(data_dir).data, 'global/pg_control'), 100);
    await refusesUntouched(data_dir, 'damaged_folder', /100 bytes/);
  });

  test('with a marker that says nothing', async () => {
    const data_dir = skeleton();
    writeFileSync(path.join(data_dir, 'postgres/taskmaster.json'), '{}');
    await refusesUntouched(data_dir, 'damaged_folder', /taskmaster\.json/);
  });

  test('with a marker and data of different versions', async () => {
    const data_dir = skeleton();
    writeFileSync(path.join(serverFolder(data_dir).data, 'PG_VERSION'), '17\n');
    await refusesUntouched(data_dir, 'damaged_folder', /says 17/);
  });
});

test('a folder of another major version is refused, with the way over backup and restore', async () => {
  const data_dir = skeleton(17);
  await refusesUntouched(data_dir, 'other_major_version', /by PostgreSQL 17; .* brings PostgreSQL/);
  await expect(open(data_dir)).rejects.toMatchObject({ what_to_do: expect.stringMatching(/backup.*restore/) });
});

test('a control file of nonsense is refused with PostgreSQL’s own words, and frees the folder', async () => {
  const data_dir = copyOf(prepared);
  const control = path.join(serverFolder(data_dir).data, 'global/pg_control');
  writeFileSync(control, Buffer.alloc(8192, 7));
  await expect(open(data_dir)).rejects.toMatchObject({
    code: 'server_did_not_start',
    message: expect.stringMatching(/FATAL.*incompatible/),
  });
  writeFileSync(control, readFileSync(path.join(serverFolder(prepared).data, 'global/pg_control')));
  const { stop } = await open(data_dir);
  await stop();
});

test.each(['fsync', 'full_page_writes', 'synchronous_commit'])(
  '%s=off is refused unless it is allowed',
  async (name) => {
    const data_dir = copyOf(prepared);
    const { data } = serverFolder(data_dir);
    writeFileSync(path.join(data, 'postgresql.auto.conf'), `${name} = off\n`);
    await expect(open(data_dir)).rejects.toMatchObject({
      code: 'unsafe_settings',
      message: expect.stringContaining(`${name}=off`),
      what_to_do: expect.stringContaining(data),
    });
    const { stop } = await openDatabase({ data_dir, log: () => {}, allow_unsafe: true });
    await stop();
  },
);

test.runIf(ordinaryUser || process.getuid?.() !== 0)('a folder without the right to write is refused', async () => {
  const data_dir = newDataDir();
  chmodSync(data_dir, 0o555);
  const program = runDatabaseProgram(data_dir, { as: ordinaryUser });
  expect(await program.next('refused')).toMatchObject({ refused: 'data_dir_unusable' });
  chmodSync(data_dir, 0o755);
});

async function refusesUntouched(data_dir: string, code: string, message: RegExp): Promise<void> {
  const before = fingerprint(data_dir);
  await expect(open(data_dir)).rejects.toMatchObject({
    name: 'StartRefusal',
    code,
    message: expect.stringMatching(message),
  });
  expect(fingerprint(data_dir)).toBe(before);
}

/** As much of a database as a look from outside can tell. */
function skeleton(major = findNativePackage().major): string {
  const data_dir = newDataDir();
  const { root, data } = serverFolder(data_dir);
  for (const part of ['global', 'base', 'pg_wal', 'pg_xact']) mkdirSync(path.join(data, part), { recursive: true });
  writeFileSync(path.join(data, 'PG_VERSION'), `${major}\n`);
  writeFileSync(path.join(data, 'global/pg_control'), Buffer.alloc(8192));
  writeFileSync(path.join(data, 'postgresql.conf'), '');
  writeFileSync(path.join(root, 'taskmaster.json'), JSON.stringify({ made_by: 'taskmaster', postgres_major: major }));
  return data_dir;
}

function open(data_dir: string) {
  return openDatabase({ data_dir, log: () => {} });
}
