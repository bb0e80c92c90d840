import { uuid } from '@taskmaster/contracts/fields';
import {
  ledgerQuery,
  ledgerSchema,
  notificationListSchema,
  notificationQuery,
  notificationSchema,
} from '@taskmaster/contracts/http/notifications';
import { orProblem, Problem } from '@taskmaster/contracts/problems';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Http } from '../http/server.ts';
import type { Queries } from './queries.ts';

const path = z.object({ id: uuid });
const alias = z.object({ user_id: uuid });
const nothing = z.strictObject({}).nullish();

/** The bell, the list behind it, and the ledger; also under `/api/{user_id}/notifications`. */
export function notificationRoutes({
  http,
  enter,
  queries,
}: {
  http: Http;
  enter(request: FastifyRequest): Promise<{ user_id: string }>;
  queries: Queries;
}): void {
  const doc = (summary: string) => ({ summary, tags: ['notifications'] });
  const own = async (request: FastifyRequest<{ Params: { user_id: string } }>): Promise<string> => {
    const { user_id } = await enter(request);
    if (user_id !== request.params.user_id) throw new Problem('forbidden');
    return user_id;
  };

  const list = { querystring: notificationQuery, response: { 200: notificationListSchema, ...orProblem } };
  const listOf = (user_id: string, query: z.output<typeof notificationQuery>) =>
    queries.list(user_id, { ...query, unread_only: query.unread_only === 'true' });
  http.get(
    '/api/notifications',
    { schema: { ...doc('What the caller was told, newest first'), ...list }, attachValidation: true },
    async (request) => listOf((await enter(request)).user_id, request.query),
  );
  http.get(
    '/api/:user_id/notifications',
    { schema: { hide: true, params: alias, ...list }, attachValidation: true },
    async (request) => listOf(await own(request), request.query),
  );

  const marked = { body: nothing, response: { 200: notificationSchema, ...orProblem } };
  http.patch(
    '/api/notifications/:id/mark_read',
    { schema: { ...doc('It was read; again changes nothing'), params: path, ...marked }, attachValidation: true },
    async (request) => queries.markRead((await enter(request)).user_id, request.params.id),
  );
  http.patch(
    '/api/:user_id/notifications/:id/mark_read',
    { schema: { hide: true, params: alias.extend(path.shape), ...marked }, attachValidation: true },
    async (request) => queries.markRead(await own(request), request.params.id),
  );
  http.post(
    '/api/notifications/mark_all_read',
    {
      schema: {
        ...doc('All that is unread now was read'),
        body: nothing,
        response: { 200: z.object({ read: z.int() }), ...orProblem },
      },
      attachValidation: true,
    },
    async (request) => queries.markAllRead((await enter(request)).user_id),
  );

  http.get(
    '/api/reminders',
    {
      schema: {
        ...doc('The ledger: every reminder of the caller, and what became of it, latest due first'),
        querystring: ledgerQuery,
        response: { 200: ledgerSchema, ...orProblem },
      },
      attachValidation: true,
    },
    async (request) => queries.ledger((await enter(request)).user_id, request.query),
  );
}
