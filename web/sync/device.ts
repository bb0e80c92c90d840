import type { Mine, SyncChange } from '@taskmaster/contracts/sync/changes';
import type { SyncCursor } from '@taskmaster/contracts/sync/frames';
import type { OpResult, SyncOp } from '@taskmaster/contracts/sync/ops';
import { applyChange, isWhole, type Op } from '@taskmaster/domain/commands/world';
import type { Entity, Row, Rows } from '@taskmaster/domain/registers';
import type { Task } from '@taskmaster/domain/task';
import { RowStore } from './rows.ts';

/** An edit of this device. `n` is 0 until it is on disk; `at` is when it was made, by the clock of the device. */
export interface PendingOp extends Op {
  n: number;
  at: string;
  base_seq?: number;
}

/** An edit that the server refused, kept for its author. */
export interface BlockedOp extends PendingOp {
  code: string;
  errors?: { path: string; message: string }[];
}

/** What the cache keeps, in one transaction. */
export interface CacheImage {
  cursor: SyncCursor | null;
  included: string[];
  /** Successors that a completion has announced and that have not come yet. */
  awaited: string[];
  rows: { entity: Entity; row: Row }[];
}

export interface Snapshot {
  cursor: SyncCursor;
  rows: { entity: Entity; row: Row }[];
  mine: Mine[];
}

interface Batch {
  from: number;
  to: number;
  events: readonly SyncChange[];
}
export type Reception = 'applied' | 'ignored' | 'gap';

/** How many ops seen in the log are remembered, for another tab's edits that are heard of late. */
const RECENT = 2000;
/** After how many answers of the server a promised successor is no longer waited for. */
const PATIENCE = 8;

/**
 * The whole of a device's knowledge of one workspace, without disk, network or clock: the server's state up to a cursor,
 * the ids of own ops inside it, and the own ops outside of it. Sets are applied whole, each at most once, in order.
 */
export class Device {
  rows = new RowStore();
  cursor: SyncCursor | null = null;
  readonly included = new Set<string>();
  readonly awaited = new Set<string>();
  pending: PendingOp[] = [];
  blocked: BlockedOp[] = [];
  /** Highest head heard of. */
  head = 0;
  /** Rows touched since the last `takeDirty`: what the cache has to write. */
  private readonly dirty = new Map<string, { entity: Entity; row: Row }>();
  private isWhole = false;
  private readonly acknowledged = new Map<string, number>();
  private readonly recentOps = new Set<string>();
  private readonly answersByAwaited = new Map<string, number>();
  private buffered: Batch[] = [];

  constructor(
    readonly workspace_id: string,
    image?: CacheImage,
    pending: readonly PendingOp[] = [],
    blocked: readonly BlockedOp[] = [],
  ) {
    if (image?.cursor) {
      this.cursor = image.cursor;
      this.head = image.cursor.seq;
      for (const { entity, row } of image.rows) this.rows.set(entity, row as Rows[typeof entity]);
      for (const op of image.included) this.included.add(op);
      for (const id of image.awaited) this.awaited.add(id);
    }
    this.pending = [...pending];
    this.blocked = [...blocked];
  }

  /** Ops that are not inside the base, in their order: what is laid over it. */
  outside(): PendingOp[] {
    return this.pending.filter((one) => !this.included.has(one.op));
  }

  /** Takes ops that are new here: own edits, or those another tab has written to the outbox. */
  add(ops: readonly PendingOp[]): void {
    const known = new Set(this.pending.map((one) => one.op));
    const blocked = new Set(this.blocked.map((one) => one.op));
    for (const one of ops) {
      if (blocked.has(one.op)) continue;
      if (known.has(one.op))
        this.pending = this.pending.map((old) => (old.op === one.op ? { ...old, n: one.n || old.n } : old));
      else this.pending.push(one);
      if (this.recentOps.has(one.op)) this.included.add(one.op);
    }
    this.pending.sort(byNumber);
  }

