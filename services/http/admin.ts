import type { Act } from '@taskmaster/contracts/events/act';
import type { FastifyRequest } from 'fastify';

/** Whoever runs the place: an administrator, or the operator on their socket. */
export type Admin = Exclude<Act['who'], null>;

/** What routes are made of that only they may call. */
export interface Administration {
  /** @throws Problem forbidden for anybody else */
  enterAdmin(request: FastifyRequest): Promise<Admin>;
  /** Makes what they did known to the audit log. */
  record(request: FastifyRequest, act: Pick<Act, 'action' | 'who' | 'detail'>): Promise<void>;
}
