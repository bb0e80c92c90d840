import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '@taskmaster/contracts/events/event';
import { type EventType, isSequenced } from '@taskmaster/contracts/events/types';
import type { Database } from './database.ts';
import { type Cursor, type Held, inboxStatements } from './inbox-statements.ts';
import { isInfrastructureError } from './infrastructure-error.ts';
import { type Emit, type Handle, type Head, Rejected, type Tx } from './runtime.ts';
import { type Logger, type Metrics, trailOf, withTrail } from './telemetry.ts';
import { spanAttributesOf, withSpan } from './tracing.ts';

/** Waits before the second, third and fourth attempt, in milliseconds from the end of the one before. */
export const RETRY_WAITS = [1_000, 5_000, 25_000] as const;

/** Milliseconds between tries where the database is away: meanwhile the service says that it is not ready, and is brought nothing. */
const LONGEST_WAIT = 5_000;

export interface ConsumerOptions<Owner extends string> {
  name: string;
  schema: Owner;
  /** What traces call it. */
  service: string;
  types: ReadonlySet<string>;
  handle: Handle<EventType, Owner>;
  database: Database<Owner>;
  askHeads(workspaceIds: string[]): Promise<Head[]>;
  askEvents(workspaceId: string, from: number, to: number): Promise<Event[]>;
  log: Logger;
  metrics: Metrics;
  retryWaits?: readonly number[];
}

/**
 * Makes each event take effect once, in the order of its workspace, whatever the carrier does: duplicates, gaps,
 * reordering and crashes included. The cursor moves in the transaction of the effect. What cannot be handled now waits in
 * the inbox with everything behind it in its workspace; other workspaces go on.
 */
export class Consumer<Owner extends string> {
  private readonly sql;
  private readonly known = new Set<string>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly waits: readonly number[];
  private stopped = false;
  /** Of what was brought, how much cannot be taken now for want of a database, or of who is asked. */
  private waiting = 0;
  private readonly stopping = new AbortController();
  /** One that takes no event of a change keeps no cursor: there is no order for it to hold. */
  private readonly sequenced: boolean;

  constructor(private readonly options: ConsumerOptions<Owner>) {
    this.sql = inboxStatements(options.schema);
    this.sequenced = [...options.types].some((type) => isSequenced(type as Event['type']));
    this.waits = options.retryWaits ?? RETRY_WAITS;
  }

  /** Takes up what a crash left in the inbox. */
  async start(): Promise<void> {
    const waiting = await this.options.database.transact((tx) => tx.query(this.sql.waiting, [this.options.name]));
    for (const { workspace_id, event_id, sequence } of waiting) {
      if (sequence === null) this.later(event_id, 0, () => this.retryUnsequenced(event_id));
      else this.later(workspace_id, 0, () => this.drain(workspace_id));
    }
  }

  /** What an instance held for another try, and did not live to: taken up once its time is over for long. */
  async takeUpLeft(): Promise<void> {
    const left = await this.options.database.transact((tx) => tx.query(this.sql.left, [this.options.name]));
    for (const { event_id } of left)
      if (!this.isDraining(event_id)) this.later(event_id, 0, () => this.retryUnsequenced(event_id));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.stopping.abort();
    for (const timer of this.timers.values()) clearTimeout(timer);
    await Promise.allSettled(this.running.values());
  }

  get name(): string {
    return this.options.name;
  }

  /** Whoever brings events is not to bring more: they would not be lost, but wait where nobody sees them. */
  get isWaiting(): boolean {
    return this.waiting > 0;
  }

  /** Resolves when every event has been committed: as an effect, as held, as a duplicate, or as none of ours. */
  async receive(events: readonly Event[]): Promise<void> {
    let isWaiting = false;
    try {
      for (let wait = 1_000; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
        try {
          return await this.receiveOnce(events);
        } catch (error) {
          if (!isInfrastructureError(error) || this.stopped) throw error;
          this.options.log.warn(
            { consumer: this.options.name, err: String(error), wait_ms: wait },
            'not able to take events now, trying again',
          );
          // From the first failure until it is done: a try may last as long as the waits between.
          if (!isWaiting) this.waiting++;
          isWaiting = true;
          await sleep(wait, undefined, { signal: this.stopping.signal });
        }
      }
    } finally {
      if (isWaiting) this.waiting--;
    }
  }

