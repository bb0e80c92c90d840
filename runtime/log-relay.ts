import type { Event } from '@taskmaster/contracts/events/event';
import type { Topic } from '@taskmaster/contracts/events/types';
import type { Database } from './database.ts';
import type { Head, LogSource, Statement } from './runtime.ts';
import type { Logger, Metrics } from './telemetry.ts';

const MOST_AT_ONCE = 64;

export interface LogRelayOptions<Owner extends string> {
  schema: Owner;
  source: LogSource;
  database: Database<Owner>;
  publish(topic: Topic, events: readonly Event[]): Promise<void>;
  log: Logger;
  metrics: Metrics;
}

/**
 * Makes events from the log and publishes them, in order per workspace, never skipping. A position moves after its events
 * were published, so a crash between sends them again and consumers pass them over. Wakes are hints: once a second it
 * looks at the heads that moved.
 */
export class LogRelay<Owner extends string> {
  private readonly dirty = new Set<string>();
  private readonly positions = new Map<string, number>();
  /** Set and cleared in step with the loop, so that no wake falls between its last look and its end. */
  private active = false;
  private running: Promise<void> | undefined;
  private sweeper: NodeJS.Timeout | undefined;
  private stopped = false;
  /** Positions are being lowered: nothing may be relayed or read meanwhile. */
  private held = false;
  private turn: Promise<unknown> = Promise.resolve();
  private lastLook = 0;
  private readonly sql: {
    read: Statement<Owner, { workspace_id: string; epoch: string; sequence: number }>;
    write: Statement<Owner, never>;
    lower: Statement<Owner, never>;
  };

  constructor(private readonly options: LogRelayOptions<Owner>) {
    const { schema } = options;
    this.sql = {
      read: {
        owner: schema,
        name: `${schema}_positions`,
        text: `select workspace_id, epoch, sequence from ${schema}.position where workspace_id = any($1::uuid[])`,
      },
      write: {
        owner: schema,
        name: `${schema}_write_positions`,
        text: `insert into ${schema}.position (workspace_id, epoch, sequence) select * from unnest($1::uuid[], $2::uuid[], $3::bigint[])
               on conflict (workspace_id) do update set epoch = excluded.epoch, sequence = excluded.sequence`,
      },
      lower: {
        owner: schema,
        name: `${schema}_lower_positions`,
        text: `update ${schema}.position set sequence = $1 where sequence > $1 and ($2::uuid[] is null or workspace_id = any($2))`,
      },
    };
  }

