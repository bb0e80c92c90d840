import { LRUCache } from 'lru-cache';
import type pg from 'pg';

const TRUSTED_FOR = 5_000;

export interface Session {
  sid: string;
  user_id: string;
  name: string;
  email: string;
  email_verified: boolean;
}

/** Who is signed in, looked up at most every five seconds per session: a revoked one is refused within that time. */
export function createSessions(pool: pg.Pool) {
  const known = new LRUCache<string, { session: Session | null; at: number }>({ max: 20_000 });
  return {
    /** After their address changed, or was confirmed. */
    forgetOf(userId: string): void {
      for (const [sid, { session }] of known.entries()) if (session?.user_id === userId) known.delete(sid);
    },
    /** `anew`: not from what this instance remembers for five seconds. */
    async get(sid: string, anew = false): Promise<Session | null> {
      const cached = anew ? undefined : known.get(sid);
      if (cached && Date.now() - cached.at < TRUSTED_FOR) return cached.session;
      const { rows } = await pool.query<Session>({
        name: 'session_by_id',
        text: `select s.id as sid, u.id as user_id, u.name, u.email, u."emailVerified" as email_verified
               from session s join "user" u on u.id = s."userId" where s.id = $1 and s."expiresAt" > now()`,
        values: [sid],
      });
      const session = rows[0] ?? null;
      known.set(sid, { session, at: Date.now() });
      return session;
    },
  };
}
export type Sessions = ReturnType<typeof createSessions>;