  /** Compares cursors with heads: mends what no later event will reveal. */
  async compare(heads: readonly Head[]): Promise<void> {
    if (!this.sequenced) return;
    const cursors = await this.lookAt(heads.map((head) => head.workspace_id));
    for (const { workspace_id, head } of heads) {
      const cursor = cursors.get(workspace_id);
      if (cursor?.held) {
        if (!this.isDraining(workspace_id)) this.later(workspace_id, 0, () => this.drain(workspace_id));
      } else if ((cursor?.sequence ?? 0) < head) await this.repair(workspace_id, (cursor?.sequence ?? 0) + 1, head);
    }
  }

  private async receiveOnce(events: readonly Event[]): Promise<void> {
    const byWorkspace = new Map<string, Event[]>();
    for (const event of events) {
      if (!isSequenced(event.type)) {
        if (this.options.types.has(event.type)) await this.receiveUnsequenced(event);
        continue;
      }
      if (!this.sequenced) continue;
      const list = byWorkspace.get(event.data.workspace_id);
      if (list) list.push(event);
      else byWorkspace.set(event.data.workspace_id, [event]);
    }
    if (byWorkspace.size === 0) return;
    for (const list of byWorkspace.values()) list.sort((a, b) => sequenceOf(a) - sequenceOf(b));
    for (const workspaceId of await this.unknownOf([...byWorkspace.keys()])) byWorkspace.delete(workspaceId);

    let gaps: string[];
    try {
      gaps = await this.applyTogether(byWorkspace);
    } catch (error) {
      if (isInfrastructureError(error)) throw error;
      gaps = [];
      for (const [workspaceId, list] of byWorkspace) await this.applyOneByOne(workspaceId, list);
    }
    for (const workspaceId of gaps) this.later(workspaceId, 0, () => this.drain(workspaceId));
  }

  /** The usual path: all workspaces of a batch in one transaction. Returns the workspaces that now hold events. */
  private async applyTogether(byWorkspace: ReadonlyMap<string, readonly Event[]>): Promise<string[]> {
    const done: Event[] = [];
    const lists = [...byWorkspace.values()];
    // A cursor that only passes events over: lost in a crash of the database, the log is asked again.
    const passing = !lists.some((list) => list.some((event) => this.options.types.has(event.type)));
    const gaps = await this.options.database.transact(
      async (tx, emit) => {
        const held: string[] = [];
        const moved: Cursor[] = [];
        for (const cursor of await tx.query(this.sql.lockCursors, [this.options.name, [...byWorkspace.keys()]])) {
          let sequence = cursor.sequence;
          let holding = cursor.held;
          for (const event of byWorkspace.get(cursor.workspace_id) ?? []) {
            if (epochOf(event) !== cursor.epoch || sequenceOf(event) <= sequence) continue;
            if (holding || sequenceOf(event) > sequence + 1) {
              this.hold(tx, event);
              holding = true;
              continue;
            }
            await this.handle(event, tx, emit);
            sequence = sequenceOf(event);
            done.push(event);
          }
          // Somebody has to work them off: whoever held first, or after a crash nobody yet.
          if (holding && !this.isDraining(cursor.workspace_id)) held.push(cursor.workspace_id);
          if (sequence !== cursor.sequence || holding !== cursor.held)
            moved.push({ ...cursor, sequence, held: holding });
        }
        if (moved.length > 0) this.moveCursors(tx, moved);
        if (done.length > 0) globalThis.failpoint?.('consumer.before_commit');
        return held;
      },
      passing ? { durable: false } : {},
    );
    if (done.length > 0) globalThis.failpoint?.('consumer.after_commit_before_ack');
    if (this.options.name === 'audit') globalThis.failpoint?.('audit.after_append_before_ack');
    if (gaps.length > 0) globalThis.failpoint?.('consumer.after_hold_before_repair');
    for (const event of done) this.measure(event);
    return gaps;
  }

