import { randomBytes } from 'node:crypto';
import { Problem } from '@taskmaster/contracts/problems';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import type pg from 'pg';
import { v7 } from 'uuid';
import { type AccountMails, keptIdentifier } from './better-auth.ts';
import type { People } from './people.ts';
import { changePerson, lockPerson } from './person-changes.ts';
import type { Sessions } from './sessions.ts';

const UNIQUE_VIOLATION = '23505';
const TAKEN = new Problem('invalid', undefined, [{ path: 'email', message: 'There is an account with this address.' }]);
const ADDRESS = 'address:';

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

  /**
   * In both tables: where one signs in, and where what happens to a person is written down. Every link that was asked for under
   * the address before leads nowhere from here on.
   */
  async function change(wanted: Wanted | { token: string }): Promise<void> {
    const { user_id, email, is_confirmed, name, before } = await inAuth(authPool, async (client) => {
      const { user_id, email, is_confirmed } = 'token' in wanted ? await takeLink(client, wanted.token) : wanted;
      const { rows } = await client.query<{ name: string; before: string }>(
        `update "user" u set email = $2, "emailVerified" = $3, "updatedAt" = now() from "user" b
         where u.id = $1 and b.id = u.id returning u.name, b.email as before`,
        [user_id, email, is_confirmed],
      );
      const [user] = rows;
      if (!user) throw new Problem('not_found');
      await client.query('delete from verification where value = $1', [user_id]);
      return { user_id, email, is_confirmed, ...user };
    });
    // Of somebody who has not come in yet, the first request copies it.
    if (await people.whoever(user_id))
      await runtime.background(async (tx) => {
        const person = await lockPerson(tx, user_id);
        const was = { email: person.user.email, email_verified: person.user.email_verified };
        const patch = { email, email_verified: is_confirmed };
        changePerson(tx, person, { kind: 'updated', patch, before: was }, { kind: 'user', id: user_id });
      });
    sessions.forgetOf(user_id);
    people.forget(user_id);
    if (before !== email) mails?.moved({ name, email: before }, email);
  }

  /** Works once, for a day, and alone: those that were handed out for this before no longer do. Kept as a hash. */
  async function linkFor(userId: string, email: string): Promise<string> {
    const token = randomBytes(24).toString('base64url');
    await inAuth(authPool, async (client) => {
      await client.query('delete from verification where value = $1 and starts_with(identifier, $2)', [
        userId,
        ADDRESS,
      ]);
      await client.query(
        `insert into verification (id, identifier, value, "expiresAt") values ($1, $2, $3, now() + interval '24 hours')`,
        [v7(), placeOf(token) + email, userId],
      );
    });
    return token;
  }

  return {
    /** Asks whoever reads mail at this address whether it is theirs. */
    async prove(person: { id: string; name: string; email: string }): Promise<void> {
      mails?.verification(person, await linkFor(person.id, person.email));
    },

    /** @returns whether it is changed already: where no letter can be sent, there is nothing to wait for. @throws Problem invalid */
    async ask(person: { user_id: string; name: string; email: string }, wanted: string): Promise<boolean> {
      const email = wanted.toLowerCase();
      const { rowCount } = await authPool.query('select 1 from "user" where email = $1', [email]);
      if (rowCount) throw TAKEN;
      if (!mails) {
        await change({ user_id: person.user_id, email, is_confirmed: false });
        return true;
      }
      mails.newAddress({ name: person.name, email }, await linkFor(person.user_id, email));
      return false;
    },

    /** The button behind a link: of a first address, or of a new one. @throws Problem not_found where it was used, or is too old */
    confirm: (token: string): Promise<void> => change({ token }),
  };
}
export type Addresses = ReturnType<typeof createAddresses>;

interface Wanted {
  user_id: string;
  email: string;
  is_confirmed: boolean;
}

const placeOf = (token: string): string => `${ADDRESS}${keptIdentifier(token)}:`;

async function takeLink(client: pg.PoolClient, token: string): Promise<Wanted> {
  const place = placeOf(token);
  const { rows } = await client.query<{ identifier: string; user_id: string }>(
    `delete from verification where starts_with(identifier, $1) and "expiresAt" > now() returning identifier, value as user_id`,
    [place],
  );
  const [asked] = rows;
  if (!asked) throw new Problem('not_found', 'This link was used before, or is too old.');
  return { user_id: asked.user_id, email: asked.identifier.slice(place.length), is_confirmed: true };
}

/** Whole or not at all. @throws Problem invalid where another account has the address */
async function inAuth<R>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<R>): Promise<R> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const done = await work(client);
    await client.query('commit');
    return done;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw (error as { code?: string }).code === UNIQUE_VIOLATION ? TAKEN : error;
  } finally {
    client.release();
  }
}
