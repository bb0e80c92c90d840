import type { Event, EventOf } from '@taskmaster/contracts/events/event';
import type { EventType, Topic } from '@taskmaster/contracts/events/types';
import type { AnswerOf, InputOf, Question } from '@taskmaster/contracts/questions';

/**
 * What a service may do. The interface hides envelopes, relay, cursors, inbox, retries, dead letters, ordering and
 * trace context; which adapter carries it (embedded, or Dapr over Kafka) is known to services/single.ts and services/dapr.ts alone.
 */
export interface Runtime<Owner extends string> {
  /** One transaction as this service's role. What `work` writes and emits is durable when this resolves, or not there at all. */
  transact<R>(work: (tx: Tx<Owner>, emit: Emit) => Promise<R>, options?: TransactOptions): Promise<R>;
  /**
   * Once per service: the effect commits together with the proof that it happened. Events of changes come in the order of
   * their workspace, all others once each. A handler throws to be tried again (at once, after 1, 5 and 25 s), then the
   * event is a dead letter and the workspace goes on.
   */
  consume<T extends EventType>(name: string, types: readonly T[], handle: Handle<T, Owner>): void;
  /** Every instance, at most once, from now on: for open sockets, whose clients heal by cursor. */
  observe<T extends EventType>(types: readonly T[], see: (event: EventOf<T>) => void): void;
  /**
   * Asks whichever service answers this, which may be itself. Never changes anything, never inside a transaction.
   * A refusal arrives as the `Problem` that was thrown; of any other error only that there was one is to be relied upon.
   */
  ask<Q extends Question>(question: Q, input: InputOf<Q>): Promise<AnswerOf<Q>>;
  answer<Q extends Question>(question: Q, reply: (input: InputOf<Q>) => Promise<AnswerOf<Q>>): void;
  /** The service whose log is the outbox of changes says where to read it. */
  log(source: LogSource): void;
  state: StateStore;
  /**
   * Wakes this service at a time or soon after, never before; the same name again replaces the time. A wake-up may be lost in
   * a crash: what is due stands in the service's tables, and whoever is woken looks there.
   */
  wake: {
    at(name: string, at: string): Promise<void>;
    onWake(name: string, run: () => Promise<void>): void;
  };
  /** Runs on one instance, never twice at a time; the next run is counted from the end of the last. */
  every(name: string, milliseconds: number, run: () => Promise<void>): void;
  /** Sends the log of these workspaces (all, without) again from a sequence; consumers that have it pass it over. */
  replay(from: number, workspaceIds?: readonly string[]): Promise<{ workspaces: number }>;
  /**
   * Publishes again what this service emitted and published since then, as far back as it is kept: for a broker that lost it.
   * Consumers that have it pass it over.
   */
  sendAgain(since: string): Promise<{ events: number }>;
  deadLetters: DeadLetters;
  /** Rows that wait: to be published, to be handled, to be looked at by a person. */
  counts(): Promise<{ outbox: number; inbox: number; dead_letters: number }>;
}

/** A statement of one service: a prepared statement's name and text, and the row it answers. */
export interface Statement<Owner extends string, Row> {
  readonly owner: Owner;
  readonly name: string;
  readonly text: string;
  /** Only for the compiler. */
  readonly row?: Row;
}

export interface Tx<Owner extends string> {
  /** Sent at the end of this turn, in the order of the calls: several in one Promise.all travel together. */
  query<Row>(statement: Statement<Owner, Row>, values: readonly unknown[]): Promise<Row[]>;
  /** Sent likewise, awaited by the commit: a failure there fails the whole transaction. */
  write(statement: Statement<Owner, unknown>, values: readonly unknown[]): void;
  /** Wakes the relay for a workspace once this has been committed. */
  changed(workspaceId: string): void;
}

export interface TransactOptions {
  /** At most two transactions of one key run at once, the others wait outside the database. */
  key?: string;
  /** For row-level security; unset shows nothing. */
  caller?: { user_id: string; workspace_ids: readonly string[] };
  /** One snapshot for all reads, nothing written. */
  readOnly?: boolean;
  /** False: does not wait for the disk. For notes of progress: should the database crash, they are lost and made again. */
  durable?: false;
}

/** Writes an event that is no change into the outbox of the transaction. */
export type Emit = (event: Event, topic?: Topic) => void;
/** Answers `superseded` where it was late and something newer stands there already; any other answer means nothing. */
export type Handle<T extends EventType, Owner extends string> = (
  event: EventOf<T>,
  tx: Tx<Owner>,
  emit: Emit,
  /** It was a dead letter: what came after it in its workspace has been handled. */
  late: boolean,
) => Promise<unknown>;

export interface LogRange {
  workspace_id: string;
  /** Events of changes, gapless, whole sets. */
  events: Event[];
  /** The same as runs for open sockets. */
  updates: Event[];
  epoch: string;
  to: number;
  /** Whether the log held more than this when it was read. */
  more: boolean;
}
export interface Head {
  workspace_id: string;
  head: number;
  epoch: string;
  acl_version: number;
}
export interface LogSource {
  /** What lies beyond these positions: whole sets, a bounded number of each. */
  range(positions: readonly { workspace_id: string; after: number }[]): Promise<LogRange[]>;
  heads(input: InputOf<'heads'>): Promise<Head[]>;
}

export interface StateStore {
  get<V>(key: string): Promise<{ value: V; etag: string } | undefined>;
  /** Refused (false) if `etag` is given and no longer the stored one. */
  set(key: string, value: unknown, options?: { etag?: string; ttlSeconds?: number }): Promise<boolean>;
  /** False if the key is there and has not expired: of many callers exactly one gets true. */
  createIfAbsent(key: string, value: unknown, ttlSeconds: number): Promise<boolean>;
  delete(key: string): Promise<void>;
}

export interface DeadLetter {
  id: string;
  consumer: string;
  event_id: string;
  workspace_id: string;
  sequence: number | null;
  event: Event;
  attempts: number;
  error: string;
  failed_at: string;
  replayed_at: string | null;
  outcome: string | null;
}
export interface DeadLetters {
  list(): Promise<DeadLetter[]>;
  get(id: string): Promise<DeadLetter | undefined>;
  /** Applies it late, once, unless something newer was written where it would write. Throws what the handler throws; the letter then stays. */
  replay(id: string): Promise<'applied' | 'superseded' | 'already_replayed' | 'unknown'>;
}

/** Thrown by a handler for an event that no retry can mend: a dead letter at once. */
export class Rejected extends Error {}
export const reject = (reason: string): never => {
  throw new Rejected(reason);
};

/** What a transport has to do; everything else is written once, above it. */
export interface Adapter {
  /** Resolves when every subscriber has it (embedded) or the broker keeps it. Order is kept per workspace. */
  publish(topic: Topic, events: readonly Event[]): Promise<void>;
  subscribe(topic: Topic, group: string, receive: (events: readonly Event[]) => Promise<void>): void;
  fanOut(topic: Topic, see: (event: Event) => void): void;
  /** Without a detour where it is answered in this process. */
  ask<Q extends Question>(question: Q, input: InputOf<Q>): Promise<AnswerOf<Q>>;
  answer<Q extends Question>(question: Q, reply: (input: InputOf<Q>) => Promise<AnswerOf<Q>>): void;
  every(name: string, milliseconds: number, run: () => Promise<void>): void;
  wake: Runtime<string>['wake'];
  state: StateStore;
  /** Begins nothing by itself any more: no timer, no wake-up. What runs goes on. */
  rest(): void;
  /** After `rest`, and after whoever uses it. */
  stop(): Promise<void>;
}
