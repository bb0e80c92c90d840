import { type Act, actEvent } from '@taskmaster/contracts/events/act';
import type { Runtime } from '@taskmaster/runtime/runtime';
import { currentTrail, type Logger } from '@taskmaster/runtime/telemetry';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { v7 } from 'uuid';
import type { Administration } from './admin.ts';
import type { Http } from './server.ts';

/**
 * Makes an act that is no change, asked for by this request, known to the audit log: by the outbox of the service that saw it.
 * Durable when this resolves.
 */
export async function recordAct(
  runtime: Pick<Runtime<string>, 'transact'>,
  request: Pick<FastifyRequest, 'ip' | 'headers'>,
  { action, who, by_stranger, detail }: Pick<Act, 'action' | 'who' | 'by_stranger' | 'detail'>,
): Promise<void> {
  const event = actEvent(
    { action, who, by_stranger, detail, via: 'rest', ip: request.ip, user_agent: request.headers['user-agent'] },
    { id: v7(), time: new Date().toISOString(), ...currentTrail() },
  );
  await runtime.transact(async (_tx, emit) => emit(event));
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose request it is, once that is known, whether or not it is allowed. */
    who?: string;
  }
}

/** Acts asked for by requests, witnessed by this service. */
export const recorder =
  (runtime: Pick<Runtime<string>, 'transact'>): Administration['record'] =>
  (request, act) =>
    recordAct(runtime, request, act);

const A_MINUTE = 60_000;

/** That this was refused to somebody known. */
export const refusal = (request: FastifyRequest, user_id: string): Pick<Act, 'action' | 'who' | 'detail'> => ({
  action: 'refused',
  who: { user_id },
  detail: { method: request.method, route: request.routeOptions.url ?? '' },
});

/**
 * What somebody known was refused as not theirs to do, by a route of this part of a server. One a minute for each person and
 * route: whoever tries a thousand times fills no log.
 */
export function recordRefusals(http: Http, record: Administration['record'], log: Logger): void {
  const said = new LRUCache<string, true>({ max: 10_000, ttl: A_MINUTE });
  http.addHook('onResponse', async (request, reply) => {
    if (reply.statusCode !== 403 || request.who === undefined) return;
    const key = `${request.who} ${request.method} ${request.routeOptions.url}`;
    if (said.has(key)) return;
    said.set(key, true);
    // The answer is out already.
    await record(request, refusal(request, request.who)).catch((error) =>
      log.warn({ err: String(error) }, 'a refusal was not witnessed'),
    );
  });
}
