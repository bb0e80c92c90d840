import { Problem } from '@taskmaster/contracts/problems';
import type { Sender } from '@taskmaster/contracts/questions';
import type { Op } from '@taskmaster/domain/commands/world';
import { opOfKey } from '@taskmaster/domain/ids';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { noteWho, refuseInvalid, refuseOthersPath, senderOf } from '../../http/identity.ts';
import type { Http } from '../../http/server.ts';
import type { Authenticate, Authenticated } from '../auth/authenticate.ts';
import type { People } from '../auth/people.ts';
import { type Command, execute, fingerprintOf } from '../kernel/execute.ts';

/** What routes are made of. */
export interface Parts {
  http: Http;
  runtime: RunningRuntime<'tasks'>;
  authenticate: Authenticate;
  people: People;
  allow: (userId: string) => void;
}

/**
 * Who calls, within their rate, with a request that is valid: in this order, so that a stranger learns nothing of what a
 * valid one is. `exists` throws the 404 that comes before the body is looked at.
 */
export async function enter(
  parts: Parts,
  request: FastifyRequest,
  exists?: (caller: Authenticated) => Promise<unknown>,
  who?: 'open alone' | 'closed too',
): Promise<Authenticated> {
  const caller = await noteWho(request, judge(parts, senderOf(request), who));
  refuseOthersPath(request, caller.user_id);
  if (request.validationError?.validationContext === 'body') await exists?.(caller);
  refuseInvalid(request);
  return caller;
}

/** Who sends this, within their rate. @throws Problem */
export async function judge(
  { authenticate, allow }: Pick<Parts, 'authenticate' | 'allow'>,
  sender: Sender,
  who?: 'open alone' | 'closed too',
): Promise<Authenticated> {
  const caller = await authenticate(sender, who);
  allow(caller.user_id);
  return caller;
}

/** Runs one command for a route: with its Idempotency-Key, if the caller sent one, and answers. */
export async function run<Answer>(
  parts: Parts,
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Authenticated,
  command: Omit<Command<Answer>, 'via' | 'key'> & { ops: readonly Op[] },
): Promise<FastifyReply> {
  const key = keyOf(request, caller.user_id);
  const done = await execute(parts.runtime, caller, { ...command, via: 'rest', ...(key ? { key } : {}) });
  if (done.replayed) reply.header('idempotent-replayed', 'true');
  reply.code(done.status);
  return done.status === 204
    ? reply.send()
    : reply.type('application/json; charset=utf-8').send(JSON.stringify(done.body));
}

export function keyOf(request: FastifyRequest, userId: string): { op: string; fingerprint: string } | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || header.length < 1 || header.length > 200)
    throw new Problem('invalid', undefined, [{ path: 'Idempotency-Key', message: 'Between 1 and 200 characters.' }]);
  return { op: opOfKey(userId, header), fingerprint: fingerprintOf(request.method, request.url, request.body ?? null) };
}

/** `If-Match: "<version>"`, if sent. */
export function versionWanted(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match'];
  if (header === undefined || header === '*') return undefined;
  const version = /^(?:W\/)?"(\d+)"$/.exec(header)?.[1];
  if (version === undefined)
    throw new Problem('invalid', undefined, [{ path: 'If-Match', message: 'A version in double quotes.' }]);
  return Number(version);
}
