import type { ChangesAnswer, Mine, SyncChange } from '@taskmaster/contracts/sync/changes';
import type { OpResult, PushAnswer, SyncOp } from '@taskmaster/contracts/sync/ops';
import { decide } from '@taskmaster/domain/commands/decide';
import { applyChange, SNAPSHOT_KEEPS_DAYS } from '@taskmaster/domain/commands/world';
import type { Rows } from '@taskmaster/domain/registers';
import type { Task } from '@taskmaster/domain/task';
import type { Snapshot } from '../device.ts';
import { RowStore } from '../rows.ts';
import { momentAt } from '../view.ts';

const WORKSPACE = '00000000-0000-7000-8000-000000000001';
const DAY = 24 * 60 * 60 * 1000;
const USER = '00000000-0000-7000-8000-000000000002';
export const place = { workspace_id: WORKSPACE, user_id: USER, time_zone: 'UTC' };

/** The server as devices know it, in memory: one log, ops once each, numbers in order, rejections remembered. For tests. */
export class ModelServer {
  log: SyncChange[] = [];
  rows = new RowStore();
  epoch = 'epoch-0';
  private processed = new Map<string, Mine & { client_id: string; n: number; code?: string }>();
  private lastNumbers = new Map<string, number>();
  private acts = 0;

  get head(): number {
    return this.log.length;
  }
  /** What became of an op: in the log, taken without effect, or refused; undefined where it never came. */
  fateOf(op: string): { fate: 'logged' | 'no-op' | 'rejected'; seq: number } | undefined {
    const done = this.processed.get(op);
    if (!done) return undefined;
    if (done.status === 'rejected') return { fate: 'rejected', seq: done.seq };
    return { fate: this.log.some((change) => change.op === op) ? 'logged' : 'no-op', seq: done.seq };
  }
  private opAt(seq: number): string | null {
    return this.log[seq - 1]?.op ?? null;
  }

  push(client_id: string, ops: readonly SyncOp[]): PushAnswer {
    const results: OpResult[] = [];
    for (const op of ops) {
      const done = this.processed.get(op.op);
      if (done) {
        const { code, seq } = done;
        results.push(
          code ? { op: op.op, status: 'rejected', seq, error: { code } } : { op: op.op, status: 'dup', seq },
        );
        continue;
      }
      const expect = (this.lastNumbers.get(client_id) ?? 0) + 1;
      if (op.n !== expect) {
        results.push({ op: op.op, status: 'order', expect });
        break;
      }
      this.lastNumbers.set(client_id, op.n);
      const decision = decide(this.rows, this.moment(), [op]);
      if (!decision.ok) {
        const { code } = decision;
        this.processed.set(op.op, { op: op.op, status: 'rejected', seq: this.head, client_id, n: op.n, code });
        results.push({ op: op.op, status: 'rejected', error: { code } });
        continue;
      }
      this.write(op.op, client_id, decision.changes);
      this.processed.set(op.op, { op: op.op, status: 'ok', seq: this.head, client_id, n: op.n });
      results.push({ op: op.op, status: 'ok', seq: this.head });
    }
    return { results, head: this.head };
  }

  /** What a consumer does a little later: the successors that completions have announced. */
  bringAbout(): void {
    for (const task of [...this.rows.all('task')]) {
      if (task.status !== 'completed' || !task.successor_id || this.rows.get('task', task.successor_id)) continue;
      const op = {
        op: `successor-${task.successor_id}`,
        kind: 'update' as const,
        entity: 'task' as const,
        id: task.successor_id,
        patch: {},
      };
      const decision = decide(this.rows, this.moment(), [op]);
      if (decision.ok) this.write(op.op, 'server', decision.changes);
    }
  }

  /** Null: the cursor is not of this history. Sets are never cut. */
  changes(since: number, op: string | null, epoch: string, client_id: string, limit: number): ChangesAnswer | null {
    if (epoch !== this.epoch || since > this.head || (since > 0 && this.opAt(since) !== op)) return null;
    let to = Math.min(this.head, since + limit);
    for (let last = this.log[to - 1]; last && last.set_index < last.set_size - 1; last = this.log[to - 1]) to++;
    return { from: since, to, head: this.head, epoch, events: this.log.slice(since, to), mine: this.mineOf(client_id) };
  }

  snapshot(client_id: string): Snapshot {
    const rows = [...this.rows.entries()].filter(({ row }) => this.keeps(row as Task));
    return {
      cursor: { seq: this.head, op: this.opAt(this.head), epoch: this.epoch },
      rows: structuredClone(rows),
      mine: this.mineOf(client_id),
    };
  }

  /** Whether a snapshot taken now has the row. */
  keeps({ deleted_at, completed_at }: Partial<Task>): boolean {
    const age = completed_at ? this.now() - Date.parse(completed_at) : 0;
    return !deleted_at && age <= SNAPSHOT_KEEPS_DAYS * DAY;
  }

  /** A backup is put back: what came after it never was, and everyone is told by another epoch. */
  restoreBackup(seq: number): void {
    while (
      seq > 0 &&
      this.log[seq - 1] &&
      (this.log[seq - 1] as SyncChange).set_index < (this.log[seq - 1] as SyncChange).set_size - 1
    )
      seq--;
    this.log = this.log.slice(0, seq);
    const kept = new Set(this.log.map((change) => change.op));
    for (const op of this.processed.keys()) if (!kept.has(op)) this.processed.delete(op);
    this.lastNumbers = new Map();
    for (const { client_id, n } of this.processed.values())
      this.lastNumbers.set(client_id, Math.max(n, this.lastNumbers.get(client_id) ?? 0));
    this.epoch = `epoch-${Number(this.epoch.slice(6)) + 1}`;
    this.rows = replay(this.log);
  }

  private mineOf(client_id: string): Mine[] {
    return [...this.processed.values()]
      .filter((one) => one.client_id === client_id)
      .map(({ op, status, seq }) => ({ op, status, seq }));
  }
  private moment() {
    this.acts++;
    return momentAt(place, new Date(this.now()).toISOString());
  }
  /** Days pass between acts, so that much is soon long ago. */
  private now(): number {
    return Date.UTC(2026, 2, 10) + this.acts * 3 * DAY;
  }
  private write(
    op: string,
    client_id: string,
    changes: readonly {
      entity: SyncChange['entity'];
      entity_id: string;
      kind: string;
      patch: Record<string, unknown>;
    }[],
  ): void {
    const at = this.moment().at;
    for (const [set_index, { entity, entity_id, kind, patch }] of changes.entries()) {
      const change: SyncChange = {
        seq: this.head + 1,
        set_id: op,
        set_index,
        set_size: changes.length,
        act_id: op,
        op,
        client_id,
        actor: { kind: 'user', id: USER },
        entity,
        entity_id,
        kind,
        patch: structuredClone(patch),
        at,
      };
      this.log.push(change);
      lay(this.rows, change);
    }
  }
}

/** The rows that a log makes. */
export function replay(log: readonly SyncChange[]): RowStore {
  const rows = new RowStore();
  for (const change of log) lay(rows, change);
  return rows;
}

function lay(rows: RowStore, change: SyncChange): void {
  const { entity, entity_id } = change;
  rows.set(
    entity,
    applyChange(entity, rows.get(entity, entity_id), { ...change, workspace_id: WORKSPACE }) as Rows[typeof entity],
  );
}
