import type { Event } from '@taskmaster/contracts/events/event';
import { type Topic, topicOf } from '@taskmaster/contracts/events/types';
import pg from 'pg';
import { Flight, IN_FAILED_TRANSACTION } from './flight.ts';
import type { Emit, Statement, TransactOptions, Tx } from './runtime.ts';

/** Records keep the spelling of the wire: days as text, instants as RFC 3339 UTC, sequences as numbers. */
const parsers: Record<number, (text: string) => unknown> = {
  20: Number,
  1082: (text) => text,
  1114: (text) => text,
  1184: (text) => (Number.isNaN(Date.parse(text)) ? text : new Date(text).toISOString()),
};
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    parsers[oid] ?? pg.types.getTypeParser(oid, format as 'text'),
};

export interface Database<Owner extends string> {
  transact<R>(work: (tx: Tx<Owner>, emit: Emit) => Promise<R>, options?: TransactOptions): Promise<R>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  connection: pg.ClientConfig;
  schema: string;
  role: string;
  size: number;
  onCommit?: (changed: readonly string[], emitted: boolean) => void;
  onError: (error: Error) => void;
}

/** A pool whose every connection is one role of one service, and the transaction written once. */
export function openPool<Owner extends string>(options: DatabaseOptions): Database<Owner> {
  const { schema } = options;
  const writing = connections(options, options.size, KEYED);
  const reading = connections(options, Math.ceil(options.size / 2), []);
  const insertOutbox = {
    name: `${schema}_outbox_insert`,
    text: `insert into ${schema}.outbox (id, topic, workspace_id, event) values ($1, $2, $3, $4) on conflict (id) do update set published_at = null`,
  };
  const turns = new Turns(2);

  async function transact<R>(
    work: (tx: Tx<Owner>, emit: Emit) => Promise<R>,
    settings: TransactOptions = {},
  ): Promise<R> {
    const leave = settings.key === undefined ? undefined : await turns.enter(settings.key);
    try {
      return await run(work, settings);
    } finally {
      leave?.();
    }
  }

  async function run<R>(work: (tx: Tx<Owner>, emit: Emit) => Promise<R>, settings: TransactOptions): Promise<R> {
    const client = await (settings.readOnly ? reading : writing).connect();
    const sent: Promise<unknown>[] = [];
    let flight: Flight | undefined;
    let ended = false;
    const send = (statement: { name?: string; text: string }, values: readonly unknown[] = []) => {
      if (ended) throw new Error('This transaction has ended.');
      if (!flight) {
        const next = new Flight(types);
        flight = next;
        // What is sent in one turn leaves together.
        process.nextTick(() => {
          flight = undefined;
          client.query(next);
        });
      }
      const answer = flight.add({ ...statement, values });
      answer.catch(() => undefined);
      sent.push(answer);
      return answer;
    };
    const changed: string[] = [];
    let emitted = false;
    const tx: Tx<Owner> = {
      query: async <Row>(statement: Statement<Owner, Row>, values: readonly unknown[]) =>
        (await send({ name: statement.name, text: statement.text }, values)).rows as Row[],
      write: (statement, values) => void send({ name: statement.name, text: statement.text }, values),
      changed: (workspaceId) => void changed.push(workspaceId),
    };
    const emit: Emit = (event: Event, topic: Topic = topicOf(event.type)) => {
      emitted = true;
      void send(insertOutbox, [event.id, topic, event.data.workspace_id, JSON.stringify(event)]);
    };

    let broken: Error | undefined;
    try {
      void send(settings.readOnly ? beginReading : begin);
      if (settings.durable === false) void send(withoutFlush);
      if (settings.caller)
        void send(setCaller, [settings.caller.user_id, `{${settings.caller.workspace_ids.join(',')}}`]);
      const result = await work(tx, emit);
      if (settings.key !== undefined) globalThis.failpoint?.('api.before_commit');
      const committed = send(commit);
      ended = true;
      await settle(sent);
      // After a failed statement COMMIT answers ROLLBACK without an error.
      if ((await committed).command !== 'COMMIT') throw new Error('The transaction was rolled back.');
      if (settings.key !== undefined) globalThis.failpoint?.('api.after_commit_before_reply');
      if (changed.length > 0 || emitted) options.onCommit?.(changed, emitted);
      return result;
    } catch (error) {
      ended = true;
      const cause = await firstCause(sent, error);
      try {
        await client.query('rollback');
      } catch (lost) {
        broken = lost as Error;
      }
      throw cause;
    } finally {
      client.release(broken);
    }
  }

  return { transact, close: async () => void (await Promise.all([writing.end(), reading.end()])) };
}

/**
 * For commands, relay and consumers, which look rows up by key in one workspace or a few: a plan made while the tables were
 * small, or before their first statistics, must not read whole workspaces. Planned once; readers' queries each time.
 */
const KEYED = ['enable_hashjoin=off', 'enable_mergejoin=off', 'plan_cache_mode=force_generic_plan'];

function connections(options: DatabaseOptions, size: number, plans: readonly string[]): pg.Pool {
  const pool = new pg.Pool({
    ...options.connection,
    max: size,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: 20_000,
    application_name: `taskmaster ${options.role}`,
    types: types as never,
    // A connection that cannot become its role is refused by the server, rather than used as somebody else.
    options: [
      `role=${options.role}`,
      'timezone=UTC',
      'jit=off',
      'statement_timeout=30s',
      'idle_in_transaction_session_timeout=60s',
      'enable_seqscan=off',
      ...plans,
    ]
      .map((set) => `-c ${set}`)
      .join(' '),
  });
  pool.on('error', options.onError);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return pool;
}

const begin = { name: 'begin', text: 'begin' };
const beginReading = { name: 'begin_reading', text: 'begin isolation level repeatable read read only' };
const withoutFlush = { name: 'without_flush', text: 'set local synchronous_commit = off' };
const commit = { name: 'commit', text: 'commit' };
const setCaller = {
  name: 'set_caller',
  text: "select set_config('app.user_id', $1, true), set_config('app.workspaces', $2, true)",
};

/** Waits for all; throws the first failure that is a cause and not a consequence. */
async function settle(sent: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(sent);
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as Error & { code?: string }] : [],
  );
  if (failures.length > 0) throw failures.find((failure) => failure.code !== IN_FAILED_TRANSACTION) ?? failures[0];
}

async function firstCause(sent: readonly Promise<unknown>[], error: unknown): Promise<unknown> {
  try {
    await settle(sent);
    return error;
  } catch (cause) {
    return (error as { code?: string }).code === IN_FAILED_TRANSACTION ? cause : error;
  }
}

/** A turnstile per key: so many at once, the rest in the order they came. */
class Turns {
  private readonly keys = new Map<string, { inside: number; waiting: (() => void)[] }>();
  constructor(private readonly most: number) {}

  async enter(key: string): Promise<() => void> {
    const mine = this.keys.get(key) ?? { inside: 0, waiting: [] };
    this.keys.set(key, mine);
    if (mine.inside >= this.most) await new Promise<void>((go) => mine.waiting.push(go));
    else mine.inside++;
    return () => {
      const next = mine.waiting.shift();
      if (next) next();
      else if (--mine.inside === 0) this.keys.delete(key);
    };
  }
}
