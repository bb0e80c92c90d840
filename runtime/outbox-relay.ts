import type { Event } from '@taskmaster/contracts/events/event';
import { passingEventTypes, type Topic } from '@taskmaster/contracts/events/types';
import type { Database } from './database.ts';
import type { Statement } from './runtime.ts';
import type { Logger } from './telemetry.ts';

/** Publishes the events of a service that are no change, in the order they were written, and marks them. */
export class OutboxRelay<Owner extends string> {
  /** Set and cleared in step with the loop, so that no wake falls between its last look and its end. */
  private active = false;
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  private sweeper: NodeJS.Timeout | undefined;
  private readonly sql: {
    waiting: Statement<Owner, { id: string; topic: Topic; event: Event }>;
    mark: Statement<Owner, never>;
    unmark: Statement<Owner, { events: number }>;
  };

  constructor(
    private readonly schema: Owner,
    private readonly database: Database<Owner>,
    private readonly publish: (topic: Topic, events: readonly Event[]) => Promise<void>,
    private readonly log: Logger,
  ) {
    this.sql = {
      waiting: {
        owner: schema,
        name: `${this.schema}_outbox_waiting`,
        text: `select id, topic, event from ${schema}.outbox where published_at is null order by position limit 200`,
      },
      mark: {
        owner: schema,
        name: `${this.schema}_outbox_mark`,
        text: `update ${schema}.outbox set published_at = now() where id = any($1::uuid[])`,
      },
      unmark: {
        owner: schema,
        name: `${this.schema}_outbox_unmark`,
        text: `with again as (update ${schema}.outbox set published_at = null where published_at >= $1 and event->>'type' <> all($2) returning 1)
               select count(*) as events from again`,
      },
    };
  }

  start(): void {
    this.wake();
    this.sweeper = setInterval(() => this.wake(), 1_000);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.sweeper);
    await this.running;
  }

  wake(): void {
    this.again = true;
    if (this.active || this.stopped) return;
    this.active = true;
    this.running = this.run();
  }

  /** What was published since then, and is kept still, goes out again: by whichever instance relays. */
  async unmark(since: string): Promise<{ events: number }> {
    const [unmarked] = await this.database.transact((tx) => tx.query(this.sql.unmark, [since, passingEventTypes]));
    return { events: Number(unmarked?.events ?? 0) };
  }

  private async run(): Promise<void> {
    while (this.again && !this.stopped) {
      this.again = false;
      try {
        const rows = await this.database.transact((tx) => tx.query(this.sql.waiting, []));
        if (rows.length === 0) continue;
        for (const topic of new Set(rows.map((row) => row.topic)))
          await this.publish(
            topic,
            rows.filter((row) => row.topic === topic).map((row) => row.event),
          );
        globalThis.failpoint?.('outbox.after_publish_before_mark');
        await this.database.transact(async (tx) => tx.write(this.sql.mark, [rows.map((row) => row.id)]));
        this.again = true;
      } catch (error) {
        this.log.warn({ err: String(error) }, 'outbox: trying again');
        await new Promise((go) => setTimeout(go, 1_000));
      }
    }
    this.active = false;
  }
}
