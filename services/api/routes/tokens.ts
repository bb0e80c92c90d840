import { uuid } from '@taskmaster/contracts/fields';
import {
  createTokenSchema,
  newTokenSchema,
  type TokenAnswer,
  tokenListSchema,
} from '@taskmaster/contracts/http/tokens';
import { orProblem } from '@taskmaster/contracts/problems';
import type { Token } from '@taskmaster/domain/task';
import { statementsOf } from '@taskmaster/runtime/statement';
import { v7 } from 'uuid';
import { z } from 'zod';
import type { ApiTokens } from '../auth/api-tokens.ts';
import { callerSettings, personalWorkspace } from '../caller.ts';
import { execute } from '../kernel/execute.ts';
import { op } from '../ops-from-http.ts';
import { enter, keyOf, type Parts, run } from './route.ts';

const say = statementsOf('tasks');
const listed = say<TokenAnswer>(
  'listed_tokens',
  `select t.id, t.name, t.scopes, t.ends, t.expires_at, t.created_at, s.last_used_at
   from tasks.token t left join tasks.token_secret s on s.token_id = t.id
   where t.workspace_id = $1 and t.user_id = $2 and t.deleted_at is null order by t.created_at desc limit 200`,
);

/** API tokens: made (and shown once), listed, taken back. A token makes no tokens. */
export function tokenRoutes(parts: Parts & { apiTokens: ApiTokens }): void {
  const { http, runtime, apiTokens } = parts;
  const doc = (summary: string) => ({ summary, tags: ['tokens'] });

  http.get(
    '/api/tokens',
    { schema: { ...doc('One’s tokens, newest first'), response: { 200: tokenListSchema, ...orProblem } } },
    async (request) => {
      const caller = await enter(parts, request);
      const items = await runtime.transact((tx) => tx.query(listed, [personalWorkspace(caller), caller.user_id]), {
        caller: callerSettings(caller),
        readOnly: true,
      });
      return { items, next_cursor: null };
    },
  );

  http.post(
    '/api/tokens',
    {
      schema: {
        ...doc('Make a token; it is shown this once'),
        body: createTokenSchema,
        response: { 201: newTokenSchema, ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const workspace_id = personalWorkspace(caller);
      const { name, scopes, expires_at = null } = request.body;
      const id = v7();
      const token = apiTokens.draw();
      await apiTokens.keep(id, workspace_id, token);
      const key = keyOf(request, caller.user_id);
      const done = await execute<TokenAnswer>(runtime, caller, {
        workspace_id,
        ops: [op('create', 'token', id, { name, scopes, ends: token.slice(-4), expires_at })],
        via: 'rest',
        ...(key ? { key } : {}),
        answer: ({ draft }) => ({ status: 201, body: shown(draft.get('token', id) as Token) }),
      });
      if (done.replayed) reply.header('idempotent-replayed', 'true');
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send(done.replayed ? done.body : { ...done.body, token });
    },
  );

  http.delete(
    '/api/tokens/:id',
    {
      schema: {
        ...doc('Take a token back, for good'),
        params: z.object({ id: uuid }),
        response: { 204: z.null(), ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const { id } = request.params;
      return run(parts, request, reply, caller, {
        workspace_id: personalWorkspace(caller),
        ops: [op('delete', 'token', id, {})],
        answer: () => ({ status: 204, body: null }),
      });
    },
  );
}

const shown = ({ id, name, scopes, ends, expires_at, created_at }: Token): TokenAnswer =>
  ({ id, name, scopes, ends, expires_at, created_at, last_used_at: null }) as TokenAnswer;
