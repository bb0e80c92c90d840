import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { expect } from 'vitest';
import type { DatabaseServer } from './database-server.ts';
import { send, waitFor } from './person.ts';
import { databaseGone, databasePid } from './program.ts';
import { pick, type Random } from './random.ts';
import type { Stage } from './stage.ts';

/** Something that befalls a place while everybody works. When it is over the program runs, by itself or started again. */
export interface Fault {
  readonly name: string;
  /** Brings its own load. */
  readonly alone?: true;
  befall(stage: Stage, random: Random): Promise<void>;
}

const A_WHILE = 1_000;
/** Milliseconds of SIGSTOP: from ten seconds on, and beyond half a minute reminders have to say why they are late. */
const STOPPED = Number(process.env.STOPPED ?? 12_000);

async function again(stage: Stage): Promise<void> {
  await stage.program.gone;
  await stage.start().ready();
}
async function isReady(stage: Stage): Promise<void> {
  expect(stage.program.hasEnded(), stage.program.said()).toBe(false);
  await stage.program.ready();
}

/** Back ends of the program, those that hold the lock or listen too. */
const backEnds = `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;
const lockHolders = `select pid from pg_locks where locktype = 'advisory' and granted and objid = 7233000::oid`;

/** One that a consumer cannot handle: the four attempts take half a minute, meanwhile only its workspace waits. */
const POISON: Fault = {
  name: 'a poisoned event, mended and replayed',
  async befall(stage) {
    const [person] = stage.people;
    if (!person) throw new Error('Nobody is there.');
    await stage.sql(`alter table notification.task add constraint poisoned check (title not like 'poison%') not valid`);
    const request = { method: 'POST', path: '/api/tasks', key: randomUUID(), body: { title: 'poison' } };
    const answer = await send(stage.url, person, request);
    stage.record.attempts.push({
      ...{ person, request, answer, verb: 'created', shape: 'one', outcome: 'acknowledged', retries: 0, trail: [] },
    });
    const letters = () =>
      stage.sql<{ id: string }>('select id from notification.dead_letter where replayed_at is null');
    expect(await waitFor(async () => (await letters()).length === 1, 120_000), 'a dead letter').toBe(true);
    await stage.sql('alter table notification.task drop constraint poisoned');
    const [letter] = await letters();
    const taskmaster = path.join(stage.options.folder, 'dist/taskmaster.js');
    const words = ['dead-letters', 'replay', 'notification', letter?.id ?? ''];
    await promisify(execFile)(process.execPath, [taskmaster, ...words], {
      env: { ...process.env, DATA_DIR: stage.data_dir },
    });
    expect(await letters()).toEqual([]);
  },
};

/** With the bundled database, which is the program's own child. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'the program told to stop',
    async befall(stage) {
      await sleep(A_WHILE);
      await stage.program.stop();
      await again(stage);
    },
  },
  {
    name: 'kill -9 of the database',
    async befall(stage) {
      await sleep(A_WHILE);
      process.kill(databasePid(stage.data_dir) ?? 0, 'SIGKILL');
      // Without its database the program says so and ends; whoever runs it starts it again.
      await stage.program.gone;
      expect(stage.program.said()).toContain('What was acknowledged is safe');
      await again(stage);
    },
  },
  {
    name: 'kill -9 of program and database',
    async befall(stage) {
      await sleep(A_WHILE);
      process.kill(databasePid(stage.data_dir) ?? 0, 'SIGKILL');
      await stage.kill();
      await databaseGone(stage.data_dir);
      await again(stage);
    },
  },
  {
    name: 'one back end ended, 20 times',
    async befall(stage, random) {
      for (let times = 0; times < 20; times++) {
        const ends = times === 10 ? await stage.sql(lockHolders) : await stage.sql(backEnds);
        if (ends.length > 0) await stage.sql('select pg_terminate_backend($1)', [pick(random, ends).pid]);
        await sleep(random() * 200);
      }
      await isReady(stage);
      expect(await waitFor(async () => (await stage.sql(lockHolders)).length === 1, 60_000), 'the lock again').toBe(
        true,
      );
    },
  },
  {
    name: 'kill -9 of one back end',
    async befall(stage, random) {
      await sleep(A_WHILE);
      const before = databasePid(stage.data_dir);
      process.kill(Number(pick(random, await stage.sql(backEnds)).pid), 'SIGKILL');
      // The database throws everybody out and recovers by itself.
      await sleep(A_WHILE);
      await isReady(stage);
      expect(databasePid(stage.data_dir)).toBe(before);
    },
  },
  {
    name: 'the database read-only for 3 s',
    async befall(stage) {
      await sleep(A_WHILE);
      await readOnly(stage, true);
      await sleep(3_000);
      await readOnly(stage, false);
      await isReady(stage);
    },
  },
  {
    name: `the program stopped for ${STOPPED / 1000} s (SIGSTOP)`,
    async befall(stage) {
      await sleep(A_WHILE);
      const from = Date.now();
      process.kill(stage.program.pid, 'SIGSTOP');
      await sleep(STOPPED);
      process.kill(stage.program.pid, 'SIGCONT');
      stage.pauses.push({ from, to: Date.now() });
      await sleep(A_WHILE);
      await isReady(stage);
    },
  },
  {
    name: 'every event sent again',
    async befall(stage) {
      await sleep(A_WHILE);
      await stage.sql('update tasks.position set sequence = 0');
      await stage.kill();
      await again(stage);
      await sleep(A_WHILE);
    },
  },
  ...(process.env.PROOF === 'short' ? [] : [POISON]),
];

/** For sessions that are open, too. */
async function readOnly(stage: Stage, isOn: boolean): Promise<void> {
  const client = new pg.Client({ ...stage.connection, options: '-c default_transaction_read_only=off' });
  await client.connect();
  await client.query(`alter system set default_transaction_read_only = ${isOn ? 'on' : 'off'}`);
  await client.query('select pg_reload_conf()');
  await client.end();
}

/** With a database of one's own at DATABASE_URL: the program outlives it. */
export const faultsOf = (database: DatabaseServer): readonly Fault[] => [
  {
    name: 'the database crashed, and up again',
    async befall(stage) {
      await sleep(A_WHILE);
      const from = Date.now();
      await database.crash(2_000);
      await isReady(stage);
      stage.pauses.push({ from, to: Date.now() });
      expect(await waitFor(async () => (await stage.sql(lockHolders)).length === 1, 60_000), 'the lock again').toBe(
        true,
      );
    },
  },
  {
    name: 'cut after COMMIT, before its answer',
    async befall(stage, random) {
      const before = database.proxy.lost;
      database.proxy.loseCommit(() => random() < 0.05);
      await waitFor(async () => database.proxy.lost - before >= 20, 60_000);
      database.proxy.loseCommit(undefined);
      await isReady(stage);
      expect(database.proxy.lost - before).toBeGreaterThanOrEqual(20);
    },
  },
  {
    name: 'every connection cut, 5 times',
    async befall(stage, random) {
      for (let times = 0; times < 5; times++) {
        await sleep(200 + random() * 500);
        database.proxy.cut();
      }
      await isReady(stage);
    },
  },
];
