import type { SyncChange } from '@taskmaster/contracts/sync/changes';
import type { ServerFrame } from '@taskmaster/contracts/sync/frames';
import type { OpResult } from '@taskmaster/contracts/sync/ops';
import type { Op } from '@taskmaster/domain/commands/world';
import type { Bell } from './bell.ts';
import { type Cache, memoryCache } from './cache.ts';
import { type BlockedOp, Device, type PendingOp, wireOp } from './device.ts';
import { Line } from './line.ts';
import type { NewOp, Outbox } from './outbox.ts';
import { type OverflowingOutbox, overflowing } from './overflow.ts';
import { SCHEMA, ServerRefusal, type Transport } from './transport.ts';

const MOST_OPS = 100;
const MOST_BYTES = 200_000;
/** How long the tab that made an edit has to send it before another tab does. */
const OTHERS_MS = 2_000;

export type Connection = 'starting' | 'live' | 'polling' | 'offline' | 'signed_out' | 'closed' | 'revoked' | 'too_old';

export interface SyncStatus {
  connection: Connection;
  /** What the server says of an account that is closed: when it will be erased. */
  closed: string | null;
  /** When the server stopped answering, by the clock of the device. */
  since: string | null;
  sending: boolean;
  /** False where the browser lends no storage: edits are then only in memory until they are sent. */
  stored: boolean;
}

/** How long a row shows that another device has changed it. */
const ARRIVED_MS = 1_200;

/** What the tabs of one browser tell each other. */
type Word =
  | { t: 'here'; isNew: boolean }
  | { t: 'edits' }
  | { t: 'taken'; results: OpResult[]; head: number }
  | { t: 'signed_out' };

export interface SyncClientParts {
  user_id: string;
  workspace_id: string;
  outbox: Outbox;
  cache: Cache;
  transport: Transport;
  /** Called after every change of what is shown or known. */
  changed(): void;
  /** Hears of what the person was told. */
  bell?: Pick<Bell, 'rang' | 'joined' | 'polled'>;
}

/**
 * Keeps a device and the server the same: an edit is in memory at once, on disk before it is sent, and leaves the outbox
 * only when the server's state here holds it. Refusals of single edits are kept for their author; nothing else drops one.
 */
export class SyncClient {
  device: Device;
  status: SyncStatus = { connection: 'starting', closed: null, since: null, sending: false, stored: true };
  /** Ids of what others have changed in the last moment. */
  arrived: ReadonlySet<string> = new Set();
  private client_id = '';
  private readonly outbox: OverflowingOutbox;
  private cache: Cache;
  private readonly line: Line;
  private isStopped = false;
  /** Signed out, here or in another tab: nothing is to be written any more. */
  private isGone = false;
  private pulling: Promise<void> | undefined;
  private pullAgain = false;
  private hasOthers = false;
  private pushing = false;
  private pushAgain = false;
  private saving: Promise<void> = Promise.resolve();
  private readonly channel: BroadcastChannel | undefined;
  private readonly offs: (() => void)[] = [];

  constructor(private readonly parts: SyncClientParts) {
    this.outbox = overflowing(parts.outbox);
    this.cache = parts.cache;
    this.line = new Line({
      ticket: () => parts.transport.ticket(),
      hello: () => ({
        t: 'hello',
        client_id: this.client_id,
        schema: SCHEMA,
        spaces: [{ id: parts.workspace_id, cursor: this.device.cursor }],
      }),
      hear: (frame) => this.hear(frame),
      catchUp: async () => {
        if (!this.line.isLive) this.parts.bell?.polled();
        await this.pull();
        void this.push();
      },
      failed: (error) => this.failed(error),
    });
    this.device = new Device(parts.workspace_id);
    this.channel =
      typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(`taskmaster-${parts.user_id}`);
  }

  /** Opens what is on the device, shows it, then goes to the server. */
  async start(): Promise<void> {
    const read = await this.outbox.read();
    this.status = { ...this.status, stored: this.outbox.isStored };
    const image = await this.cache.read().catch(() => {
      this.cache = memoryCache();
      return undefined;
    });
    if (this.isStopped) return;
    this.client_id = read.client_id;
    const early = this.device.pending;
    this.device = new Device(this.parts.workspace_id, image, read.pending, read.blocked);
    this.device.add(early);
    await this.clearOutbox();
    this.parts.changed();
    this.listen();
    void this.line.open();
  }

