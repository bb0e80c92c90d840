import { createHash, randomBytes } from 'node:crypto';
import { Problem } from '@taskmaster/contracts/problems';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { LRUCache } from 'lru-cache';

export interface KnownToken {
  token_id: string;
  user_id: string;
  scopes: string[];
  expires_at: string | null;
}

const say = statementsOf('tasks');
const keep = say(
  'keep_token_secret',
  'insert into tasks.token_secret (token_id, workspace_id, hash) values ($1, $2, $3)',
);
const byHash = say<KnownToken>(
  'token_by_hash',
  `select t.id as token_id, t.user_id, t.scopes, t.expires_at from tasks.token_secret s
   join tasks.token t on t.workspace_id = s.workspace_id and t.id = s.token_id
   where s.hash = $1 and t.deleted_at is null and (t.expires_at is null or t.expires_at > now())`,
);
const isGood = say<{ user_id: string }>(
  'token_is_good',
  `select t.user_id from tasks.token_secret s join tasks.token t on t.workspace_id = s.workspace_id and t.id = s.token_id
   where t.id = $1 and t.deleted_at is null and (t.expires_at is null or t.expires_at > now())`,
);
const touch = say(
  'touch_token',
  `update tasks.token_secret set last_used_at = now() where token_id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
);

export const TOKEN_PREFIX = 'tm_';
const TRUSTED_FOR = 5_000;
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** API tokens, kept as hashes of 256 random bits. One that was taken back is refused within five seconds. */
export function createApiTokens(runtime: Pick<RunningRuntime<'tasks'>, 'background'>) {
  const known = new LRUCache<string, { token: KnownToken | undefined; at: number }>({ max: 20_000 });
  return {
    draw: (): string => TOKEN_PREFIX + randomBytes(32).toString('base64url'),
    /** Before the token itself is made: one without its row is good for nothing. */
    keep: (tokenId: string, workspaceId: string, token: string): Promise<void> =>
      runtime.background(async (tx) => tx.write(keep, [tokenId, workspaceId, hashOf(token)])),
    /** @throws Problem unauthenticated */
    async read(token: string): Promise<KnownToken> {
      const key = hashOf(token).toString('base64');
      let found = known.get(key);
      if (!found || Date.now() - found.at > TRUSTED_FOR) {
        const [row] = await runtime.background((tx) => tx.query(byHash, [hashOf(token)]));
        found = { token: row, at: Date.now() };
        known.set(key, found);
        if (row)
          void runtime
            .background(async (tx) => tx.write(touch, [row.token_id]), { durable: false })
            .catch(() => undefined);
      }
      if (!found.token) throw new Problem('unauthenticated', 'The token is not valid, or no longer.');
      return found.token;
    },
    /** After they were taken back. */
    forgetOf(userId: string): void {
      for (const [key, { token }] of known.entries()) if (token?.user_id === userId) known.delete(key);
    },
    /** For sockets that stay open. */
    owner: async (tokenId: string): Promise<{ user_id: string } | null> =>
      (await runtime.background((tx) => tx.query(isGood, [tokenId])))[0] ?? null,
  };
}
export type ApiTokens = ReturnType<typeof createApiTokens>;
