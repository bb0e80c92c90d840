import { Problem } from '@taskmaster/contracts/problems';
import { defaultSettings } from '@taskmaster/domain/commands/settings';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { forgetCarried } from '@taskmaster/runtime/forget-carried';
import type { Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { Logger } from '@taskmaster/runtime/telemetry';
import type pg from 'pg';
import { lockOthers, type People } from './people.ts';
import { changePerson, type LockedPerson, lockPerson } from './person-changes.ts';
import type { Sessions } from './sessions.ts';

const DAY = 24 * 60 * 60 * 1000;
/** Days in which somebody may think better of it. */
const ERASED_AFTER = 14;
const MOST_AT_ONCE = 20;
const SLICE = 5_000;

const say = statementsOf('tasks');
const closedBefore = say<{ id: string }>(
  'closed_before',
  `select u.id from tasks."user" u join tasks.workspace w on w.id = u.workspace_id
   where u.deleted_at < $1 and w.erased_at is null order by u.deleted_at limit ${MOST_AT_ONCE}`,
);
/** Whose erasure was begun: by this run, or by one that a crash broke off. */
const begun = say<{ id: string; workspace_id: string; head: number }>(
  'erasures_begun',
  `select u.id, u.workspace_id, w.head from tasks."user" u join tasks.workspace w on w.id = u.workspace_id
   where u.deleted_at is not null and w.erased_at is not null and w.words_gone_at is null`,
);
const markErased = say(
  'mark_erased',
  `update tasks.workspace set erased_at = now(), deleted_at = now(), name = '' where id = $1`,
);
const wordsGone = say('words_gone', 'update tasks.workspace set words_gone_at = now() where id = $1');
/** A slice: a long history must not hold its rows, or meet the time limit of a statement. */
const blankHistory = say(
  'blank_history',
  `update tasks.change set patch = '{}', before = null where workspace_id = $1 and seq > $2 and seq <= $2 + ${SLICE}`,
);
const emptied = ['task', 'project', 'tag', 'reminder', 'token', 'token_secret', 'search_word', 'search_vocab'].map(
  (table) => say(`erase_${table}`, `delete from tasks.${table} where workspace_id = $1`),
);
const forgotten = ['member', 'processed_op', 'sync_client'].map((table) =>
  say(`erase_${table}`, `delete from tasks.${table} where user_id = $1`),
);
const carried = forgetCarried('tasks');

/** When an account that was closed then is erased. */
const erasedAt = (closedAt: string): string => new Date(Date.parse(closedAt) + ERASED_AFTER * DAY).toISOString();

const dayIn = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
export const closedProblem = (closedAt: string): Problem =>
  new Problem('account_closed', `It will be erased on ${dayIn.format(new Date(erasedAt(closedAt)))}.`, undefined, {
    erased_at: erasedAt(closedAt),
  });

/**
 * Leaving for good. A closed account is shut at once: sessions, tokens and reminders end. It is its person's again until it is
 * erased: rows, words in the history, notifications, and the key of what the audit log has of them. Numbers and hashes stay, so
 * that what others rely on still verifies.
 */
export function createClosing(parts: {
  runtime: Pick<RunningRuntime<'tasks'>, 'background'>;
  authPool: pg.Pool;
  people: People;
  sessions: Sessions;
  log: Logger;
}) {
  const { runtime, authPool, people, sessions, log } = parts;

  function forget(userId: string): void {
    people.forget(userId);
    sessions.forgetOf(userId);
  }

  /** What the event of the erasure does not reach: words, rows, and the way to sign in. Begun again from its start after a crash. */
  async function finish({ id, workspace_id, head }: { id: string; workspace_id: string; head: number }): Promise<void> {
    for (let from = 0; from < head; from += SLICE)
      await runtime.background(async (tx) => tx.write(blankHistory, [workspace_id, from]));
    await runtime.background(async (tx) => {
      for (const statement of [...emptied, ...carried]) tx.write(statement, [workspace_id]);
      for (const statement of forgotten) tx.write(statement, [id]);
    });
    await authPool.query('delete from verification where value = $1', [id]);
    await authPool.query('update invitation set used_for = null where used_by = $1', [id]);
    await authPool.query('delete from "user" where id = $1', [id]);
    await runtime.background(async (tx) => tx.write(wordsGone, [workspace_id]));
  }

  return {
    /** @returns when it will be erased. @throws Problem forbidden where others would be left without anybody who runs the place */
    async close(userId: string): Promise<string> {
      const at = new Date().toISOString();
      const closedAt = await runtime.background(async (tx) => {
        const others = await lockOthers(tx, userId);
        const person = await lockPerson(tx, userId);
        const { deleted_at, role } = person.user;
        if (deleted_at !== null) return deleted_at;
        if (role === 'admin' && !others.anAdmin && !others.nobody)
          throw new Problem('forbidden', 'You alone run this place. Let somebody else run it first.');
        const closed = { kind: 'deleted', patch: { deleted_at: at }, before: { deleted_at: null } } as const;
        changePerson(tx, person, closed, { kind: 'user', id: userId }, at);
        return at;
      });
      await authPool.query('delete from session where "userId" = $1', [userId]);
      forget(userId);
      return erasedAt(closedAt);
    },

    async reopen(userId: string): Promise<void> {
      await runtime.background(async (tx) => {
        const person = await lockPerson(tx, userId);
        const { deleted_at } = person.user;
        if (isErased(person)) throw new Problem('unauthenticated', 'The account is erased.');
        if (deleted_at === null) return;
        const back = { kind: 'restored', patch: { deleted_at: null }, before: { deleted_at } } as const;
        changePerson(tx, person, back, { kind: 'user', id: userId });
      });
      forget(userId);
    },

    /** Erases those whose time is over, each by itself: what fails for one is tried again with the next run. @returns how many */
    async eraseDue(before = new Date(Date.now() - ERASED_AFTER * DAY).toISOString()): Promise<number> {
      const due = await runtime.background((tx) => tx.query(closedBefore, [before]), { readOnly: true });
      for (const { id } of due) {
        await runtime
          .background(async (tx) => {
            const person = await lockPerson(tx, id);
            // Taken back while this waited.
            if (person.user.deleted_at !== null && !isErased(person)) begin(tx, person);
          })
          .catch((error) => log.error({ user_id: id, err: String(error) }, 'an account could not be erased'));
        forget(id);
      }
      let erased = 0;
      for (const one of await runtime.background((tx) => tx.query(begun, []), { readOnly: true })) {
        try {
          await finish(one);
          erased++;
          log.info({ user_id: one.id }, 'a closed account was erased');
        } catch (error) {
          log.error({ user_id: one.id, err: String(error) }, 'an erasure was not finished');
        }
      }
      return erased;
    },
  };
}
/** Nothing else takes away a personal workspace. */
const isErased = ({ workspace }: LockedPerson): boolean => workspace.deleted_at !== null;

export type Closing = ReturnType<typeof createClosing>;

/** From here on nobody can come back, and readers of the log see no word of it: the rest has time. */
function begin(tx: Tx<'tasks'>, person: LockedPerson): void {
  const blank = { name: '', email: '', email_verified: false, settings: defaultSettings };
  changePerson(tx, person, { kind: 'erased', patch: blank, before: null }, { kind: 'system', id: 'erasure' });
  tx.write(markErased, [person.workspace.id]);
}