  stop(): void {
    this.isStopped = true;
    for (const off of this.offs) off();
    this.line.close();
    this.channel?.close();
  }

  /** Takes everything of this person off the device. `sparing` leaves what the server has not got, for when they come back. */
  async destroy(sparing = false): Promise<void> {
    this.tell({ t: 'signed_out' });
    this.isGone = true;
    this.stop();
    await this.saving;
    const isSpared = sparing && this.device.outside().length + this.device.blocked.length > 0;
    // The cache that was opened, also where it was given up since.
    await Promise.allSettled([isSpared ? undefined : this.outbox.destroy(), this.parts.cache.destroy()]);
  }

  /** Shows ops at once, writes them down, then sends them. Rejects only where they could be kept nowhere. */
  async edit(ops: readonly Op[]): Promise<void> {
    const at = new Date().toISOString();
    const base_seq = this.device.cursor?.seq;
    const drafts: NewOp[] = ops.map((op) => ({ ...op, at, ...(base_seq === undefined ? {} : { base_seq }) }));
    this.device.add(drafts.map((draft) => ({ ...draft, n: 0 })));
    this.parts.changed();
    await this.saveEdits(drafts);
    this.parts.changed();
    void this.push();
  }

  async dismiss(op: string): Promise<void> {
    this.device.blocked = this.device.blocked.filter((one) => one.op !== op);
    this.parts.changed();
    await this.outbox.dismiss(op);
    this.tell({ t: 'edits' });
  }

  /** After signing in again, or taking a closed account back. */
  resume(): void {
    this.line.wake();
  }

  private saveEdits(drafts: readonly NewOp[]): Promise<void> {
    const saved = this.saving.then(async () => {
      if (this.isGone) return;
      const numbered = await this.outbox.append(drafts);
      const stored = this.outbox.isStored;
      if (stored) this.tell({ t: 'edits' });
      if (stored !== this.status.stored) this.status = { ...this.status, stored };
      this.device.add(numbered);
    });
    this.saving = saved.catch(() => undefined);
    return saved;
  }

  private listen(): void {
    const now = () => {
      if (document.visibilityState !== 'hidden') this.line.wake();
    };
    for (const [target, type] of [
      [window, 'online'],
      [window, 'pageshow'],
      [document, 'visibilitychange'],
    ] as const) {
      target.addEventListener(type, now);
      this.offs.push(() => target.removeEventListener(type, now));
    }
    if (!this.channel) return;
    this.channel.onmessage = ({ data }: MessageEvent<Word>) => this.hearTab(data);
    this.tell({ t: 'here', isNew: true });
  }

  private tell(word: Word): void {
    this.channel?.postMessage(word);
  }

  private hearTab(word: Word): void {
    this.hasOthers = true;
    switch (word.t) {
      case 'here':
        if (word.isNew) this.tell({ t: 'here', isNew: false });
        return;
      case 'edits':
        // The tab that made an edit sends it; this one only where that one is closed or stuck.
        setTimeout(() => void this.push(), OTHERS_MS);
        void this.readOthers();
        return;
      case 'taken':
        this.device.verdicts(word.results, word.head);
        this.parts.changed();
        return;
      case 'signed_out':
        this.isGone = true;
        this.stop();
        location.replace('/');
    }
  }

  /** What other tabs have written to the outbox. */
  private async readOthers(): Promise<void> {
    const { pending, blocked } = await this.outbox.read();
    if (this.isStopped) return;
    this.device.add(pending);
    this.device.blocked = blocked;
    this.parts.changed();
  }

