import { createHash, randomBytes } from 'node:crypto';
import { Problem } from '@taskmaster/contracts/problems';
import type pg from 'pg';
import { v7 } from 'uuid';
import { keptIdentifier } from './better-auth.ts';

const RESET_HOURS = 24;
const INVITATION_DAYS = 14;

/** Links that an operator hands to one person: a new password, or an account where sign-up is closed. Each works once. */
export function createOneTimeLinks(pool: pg.Pool, address: string) {
  const secret = (): string => randomBytes(24).toString('base64url');
  const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
  return {
    /** As Better Auth keeps a reset that was asked for by mail. @throws Problem not_found */
    async resetPassword(email: string): Promise<{ url: string; expires_at: string; user_id: string }> {
      const { rows } = await pool.query<{ id: string }>('select id from "user" where email = $1', [
        email.toLowerCase(),
      ]);
      const [user] = rows;
      if (!user) throw new Problem('not_found', 'Nobody has this address.');
      const token = secret();
      const { rows: kept } = await pool.query<{ expires_at: Date }>(
        `insert into verification (id, identifier, value, "expiresAt") values ($1, $2, $3, now() + $4 * interval '1 hour') returning "expiresAt" as expires_at`,
        [v7(), keptIdentifier(`reset-password:${token}`), user.id, RESET_HOURS],
      );
      return { url: `${address}/new-password?token=${token}`, expires_at: instant(kept), user_id: user.id };
    },

    /** With another password: what was asked for under the old one, by whoever knew it, must lead nowhere. */
    async forgetOf(userId: string): Promise<void> {
      await pool.query('delete from verification where value = $1', [userId]);
    },

    async invite(): Promise<{ url: string; expires_at: string }> {
      const token = secret();
      const { rows } = await pool.query<{ expires_at: Date }>(
        `insert into invitation (id, token_hash, expires_at) values ($1, $2, now() + $3 * interval '1 day') returning expires_at`,
        [v7(), hashOf(token), INVITATION_DAYS],
      );
      return { url: `${address}/sign-up?invite=${token}`, expires_at: instant(rows) };
    },
    /** The account that came of it: from here on it leads nowhere. */
    async invitationUsed(token: string, userId: string): Promise<void> {
      await pool.query('update invitation set used_by = $2, used_for = null where token_hash = $1', [
        hashOf(token),
        userId,
      ]);
    },
    /** True for one address alone; for that again as long as no account came of it. */
    async takeInvitation(token: string, email: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        `update invitation set used_at = now(), used_for = $2 where token_hash = $1 and expires_at > now()
           and used_by is null and (used_at is null or used_for = $2 and not exists (select from "user" where email = $3))`,
        [hashOf(token), hashOf(email.toLowerCase()), email.toLowerCase()],
      );
      return rowCount === 1;
    },
  };
}
export type OneTimeLinks = ReturnType<typeof createOneTimeLinks>;

const instant = (rows: { expires_at: Date }[]): string => new Date(rows[0]?.expires_at ?? 0).toISOString();
