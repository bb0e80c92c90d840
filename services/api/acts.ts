import { type Act, actEvent } from '@taskmaster/contracts/events/act';
import type { Runtime } from '@taskmaster/runtime/runtime';
import { currentTrail } from '@taskmaster/runtime/telemetry';
import type { FastifyRequest } from 'fastify';
import { v7 } from 'uuid';

/** Makes an act that is no change, asked for by this request, known to the audit log. Durable when this resolves. */
export async function recordAct(
  runtime: Pick<Runtime<'tasks'>, 'transact'>,
  request: FastifyRequest,
  { action, who, detail }: Pick<Act, 'action' | 'who' | 'detail'>,
): Promise<void> {
  const event = actEvent(
    { action, who, detail, via: 'rest', ip: request.ip, user_agent: request.headers['user-agent'] },
    { id: v7(), time: new Date().toISOString(), ...currentTrail() },
  );
  await runtime.transact(async (_tx, emit) => emit(event));
}
