import { createHash, randomBytes } from 'node:crypto';
import { Problem } from '@taskmaster/contracts/problems';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import type pg from 'pg';
import { v7 } from 'uuid';
import type { AccountMails } from './better-auth.ts';
import type { People } from './people.ts';
import { changePerson, lockPerson } from './person-changes.ts';
import type { Sessions } from './sessions.ts';

const UNIQUE_VIOLATION = '23505';
const TAKEN = new Problem('invalid', undefined, [{ path: 'email', message: 'There is an account with this address.' }]);
const ADDRESS = 'address:';
const HASH_LENGTH = 64;
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/**
 * Whose address is whose. A link in a letter leads to a page with a button: what opens links by itself confirms nothing. A new
 * address counts once its owner has pressed that button; the old one is told.
 */
export function createAddresses(parts: {
  runtime: Pick<RunningRuntime<'tasks'>, 'background'>;
  authPool: pg.Pool;
  people: People;
  sessions: Sessions;
  mails: AccountMails | undefined;
}) {
  const { runtime, authPool, people, sessions, mails } = parts;

  /** In both tables: where one signs in, and where what happens to a person is written down. */
  async function change(userId: string, email: string, isConfirmed: boolean): Promise<void> {
    const { rows } = await authPool
      .query<{ name: string; before: string }>(
        `update "user" u set email = $2, "emailVerified" = $3, "updatedAt" = now() from "user" b
         where u.id = $1 and b.id = u.id returning u.name, b.email as before`,
        [userId, email, isConfirmed],
      )
      .catch((error: { code?: string }) => {
        throw error.code === UNIQUE_VIOLATION ? TAKEN : error;
      });
    const [user] = rows;
    if (!user) throw new Problem('not_found');
    // Of somebody who has not come in yet, the first request copies it.
    if (await people.known(userId))
      await runtime.background(async (tx) => {
        const person = await lockPerson(tx, userId);
        const before = { email: person.user.email, email_verified: person.user.email_verified };
        const patch = { email, email_verified: isConfirmed };
        changePerson(tx, person, { kind: 'updated', patch, before }, { kind: 'user', id: userId });
      });
    sessions.forgetOf(userId);
    people.forget(userId);
    if (user.before !== email) mails?.moved({ name: user.name, email: user.before }, email);
  }

  /** Works once, for a day; kept as a hash. */
  async function tokenFor(userId: string, email: string): Promise<string> {
    const token = randomBytes(24).toString('base64url');
    await authPool.query(
      `insert into verification (id, identifier, value, "expiresAt") values ($1, $2, $3, now() + interval '24 hours')`,
      [v7(), `${ADDRESS}${hashOf(token)}:${email}`, userId],
    );
    return token;
  }

  return {
    /** Asks whoever reads mail at this address whether it is theirs. */
    async prove(person: { id: string; name: string; email: string }): Promise<void> {
      mails?.verification(person, await tokenFor(person.id, person.email));
    },

    /** @returns whether it is changed already: where no letter can be sent, there is nothing to wait for. @throws Problem invalid */
    async ask(person: { user_id: string; name: string; email: string }, wanted: string): Promise<boolean> {
      const email = wanted.toLowerCase();
      const { rowCount } = await authPool.query('select 1 from "user" where email = $1', [email]);
      if (rowCount) throw TAKEN;
      if (!mails) {
        await change(person.user_id, email, false);
        return true;
      }
      mails.newAddress({ name: person.name, email }, await tokenFor(person.user_id, email));
      return false;
    },

    /** The button behind a link: of a first address, or of a new one. @throws Problem not_found where it was used, or is too old */
    async confirm(token: string): Promise<void> {
      const { rows } = await authPool.query<{ identifier: string; user_id: string }>(
        `delete from verification where starts_with(identifier, $1) and "expiresAt" > now() returning identifier, value as user_id`,
        [`${ADDRESS}${hashOf(token)}:`],
      );
      const [asked] = rows;
      if (asked) return change(asked.user_id, asked.identifier.slice(ADDRESS.length + HASH_LENGTH + 1), true);
      throw new Problem('not_found', 'This link was used before, or is too old.');
    },
  };
}
export type Addresses = ReturnType<typeof createAddresses>;
