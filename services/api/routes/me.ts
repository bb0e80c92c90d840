import {
  addressAskedSchema,
  changeAddressSchema,
  closedSchema,
  closeMeSchema,
  confirmAddressSchema,
  meSchema,
  updateMeSchema,
} from '@taskmaster/contracts/http/me';
import { workspaceListSchema } from '@taskmaster/contracts/http/organising';
import { orProblem, Problem } from '@taskmaster/contracts/problems';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { refusal } from '../../http/acts.ts';
import type { Administration } from '../../http/admin.ts';
import type { Limiter } from '../../http/limiter.ts';
import type { Addresses } from '../auth/addresses.ts';
import type { Closing } from '../auth/closing.ts';
import { type Caller, personalWorkspace } from '../caller.ts';
import { op } from '../ops-from-http.ts';
import { enter, type Parts, run } from './route.ts';

/** The caller: their name and settings, where they belong, and leaving for good. */
export function meRoutes(
  parts: Parts & {
    closing: Closing;
    addresses: Addresses;
    isPassword(userId: string, password: string): Promise<boolean>;
    /** Tries of one account's password, and of links from one address. */
    tries: Limiter;
    record: Administration['record'];
  },
): void {
  const { http, people, closing, addresses, tries, record } = parts;
  /** @throws Problem invalid | rate_limited */
  const demandPassword = async (request: FastifyRequest, caller: Caller, password: string) => {
    tries.take(`password:${caller.user_id}`);
    if (await parts.isPassword(caller.user_id, password)) return;
    await record(request, refusal(request, caller.user_id));
    throw new Problem('invalid', 'That is not your password.', [{ path: 'password', message: 'Not your password.' }]);
  };
  const doc = (summary: string) => ({ summary, tags: ['me'] });

  http.get(
    '/api/me',
    { schema: { ...doc('The caller, their settings and workspaces'), response: { 200: meSchema, ...orProblem } } },
    async (request) => meOf(await enter(parts, request)),
  );
  http.patch(
    '/api/me',
    {
      schema: {
        ...doc('Change one’s name and settings'),
        body: updateMeSchema,
        response: { 200: meSchema, ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const answer = await run(parts, request, reply, caller, {
        workspace_id: personalWorkspace(caller),
        ops: [op('update', 'user', caller.user_id, request.body)],
        answer: ({ draft }) => {
          const user = draft.get('user', caller.user_id);
          return {
            status: 200,
            body: meOf({ ...caller, ...(user ? { name: user.name, settings: user.settings } : {}) }),
          };
        },
      });
      people.forget(caller.user_id);
      return answer;
    },
  );
  http.post(
    '/api/me/address',
    {
      schema: {
        ...doc('Change one’s address: by a letter to the new one, where this place sends mail'),
        body: changeAddressSchema,
        response: { 200: addressAskedSchema, ...orProblem },
      },
    },
    async (request) => {
      const caller = await enter(parts, request);
      await demandPassword(request, caller, request.body.password);
      return { changed: await addresses.ask(caller, request.body.email) };
    },
  );
  http.post(
    '/api/address/confirm',
    {
      schema: {
        ...doc('The button behind the link in a letter: this address is mine'),
        security: [],
        body: confirmAddressSchema,
        response: { 204: z.null(), ...orProblem },
      },
    },
    async (request, reply) => {
      if (request.validationError) throw request.validationError;
      tries.take(`confirm:${request.ip}`);
      await addresses.confirm(request.body.token);
      return reply.code(204).send(null);
    },
  );
  http.post(
    '/api/me/close',
    {
      schema: {
        ...doc('Close one’s account: shut at once, erased after 14 days, taken back until then'),
        body: closeMeSchema,
        response: { 200: closedSchema, ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      await demandPassword(request, caller, request.body.password);
      const erased_at = await closing.close(caller.user_id);
      await record(request, { action: 'account_closed', who: { user_id: caller.user_id }, detail: { erased_at } });
      return reply.header('cache-control', 'no-store').send({ erased_at });
    },
  );
  http.post(
    '/api/me/reopen',
    {
      schema: {
        ...doc('Take back an account that was closed and is not erased yet'),
        body: z.strictObject({}).nullish(),
        response: { 200: meSchema, ...orProblem },
      },
    },
    async (request) => {
      const caller = await enter(parts, request, undefined, 'closed too');
      if (caller.closed_at !== null) {
        await closing.reopen(caller.user_id);
        await record(request, { action: 'account_reopened', who: { user_id: caller.user_id } });
      }
      return meOf(await enter(parts, request));
    },
  );
  http.get(
    '/api/workspaces',
    { schema: { ...doc('The workspaces one belongs to'), response: { 200: workspaceListSchema, ...orProblem } } },
    async (request) => {
      const caller = await enter(parts, request);
      return { items: caller.workspaces, next_cursor: null };
    },
  );
}

const meOf = (caller: Caller) => ({
  user: {
    id: caller.user_id,
    name: caller.name,
    email: caller.email,
    email_verified: caller.email_verified,
    role: caller.role,
  },
  settings: caller.settings,
  workspaces: caller.workspaces,
});
