import type { RefusalCode } from '@taskmaster/domain/commands/world';
import { z } from 'zod';

/**
 * Errors are one table (RFC 9457): the code says what happened, the status what kind of thing it was. A text never
 * repeats what the caller sent, and never shows a stack or a statement.
 */
const table = {
  malformed: [400, 'The request cannot be read'],
  unauthenticated: [401, 'Sign in first'],
  forbidden: [403, 'Not yours to do'],
  foreign_origin: [403, 'The request comes from another site'],
  account_closed: [403, 'This account is closed'],
  sign_up_closed: [403, 'Sign-up is closed'],
  not_found: [404, 'There is no such thing'],
  method_not_allowed: [405, 'This address does not take that method'],
  conflict: [409, 'It has changed meanwhile'],
  id_taken: [409, 'This id is taken'],
  deleted: [409, 'It is deleted; restore it first'],
  slot_mismatch: [409, 'Another occurrence was meant'],
  completed_occurrence: [409, 'A completed occurrence does not change'],
  not_repeating: [409, 'It does not repeat'],
  failed_again: [409, 'It failed again; the dead letter stays'],
  already_done: [409, 'This was done before; its answer is no longer kept'],
  schema_too_old: [409, 'This page is older than the server'],
  reset: [410, 'The position is not known here; start from a snapshot'],
  version_mismatch: [412, 'It has changed since that version'],
  too_large: [413, 'Too large'],
  unsupported_media_type: [415, 'Only application/json is read'],
  invalid: [422, 'Understood, but not valid'],
  parent_cycle: [422, 'A task cannot be inside itself'],
  too_many: [422, 'Too many at once'],
  idempotency_mismatch: [422, 'This idempotency key belongs to another request'],
  rate_limited: [429, 'Too many requests; wait a little'],
  internal: [500, 'Something broke here; nothing was saved'],
  unavailable: [503, 'Not able to right now; nothing was lost'],
} as const satisfies Record<string, readonly [number, string]> & Record<RefusalCode, readonly [number, string]>;

export type ProblemCode = keyof typeof table;
export const problemCodes = Object.keys(table) as ProblemCode[];

export interface ProblemError {
  path: string;
  message: string;
}

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(problemCodes),
    detail: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    request_id: z.string().optional(),
  })
  .catchall(z.unknown())
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });
/** What every operation may answer instead. */
export const orProblem = {
  default: {
    description: 'RFC 9457 problem details',
    content: { 'application/problem+json': { schema: problemSchema } },
  },
} as const;
/** An answer of many lines, each of this schema. */
export const lines = (type: string, line: z.ZodType) => ({
  description: 'One JSON text a line',
  content: { [type]: { schema: line } },
});
export type ProblemBody = z.infer<typeof problemSchema>;

/** A refusal that reaches the caller as problem+json. `extra` members are part of the contract of its code. */
export class Problem extends Error {
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    readonly detail?: string,
    readonly errors?: readonly ProblemError[],
    readonly extra: Readonly<Record<string, unknown>> = {},
    /** Seconds after which to try again. */
    readonly retryAfter?: number,
  ) {
    super(detail ?? table[code][1]);
    this.name = 'Problem';
    this.status = table[code][0];
  }

  body(requestId?: string): ProblemBody {
    return {
      type: `https://taskmaster.dev/problems/${this.code}`,
      title: table[this.code][1],
      status: this.status,
      code: this.code,
      ...(this.detail ? { detail: this.detail } : {}),
      ...(this.errors?.length ? { errors: [...this.errors] } : {}),
      ...(requestId ? { request_id: requestId } : {}),
      ...this.extra,
    };
  }
}
