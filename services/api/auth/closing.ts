import { Problem } from '@taskmaster/contracts/problems';
import { defaultSettings } from '@taskmaster/domain/commands/settings';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { forgetCarried } from '@taskmaster/runtime/forget-carried';
import type { Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { Logger } from '@taskmaster/runtime/telemetry';
import type pg from 'pg';
import type { People } from './people.ts';
import { changePerson, type LockedPerson, lockPerson } from './person-changes.ts';
import type { Sessions } from './sessions.ts';

const DAY = 24 * 60 * 60 * 1000;
/** Days in which somebody may think better of it. */
const ERASED_AFTER = 14;
const MOST_AT_ONCE = 20;

const say = statementsOf('tasks');
const closedBefore = say<{ id: string }>(
  'closed_before',
  `select u.id from tasks."user" u join tasks.workspace w on w.id = u.workspace_id
   where u.deleted_at < $1 and w.erased_at is null order by u.deleted_at limit ${MOST_AT_ONCE}`,
);
const erased = say<{ id: string }>(
  'erased_people',
  `select u.id from tasks."user" u join tasks.workspace w on w.id = u.workspace_id
   where u.deleted_at is not null and w.erased_at is not null`,
);
const markErased = say(
  'mark_erased',
  `update tasks.workspace set erased_at = now(), deleted_at = now(), name = '' where id = $1`,
);
const blankHistory = say(
  'blank_history',
  `update tasks.change set patch = '{}', before = null where workspace_id = $1 and (patch <> '{}' or before is not null)`,
);
const emptied = ['task', 'project', 'tag', 'reminder', 'token', 'token_secret', 'search_word', 'search_vocab'].map(
  (table) => say(`erase_${table}`, `delete from tasks.${table} where workspace_id = $1`),
);
const forgotten = ['member', 'processed_op', 'sync_client'].map((table) =>
  say(`erase_${table}`, `delete from tasks.${table} where user_id = $1`),
);
const carried = forgetCarried('tasks');

/** When an account that was closed then is erased. */
export const erasedAt = (closedAt: string): string => new Date(Date.parse(closedAt) + ERASED_AFTER * DAY).toISOString();

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

  async function forget(userId: string): Promise<void> {
    people.forget(userId);
    sessions.forgetOf(userId);
  }

  return {
    /** @returns when it will be erased */
    async close(userId: string): Promise<string> {
      const at = new Date().toISOString();
      await runtime.background(async (tx) => {
        const person = await lockPerson(tx, userId);
        const closed = { kind: 'deleted', patch: { deleted_at: at }, before: { deleted_at: null } } as const;
        if (person.user.deleted_at === null) changePerson(tx, person, closed, { kind: 'user', id: userId }, at);
      });
      await authPool.query('delete from session where "userId" = $1', [userId]);
      await forget(userId);
      return erasedAt(at);
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
      await forget(userId);
    },

    /** Erases those whose time is over. @returns how many */
    async eraseDue(before = new Date(Date.now() - ERASED_AFTER * DAY).toISOString()): Promise<number> {
      const due = await runtime.background((tx) => tx.query(closedBefore, [before]), { readOnly: true });
      for (const { id } of due) {
        await runtime.background(async (tx) => {
          const person = await lockPerson(tx, id);
          // Taken back while this waited.
          if (person.user.deleted_at !== null && !isErased(person)) erase(tx, person);
        });
        await forget(id);
        log.info({ user_id: id }, 'a closed account was erased');
      }
      // Also of those where a crash came between the two.
      const gone = await runtime.background((tx) => tx.query(erased, []), { readOnly: true });
      await authPool.query('delete from verification where value = any($1::text[])', [gone.map(({ id }) => id)]);
      await authPool.query('delete from "user" where id = any($1::uuid[])', [gone.map(({ id }) => id)]);
      return due.length;
    },
  };
}
/** Nothing else takes away a personal workspace. */
const isErased = ({ workspace }: LockedPerson): boolean => workspace.deleted_at !== null;

export type Closing = ReturnType<typeof createClosing>;

function erase(tx: Tx<'tasks'>, person: LockedPerson): void {
  const { user, workspace } = person;
  const blank = { name: '', email: '', email_verified: false, settings: defaultSettings };
  changePerson(tx, person, { kind: 'erased', patch: blank, before: null }, { kind: 'system', id: 'erasure' });
  tx.write(markErased, [workspace.id]);
  tx.write(blankHistory, [workspace.id]);
  for (const statement of emptied) tx.write(statement, [workspace.id]);
  for (const statement of forgotten) tx.write(statement, [user.id]);
  for (const statement of carried) tx.write(statement, [workspace.id]);
}
