import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
  readonly seed: number;
  readonly people?: number;
  /** Milliseconds that consumers get to catch up in the end. */
  readonly patience?: number;
}

export interface CrashReport extends Findings {
  readonly attempts: readonly Attempt[];
  readonly table: string;
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
  const start = (armed: boolean): Program =>
    startProgram({ folder: options.folder, data_dir, port, env: armed ? { FAILPOINTS: 'on' } : {} });
  let program = start(true);
  const tally = { kills: 0, 'kills while starting': 0, 'died by itself': 0 };
  const record: Record = { attempts: [], differences: [], counts: { retried: 0, replayed: 0 } };
  try {
    await program.ready();
    const people: Person[] = [];
    while (people.length < (options.people ?? 4)) people.push(await signUp(program.url, `person-${people.length}`));
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
    await Promise.all(clients.map((client) => client.settle(program.url)));
    const { url, connection } = program;
    const findings = await check({
      url,
      connection,
      people,
      attempts: record.attempts,
      differences: record.differences,
      patience: options.patience ?? 30_000,
    });
    return report(options, findings, record, tally);
  } finally {
    await program.kill();
    await databaseGone(data_dir);
    rmSync(data_dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

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
): CrashReport {
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