  private hear(frame: ServerFrame): boolean {
    const { device } = this;
    switch (frame.t) {
      case 'welcome':
        this.connected();
        for (const space of frame.spaces)
          if (space.id === this.parts.workspace_id) device.head = Math.max(device.head, space.head);
        this.parts.bell?.joined();
        return true;
      case 'bell':
        this.parts.bell?.rang(frame);
        return false;
      case 'ev': {
        // A frame names the first sequence in it, a batch the one before.
        const reception = device.receive({ ...frame, from: frame.from - 1 });
        if (reception !== 'applied') return reception === 'gap';
        this.noteArrivals(frame.events);
        this.parts.changed();
        void this.save();
        return false;
      }
      case 'head':
        device.head = Math.max(device.head, frame.head);
        return frame.head > (device.cursor?.seq ?? 0);
      case 'pull':
        return true;
      case 'reset':
        void this.restart().catch((error) => this.failed(error));
        return false;
      case 'revoked':
        this.status = { ...this.status, connection: 'revoked' };
        this.line.close();
        this.parts.changed();
        return false;
      default:
        return false;
    }
  }

  /** What somebody else, or another device, has just changed. */
  private noteArrivals(events: readonly SyncChange[]): void {
    const others = events.filter(({ client_id, actor }) => client_id !== this.client_id && actor.kind !== 'system');
    if (others.length === 0) return;
    const ids = others.map((event) => event.entity_id);
    this.arrived = new Set([...this.arrived, ...ids]);
    setTimeout(() => {
      this.arrived = new Set([...this.arrived].filter((id) => !ids.includes(id)));
      this.parts.changed();
    }, ARRIVED_MS);
  }

  private connected(): void {
    const connection = this.line.isLive ? 'live' : 'polling';
    if (this.status.connection === connection || this.status.connection === 'revoked') return;
    this.status = { ...this.status, connection, closed: null, since: null };
    this.parts.changed();
  }

  /** Fetches what is missing; asked again while it runs, it runs once more. */
  private pull(): Promise<void> {
    if (this.pulling) {
      this.pullAgain = true;
      return this.pulling;
    }
    this.pulling = (async () => {
      do {
        this.pullAgain = false;
        await this.pullOnce();
      } while (this.pullAgain);
      this.pulling = undefined;
    })();
    const mine = this.pulling;
    mine.catch(() => {
      if (this.pulling === mine) this.pulling = undefined;
    });
    return mine;
  }

  private async pullOnce(): Promise<void> {
    const { device } = this;
    if (!device.cursor) return this.restart();
    try {
      for (;;) {
        const answer = await this.parts.transport.changes(device.cursor, this.name());
        device.receive(answer);
        await this.refused(
          device.learn(
            answer.to >= answer.head
              ? answer.mine
              : answer.mine.filter((one) => one.seq <= answer.to || one.status === 'rejected'),
          ),
        );
        this.connected();
        this.parts.changed();
        await this.save();
        if (answer.to >= answer.head || !device.cursor) return;
      }
    } catch (error) {
      if (error instanceof ServerRefusal && error.status === 410) return this.restart();
      throw error;
    }
  }

  /** From the beginning, keeping every edit that is not in it. */
  private async restart(): Promise<void> {
    const snapshot = await this.parts.transport.snapshot(this.name());
    await this.refused(this.device.restart(snapshot));
    this.connected();
    this.parts.changed();
    await this.save();
    void this.push();
  }

  private name(): { client_id: string; from_n?: number } {
    const first = this.device.pending.find((one) => one.n > 0)?.n;
    return { client_id: this.client_id, ...(first ? { from_n: first } : {}) };
  }

  private async refused(refused: readonly BlockedOp[]): Promise<void> {
    if (refused.length === 0 || this.isGone) return;
    await this.outbox.block(refused);
    this.tell({ t: 'edits' });
    this.parts.changed();
  }

  /** First the base with what it includes, then the outbox: a crash between the two repeats the second. */
  private save(): Promise<void> {
    this.saving = this.saving.then(async () => {
      if (this.isGone) return;
      const { device } = this;
      const { whole, image } = device.takeDirty();
      if (!image.cursor) return;
      try {
        await this.cache.write(image, {
          whole,
          from: image.rows.length === 0 ? 0 : this.savedSeq,
          everything: () => ({ ...image, rows: [...device.rows.entries()] }),
        });
        this.savedSeq = image.cursor.seq;
      } catch {
        this.cache = memoryCache();
      }
      await this.clearOutbox();
    });
    return this.saving;
  }
  private savedSeq = 0;

