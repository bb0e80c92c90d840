import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failpoint } from '@taskmaster/domain/failpoints';
import pg from 'pg';
import { startSmtpSink } from '../support/smtp-sink.ts';
import { check, type Findings } from './checker.ts';
import { ApiClient, type Client, DeviceClient, type Record } from './clients.ts';
import type { Attempt } from './journal.ts';
import { type Person, signUp } from './person.ts';
import { databaseGone, freePort, type Program, startProgram, temporaryFolder } from './program.ts';
import { type Random, randomFrom } from './random.ts';

export interface CrashOptions {
  /** Holds `dist/main.js`. */
  readonly folder: string;
  readonly rounds: number;
  /** After these rounds one more for each: the program ends there by itself. Needs a build with failpoints. */
  readonly failpoints?: readonly Failpoint[];
  readonly seed: number;
  readonly people?: number;
  /** Milliseconds that consumers get to catch up in the end. */
  readonly patience?: number;
}

export interface CrashReport extends Findings {
  readonly attempts: readonly Attempt[];
  readonly table: string;
  /** Which failpoints the program came to. */
  readonly reached: Partial<{ readonly [name in Failpoint]: boolean }>;
  /** Broken promises, empty when all hold. */
  readonly broken: readonly string[];
}

/**
 * Runs the program under load and kills it at random moments, also while it starts; then lets everybody settle what they
 * do not know, and checks. The seed fixes the moments and what clients wish, not how processes interleave.
 */
