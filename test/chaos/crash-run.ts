import { setTimeout as sleep } from 'node:timers/promises';
import type { Failpoint } from '@taskmaster/domain/failpoints';
import pg from 'pg';
import type { Attempt } from './journal.ts';
import type { Rows } from './promises.ts';
import { randomFrom } from './random.ts';
import { type Prepared, Stage } from './stage.ts';

export interface CrashOptions {
  /** Holds `dist/main.js`. */
  readonly folder: string;
  readonly rounds: number;
  /** After these rounds one more for each: the program ends there by itself. Needs a build with failpoints. */
  readonly failpoints?: readonly Failpoint[];
  readonly seed: number;
  readonly people?: number;
  readonly prepared?: Prepared;
  /** Milliseconds of load before each kill, where the program is to die by itself; else it is drawn. */
  readonly load?: number;
  /** Milliseconds for which the program is down once, with reminders due in it. */
  readonly night?: number;
  /** Milliseconds that consumers get to catch up in the end. */
  readonly patience?: number;
}

export interface CrashReport {
  readonly rows: Rows;
  readonly attempts: readonly Attempt[];
  readonly kills: number;
  readonly table: string;
  /** Which failpoints the program came to. */
  readonly reached: Partial<{ readonly [name in Failpoint]: boolean }>;
  /** Broken promises with the first trail, empty when all hold. */
  readonly broken: readonly string[];
}

/**
 * Runs the program under load and kills it at random moments, also while it starts; then lets everybody settle what they
 * do not know, and checks. The seed fixes the moments and what clients wish, not how processes interleave.
 */
export async function runCrashes(options: CrashOptions): Promise<CrashReport> {
  const random = randomFrom(options.seed);
  const { folder, seed, people, prepared, patience } = options;
  // What a mutant does by itself it does while there is load, not while it is looked at.
  const armed = { FAILPOINTS: 'on' };
  const stage = await Stage.open({
    folder,
    seed,
    first: armed,
    ...(people ? { people } : {}),
    ...(prepared ? { prepared } : {}),
    ...(patience ? { patience } : {}),
  });
  const tally = { kills: 0, 'kills while starting': 0, 'died by itself': 0 };
  const reached: Partial<{ [name in Failpoint]: boolean }> = {};
  try {
    for (let round = 0; round < options.rounds; round++) {
      const { program } = stage;
      await stage.under(async () => {
        await Promise.race([sleep(options.load ?? 300 + random() * 1_200), program.gone]);
        if (program.hasEnded()) tally['died by itself']++;
        else tally.kills++;
        await stage.kill();
      });
      if (round === 0 && options.night) await sleep(options.night);
      const env = round < options.rounds - 1 ? armed : {};
      stage.start(env);
      while (random() < 0.25) {
        await sleep(random() * 500);
        await stage.kill();
        tally['kills while starting']++;
        stage.start(env);
      }
      const { program: next } = stage;
      await next.ready().catch(async (error) => {
        // A broken program may end itself while it catches up: then it goes on without that.
        if (!next.wasKilled()) throw error;
        tally['died by itself']++;
        await stage.kill();
        await stage.start().ready();
      });
    }
    for (const name of options.failpoints ?? []) {
      if (name === 'audit.during_checkpoint') await somethingToSign(stage);
      await stage.kill();
      // What happens once in a program's life is met the first time.
      const nth = ONCE.includes(name) || name.startsWith('notify.') ? 1 : 1 + Math.floor(random() * 4);
      const program = stage.start({ FAILPOINT: `${name}:${nth}` });
      const isReady = await Promise.race([
        program.ready().then(
          () => true,
          () => false,
        ),
        program.gone.then(() => false),
      ]);
      const meet = async () => {
        const isEnd = name === 'shutdown.during_drain';
        await Promise.race([sleep(isEnd ? BEFORE_THE_END : AT_A_FAILPOINT), program.gone]);
        if (isEnd) await program.stop();
        reached[name] ||= program.wasKilled();
        await stage.kill();
      };
      await (isReady ? stage.under(meet) : meet());
      await stage.start().ready();
    }
    const rows = await stage.findings();
    return {
      rows,
      attempts: stage.record.attempts,
      kills: stage.deaths.length,
      broken: await stage.explain(rows),
      table: stage.table(rows, { rounds: options.rounds, ...tally, 'ends by force': stage.deaths.length }),
      reached,
    };
  } finally {
    await stage.close();
  }
}

/** Once the checkpoint that every start makes is behind it, whatever is written stays unsigned for an hour. */
async function somethingToSign(stage: Stage): Promise<void> {
  await stage.under(async () => {
    const client = new pg.Client(stage.connection);
    await client.connect();
    await sleep(BEFORE_THE_END);
    while ((await client.query('select 1 from audit.chain where seq > signed limit 1')).rowCount === 0) await sleep(50);
    await client.end();
  });
}

/** Milliseconds of load in which a failpoint is to be come to. */
const BEFORE_THE_END = 2_000;
const AT_A_FAILPOINT = 30_000;
const ONCE: readonly Failpoint[] = ['audit.during_checkpoint', 'shutdown.during_drain'];
