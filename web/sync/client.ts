import type { ServerFrame } from '@taskmaster/contracts/sync/frames';
import type { Op } from '@taskmaster/domain/commands/world';
import { v7 } from 'uuid';
import type { Bell } from './bell.ts';
import { type Cache, memoryCache } from './cache.ts';
import { type BlockedOp, Device, type PendingOp, wireOp } from './device.ts';
import { memoryOutbox, type NewOp, type Outbox } from './outbox.ts';
import { SCHEMA, ServerRefusal, type Transport } from './transport.ts';

const MOST_OPS = 100;
const MOST_BYTES = 200_000;
const POLL_MS = 4_000;
const QUIET_MS = 45_000;
const LONGEST_WAIT_MS = 30_000;

export type Connection = 'starting' | 'live' | 'polling' | 'offline' | 'signed_out' | 'revoked' | 'too_old';

export interface SyncStatus {
  connection: Connection;
  /** When the server stopped answering, by the clock of the device. */
  since: string | null;
  sending: boolean;
  /** False where the browser lends no storage: edits are then only in memory until they are sent. */
  stored: boolean;
}

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
  status: SyncStatus = { connection: 'starting', since: null, sending: false, stored: true };
  private client_id = '';
  private outbox: Outbox;
  private cache: Cache;
  private socket: WebSocket | undefined;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private poll: ReturnType<typeof setInterval> | undefined;
  private heard = 0;
  private isStopped = false;
  private isConnecting = false;
  private pulling: Promise<void> | undefined;
  private pullAgain = false;
  private pushing = false;
  private pushAgain = false;
  private saving: Promise<void> = Promise.resolve();
  private readonly channel: BroadcastChannel | undefined;
  private readonly offs: (() => void)[] = [];

  constructor(private readonly parts: SyncClientParts) {
    this.outbox = parts.outbox;
    this.cache = parts.cache;
    this.device = new Device(parts.workspace_id);
    this.channel =
      typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(`taskmaster-${parts.user_id}`);
  }

  /** Opens what is on the device, shows it, then goes to the server. */
  async start(): Promise<void> {
    const read = await this.outbox.read().catch(() => {
      this.status = { ...this.status, stored: false };
      return { client_id: v7(), pending: [], blocked: [] };
    });
    const image = await this.cache.read().catch(() => {
      this.cache = memoryCache();
      return undefined;
    });
    if (this.isStopped) return;
    this.client_id = read.client_id;
    const early = this.device.pending;
    this.device = new Device(this.parts.workspace_id, image, read.pending, read.blocked);
    this.device.add(early);
    if (!this.status.stored) this.keepInMemory();
    await this.clearOutbox();
    this.parts.changed();
    this.listen();
    void this.connect();
  }

  stop(): void {
    this.isStopped = true;
    for (const off of this.offs) off();
    clearTimeout(this.timer);
    clearInterval(this.poll);
    this.socket?.close();
    this.channel?.close();
  }

  /** Puts nothing of this person on the device any more. */
  async destroy(): Promise<void> {
    this.channel?.postMessage({ t: 'signed_out' });
    this.stop();
    await Promise.allSettled([this.outbox.destroy(), this.cache.destroy()]);
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
  }

  /** After signing in again. */
  resume(): void {
    this.attempt = 0;
    void this.connect();
  }

  private saveEdits(drafts: readonly NewOp[]): Promise<void> {
    const saved = this.saving.then(async () => {
      let numbered: PendingOp[];
      try {
        numbered = await this.outbox.append(drafts);
        this.channel?.postMessage({ t: 'edits' });
      } catch {
        this.keepInMemory();
        numbered = await this.outbox.append(drafts);
      }
      this.device.add(numbered);
    });
    this.saving = saved.catch(() => undefined);
    return saved;
  }

  /** From here on without the disk, with the same client and the numbers after its own. */
  private keepInMemory(): void {
    const { pending, blocked } = this.device;
    const next = Math.max(0, ...pending.map((one) => one.n)) + 1;
    const numbered = pending.filter((one) => one.n > 0);
    this.outbox = memoryOutbox(this.client_id, next, numbered, blocked);
    this.status = { ...this.status, stored: false };
  }

  private listen(): void {
    const now = () => {
      if (document.visibilityState === 'hidden') return;
      if (this.socket && this.socket.readyState === WebSocket.OPEN && Date.now() - this.heard < QUIET_MS)
        void this.pull();
      else this.resume();
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
    this.channel.onmessage = ({ data }: MessageEvent<{ t: string }>) => {
      if (data.t === 'edits') void this.readOthers();
      else if (data.t === 'signed_out') location.replace('/');
    };
  }

  /** What another tab has written to the outbox. */
  private async readOthers(): Promise<void> {
    const { pending, blocked } = await this.outbox.read();
    this.device.add(pending);
    this.device.blocked = blocked;
    this.parts.changed();
    void this.push();
  }

  private async connect(): Promise<void> {
    if (this.isStopped || this.isConnecting || this.status.connection === 'revoked') return;
    clearTimeout(this.timer);
    this.isConnecting = true;
    try {
      await this.pull();
      void this.push();
      await this.openSocket();
    } catch (error) {
      this.failed(error);
    } finally {
      this.isConnecting = false;
    }
  }

  private async openSocket(): Promise<void> {
    this.socket?.close();
    const { ticket, url } = await this.parts.transport.ticket();
    if (this.isStopped) return;
    const socket = new WebSocket(`${url}?ticket=${encodeURIComponent(ticket)}`, 'sync.v1');
    this.socket = socket;
    socket.onopen = () => {
      const { cursor } = this.device;
      socket.send(
        JSON.stringify({
          t: 'hello',
          client_id: this.client_id,
          schema: SCHEMA,
          spaces: [{ id: this.parts.workspace_id, cursor }],
        }),
      );
    };
    socket.onmessage = ({ data }) => {
      this.heard = Date.now();
      if (this.socket === socket) this.hear(JSON.parse(String(data)) as ServerFrame);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      if (this.isStopped || this.status.connection === 'revoked') return;
      // Without a socket (a proxy that knows none) the page asks every few seconds instead.
      this.startPolling();
      this.retry();
    };
  }

  private hear(frame: ServerFrame): void {
    switch (frame.t) {
      case 'welcome':
        this.attempt = 0;
        clearInterval(this.poll);
        this.connected('live');
        for (const space of frame.spaces)
          if (space.id === this.parts.workspace_id) this.device.head = Math.max(this.device.head, space.head);
        this.pullSoon();
        this.parts.bell?.joined();
        return;
      case 'bell':
        this.parts.bell?.rang(frame);
        return;
      case 'ev': {
        const reception = this.device.receive(frame);
        if (reception === 'applied') {
          this.parts.changed();
          void this.save();
        } else if (reception === 'gap') this.pullSoon();
        return;
      }
      case 'head':
        this.device.head = Math.max(this.device.head, frame.head);
        if (frame.head > (this.device.cursor?.seq ?? 0)) this.pullSoon();
        return;
      case 'pull':
        this.pullSoon();
        return;
      case 'reset':
        void this.restart().catch((error) => this.failed(error));
        return;
      case 'revoked':
        this.status = { ...this.status, connection: 'revoked' };
        this.parts.changed();
        return;
      case 'auth_expiring':
        void this.connect();
        return;
      case 'drain':
        setTimeout(() => this.socket?.close(), Math.random() * frame.in_ms);
    }
  }

  private startPolling(): void {
    clearInterval(this.poll);
    this.poll = setInterval(() => {
      if (document.visibilityState !== 'hidden') this.pullSoon();
      this.parts.bell?.polled();
    }, POLL_MS);
  }

  private connected(connection: 'live' | 'polling'): void {
    if (this.status.connection === connection) return;
    this.status = { ...this.status, connection, since: null };
    this.parts.changed();
  }

  private pullSoon(): void {
    this.pull().then(
      () => void this.push(),
      (error) => this.failed(error),
    );
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
    })().finally(() => {
      this.pulling = undefined;
    });
    return this.pulling;
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
        if (this.status.connection !== 'live') this.connected('polling');
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
    if (this.status.connection !== 'live') this.connected('polling');
    this.parts.changed();
    await this.save();
    void this.push();
  }

  private name(): { client_id: string; from_n?: number } {
    const first = this.device.pending.find((one) => one.n > 0)?.n;
    return { client_id: this.client_id, ...(first ? { from_n: first } : {}) };
  }

  private async refused(refused: readonly BlockedOp[]): Promise<void> {
    if (refused.length === 0) return;
    await this.outbox.block(refused);
    this.channel?.postMessage({ t: 'edits' });
    this.parts.changed();
  }

  /** First the base with what it includes, then the outbox: a crash between the two repeats the second. */
  private save(): Promise<void> {
    this.saving = this.saving.then(async () => {
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
    await this.outbox.remove(gone).catch(() => undefined);
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
    for (let ops = this.batch(most); ops.length > 0 && !this.isStopped; ops = this.batch(most)) {
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
      if (renumber && isSameBatch(ops, this.batch(most))) {
        this.retry();
        return false;
      }
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
    const refusal = error instanceof ServerRefusal ? error : undefined;
    const connection: Connection =
      refusal?.status === 401 ? 'signed_out' : refusal?.code === 'schema_too_old' ? 'too_old' : 'offline';
    if (this.status.connection !== connection) {
      this.status = { ...this.status, connection, since: this.status.since ?? new Date().toISOString() };
      this.parts.changed();
    }
    clearInterval(this.poll);
    if (connection === 'offline') this.retry(refusal?.retry_after);
  }

  /** Full jitter, so that a server that comes back is not met by all at once. */
  private retry(after = 0): void {
    if (this.isStopped) return;
    clearTimeout(this.timer);
    const longest = Math.min(LONGEST_WAIT_MS, 500 * 2 ** this.attempt++);
    this.timer = setTimeout(() => void this.connect(), Math.max(after * 1000, Math.random() * longest));
  }
}

const isSameBatch = (a: readonly PendingOp[], b: readonly PendingOp[]): boolean =>
  a.length === b.length && a.every((one, index) => one.op === b[index]?.op && one.n === b[index]?.n);