export async function runCrashes(options: CrashOptions): Promise<CrashReport> {
  const random = randomFrom(options.seed);
  const data_dir = temporaryFolder('crash');
  const port = await freePort();
  // Failpoints that a mutant has are armed while there is load, not while it is looked at.
  const sink = await startSmtpSink();
  const mail = { SMTP_URL: sink.url, MAIL_FROM: 'tasks@example.test' };
  const start = (armed: boolean, at?: string): Program =>
    startProgram({
      folder: options.folder,
      data_dir,
      port,
      env: { ...mail, ...(armed ? { FAILPOINTS: 'on' } : {}), ...(at ? { FAILPOINT: at } : {}) },
    });
  let program = start(true);
  const reached: Partial<{ [name in Failpoint]: boolean }> = {};
  const tally = { kills: 0, 'kills while starting': 0, 'died by itself': 0 };
  const record: Record = { attempts: [], differences: [], counts: { retried: 0, replayed: 0 } };
  try {
    await program.ready();
    const people: Person[] = [];
    while (people.length < (options.people ?? 4)) people.push(await signUp(program.url, `person-${people.length}`));
    await confirm(program.connection);
    const clients = people.flatMap((person, index) => clientsOf(person, randomFrom(options.seed + 1 + index), record));
    for (let round = 0; round < options.rounds; round++) {
      const stop = new AbortController();
      const working = Promise.all(clients.map((client) => client.work(program.url, stop.signal)));
      working.catch(() => undefined);
      await Promise.race([sleep(300 + random() * 1_200), program.gone]);
      if (program.hasEnded()) tally['died by itself']++;
      else tally.kills++;
      await program.kill();
      stop.abort();
      await working;
      program = start(round < options.rounds - 1);
      while (random() < 0.25) {
        await sleep(random() * 500);
        await program.kill();
        tally['kills while starting']++;
        program = start(round < options.rounds - 1);
      }
      await program.ready();
    }
    /** Who got no answer for another reason than the program's end begins again: there is load until it stops. */
    const underLoad = async (during: Program, stop: AbortSignal) => {
      await Promise.all(
        clients.map(async (client) => {
          while (!stop.aborted && !during.hasEnded()) {
            await client.work(during.url, stop);
            await sleep(20);
          }
        }),
      );
    };
    for (const name of options.failpoints ?? []) {
      if (name === 'audit.during_checkpoint') {
        const stop = new AbortController();
        const working = underLoad(program, stop.signal);
        await somethingToSign(program.connection);
        stop.abort();
        await program.kill();
        await working;
      }
      await program.kill();
      // What happens once in a program's life is met the first time.
      const nth = ONCE.includes(name) || name.startsWith('notify.') ? 1 : 1 + Math.floor(random() * 4);
      program = start(false, `${name}:${nth}`);
      const ready = await Promise.race([
        program.ready().then(
          () => true,
          () => false,
        ),
        program.gone.then(() => false),
      ]);
      const stop = new AbortController();
      const working = ready ? underLoad(program, stop.signal) : Promise.resolve();
      working.catch(() => undefined);
      const isEnd = name === 'shutdown.during_drain';
      await Promise.race([sleep(isEnd ? BEFORE_THE_END : AT_A_FAILPOINT), program.gone]);
      if (isEnd) await program.stop();
      reached[name] ||= program.wasKilled();
      await program.kill();
      stop.abort();
      await working;
      program = start(false);
      await program.ready();
    }
    await Promise.all(clients.map((client) => client.settle(program.url)));
    const { url, connection } = program;
    const findings = await check({
      url,
      connection,
      people,
      attempts: record.attempts,
      differences: record.differences,
      mails: () => sink.taken.filter((one) => /^Reminder|late$/.test(one.subject)).map((one) => one.message_id),
      kills:
        tally.kills + tally['kills while starting'] + tally['died by itself'] + (options.failpoints?.length ?? 0) * 2,
      patience: options.patience ?? 75_000,
    });
    return { ...report(options, findings, record, tally), reached };
  } finally {
    await program.kill();
    await databaseGone(data_dir);
    await sink.stop();
    rmSync(data_dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** As if everybody had followed the link in the letter: what is tested here is the letters after it. */
async function confirm(connection: Program['connection']): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query('update auth."user" set "emailVerified" = true');
  await client.end();
}

/** Once the checkpoint that every start makes is behind it, whatever is written stays unsigned for an hour. */
async function somethingToSign(connection: Program['connection']): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await sleep(BEFORE_THE_END);
  const unsigned = 'select 1 from audit.chain where seq > signed limit 1';
  while ((await client.query(unsigned)).rowCount === 0) await sleep(50);
  await client.end();
}

/** Milliseconds of load in which a failpoint is to be come to. */
const BEFORE_THE_END = 2_000;
const AT_A_FAILPOINT = 30_000;
const ONCE: readonly Failpoint[] = ['audit.during_checkpoint', 'shutdown.during_drain'];

function clientsOf(person: Person, random: Random, record: Record): Client[] {
  return [
    ...Array.from({ length: 3 }, () => new ApiClient(person, random, record)),
    new DeviceClient(person, random, record),
  ];
}

function report(
  options: CrashOptions,
  findings: Findings,
  record: Record,
  tally: { [what: string]: number },
): Omit<CrashReport, 'reached'> {
  const { attempts, counts } = record;
  const of = (outcome: string) => attempts.filter((attempt) => attempt.outcome === outcome).length;
  const lines: [string, number][] = [
    ['rounds', options.rounds],
    ...Object.entries(tally),
    ['requests', attempts.length],
    ['acknowledged', of('acknowledged')],
    ['without an answer at first, then sent again', attempts.filter((attempt) => attempt.retries > 0).length],
    ['refused, as they should be', attempts.filter((attempt) => attempt.wrong).length],
    ['sent again after their answer', counts.replayed],
    ...Object.entries(findings.counts),
    ...Object.entries(findings.wrong).map(([promise, list]): [string, number] => [promise, list.length]),
  ];
  const broken = Object.entries(findings.wrong).flatMap(([promise, list]) =>
    list.slice(0, 3).map((what) => `${promise}: ${what}`),
  );
  const widest = Math.max(...lines.map(([what]) => what.length));
  const table = lines.map(([what, count]) => `${what.padEnd(widest)}  ${String(count).padStart(7)}`).join('\n');
  return {
    ...findings,
    attempts,
    broken,
    table: `seed ${options.seed}, program in ${path.basename(options.folder)}\n${table}`,
  };
}