  private async applyOneByOne(workspaceId: string, events: readonly Event[]): Promise<void> {
    for (const [index, event] of events.entries()) {
      try {
        const gaps = await this.applyTogether(new Map([[workspaceId, [event]]]));
        for (const gap of gaps) this.later(gap, 0, () => this.drain(gap));
      } catch (error) {
        if (isInfrastructureError(error)) throw error;
        const wait = await this.holdFrom(workspaceId, events.slice(index), error);
        this.later(workspaceId, wait, () => this.drain(workspaceId));
        return;
      }
    }
  }

  /** The first event has failed once; it and all behind it wait. */
  private async holdFrom(workspaceId: string, events: readonly Event[], error: unknown): Promise<number> {
    const wait = error instanceof Rejected ? 0 : (this.waits[0] ?? 0);
    await this.options.database.transact(async (tx) => {
      const [cursor] = await tx.query(this.sql.lockCursors, [this.options.name, [workspaceId]]);
      if (!cursor) return;
      for (const [index, event] of events.entries()) {
        if (sequenceOf(event) <= cursor.sequence) continue;
        this.hold(tx, event);
        if (index === 0)
          tx.write(this.sql.failed, [
            this.options.name,
            event.id,
            error instanceof Rejected ? this.waits.length : 1,
            wait,
            messageOf(error),
          ]);
      }
      this.moveCursors(tx, [{ ...cursor, held: true }]);
    });
    this.options.log.warn(
      { consumer: this.options.name, workspace_id: workspaceId, event_id: events[0]?.id, err: messageOf(error) },
      'event failed, held',
    );
    return wait;
  }

  /** Works off what a workspace holds, oldest first, until it is empty or its head has to wait. */
  private async drain(workspaceId: string): Promise<void> {
    for (;;) {
      if (this.stopped) return;
      const step = await this.drainStep(workspaceId);
      if (step === 'empty') return;
      if (step === 'again') continue;
      if ('wait' in step) return this.later(workspaceId, step.wait, () => this.drain(workspaceId));
      const { from, to } = step.gap;
      await this.fill(workspaceId, from, to);
    }
  }

  private async drainStep(
    workspaceId: string,
  ): Promise<'empty' | 'again' | { wait: number } | { gap: { from: number; to: number } }> {
    const { name, database } = this.options;
    let attempted: Held | undefined;
    try {
      return await database.transact(async (tx, emit) => {
        const [cursor] = await tx.query(this.sql.lockCursors, [name, [workspaceId]]);
        if (!cursor?.held) return 'empty' as const;
        const [head] = await tx.query(this.sql.headOfInbox, [name, workspaceId]);
        if (!head) {
          this.moveCursors(tx, [{ ...cursor, held: false }]);
          return 'empty' as const;
        }
        const sequence = head.sequence ?? 0;
        if (sequence <= cursor.sequence || epochOf(head.event) !== cursor.epoch) {
          tx.write(this.sql.release, [name, head.event_id]);
          return 'again' as const;
        }
        if (sequence > cursor.sequence + 1) return { gap: { from: cursor.sequence + 1, to: sequence - 1 } };
        if (head.waits_ms > 0) return { wait: head.waits_ms };
        if (head.attempts > this.waits.length) {
          this.bury(tx, head);
          this.moveCursors(tx, [{ ...cursor, sequence }]);
          return 'again' as const;
        }
        attempted = head;
        await this.handle(head.event, tx, emit);
        tx.write(this.sql.release, [name, head.event_id]);
        this.moveCursors(tx, [{ ...cursor, sequence }]);
        return 'again' as const;
      });
    } catch (error) {
      if (isInfrastructureError(error) || !attempted) return { wait: 1_000 };
      return this.countAttempt(attempted, error);
    }
  }

