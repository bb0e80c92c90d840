import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import { uuid } from '@taskmaster/contracts/fields';
import { ticketSchema } from '@taskmaster/contracts/http/service';
import { lines, orProblem, Problem } from '@taskmaster/contracts/problems';
import { changesAnswerSchema, snapshotLineSchema } from '@taskmaster/contracts/sync/changes';
import { SOCKET_PATH } from '@taskmaster/contracts/sync/frames';
import { MOST_OPS_BYTES, pushAnswerSchema, pushSchema, SYNC_SCHEMA } from '@taskmaster/contracts/sync/ops';
import { z } from 'zod';
import type { Tickets } from '../auth/tokens.ts';
import { type Caller, workspaceIds } from '../caller.ts';
import { push } from '../kernel/push.ts';
import { readChanges, readSnapshot } from '../queries/sync-feed.ts';
import { enter, type Parts } from './route.ts';

const withId = z.object({ id: uuid });
const MOST_CHANGES = 1000;

/** What a device needs: a snapshot to start from, the changes after it, a way to push, and a ticket for the socket. */
export function syncRoutes(parts: Parts & { tickets: Tickets; public_url?: string }): void {
  const { http, runtime } = parts;
  const doc = (summary: string) => ({ summary, tags: ['sync'] });
  const known = (mine: string[], id: string): void => {
    if (!mine.includes(id)) throw new Problem('not_found');
  };

  http.post(
    '/api/sync/ticket',
    {
      schema: {
        ...doc('A one-use ticket for the socket, good for a minute'),
        body: z.strictObject({}).nullish(),
        response: { 200: ticketSchema, ...orProblem },
      },
    },
    async (request) => {
      const caller = await enter(parts, request);
      const { ticket, expires_at } = await parts.tickets.issue(caller.user_id, caller.sid);
      const base = parts.public_url ?? `${request.protocol}://${request.headers.host}`;
      return { ticket, url: `${base.replace(/^http/, 'ws')}${SOCKET_PATH}`, expires_at };
    },
  );

  const device = { client_id: uuid.optional(), from_n: z.coerce.number().int().min(1).optional() };
  http.get(
    '/api/workspaces/:id/snapshot',
    {
      schema: {
        ...doc('All there is, as NDJSON'),
        params: withId,
        querystring: z.strictObject(device),
        response: { 200: lines('application/x-ndjson', snapshotLineSchema), ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      known(workspaceIds(caller), request.params.id);
      const rows = await readSnapshot(runtime, caller, request.params.id, request.query);
      reply.type('application/x-ndjson').header('cache-control', 'no-store').header('vary', 'accept-encoding');
      if (!/\bgzip\b/.test(String(request.headers['accept-encoding']))) return reply.send(rows);
      // Rows repeat their columns' names: a tenth of the bytes, for a device on a slow line.
      const packed = pipeline(rows, createGzip({ level: 1 }), () => undefined);
      return reply.header('content-encoding', 'gzip').send(packed);
    },
  );

  const feed = z.strictObject({
    since: z.coerce.number().int().min(0),
    op: uuid.optional(),
    epoch: uuid.optional(),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .default(500)
      .transform((limit) => Math.min(limit, MOST_CHANGES)),
    ...device,
  });
  http.get(
    '/api/workspaces/:id/changes',
    {
      schema: {
        ...doc('The changes after a cursor'),
        params: withId,
        querystring: feed,
        response: { 200: changesAnswerSchema, ...orProblem },
      },
    },
    async (request) => {
      const caller = await enter(parts, request);
      known(workspaceIds(caller), request.params.id);
      return readChanges(runtime, caller, request.params.id, request.query);
    },
  );

  http.post(
    '/api/workspaces/:id/ops',
    {
      bodyLimit: MOST_OPS_BYTES,
      schema: {
        ...doc('Push a device’s ops'),
        params: withId,
        body: pushSchema,
        response: { 200: pushAnswerSchema, ...orProblem },
      },
    },
    async (request) => {
      const exists = async (who: Caller) => known(workspaceIds(who), request.params.id);
      const caller = await enter(parts, request, exists);
      await exists(caller);
      if (caller.actor.kind === 'token' && request.body.ops.some((op) => op.entity === 'user'))
        throw new Problem('forbidden', 'A token does not reach the account.');
      if (request.body.schema !== SYNC_SCHEMA)
        throw new Problem('schema_too_old', undefined, undefined, { schema: SYNC_SCHEMA });
      const answer = await push(runtime, caller, request.params.id, request.body);
      if (request.body.ops.some((op) => op.entity === 'user')) parts.people.forget(caller.user_id);
      return answer;
    },
  );
}
