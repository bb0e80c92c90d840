import type { ChangeEvent, Event } from '@taskmaster/contracts/events/event';
import { topicOf } from '@taskmaster/contracts/events/types';
import type pg from 'pg';
import { Consumer } from './consumer.ts';
import { type Database, openPool } from './database.ts';
import { inboxStatements } from './inbox-statements.ts';
import { Lead, type Word } from './lead.ts';
import { LogRelay } from './log-relay.ts';
import { OutboxRelay } from './outbox-relay.ts';
import type { Adapter, DeadLetters, LogSource, Runtime, TransactOptions } from './runtime.ts';
import { apart, type Logger, type Metrics, trailOf, withTrail } from './telemetry.ts';
import { spanAttributesOf, startSpan } from './tracing.ts';

export interface RuntimeOptions<Owner extends string> {
  schema: Owner;
  /** What traces call it; its schema, unless told. */
  service?: string;
  connection: pg.ClientConfig;
  /** The role of callers' transactions; `background` for relay and consumers. */
  roles: { caller: string; background: string };
  poolSize: number;
  adapter: Adapter;
  /** Several: one of them relays, found by a lock. One: this one, and the program sees to it that there is no other. */
  instances: 'one' | 'several';
  log: Logger;
  metrics: Metrics;
  /** Milliseconds; only tests shorten them. */
  retryWaits?: readonly number[];
  compareEvery?: number;
}

export interface RunningRuntime<Owner extends string> extends Runtime<Owner> {
  /** The same transactions, as the service's background role. */
  background: Database<Owner>['transact'];
  /** After the service has registered what it consumes: take up what waits, then relay. */
  begin(): Promise<void>;
  /** Consumers that cannot take what they are brought, by name: none where all is well. */
  waiting(): string[];
  stop(): Promise<void>;
}

/** Milliseconds of failing after which another instance is to try. */
const PUBLISHES_WITHIN = 15_000;
const SWEEP_EVERY = 15_000;