  async start(): Promise<void> {
    await this.look(true);
    let looks = 0;
    const tick = async () => {
      try {
        const all = ++looks % 3600 === 0;
        await this.alone(() => this.look(all));
      } catch (error) {
        this.options.log.warn({ err: String(error) }, 'relay: heads not readable, trying again');
      }
      if (!this.stopped) this.sweeper = setTimeout(tick, 1_000);
    };
    if (!this.stopped) this.sweeper = setTimeout(tick, 1_000);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.sweeper);
    await this.running;
    // From now on it is another's to say.
    this.measure([]);
  }

  wake(workspaceIds: readonly string[]): void {
    for (const id of workspaceIds) this.dirty.add(id);
    if (this.dirty.size === 0 || this.active || this.stopped || this.held) return;
    this.active = true;
    this.running = this.run();
  }

  /** Lowers positions; the events go out again in order. */
  async replay(from: number, workspaceIds?: readonly string[]): Promise<{ workspaces: number }> {
    return this.alone(async () => {
      this.held = true;
      try {
        await this.running;
        await this.lower(from, workspaceIds);
        this.positions.clear();
      } finally {
        this.held = false;
        this.wake([]);
      }
      const heads = await this.options.source.heads(
        workspaceIds ? { workspace_ids: [...workspaceIds] } : { all: true },
      );
      this.wake(heads.map((head) => head.workspace_id));
      return { workspaces: heads.length };
    });
  }

  /** Where this one does not run: whoever relays next begins there. */
  async lower(from: number, workspaceIds?: readonly string[]): Promise<void> {
    await this.options.database.transact(async (tx) => tx.write(this.sql.lower, [from, workspaceIds ?? null]));
  }

  /** Looks and replays one after another: both read positions that the other changes. */
  private alone<R>(work: () => Promise<R>): Promise<R> {
    const mine = this.turn.then(work);
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private async run(): Promise<void> {
    while (this.dirty.size > 0 && !this.stopped && !this.held) {
      const batch = [...this.dirty].slice(0, MOST_AT_ONCE);
      for (const id of batch) this.dirty.delete(id);
      try {
        await this.relay(batch);
      } catch (error) {
        this.options.log.warn({ err: String(error) }, 'relay: trying one by one');
        await this.relayOneByOne(batch);
      }
    }
    this.active = false;
  }

  /** One that fails stops only itself, and is tried again. */
  private async relayOneByOne(workspaceIds: readonly string[]): Promise<void> {
    for (const id of workspaceIds) {
      if (this.stopped) return;
      try {
        await this.relay([id]);
      } catch (error) {
        this.options.log.warn({ workspace_id: id, err: String(error) }, 'relay: trying again');
        setTimeout(() => this.wake([id]), 1_000).unref();
      }
    }
  }

  private async relay(workspaceIds: readonly string[]): Promise<void> {
    await this.loadPositions(workspaceIds);
    const ranges = await this.options.source.range(
      workspaceIds.map((id) => ({ workspace_id: id, after: this.positions.get(id) ?? 0 })),
    );
    const events = ranges.flatMap((range) => range.events);
    if (events.length === 0) return;
    if (ranges.length > 1) globalThis.failpoint?.('relay.mid_batch');
    await Promise.all([
      this.options.publish(
        'task-updates',
        ranges.flatMap((range) => range.updates),
      ),
      this.options.publish('task-events', events),
    ]);
    globalThis.failpoint?.('relay.after_publish_before_position');
    await this.options.database.transact(
      async (tx) => {
        tx.write(this.sql.write, [
          ranges.map((range) => range.workspace_id),
          ranges.map((range) => range.epoch),
          ranges.map((range) => range.to),
        ]);
      },
      { durable: false },
    );
    for (const range of ranges) {
      this.positions.set(range.workspace_id, range.to);
      // What is committed from now on wakes the relay itself.
      if (range.more) this.dirty.add(range.workspace_id);
    }
  }

  private async loadPositions(workspaceIds: readonly string[]): Promise<void> {
    const missing = workspaceIds.filter((id) => !this.positions.has(id));
    if (missing.length === 0) return;
    const rows = await this.options.database.transact((tx) => tx.query(this.sql.read, [missing]));
    for (const id of missing) this.positions.set(id, 0);
    for (const row of rows) this.positions.set(row.workspace_id, row.sequence);
  }

  private async look(all: boolean): Promise<void> {
    const began = performance.now();
    // A command's time is read before it commits: look back over the longest one.
    const heads = await this.options.source.heads(
      all ? { all: true } : { moved_within: (began - this.lastLook) / 1000 + 60 },
    );
    this.lastLook = began;
    await this.loadPositions(heads.map((head) => head.workspace_id));
    const behind = heads.filter((head) => (this.positions.get(head.workspace_id) ?? 0) < head.head);
    this.measure(behind);
    this.wake(behind.map((head) => head.workspace_id));
  }

  private behindSince = 0;
  private measure(behind: readonly Head[]): void {
    const changes = behind.reduce((sum, head) => sum + head.head - (this.positions.get(head.workspace_id) ?? 0), 0);
    if (changes === 0) this.behindSince = 0;
    else if (this.behindSince === 0) this.behindSince = Date.now();
    this.options.metrics.relayLagChanges.set(changes);
    this.options.metrics.relayLagSeconds.set(this.behindSince === 0 ? 0 : (Date.now() - this.behindSince) / 1000);
  }
}