  private async countAttempt(held: Held, error: unknown): Promise<'again' | { wait: number }> {
    const attempts = error instanceof Rejected ? this.waits.length + 1 : held.attempts + 1;
    const wait = this.waits[attempts - 1] ?? 0;
    await this.options.database.transact(async (tx) => {
      tx.write(this.sql.failed, [this.options.name, held.event_id, attempts, wait, messageOf(error)]);
    });
    this.options.log.warn(
      { consumer: this.options.name, event_id: held.event_id, attempts, err: messageOf(error) },
      'event failed',
    );
    return wait > 0 ? { wait } : 'again';
  }

  /** Asks for what is missing and takes it, however far the gap reaches. */
  private async repair(workspaceId: string, from: number, to: number): Promise<void> {
    for (let next = from; next <= to; ) {
      const events = await this.options.askEvents(workspaceId, next, to);
      const last = events.at(-1);
      if (!last) return;
      await this.receive(events);
      next = sequenceOf(last) + 1;
    }
  }

  /** Puts the missing events before those that wait for them. */
  private async fill(workspaceId: string, from: number, to: number): Promise<void> {
    const events = await this.options.askEvents(workspaceId, from, to);
    if (events.length === 0) throw new Error(`The log does not answer for ${workspaceId} ${from}–${to}.`);
    await this.options.database.transact(async (tx) => {
      for (const event of events) this.hold(tx, event);
    });
    this.options.log.info(
      { consumer: this.options.name, workspace_id: workspaceId, from, to },
      'gap repaired from the log',
    );
  }

  private async receiveUnsequenced(event: Event): Promise<void> {
    try {
      await this.applyUnsequenced(event);
    } catch (error) {
      if (isInfrastructureError(error)) throw error;
      const wait = error instanceof Rejected ? 0 : (this.waits[0] ?? 0);
      await this.options.database.transact(async (tx) => {
        this.hold(tx, event);
        const attempts = error instanceof Rejected ? this.waits.length + 1 : 1;
        tx.write(this.sql.failed, [this.options.name, event.id, attempts, wait, messageOf(error)]);
      });
      this.later(event.id, wait, () => this.retryUnsequenced(event.id));
    }
  }

  private async applyUnsequenced(event: Event, release = false): Promise<void> {
    const { name, database } = this.options;
    await database.transact(async (tx, emit) => {
      if (release) tx.write(this.sql.release, [name, event.id]);
      const fresh = await tx.query(this.sql.seeOnce, [name, event.id]);
      if (fresh.length > 0) await this.handle(event, tx, emit);
    });
    this.measure(event);
  }

  private async retryUnsequenced(eventId: string): Promise<void> {
    const { name, database } = this.options;
    const [held] = await database.transact((tx) => tx.query(this.sql.held, [name, eventId]));
    if (!held) return;
    if (held.waits_ms > 0) return this.later(eventId, held.waits_ms, () => this.retryUnsequenced(eventId));
    if (held.attempts > this.waits.length) {
      await database.transact(async (tx) => this.bury(tx, held));
      return;
    }
    try {
      await this.applyUnsequenced(held.event, true);
    } catch (error) {
      const wait = isInfrastructureError(error) ? 1_000 : await this.countAttempt(held, error);
      this.later(eventId, wait === 'again' ? 0 : typeof wait === 'number' ? wait : wait.wait, () =>
        this.retryUnsequenced(eventId),
      );
    }
  }

  /** Applies a dead letter late, once. */
  async replay(event: Event, tx: Tx<Owner>, emit: Emit): Promise<'applied' | 'superseded'> {
    if (!isSequenced(event.type)) {
      // Sent again meanwhile it has taken effect; what is sent again later is to find it seen.
      const fresh = await tx.query(this.sql.seeOnce, [this.options.name, event.id]);
      if (fresh.length === 0) return 'superseded';
    }
    return (await this.handle(event, tx, emit, true)) === 'superseded' ? 'superseded' : 'applied';
  }

