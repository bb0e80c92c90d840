import { hkdfSync, randomUUID } from 'node:crypto';
import { Problem } from '@taskmaster/contracts/problems';
import { createLocalJWKSet, errors, type JWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from './better-auth.ts';

const REFETCH_AT_MOST_EVERY = 5_000;

export interface TokenClaims {
  user_id: string;
  sid: string;
}

/**
 * Verifies our own JWTs without a call: EdDSA only, issuer and audience checked, keys cached. An unknown key is looked up
 * again at most every five seconds, so that rotation works and nobody can make us search.
 */
export function createTokens(pool: pg.Pool) {
  let keys: ReturnType<typeof createLocalJWKSet> | undefined;
  let fetchedAt = 0;
  const verified = new LRUCache<string, TokenClaims & { exp: number }>({ max: 20_000 });

  async function fetchKeys(): Promise<void> {
    fetchedAt = Date.now();
    const { rows } = await pool.query<{ id: string; publicKey: string }>('select id, "publicKey" from jwks');
    keys = createLocalJWKSet({
      keys: rows.map((row) => ({ ...(JSON.parse(row.publicKey) as JWK), kid: row.id, alg: 'EdDSA' })),
    });
  }

  async function verify(token: string): Promise<JWTPayload> {
    if (!keys) await fetchKeys();
    const options = { algorithms: ['EdDSA'], issuer: TOKEN_ISSUER, audience: TOKEN_AUDIENCE };
    try {
      return (await jwtVerify(token, keys as NonNullable<typeof keys>, options)).payload;
    } catch (error) {
      if (
        (error as { code?: string }).code !== 'ERR_JWKS_NO_MATCHING_KEY' ||
        Date.now() - fetchedAt < REFETCH_AT_MOST_EVERY
      )
        throw error;
      await fetchKeys();
      return (await jwtVerify(token, keys as NonNullable<typeof keys>, options)).payload;
    }
  }

  return {
    /** @throws Problem unauthenticated */
    async claims(token: string): Promise<TokenClaims> {
      const known = verified.get(token);
      if (known && known.exp * 1000 > Date.now()) return known;
      let payload: JWTPayload;
      try {
        payload = await verify(token);
      } catch (error) {
        // What is not the token's fault (the database is away) is not called so.
        if (!(error instanceof errors.JOSEError)) throw error;
        throw new Problem('unauthenticated', 'The token is not valid, or no longer.');
      }
      if (typeof payload.sub !== 'string' || typeof payload.sid !== 'string' || typeof payload.exp !== 'number')
        throw new Problem('unauthenticated', 'The token is not one of ours.');
      const claims = { user_id: payload.sub, sid: payload.sid, exp: payload.exp };
      verified.set(token, claims);
      return claims;
    },
  };
}
export type Tokens = ReturnType<typeof createTokens>;

export const TICKET_SECONDS = 60;
const TICKET_AUDIENCE = 'sync';

export interface Ticket {
  user_id: string;
  sid: string;
  jti: string;
}

/**
 * One-use tickets for the socket: signed for a minute, redeemed once (by whoever keeps the state store). Issued and read by api
 * alone, so one key does both; it is made of the secret, so every instance reads the tickets of every other.
 */
export function createTickets(secret: string) {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'taskmaster tickets', 32));
  return {
    async issue(userId: string, sid: string): Promise<{ ticket: string; expires_at: string }> {
      const expires = Math.floor(Date.now() / 1000) + TICKET_SECONDS;
      const ticket = await new SignJWT({ sid })
        .setProtectedHeader({ alg: 'HS256', typ: 'ticket+jwt' })
        .setSubject(userId)
        .setIssuer(TOKEN_ISSUER)
        .setAudience(TICKET_AUDIENCE)
        .setJti(randomUUID())
        .setExpirationTime(expires)
        .sign(key);
      return { ticket, expires_at: new Date(expires * 1000).toISOString() };
    },
    /** @throws Problem unauthenticated */
    async read(ticket: string): Promise<Ticket> {
      try {
        const { payload } = await jwtVerify(ticket, key, {
          algorithms: ['HS256'],
          issuer: TOKEN_ISSUER,
          audience: TICKET_AUDIENCE,
          typ: 'ticket+jwt',
        });
        return { user_id: String(payload.sub), sid: String(payload.sid), jti: String(payload.jti) };
      } catch {
        throw new Problem('unauthenticated', 'The ticket is not valid, or no longer.');
      }
    },
  };
}
export type Tickets = ReturnType<typeof createTickets>;
