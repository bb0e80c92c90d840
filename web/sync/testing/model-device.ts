import type { SyncChange } from '@taskmaster/contracts/sync/changes';
import type { PushAnswer } from '@taskmaster/contracts/sync/ops';
import type { Op } from '@taskmaster/domain/commands/world';
import { type BlockedOp, type CacheImage, Device, type PendingOp, wireOp } from '../device.ts';
import { type ModelServer, place } from './model-server.ts';

/** A device in pieces: memory, two disks and a network, so that a test can stop it between any two of them. */
export class ModelDevice {
  device = new Device(place.workspace_id);
  /** Every edit confirmed to the person as kept on the device. */
  readonly confirmed: Op[] = [];
  private cache: CacheImage = { cursor: null, included: [], awaited: [], rows: [] };
  private outbox: PendingOp[] = [];
  private blocked: BlockedOp[] = [];
  private next = 1;

  constructor(
    readonly client_id: string,
    private readonly server: ModelServer,
  ) {}

  edit(op: Op, at: string): void {
    const draft = { ...op, at, n: 0 };
    this.device.add([draft]);
    const numbered = { ...draft, n: this.next++ };
    this.outbox.push(structuredClone(numbered));
    this.device.add([numbered]);
    this.confirmed.push(op);
  }

  /** Base with what it includes, in one write; the outbox is another. */
  saveCache(): void {
    const { whole, image } = this.device.takeDirty();
    if (!image.cursor) return;
    const rows = new Map((whole ? [] : this.cache.rows).map((one) => [`${one.entity}:${one.row.id}`, one]));
    for (const one of image.rows) rows.set(`${one.entity}:${one.row.id}`, one);
    this.cache = structuredClone({ ...image, rows: [...rows.values()] });
  }
  clearOutbox(): void {
    const gone = new Set(this.device.settled().map((one) => one.op));
    const saved = new Set(this.cache.included);
    const both = [...gone].filter((op) => saved.has(op));
    this.outbox = this.outbox.filter((one) => !both.includes(one.op));
    this.device.forget(both);
  }
  saveBlocked(): void {
    for (const one of this.device.blocked)
      if (!this.blocked.some((old) => old.op === one.op)) this.blocked.push(structuredClone(one));
    this.outbox = this.outbox.filter((one) => !this.blocked.some((old) => old.op === one.op));
  }

  /** Power goes; what was on the disks comes back. */
  crash(): void {
    this.device = new Device(
      place.workspace_id,
      structuredClone(this.cache),
      structuredClone(this.outbox),
      structuredClone(this.blocked),
    );
  }

  sent(most: number): PushAnswer | null {
    const ops = this.device.unsent().slice(0, most);
    return ops.length === 0 ? null : this.server.push(this.client_id, structuredClone(ops.map(wireOp)));
  }
  answered(answer: PushAnswer): void {
    const { renumber } = this.device.verdicts(answer.results, answer.head);
    this.saveBlocked();
    if (!renumber) return;
    const open = this.device.unsent();
    const from = Math.max(
      0,
      open.findIndex((one) => one.op === renumber.op),
    );
    const moved = open.slice(from).map((one, index) => ({ ...one, n: renumber.expect + index }));
    for (const one of moved) this.outbox = this.outbox.map((old) => (old.op === one.op ? structuredClone(one) : old));
    this.next = renumber.expect + moved.length;
    this.device.add(moved);
  }

  pull(limit: number): void {
    const { cursor } = this.device;
    const answer = cursor && this.server.changes(cursor.seq, cursor.op, cursor.epoch, this.client_id, limit);
    if (!answer) this.device.restart(this.server.snapshot(this.client_id));
    else {
      this.device.receive(structuredClone(answer));
      this.device.learn(answer.mine.filter((one) => one.seq <= answer.to || one.status === 'rejected'));
    }
    this.saveBlocked();
  }
  hear(events: readonly SyncChange[], epoch: string): void {
    const first = events[0];
    const last = events.at(-1);
    if (first && last && this.device.cursor?.epoch === epoch)
      this.device.receive({ from: first.seq - 1, to: last.seq, events: structuredClone(events) as SyncChange[] });
  }
  isBlocked(op: string): boolean {
    return this.blocked.some((one) => one.op === op);
  }
}