  private async handle(event: Event, tx: Tx<Owner>, emit: Emit, late = false): Promise<unknown> {
    if (!this.options.types.has(event.type)) return undefined;
    const { name, service, log } = this.options;
    const attributes = { ...spanAttributesOf(event), 'messaging.consumer.group.name': name };
    return withTrail(trailOf(event), () =>
      withSpan({ service, name: `process ${name}`, kind: 'consumer', attributes }, async () => {
        const outcome = await this.options.handle(event, tx, emit, late);
        log.debug({ consumer: name, event_id: event.id, type: event.type }, 'event handled');
        return outcome;
      }),
    );
  }

  private hold(tx: Tx<Owner>, event: Event): void {
    const sequence = isSequenced(event.type) ? sequenceOf(event) : null;
    tx.write(this.sql.hold, [this.options.name, event.id, event.data.workspace_id, sequence, JSON.stringify(event)]);
  }

  private bury(tx: Tx<Owner>, held: Held): void {
    tx.write(this.sql.bury, [this.options.name, held.event_id]);
    tx.write(this.sql.release, [this.options.name, held.event_id]);
    this.options.log.error(
      { consumer: this.options.name, event_id: held.event_id, workspace_id: held.workspace_id },
      'dead letter',
    );
  }

  private moveCursors(tx: Tx<Owner>, cursors: readonly Cursor[]): void {
    tx.write(this.sql.moveCursors, [
      this.options.name,
      cursors.map((cursor) => cursor.workspace_id),
      cursors.map((cursor) => cursor.sequence),
      cursors.map((cursor) => cursor.held),
    ]);
  }

  /** Makes cursors for workspaces seen for the first time; answers those that the log does not know. */
  private async unknownOf(workspaceIds: readonly string[]): Promise<string[]> {
    const news = workspaceIds.filter((id) => !this.known.has(id));
    if (news.length === 0) return [];
    const cursors = await this.lookAt(news);
    const without = news.filter((id) => !cursors.has(id));
    const heads = without.length > 0 ? await this.options.askHeads(without) : [];
    if (heads.length > 0) {
      await this.options.database.transact(async (tx) => {
        for (const head of heads) tx.write(this.sql.startCursor, [this.options.name, head.workspace_id, head.epoch]);
      });
    }
    const unknown = new Set(without.filter((id) => !heads.some((head) => head.workspace_id === id)));
    for (const id of news) if (!unknown.has(id)) this.known.add(id);
    return [...unknown];
  }

  private async lookAt(workspaceIds: readonly string[]): Promise<Map<string, Cursor>> {
    const rows = await this.options.database.transact((tx) =>
      tx.query(this.sql.cursors, [this.options.name, workspaceIds]),
    );
    return new Map(rows.map((row) => [row.workspace_id, row]));
  }

  private isDraining(workspaceId: string): boolean {
    return this.timers.has(workspaceId) || this.running.has(workspaceId);
  }

  /** One piece of work per key, after a wait; what fails for lack of a database is tried again. */
  private later(key: string, milliseconds: number, work: () => Promise<void>): void {
    if (this.stopped) return;
    clearTimeout(this.timers.get(key));
    this.timers.set(
      key,
      setTimeout(() => {
        this.timers.delete(key);
        const run = (this.running.get(key) ?? Promise.resolve()).then(work).catch((error: unknown) => {
          this.options.log.warn({ consumer: this.options.name, err: messageOf(error) }, 'held events: trying again');
          this.later(key, 1_000, work);
        });
        this.running.set(key, run);
        void run.finally(() => this.running.get(key) === run && this.running.delete(key));
      }, milliseconds),
    );
  }

  private measure(event: Event): void {
    this.options.metrics.eventLatency.observe(
      { consumer: this.options.name },
      Math.max(0, Date.now() - Date.parse(event.time)) / 1000,
    );
  }
}

const sequenceOf = (event: Event): number => (event.data as { sequence?: number }).sequence ?? 0;
const epochOf = (event: Event): string | undefined => (event.data as { epoch?: string }).epoch;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 2_000);