  /** A batch of whole sets, `(from, to]`. What lies beyond the next sequence waits for the gap to be fetched. */
  receive(batch: Batch): Reception {
    if (!this.cursor) return 'gap';
    this.head = Math.max(this.head, batch.to);
    if (batch.to <= this.cursor.seq) return 'ignored';
    if (batch.from > this.cursor.seq) {
      if (this.buffered.length < 200 && !this.buffered.some((one) => one.from === batch.from && one.to === batch.to))
        this.buffered.push(batch);
      return 'gap';
    }
    this.apply(batch);
    for (;;) {
      const at: number = this.cursor.seq;
      this.buffered = this.buffered.filter((one) => one.to > at);
      const next = this.buffered.find((one) => one.from <= at);
      if (!next) break;
      this.apply(next);
    }
    this.includeAcknowledged();
    return 'applied';
  }

  /** What the server answered to a push. Returns what to do next. */
  verdicts(
    results: readonly OpResult[],
    head: number,
  ): { pull: boolean; renumber: { op: string; expect: number } | null; refused: BlockedOp[] } {
    this.head = Math.max(this.head, head);
    let renumber: { op: string; expect: number } | null = null;
    const refused: BlockedOp[] = [];
    for (const result of results) {
      // `dup` was accepted before, perhaps under another name of this device: what was refused is refused again.
      if ((result.status === 'ok' || result.status === 'dup') && result.seq !== undefined)
        this.acknowledged.set(result.op, result.seq);
      else if (result.status === 'rejected') {
        const blocked = this.block(result.op, result.error?.code ?? 'invalid', result.error?.errors);
        if (blocked) refused.push(blocked);
      } else if (result.status === 'order' && result.expect !== undefined)
        renumber = { op: result.op, expect: result.expect };
    }
    this.includeAcknowledged();
    return { pull: this.cursor !== null && this.head > this.cursor.seq, renumber, refused };
  }

  /** What became of own ops, as the server remembers it; read together with a base that reaches `seq`. */
  learn(mine: readonly Mine[]): BlockedOp[] {
    const refused: BlockedOp[] = [];
    for (const { op, status, seq } of mine) {
      if (status === 'rejected') {
        const blocked = this.block(op, 'refused');
        if (blocked) refused.push(blocked);
      } else if (this.pending.some((one) => one.op === op)) this.acknowledged.set(op, seq);
    }
    this.includeAcknowledged();
    this.waitNoLonger();
    return refused;
  }

  /** Starts anew from a snapshot; edits that are not inside it stay pending. */
  restart(snapshot: Snapshot): BlockedOp[] {
    this.rows = new RowStore();
    for (const { entity, row } of snapshot.rows) this.rows.set(entity, row as Rows[typeof entity]);
    this.cursor = snapshot.cursor;
    this.head = snapshot.cursor.seq;
    this.included.clear();
    this.awaited.clear();
    this.buffered = [];
    // Answers given before may be of a history that a restored backup has undone; `mine` says what holds now.
    this.acknowledged.clear();
    this.recentOps.clear();
    this.isWhole = true;
    return this.learn(snapshot.mine);
  }

  /** Ops whose effect is in the base and, once the base is on disk, have no business in the outbox. */
  settled(): PendingOp[] {
    return this.pending.filter((one) => this.included.has(one.op));
  }
  forget(ops: readonly string[]): void {
    const gone = new Set(ops);
    this.pending = this.pending.filter((one) => !gone.has(one.op));
    for (const op of ops) {
      this.included.delete(op);
      this.acknowledged.delete(op);
    }
  }

  /** What is to be sent next: on disk, not in the base, not acknowledged, in order. */
  unsent(): PendingOp[] {
    return this.outside().filter((one) => one.n > 0 && !this.acknowledged.has(one.op));
  }
  isAcknowledged(op: string): boolean {
    return this.acknowledged.has(op);
  }

