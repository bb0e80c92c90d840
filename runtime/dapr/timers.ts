import { randomUUID } from 'node:crypto';
import type { StateStore } from '../runtime.ts';
import type { Logger } from '../telemetry.ts';

/** Seconds after which what an instance had in hand is another's: it died, or lost its sidecar. */
const LEASE = 10;

interface Timer {
  name: string;
  milliseconds: number;
  run(): Promise<void>;
  due: number;
  running: boolean;
}

/**
 * What runs again and again on one instance of an app: whoever makes the key first has the turn, keeps it while it runs, and
 * leaves it standing until the next turn is due. Ticked from outside; a tick that is lost costs its second.
 */
export class Timers {
  private readonly timers: Timer[] = [];
  private readonly instance = randomUUID();
  private readonly running = new Set<Promise<void>>();
  private stopped = false;

  constructor(
    private readonly state: StateStore,
    private readonly log: Logger,
  ) {}

  every(name: string, milliseconds: number, run: () => Promise<void>): void {
    this.timers.push({ name, milliseconds, run, due: Date.now() + milliseconds, running: false });
  }

  tick(): void {
    if (this.stopped) return;
    for (const timer of this.timers) {
      if (timer.running || Date.now() < timer.due) continue;
      timer.running = true;
      const turn = this.take(timer).finally(() => {
        timer.running = false;
        this.running.delete(turn);
      });
      this.running.add(turn);
    }
  }

  /** No turn begins any more. */
  rest(): void {
    this.stopped = true;
  }

  async stop(): Promise<void> {
    this.rest();
    await Promise.all(this.running);
  }

  private async take(timer: Timer): Promise<void> {
    const key = `turn: ${timer.name}`;
    try {
      if (!(await this.state.createIfAbsent(key, this.instance, LEASE))) {
        // Another has it: it is looked for again when that one may have gone.
        timer.due = Date.now() + Math.min(timer.milliseconds, LEASE * 1000);
        return;
      }
      this.log.debug({ job: timer.name }, 'its turn');
      const keep = setInterval(() => void this.hold(key, LEASE), (LEASE * 1000) / 3);
      try {
        await timer.run();
      } finally {
        clearInterval(keep);
        timer.due = Date.now() + timer.milliseconds;
        await this.leave(key, timer.milliseconds);
      }
    } catch (error) {
      timer.due = Date.now() + timer.milliseconds;
      this.log.warn({ job: timer.name, err: String(error) }, 'job failed, next run as planned');
    }
  }

  /** Nobody runs it until about then; the key goes a little before, for whoever looks first. */
  private async leave(key: string, milliseconds: number): Promise<void> {
    const seconds = Math.floor((milliseconds - 500) / 1000);
    if (seconds >= 1) return this.hold(key, seconds);
    await this.state.delete(key).catch((error) => this.log.warn({ job: key, err: String(error) }, 'its turn was kept'));
  }

  /** Only while it is ours: whoever was frozen for longer than its lease has lost it, and takes nothing back. */
  private async hold(key: string, seconds: number): Promise<void> {
    try {
      const held = await this.state.get<string>(key);
      if (held?.value !== this.instance) return;
      await this.state.set(key, this.instance, { etag: held.etag, ttlSeconds: seconds });
    } catch (error) {
      this.log.warn({ job: key, err: String(error) }, 'its turn was not kept');
    }
  }
}
