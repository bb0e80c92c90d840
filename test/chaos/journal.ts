import { opOfKey } from '@taskmaster/domain/ids';
import type { Answer, Person, Request } from './person.ts';

/** What a client knows of a request: it was answered 2xx; it was refused; nobody knows (no answer, or a 5xx). */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

/** The verb of the change that an acknowledged request must have left. */
export type Verb = 'created' | 'updated' | 'completed' | 'deleted';

export interface Attempt {
  readonly person: Person;
  readonly request: Request;
  readonly verb: Verb;
  /** `device`: a push of ops; `quick`: answers with items; `one`: answers with a task, or with nothing. */
  readonly shape: 'one' | 'quick' | 'device';
  /** The task, where it is one. */
  readonly id?: string;
  /** A request that the rules refuse: it must leave nothing. */
  readonly wrong?: true;
  /** Another request does the same at the same time: either may be the one that did it. */
  readonly races?: true;
  outcome: Outcome;
  answer?: Answer;
  retries: number;
  /** When it was sent and what came back, each time. */
  readonly trail: { readonly at: string; readonly what: string }[];
}

/** What must be in the log because somebody was told so. */
export interface Claim {
  readonly workspace: string;
  readonly entity_id: string;
  readonly verb: Verb;
  readonly seq: number;
  /** The op of the change; unset where another request may have done it first. */
  readonly op?: string;
  readonly title?: string;
}

interface TaskBody {
  id: string;
  version: number;
}
interface PushBody {
  results: { op: string; status: string; seq?: number }[];
}
export interface PushedOp {
  op: string;
  n: number;
  kind: 'create' | 'update' | 'complete' | 'delete';
  entity: 'task';
  id: string;
  patch: { title?: string };
}

const verbOfKind = { create: 'created', update: 'updated', complete: 'completed', delete: 'deleted' } as const;

/** The ops by which the log knows a request. */
export function opsOf({ person, request, shape }: Attempt): string[] {
  if (shape === 'device') return pushedOps(request).map((op) => op.op);
  return request.key === undefined ? [] : [opOfKey(person.id, request.key)];
}

export const pushedOps = (request: Request): PushedOp[] => (request.body as { ops: PushedOp[] }).ops;

/** @throws where an acknowledgement cannot be read. */
export function claimsOf(attempt: Attempt): Claim[] {
  const { person, request, verb, shape, id, answer } = attempt;
  if (attempt.outcome !== 'acknowledged' || !answer) return [];
  const { workspace } = person;
  const op = opsOf(attempt)[0];
  if (shape === 'device') {
    const { results } = JSON.parse(answer.text) as PushBody;
    return pushedOps(request).map((pushed, index) => {
      const result = results[index];
      const seq = result?.op === pushed.op && ['ok', 'dup'].includes(result.status) ? (result.seq ?? -1) : -1;
      const title = pushed.patch.title === undefined ? {} : { title: pushed.patch.title };
      const by = attempt.races ? {} : { op: pushed.op };
      return { workspace, entity_id: pushed.id, verb: verbOfKind[pushed.kind], seq, ...by, ...title };
    });
  }
  if (shape === 'quick') {
    const { items } = JSON.parse(answer.text) as { items: TaskBody[] };
    return items.map((item) => ({ workspace, entity_id: item.id, verb, seq: item.version, ...(op ? { op } : {}) }));
  }
  if (verb === 'deleted') return [{ workspace, entity_id: id ?? '', verb, seq: 0, ...(op ? { op } : {}) }];
  const task = JSON.parse(answer.text) as TaskBody;
  const title = (request.body as { title?: string } | undefined)?.title;
  const mine = verb !== 'completed' && op ? { op } : {};
  return [
    { workspace, entity_id: task.id, verb, seq: task.version, ...mine, ...(title === undefined ? {} : { title }) },
  ];
}