  private async clearOutbox(): Promise<void> {
    const gone = this.device.settled().map((one) => one.op);
    if (gone.length === 0) return;
    await this.outbox.remove(gone);
    this.device.forget(gone);
    this.parts.changed();
  }

  /** Sends what is on disk, in its order, one batch after the other, one tab at a time where the browser can say so. */
  private async push(): Promise<void> {
    if (this.pushing) {
      this.pushAgain = true;
      return;
    }
    if (this.isStopped || this.device.unsent().length === 0) return;
    this.pushing = true;
    this.pushAgain = false;
    let isDone = false;
    try {
      const locks = typeof navigator === 'undefined' ? undefined : navigator.locks;
      if (locks) isDone = await locks.request(`taskmaster-push-${this.parts.user_id}`, () => this.pushAll());
      else isDone = await this.pushAll();
    } catch (error) {
      this.failed(error);
    } finally {
      this.pushing = false;
      if (this.status.sending) {
        this.status = { ...this.status, sending: false };
        this.parts.changed();
      }
      // An edit made while the lock was being given back was seen by no batch. After a failure the retry sends it.
      if (isDone && this.pushAgain) {
        this.pushAgain = false;
        void this.push();
      }
    }
  }

  /** False where the server took nothing and nothing came of it: the same is then sent again later, not at once. */
  private async pushAll(): Promise<boolean> {
    let most = MOST_OPS;
    while (!this.isStopped) {
      // Another tab may have written edits with numbers before ours.
      if (this.hasOthers) await this.readOthers();
      const ops = this.batch(most);
      if (ops.length === 0) break;
      this.status = { ...this.status, sending: true };
      this.parts.changed();
      const { results, head } = await this.parts.transport.push(this.client_id, ops.map(wireOp)).catch((error) => {
        if (error instanceof ServerRefusal && error.status === 413 && most > 1) return { results: [], head: -1 };
        throw error;
      });
      if (head < 0) {
        most = Math.max(1, Math.floor(ops.length / 2));
        continue;
      }
      const { pull, renumber, refused } = this.device.verdicts(results, head);
      this.tell({ t: 'taken', results: results.filter((one) => one.status === 'ok' || one.status === 'dup'), head });
      await this.refused(refused);
      if (renumber) {
        const open = this.device.unsent();
        const from = open.findIndex((one) => one.op === renumber.op);
        this.device.add(
          await this.outbox.renumber(
            open.slice(Math.max(from, 0)).map((one) => one.op),
            renumber.expect,
          ),
        );
      }
      await this.save();
      if (pull) await this.pull();
      if (isSameBatch(ops, this.batch(most))) {
        this.line.retry();
        return false;
      }
      this.line.calm();
    }
    return true;
  }

  private batch(most: number): PendingOp[] {
    const ops: PendingOp[] = [];
    let bytes = 0;
    for (const one of this.device.unsent()) {
      bytes += JSON.stringify(one.patch).length * 2 + 300;
      if (ops.length > 0 && (ops.length >= most || bytes > MOST_BYTES)) break;
      ops.push(one);
    }
    return ops;
  }

  private failed(error: unknown): void {
    if (this.status.connection === 'revoked') return;
    const refusal = error instanceof ServerRefusal ? error : undefined;
    const connection = connectionAfter(refusal);
    if (this.status.connection !== connection) {
      const closed = connection === 'closed' ? (refusal?.detail ?? '') : null;
      this.status = { ...this.status, connection, closed, since: this.status.since ?? new Date().toISOString() };
      this.parts.changed();
    }
    this.line.rest();
    if (connection === 'offline') this.line.retry(refusal?.retry_after);
  }
}

function connectionAfter(refusal: ServerRefusal | undefined): Connection {
  if (refusal?.status === 401) return 'signed_out';
  if (refusal?.code === 'account_closed') return 'closed';
  return refusal?.code === 'schema_too_old' ? 'too_old' : 'offline';
}

const isSameBatch = (a: readonly PendingOp[], b: readonly PendingOp[]): boolean =>
  a.length === b.length && a.every((one, index) => one.op === b[index]?.op && one.n === b[index]?.n);
