import { Problem } from '@taskmaster/contracts/problems';
import { type AnswerOf, type Sender, tellingHeaders } from '@taskmaster/contracts/questions';
import type { FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { Admin } from './admin.ts';
import { isOperator } from './operator-socket.ts';

/** How every route learns who calls. Nothing is kept between two requests: what is taken back is refused at the next. */
export interface Identity {
  /**
   * Who calls, within their rate, with a request that is valid: in this order, so that a stranger learns nothing of what a
   * valid one is. @throws Problem
   */
  enter(request: FastifyRequest): Promise<AnswerOf<'caller'>>;
  /** Whoever runs the place: an administrator, or the operator on their socket. @throws Problem forbidden for anybody else */
  enterAdmin(request: FastifyRequest): Promise<Admin>;
}

/** `judge` is the question `caller`: only api knows sessions, tokens and roles. */
export function createIdentity(judge: (sender: Sender) => Promise<AnswerOf<'caller'>>): Identity {
  const identify = (request: FastifyRequest) => noteWho(request, judge(senderOf(request)));
  return {
    async enter(request) {
      const caller = await identify(request);
      refuseOthersPath(request, caller.user_id);
      refuseInvalid(request);
      return caller;
    },
    async enterAdmin(request) {
      const caller = isOperator(request) ? undefined : await identify(request);
      if (caller && caller.role !== 'admin') throw new Problem('forbidden', 'For administrators.');
      refuseInvalid(request);
      return caller ? { user_id: caller.user_id } : 'operator';
    },
  };
}

export function senderOf(request: FastifyRequest): Sender {
  const given = tellingHeaders.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return {
    method: request.method,
    route: request.routeOptions.url ?? '',
    headers: Object.fromEntries(given) as Sender['headers'],
  };
}

/** A refusal to somebody known: whoever asked for them finds out who it was, and does not hand that on. */
export const refusedTo = (userId: string, { code, detail, errors, extra, retryAfter }: Problem): Problem =>
  new Problem(code, detail, errors, { ...extra, refused_to: userId }, retryAfter);

/** Notes on the request whose it is, also where it is refused to them: refusals to somebody known are witnessed. */
export async function noteWho<Caller extends { user_id: string }>(
  request: FastifyRequest,
  judged: Promise<Caller>,
): Promise<Caller> {
  try {
    const caller = await judged;
    request.who = caller.user_id;
    return caller;
  } catch (error) {
    if (!(error instanceof Problem) || typeof error.extra.refused_to !== 'string') throw error;
    const { refused_to, ...extra } = error.extra;
    request.who = refused_to;
    throw new Problem(error.code, error.detail, error.errors, extra, error.retryAfter);
  }
}

/** @throws Problem forbidden where the path is of somebody else */
export function refuseOthersPath({ params }: FastifyRequest, userId: string): void {
  const alias = (params as { user_id?: string } | undefined)?.user_id;
  if (alias !== undefined && alias !== userId) throw new Problem('forbidden', 'That is somebody else.');
}

/** For routes that attach what is not valid instead of refusing it, until it is known who calls. */
export function refuseInvalid({ validationError }: FastifyRequest): void {
  if (!validationError) return;
  throw hasZodFastifySchemaValidationErrors(validationError) ? validationError : new Problem('malformed');
}