/** The core above every adapter: transactions, relays, consumers, dead letters. */
export function createRuntime<Owner extends string>(options: RuntimeOptions<Owner>): RunningRuntime<Owner> {
  const { schema, service = schema, adapter, log, metrics } = options;
  let source: LogSource | undefined;
  let logRelay: LogRelay<Owner> | undefined;
  let outbox: OutboxRelay<Owner> | undefined;
  const consumers: Consumer<Owner>[] = [];
  const consumersByName = new Map<string, Consumer<Owner>>();
  const afterCommit = (changed: readonly string[], emitted: boolean): void =>
    apart(() => {
      if (lead && !lead.isLeading) lead.tell(changed, emitted);
      else hear({ changed: [...changed], emitted });
    });
  const pool = {
    connection: options.connection,
    schema,
    onCommit: afterCommit,
    onError: (error: Error) => log.warn({ err: String(error) }, 'idle connection lost'),
  };
  const callers = openPool<Owner>({ ...pool, role: options.roles.caller, size: options.poolSize });
  const background = openPool<Owner>({ ...pool, role: options.roles.background, size: 4 });
  let failingSince = Number.POSITIVE_INFINITY;
  /** An instance that cannot publish for long may be the only one: its sidecar is dead, and another's is not. */
  const publish: Adapter['publish'] = async (topic, events) => {
    const spans = events.map((event) =>
      startSpan({
        service,
        name: `publish ${topic}`,
        kind: 'producer',
        parent: event.traceparent,
        attributes: spanAttributesOf(event),
      }),
    );
    let failed = true;
    const began = Date.now();
    try {
      await adapter.publish(topic, events);
      failed = false;
      failingSince = Number.POSITIVE_INFINITY;
    } catch (error) {
      failingSince = Math.min(failingSince, began);
      if (Date.now() - failingSince > PUBLISHES_WITHIN) {
        failingSince = Number.POSITIVE_INFINITY;
        lead?.giveUp();
      }
      throw error;
    } finally {
      for (const span of spans) span?.end({ failed });
    }
  };

  const createLogRelay = (of: LogSource) =>
    new LogRelay<Owner>({ schema, source: of, database: background, publish, log, metrics });
  const createOutboxRelay = () => new OutboxRelay<Owner>(schema, background, publish, log);
  async function startRelays(): Promise<void> {
    outbox = createOutboxRelay();
    outbox.start();
    if (!source) return;
    logRelay = createLogRelay(source);
    await logRelay.start();
  }
  async function stopRelays(): Promise<void> {
    const stopping = [logRelay?.stop(), outbox?.stop()];
    logRelay = undefined;
    outbox = undefined;
    await Promise.all(stopping);
  }
  function hear({ changed = [], emitted = false, replay }: Word): void {
    if (changed.length > 0) logRelay?.wake(changed);
    if (emitted) outbox?.wake();
    if (replay) void logRelay?.replay(replay.from, replay.workspace_ids ?? undefined).catch(notReplayed);
  }
  const notReplayed = (error: unknown) => log.warn({ err: String(error) }, 'not replayed; ask for it again');
  const lead =
    options.instances === 'several'
      ? new Lead({ connection: options.connection, schema, log, onLead: startRelays, onLost: stopRelays, onWord: hear })
      : undefined;
  const sql = inboxStatements(schema);

  const askEvents = async (workspace_id: string, from: number, to: number): Promise<ChangeEvent[]> =>
    (await adapter.ask('events', { workspace_id, from, to })).events;

  const counts = async () => {
    const [found] = await background.transact((tx) => tx.query(sql.counts, []), { readOnly: true });
    return found ?? { outbox: 0, inbox: 0, dead_letters: 0 };
  };
  /** Each instance for itself: its gauges would else go on saying what it last saw. */
  let counting: NodeJS.Timeout | undefined;
  async function setGauges(): Promise<void> {
    const { outbox, inbox, dead_letters } = await counts();
    metrics.outboxRows.set({ service: schema }, outbox);
    metrics.inboxRows.set({ service: schema }, inbox);
    metrics.deadLetters.set({ service: schema }, dead_letters);
  }
  const deadLetters: DeadLetters = {
    list: () => background.transact((tx) => tx.query(sql.deadLetters, [])),
    get: async (id) => (await background.transact((tx) => tx.query(sql.deadLetter, [id]), { readOnly: true }))[0],
    replay: (id) =>
      background.transact(async (tx, emit) => {
        const [letter] = await tx.query(sql.lockDeadLetter, [id]);
        const consumer = letter && consumersByName.get(letter.consumer);
        if (!letter || !consumer) return 'unknown';
        if (letter.replayed_at) return 'already_replayed';
        const outcome = await consumer.replay(letter.event, tx, emit);
        tx.write(sql.replayed, [id, outcome]);
        return outcome;
      }),
  };

  /** Once for each act it is about: a run of changes may come of several. */
  function observed(event: Event, see: () => void): void {
    const trail = trailOf(event);
    const span = startSpan({
      service,
      name: `observe ${topicOf(event.type)}`,
      kind: 'consumer',
      parent: event.traceparent,
      attributes: spanAttributesOf(event),
    });
    withTrail({ ...trail, ...(span ? { traceparent: span.traceparent } : {}) }, see);
    span?.end();
    const acts = 'correlation_ids' in event.data ? (event.data.correlation_ids ?? []) : [trail.correlation_id];
    for (const correlation_id of acts)
      withTrail({ ...trail, correlation_id }, () => log.debug({ event_id: event.id, type: event.type }, 'event seen'));
  }

  return {
    transact: <R>(work: Parameters<Database<Owner>['transact']>[0], settings?: TransactOptions) =>
      callers.transact(work, settings) as Promise<R>,
    background: background.transact,
    consume(name, types, handle) {
      const consumer = new Consumer<Owner>({
        name,
        schema,
        service,
        types: new Set<string>(types),
        handle: handle as never,
        database: background,
        askHeads: async (workspace_ids) => (await adapter.ask('heads', { workspace_ids })).heads,
        askEvents,
        log,
        metrics,
        retryWaits: options.retryWaits,
      });
      consumers.push(consumer);
      consumersByName.set(name, consumer);
      for (const topic of new Set(types.map(topicOf)))
        adapter.subscribe(topic, name, (events) => consumer.receive(events));
      let last = Number.NEGATIVE_INFINITY;
      adapter.every(`${name}: compare cursors`, options.compareEvery ?? 60_000, async () => {
        const now = performance.now();
        const moved = Number.isFinite(last) ? { moved_within: (now - last) / 1000 + 60 } : { all: true as const };
        await consumer.compare((await adapter.ask('heads', moved)).heads);
        last = now;
      });
    },
    observe(types, see) {
      const wanted = new Set<string>(types);
      for (const topic of new Set(types.map(topicOf)))
        adapter.fanOut(topic, (event: Event) => wanted.has(event.type) && observed(event, () => see(event as never)));
    },
    ask: (question, input) => adapter.ask(question, input),
    answer: (question, reply) => adapter.answer(question, reply),
    log(given: LogSource) {
      source = given;
    },
    state: adapter.state,
    wake: adapter.wake,
    every: (name, milliseconds, run) => adapter.every(name, milliseconds, run),
    replay: async (from, workspaceIds) => {
      if (!source) throw new Error(`${schema} has no log.`);
      if (logRelay) return logRelay.replay(from, workspaceIds);
      // Whoever relays does it; if nobody does now, then whoever comes next.
      await createLogRelay(source).lower(from, workspaceIds);
      await lead?.sayReplay(from, workspaceIds);
      return {
        workspaces: (await source.heads(workspaceIds ? { workspace_ids: [...workspaceIds] } : { all: true })).length,
      };
    },
    async sendAgain(since) {
      const sent = await (outbox ?? createOutboxRelay()).unmark(since);
      afterCommit([], true);
      return sent;
    },
    deadLetters,
    counts,
    waiting: () => consumers.filter(({ isWaiting }) => isWaiting).map(({ name }) => name),
    async begin() {
      for (const consumer of consumers) await consumer.start();
      await (lead ? lead.start() : startRelays());
      counting = setInterval(() => void setGauges().catch(() => undefined), SWEEP_EVERY);
      adapter.every(`${schema}: sweep`, SWEEP_EVERY, async () => {
        for (const consumer of consumers) await consumer.takeUpLeft();
        await background.transact(async (tx) => {
          tx.write(sql.sweepSeen, []);
          tx.write(sql.sweepOutbox, []);
        });
      });
    },
    async stop() {
      clearInterval(counting);
      // Consumers first stop waiting for a database that is away; what relays hand them now is refused and sent again later.
      await Promise.all([...consumers.map((consumer) => consumer.stop()), lead?.stop(), stopRelays()]);
      await Promise.all([callers.close(), background.close()]);
    },
  };
}
