import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName, Stack } from '../../scripts/stack/stack.mjs';
import { MUTANTS } from '../chaos/mutant-list.ts';
import type { Rewrite } from '../chaos/mutants.ts';
import type { Wrong } from '../chaos/promises.ts';
import type { Stage } from '../chaos/stage.ts';

/** A program whose every service breaks one rule, as it is run with a broker between them. */
export interface StackMutant {
  readonly breaks: string;
  /** The row of the checker's table that it must turn red; none where something else still stands behind the rule. */
  readonly turns?: Wrong;
  /** One of the few that every run of the tests has time for. */
  readonly quick?: true;
  readonly rewrites: readonly Pick<Rewrite, 'file' | 'replace'>[];
  readonly replicas?: Partial<Record<ServiceName, number>>;
  /** Milliseconds of load. */
  readonly load: number;
  /** What befalls it when people have worked for a while. */
  befall?(stack: Stack, stage: Stage): Promise<unknown>;
  /** Milliseconds that the broken program gets to catch up. */
  readonly patience: number;
}

const SKIPS = {
  file: 'runtime/log-relay.ts',
  replace: [
    [
      "this.options.publish('task-events', events),",
      "this.options.publish('task-events', events.filter((event) => event.data.sequence % 5 !== 4)),",
    ],
  ],
} as const;

/** One that the program in one process has as well. */
function alsoHere(breaks: string): Pick<StackMutant, 'breaks' | 'rewrites'> & { turns: Wrong } {
  const found = MUTANTS.find((mutant) => mutant.breaks === breaks);
  if (!found) throw new Error(`No mutant says that ${breaks}.`);
  return { breaks, turns: found.turns, rewrites: [found] };
}

/** Where the events of the log go out once more, and those of every outbox. */
async function sendAgain(stack: Stack, stage: Stage): Promise<void> {
  // Whoever relays knows by heart how far it is, and writes it down again.
  await stack.kill('api-0', { stays_away: true });
  await stage.sql('update tasks.position set sequence = 0');
  for (const schema of ['tasks', 'recurring', 'notification', 'sync', 'audit'])
    await stage.sql(`update ${schema}.outbox set published_at = null`);
  stack.comeBack('api-0');
}

export const STACK_MUTANTS: readonly StackMutant[] = [
  {
    breaks: 'the relay skips events, and consumers take what comes as what comes next',
    turns: 'P8 entries missing',
    quick: true,
    rewrites: [
      SKIPS,
      {
        file: 'runtime/consumer.ts',
        replace: [['if (holding || sequenceOf(event) > sequence + 1) {', 'if (holding) {']],
      },
    ],
    load: 5_000,
    patience: 5_000,
  },
  {
    breaks: 'the relay skips events',
    rewrites: [SKIPS],
    load: 10_000,
    patience: 150_000,
  },
  {
    breaks: 'a consumer takes an event of a change however often it comes',
    turns: 'P8 entries without a change',
    quick: true,
    rewrites: [
      {
        file: 'runtime/consumer.ts',
        replace: [
          ['|| sequenceOf(event) <= sequence) continue;', ') continue;'],
          [
            'sequence = sequenceOf(event); done.push(event);',
            'sequence = Math.max(sequence, sequenceOf(event)); done.push(event);',
          ],
        ],
      },
    ],
    load: 5_000,
    befall: sendAgain,
    patience: 60_000,
  },
  {
    breaks: 'a consumer takes an event that is no change however often it comes',
    turns: 'P8 entries without a change',
    rewrites: [
      {
        file: 'runtime/consumer.ts',
        replace: [['if (fresh.length > 0) await this.handle(event, tx, emit);', 'await this.handle(event, tx, emit);']],
      },
    ],
    load: 5_000,
    befall: sendAgain,
    patience: 60_000,
  },
  {
    breaks: 'an outbox is marked before it is published',
    turns: 'P5 mails lost',
    quick: true,
    rewrites: [
      {
        file: 'runtime/outbox-relay.ts',
        replace: [
          [
            'if (rows.length === 0) continue;',
            `if (rows.length === 0) continue;
        await this.database.transact(async (tx) => tx.write(this.sql.mark, [rows.map((row) => row.id)]));
        if (rows.some(({ event }) => event.type === 'com.todo.reminder.triggered')) process.kill(process.pid, 'SIGKILL');`,
          ],
        ],
      },
    ],
    load: 12_000,
    patience: 15_000,
  },
  {
    breaks: 'an event is taken from the broker before its effect is committed',
    turns: 'P5 mails lost',
    rewrites: [
      {
        file: 'runtime/consumer.ts',
        replace: [
          [
            'if (this.options.types.has(event.type)) await this.receiveUnsequenced(event);',
            `if (!this.options.types.has(event.type)) continue;
        if (this.options.name !== 'delivery') { await this.receiveUnsequenced(event); continue; }
        setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1_500);
        setTimeout(() => this.receiveUnsequenced(event), 5_000);`,
          ],
        ],
      },
    ],
    load: 12_000,
    patience: 15_000,
  },
  {
    breaks: 'two instances decide reminders, and neither claims them',
    turns: 'P5 reminders doubled',
    rewrites: [
      {
        file: 'services/notification/decide.ts',
        replace: [
          [' for update of l skip locked`', '`'],
          ['const [first] = due;', 'const [first] = due; if (first) await new Promise((go) => setTimeout(go, 1_500));'],
        ],
      },
      {
        file: 'services/notification/service.ts',
        replace: [
          [
            'const look = serially(sweep);',
            'const look = serially(sweep); setInterval(() => void look().catch(() => undefined), 1_000);',
          ],
        ],
      },
    ],
    replicas: { notification: 2 },
    load: 15_000,
    patience: 15_000,
  },
  {
    breaks: 'two instances relay at once',
    rewrites: [
      {
        file: 'runtime/lead.ts',
        replace: [['hashtext($2)) as held', 'hashtext($2)) or true as held']],
      },
    ],
    replicas: { api: 2 },
    load: 10_000,
    patience: 90_000,
  },
  { ...alsoHere('the cursor is committed before the effect'), load: 15_000, patience: 15_000 },
  { ...alsoHere('the id of a successor is drawn, not derived'), load: 10_000, befall: sendAgain, patience: 60_000 },
  {
    ...alsoHere('the answer is sent before the commit'),
    load: 5_000,
    befall: async (stack) => {
      for (let times = 0; times < 3; times++) {
        await stack.kill('api-0');
        await sleep(5_000);
      }
    },
    patience: 15_000,
  },
  { ...alsoHere('the audit log takes what it can get'), load: 5_000, patience: 5_000 },
  { ...alsoHere('the relay never writes down that it is done'), load: 3_000, patience: 10_000 },
];
