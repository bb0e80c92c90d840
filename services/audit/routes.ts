import { Readable } from 'node:stream';
import { uuid } from '@taskmaster/contracts/fields';
import { auditListSchema, auditQuery, auditVerdictSchema } from '@taskmaster/contracts/http/audit';
import { lines, orProblem } from '@taskmaster/contracts/problems';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Administration } from '../http/admin.ts';
import type { Http } from '../http/server.ts';
import type { Queries, Reader } from './queries.ts';

/** The audit log: looked through, verified, taken away; also under `/api/{user_id}/audit_logs`. */
export function auditRoutes({
  http,
  enter,
  queries,
  public_key,
  record,
}: {
  http: Http;
  enter(request: FastifyRequest): Promise<Reader>;
  queries: Queries;
  public_key: string;
  record: Administration['record'];
}): void {
  const doc = (summary: string) => ({ summary, tags: ['audit'] });

  const list = { querystring: auditQuery, response: { 200: auditListSchema, ...orProblem } };
  http.get(
    '/api/audit-logs',
    { schema: { ...doc('Who did what, newest first'), ...list }, attachValidation: true },
    async (request) => {
      const reader = await enter(request);
      return { items: await queries.list(reader, request.query), next_cursor: null };
    },
  );
  http.get(
    '/api/:user_id/audit_logs',
    { schema: { hide: true, params: z.object({ user_id: uuid }), ...list }, attachValidation: true },
    async (request) => {
      const reader = await enter(request);
      return { items: await queries.list(reader, { ...request.query, user_id: reader.user_id }), next_cursor: null };
    },
  );

  http.get(
    '/api/audit-logs/verify',
    {
      schema: {
        ...doc('Computes every hash that the caller may see'),
        response: { 200: auditVerdictSchema, ...orProblem },
      },
    },
    async (request) => {
      const { entries, ...verdict } = await queries.verify(await enter(request));
      return { intact_to: entries, ...verdict, public_key };
    },
  );

  http.get(
    '/api/audit-logs/export',
    {
      schema: {
        ...doc('The chains as JSON Lines, for a verifier of one’s own'),
        response: { 200: lines('application/jsonl', z.record(z.string(), z.unknown())), ...orProblem },
      },
    },
    async (request, reply) => {
      const reader = await enter(request);
      await record(request, { action: 'audit_log_exported', who: { user_id: reader.user_id } });
      const text = Readable.from(written(queries.exported(reader)), { objectMode: false });
      return reply
        .type('application/jsonl')
        .header('cache-control', 'no-store')
        .header('content-disposition', 'attachment; filename="taskmaster-audit.jsonl"')
        .send(text);
    },
  );
}

async function* written(entries: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${JSON.stringify(entry)}\n`;
}