  /** The cache write that brings the disk to this state: the rows touched, or all of them. */
  takeDirty(): { whole: boolean; image: CacheImage } {
    const rows = this.isWhole ? [...this.rows.entries()] : [...this.dirty.values()];
    const image = { cursor: this.cursor, included: [...this.included], awaited: [...this.awaited], rows };
    const whole = this.isWhole;
    this.isWhole = false;
    this.dirty.clear();
    return { whole, image };
  }

  private apply(batch: Batch): void {
    const cursor = this.cursor;
    if (!cursor) return;
    let last = cursor.op;
    for (const event of batch.events) {
      if (event.seq <= cursor.seq) continue;
      const { entity } = event;
      const known = this.rows.get(entity, event.entity_id);
      // A part of what the snapshot left out: there is nothing here that it could change.
      if (known || isWhole(event.patch)) {
        const row = applyChange(entity, known, { ...event, workspace_id: this.workspace_id });
        this.rows.set(entity, row);
        this.dirty.set(`${entity}:${row.id}`, { entity, row });
        if (entity === 'task') this.awaitSuccessor(row as Task, event.kind);
      }
      if (this.pending.some((one) => one.op === event.op)) this.included.add(event.op);
      this.remember(event.op);
      last = event.op;
    }
    this.cursor = { seq: Math.max(batch.to, cursor.seq), op: last, epoch: cursor.epoch };
  }

  /** Only a completion announces one: a later edit of a completed task says nothing about a successor deleted since. */
  private awaitSuccessor(task: Task, kind: string): void {
    this.awaited.delete(task.id);
    if (kind === 'completed' && task.successor_id && !this.rows.get('task', task.successor_id))
      this.awaited.add(task.successor_id);
    for (const id of this.awaited) if (this.rows.predecessorOf(id)?.status !== 'completed') this.awaited.delete(id);
  }

  /** A successor that so many answers did not bring is deleted on the server, unseen by this device: it is not to be shown. */
  private waitNoLonger(): void {
    for (const id of this.awaited) {
      const answers = (this.answersByAwaited.get(id) ?? 0) + 1;
      this.answersByAwaited.set(id, answers);
      if (answers > PATIENCE) this.awaited.delete(id);
    }
    for (const id of this.answersByAwaited.keys()) if (!this.awaited.has(id)) this.answersByAwaited.delete(id);
  }

  private includeAcknowledged(): void {
    const seq = this.cursor?.seq ?? -1;
    for (const [op, at] of this.acknowledged)
      if (at <= seq && this.pending.some((one) => one.op === op)) this.included.add(op);
  }

  private block(op: string, code: string, errors?: BlockedOp['errors']): BlockedOp | undefined {
    const found = this.pending.find((one) => one.op === op);
    if (!found) return undefined;
    const blocked: BlockedOp = { ...found, code, ...(errors ? { errors } : {}) };
    this.pending = this.pending.filter((one) => one.op !== op);
    this.blocked.push(blocked);
    return blocked;
  }

  private remember(op: string): void {
    this.recentOps.add(op);
    if (this.recentOps.size > RECENT) this.recentOps.delete(this.recentOps.values().next().value ?? '');
  }
}

/** What is not on disk yet comes last, in the order it was made. */
const byNumber = (a: PendingOp, b: PendingOp): number => {
  if (a.n === 0 || b.n === 0) return (a.n === 0 ? 1 : 0) - (b.n === 0 ? 1 : 0);
  return a.n - b.n;
};

/** The op as it goes over the wire. */
export const wireOp = ({ op, n, kind, entity, id, patch, scope, base_seq }: PendingOp): SyncOp => ({
  op,
  n,
  kind,
  entity: entity as SyncOp['entity'],
  id,
  patch,
  ...(scope ? { scope } : {}),
  ...(base_seq === undefined ? {} : { base_seq }),
});
