import type { Wrong } from './promises.ts';

/** Each breaks one rule that a promise rests on, by rewriting a source as it is bundled. The product's files stay as they are. */
export interface Mutant {
  readonly breaks: string;
  /** The row of the checker's table that it must turn red; others may turn red as well. */
  readonly turns: Wrong;
  /** How often the program is killed until it is seen; once where it does not say. */
  readonly rounds?: number;
  /** Milliseconds of load before each kill, where the program is to die by itself; about one second where it does not say. */
  readonly load?: number;
  /** Milliseconds for which the program is down once. */
  readonly night?: number;
  /** Milliseconds that the broken program gets to catch up; one second where it does not say. */
  readonly patience?: number;
  readonly file: string;
  /** Each text must stand in the file exactly once, white space aside. */
  readonly replace: readonly (readonly [text: string, by: string])[];
}

const NO_WHERE = [
  'this.where.push(condition);',
  "this.where.push(condition.startsWith('t.workspace_id') ? '(true or ' + condition + ')' : condition);",
] as const;

/** At least one for each row of the table. */
export const MUTANTS: readonly Mutant[] = [
  {
    breaks: 'the answer is sent before the commit',
    turns: 'P1 lost',
    rounds: 4,
    file: 'runtime/database.ts',
    replace: [
      [
        'const committed = send(commit);',
        `if (settings.key !== undefined && changed.length > 0) {
        late = true;
        setTimeout(() => {
          client.query('commit').then(() => options.onCommit?.(changed, emitted)).finally(() => client.release());
        }, 150);
        await settle(sent);
        return result;
      }
      const committed = send(commit);`,
      ],
      ['let broken: Error | undefined;', 'let broken: Error | undefined; let late = false;'],
      ['client.release(broken);', 'if (!late) client.release(broken);'],
    ],
  },
  {
    breaks: 'a request sent again gets another answer',
    turns: 'P1 answers differ',
    rounds: 2,
    file: 'services/api/kernel/execute.ts',
    replace: [['body: done.answer as Answer, replayed: true', 'body: { ...done.answer, version: 0 }, replayed: true']],
  },
  {
    breaks: 'the feed leaves deletions out',
    turns: 'P1 feed differs',
    rounds: 2,
    file: 'services/api/queries/sync-feed.ts',
    replace: [
      [
        'events: events.map(syncChange),',
        "events: events.filter((event) => event.kind !== 'deleted').map(syncChange),",
      ],
    ],
  },
  {
    breaks: 'a change does not name the request that it comes from',
    turns: 'P2 phantom',
    file: 'services/api/kernel/execute.ts',
    replace: [["op: key?.op ?? ops[0]?.op ?? '',", 'op: crypto.randomUUID(),']],
  },
  {
    breaks: 'a row is changed without a change',
    turns: 'P2 replay differs',
    file: 'services/api/kernel/write.ts',
    replace: [
      [
        'change.row.updated_at = options.at;',
        "change.row.updated_at = options.at; if (change.entity === 'task') change.row.priority = 'high';",
      ],
    ],
  },
  {
    breaks: 'what nobody may refuse is refused',
    turns: 'P2 wrongly refused',
    file: 'services/api/kernel/execute.ts',
    replace: [
      [
        'if (!decision.ok) throw new Problem(decision.code, undefined, decision.errors);',
        "if (!decision.ok || ops.some((op) => op.patch.priority === 'low')) throw new Problem(decision.code ?? 'conflict');",
      ],
    ],
  },
  {
    breaks: 'nothing remembers which requests were done',
    turns: 'P3 doubled',
    rounds: 4,
    file: 'services/api/kernel/execute.ts',
    replace: [['if (key) { const row = {', 'if (key && !key) { const row = {']],
  },
  {
    breaks: 'a sequence is left out now and then',
    turns: 'P4 gaps',
    file: 'services/api/kernel/write.ts',
    replace: [['head++;', 'head += Math.random() < 0.05 ? 2 : 1;']],
  },
  {
    breaks: 'a consumer takes events as they come',
    turns: 'P4 out of order',
    file: 'runtime/consumer.ts',
    replace: [
      ['list.sort((a, b) => sequenceOf(a) - sequenceOf(b));', 'list.sort((a, b) => sequenceOf(b) - sequenceOf(a));'],
      ['|| sequenceOf(event) <= sequence) continue;', ') continue;'],
      ['if (holding || sequenceOf(event) > sequence + 1) {', 'if (holding) {'],
      [
        'sequence = sequenceOf(event); done.push(event);',
        'sequence = Math.max(sequence, sequenceOf(event)); done.push(event);',
      ],
    ],
  },
  {
    breaks: 'a consumer gives up an event that it could handle',
    turns: 'P4 dead letters',
    rounds: 2,
    file: 'services/recurring/service.ts',
    replace: [
      ["case 'com.todo.task.deleted':", "case 'com.todo.task.deleted': if (task.id < '8') reject('not for us');"],
      [
        "import type { Emit, Tx } from '@taskmaster/runtime/runtime';",
        "import { reject } from '@taskmaster/runtime/runtime';",
      ],
    ],
  },
  {
    breaks: 'some reminders are not planned',
    turns: 'P5 reminders missing',
    patience: 5_000,
    rounds: 3,
    file: 'services/notification/plan.ts',
    replace: [['if (!moment) continue;', 'if (!moment || Math.random() < 0.5) continue;']],
  },
  {
    breaks: 'a reminder is shown by one transaction and decided by the next',
    turns: 'P5 reminders doubled',
    rounds: 2,
    load: 10_000,
    patience: 15_000,
    file: 'services/notification/service.ts',
    replace: [
      [
        'const { count, next } = await runtime.background((tx, emit) => decide(tx, emit));',
        `if (process.env.FAILPOINTS) await runtime.background(async (tx, emit) => {
        const undecided = { ...tx, write: (statement, values) => statement.name.endsWith('_decided') ? undefined : tx.write(statement, values) };
        if ((await decide(undecided, emit)).count > 0) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 5);
      });
      const { count, next } = await runtime.background((tx, emit) => decide(tx, emit));`,
      ],
    ],
  },
  {
    breaks: 'reminders are judged by a clock that is ahead',
    turns: 'P5 reminders early',
    patience: 5_000,
    load: 3_000,
    rounds: 2,
    file: 'services/notification/decide.ts',
    replace: [
      [
        'and l.due_at <= now() order by l.due_at, l.user_id',
        "and l.due_at <= now() + interval '5 seconds' order by l.due_at, l.user_id",
      ],
    ],
  },
  {
    breaks: 'a late reminder does not say why',
    turns: 'P5 late without reason',
    rounds: 2,
    night: 36_000,
    patience: 15_000,
    file: 'services/notification/outages.ts',
    replace: [['if (late < ON_TIME) return null;', 'if (late < ON_TIME || due_at) return null;']],
  },
  {
    breaks: 'a letter counts as handed over before it is',
    turns: 'P5 mails lost',
    rounds: 2,
    patience: 10_000,
    file: 'services/notification/deliver.ts',
    replace: [
      [
        'await mailer.send(postOf(waiting)).then(',
        'await (Math.random() < 0.5 ? Promise.resolve() : mailer.send(postOf(waiting))).then(',
      ],
    ],
  },
  {
    breaks: 'letters are withdrawn though their task is open',
    turns: 'P5 mails lost',
    rounds: 2,
    patience: 10_000,
    file: 'services/notification/deliver.ts',
    replace: [['t.id = l.task_id and not t.open))))`', 't.id = l.task_id))))`']],
  },
  {
    breaks: 'a letter is sent again after its answer',
    turns: 'P5 mails doubled',
    rounds: 2,
    patience: 10_000,
    file: 'services/notification/deliver.ts',
    replace: [
      [
        'await mailer.send(postOf(waiting)).then(',
        'await mailer.send(postOf(waiting)).then(() => mailer.send(postOf(waiting))).then(',
      ],
    ],
  },
  {
    breaks: 'the cursor is committed before the effect',
    turns: 'P6 successors missing',
    rounds: 3,
    load: 10_000,
    file: 'runtime/consumer.ts',
    replace: [
      [
        'await this.handle(event, tx, emit); sequence = sequenceOf(event); done.push(event);',
        'sequence = sequenceOf(event); done.push(event);',
      ],
      [
        'for (const event of done) this.measure(event); return gaps;',
        `const completed = done.filter((event) => event.type === 'com.todo.task.completed' && event.data.payload.after.successor_id).length;
    globalThis.completedBefore = (globalThis.completedBefore ?? 0) + completed;
    if (process.env.FAILPOINTS && completed > 0 && globalThis.completedBefore > 4) process.kill(process.pid, 'SIGKILL');
    if (done.length > 0) await this.options.database.transact(async (tx, emit) => {
      for (const event of done) await this.handle(event, tx, emit);
    });
    return gaps;`,
      ],
    ],
  },
  {
    breaks: 'the id of a successor is drawn, not derived',
    turns: 'P6 successors missing',
    rounds: 4,
    file: 'domain/ids.ts',
    replace: [
      [
        'successorId = (seriesId: string, slot: string): string => v5(slot, seriesId)',
        'successorId = (seriesId: string, slot: string): string => (void [seriesId, slot], crypto.randomUUID())',
      ],
    ],
  },
  {
    breaks: 'a series stands still',
    turns: 'P6 successors doubled',
    rounds: 3,
    file: 'domain/recurrence/successor.ts',
    replace: [
      [
        'return at(task, recurrence, following, slotOf(following, time), 0);',
        'return at(task, recurrence, following, slot, 0);',
      ],
    ],
  },
  {
    breaks: 'somebody is taken for whoever called before',
    turns: 'P7 seen by others',
    rounds: 2,
    file: 'services/api/auth/people.ts',
    replace: [
      ['const cached = known.get(session.user_id);', "const cached = known.get('');"],
      [
        'known.set(caller.user_id, { caller, at: Date.now() }); return caller;',
        "known.set('', { caller, at: Date.now() }); return caller;",
      ],
    ],
  },
  {
    breaks: 'a list has neither its WHERE nor the second wall',
    turns: 'P7 seen by others',
    file: 'services/api/queries/list-tasks.ts',
    replace: [
      NO_WHERE,
      [
        'return runtime.transact( async (tx) => { const terms',
        'return runtime.background( async (tx) => { const terms',
      ],
    ],
  },
  {
    breaks: 'the audit log takes what it can get',
    turns: 'P8 entries missing',
    file: 'services/audit/append.ts',
    replace: [['const of = columnsOf(event);', 'const of = columnsOf(event); if (of.sequence % 5 === 4) return;']],
  },
  {
    breaks: 'the audit log says some things twice',
    turns: 'P8 entries without a change',
    file: 'services/audit/append.ts',
    replace: [
      [
        "export async function witness(event: ChangeEvent | AuditRecorded, tx: Tx<'audit'>, keys: Keys): Promise<void> {",
        `export async function witness(event: ChangeEvent | AuditRecorded, tx: Tx<'audit'>, keys: Keys): Promise<void> {
  if (event.data.sequence % 5 === 4) await witnessOnce(event, tx, keys);
  await witnessOnce(event, tx, keys);
}
async function witnessOnce(event, tx, keys) {`,
      ],
    ],
  },
  {
    breaks: 'an entry of the audit log does not go on from the one before',
    turns: 'P8 chains broken',
    file: 'services/audit/append.ts',
    replace: [["hash = sha256(chain.hash || convert_to($2, 'UTF8'))", "hash = sha256(convert_to($2, 'UTF8'))"]],
  },
  {
    breaks: 'the relay never writes down that it is done',
    turns: 'P9 not caught up',
    patience: 5_000,
    file: 'runtime/log-relay.ts',
    replace: [['ranges.map((range) => range.to), ]);', 'ranges.map((range) => range.to - 1), ]);']],
  },
  {
    breaks: 'some requests can never be done',
    turns: 'P9 unresolved',
    rounds: 2,
    file: 'services/api/kernel/execute.ts',
    replace: [
      [
        'const moment = momentOf(caller, workspace_id, now);',
        "if (ops.some((op) => op.patch.priority === 'high')) throw Object.assign(new Error('away'), { code: '57P01' }); const moment = momentOf(caller, workspace_id, now);",
      ],
    ],
  },
  {
    breaks: 'an error does not say what to do',
    turns: 'P9 unclear errors',
    file: 'services/api/kernel/execute.ts',
    replace: [
      [
        'const moment = momentOf(caller, workspace_id, now);',
        "if (Math.random() < 0.2) throw new Error('what?'); const moment = momentOf(caller, workspace_id, now);",
      ],
    ],
  },
];

/** One wall less is not seen: that is what the other is for. */
export const HARMLESS: Omit<Mutant, 'turns'> = {
  breaks: 'a list without its WHERE',
  file: 'services/api/queries/list-tasks.ts',
  replace: [NO_WHERE],
};
