import { decide } from '@taskmaster/domain/commands/decide';
import { bringAboutSuccessor } from '@taskmaster/domain/commands/successor';
import { Draft, type Moment } from '@taskmaster/domain/commands/world';
import type { Entity, Rows } from '@taskmaster/domain/registers';
import type { Reminder, Task } from '@taskmaster/domain/task';
import { localOf } from '@taskmaster/domain/time/zoned';
import type { PendingOp } from './device.ts';
import type { RowStore } from './rows.ts';

export interface ViewSource {
  rows: RowStore;
  awaited: ReadonlySet<string>;
  outside: readonly PendingOp[];
  workspace_id: string;
  user_id: string;
  time_zone: string;
  now: string;
}

/**
 * What this device shows: the server's rows with the own edits laid over them by the very commands that the server runs.
 * A successor that a completion promises is there at once. Good until the device next changes.
 */
export class View {
  private readonly draft: Draft;
  private readonly touched = new Set<string>();
  private readonly lists = new Map<Entity, readonly Rows[Entity][]>();
  private childrenById: Map<string, Task[]> | undefined;

  constructor(private readonly source: ViewSource) {
    this.draft = new Draft(source.rows, momentAt(source, source.now));
    for (const op of source.outside) {
      const decision = decide(this.draft, momentAt(source, op.at), [op]);
      if (!decision.ok) continue;
      this.draft.adopt(decision.changes);
      for (const change of decision.changes) this.touched.add(change.entity_id);
    }
    const promised = this.draft.changes.flatMap(
      ({ row, entity }) => (entity === 'task' && (row as Task).successor_id) || [],
    );
    for (const id of [...source.awaited, ...promised]) bringAboutSuccessor(this.draft, id);
  }

  /** Today and the time of day where the reader is. */
  get wallClock(): { today: string; time: string } {
    const { today, time } = this.draft.moment;
    return { today, time };
  }

  get<E extends Entity>(entity: E, id: string): Rows[E] | undefined {
    return this.draft.get(entity, id);
  }

  /** Every row of a kind that is not deleted. */
  all<E extends Entity>(entity: E): readonly Rows[E][] {
    const known = this.lists.get(entity);
    if (known) return known as readonly Rows[E][];
    const laid = new Set<string>();
    const rows: Rows[E][] = [];
    const keep = (row: Rows[E] | undefined) => {
      if (row && !(row as { deleted_at?: string | null }).deleted_at) rows.push(row);
    };
    for (const change of this.draft.changes) {
      if (change.entity !== entity || laid.has(change.entity_id)) continue;
      laid.add(change.entity_id);
      keep(this.draft.get(entity, change.entity_id));
    }
    for (const row of this.source.rows.all(entity)) if (!laid.has(row.id)) keep(row);
    this.lists.set(entity, rows);
    return rows;
  }

  /** Sub-tasks that are not deleted, in their order. */
  childrenOf(taskId: string): readonly Task[] {
    if (!this.childrenById) {
      this.childrenById = new Map();
      for (const task of this.all('task')) {
        if (!task.parent_id) continue;
        const siblings = this.childrenById.get(task.parent_id);
        if (siblings) siblings.push(task);
        else this.childrenById.set(task.parent_id, [task]);
      }
      for (const siblings of this.childrenById.values()) siblings.sort(byPosition);
    }
    return this.childrenById.get(taskId) ?? [];
  }

  remindersOf(task: Task): Reminder[] {
    const found = [task.id, task.series_id].flatMap((id) => (id ? this.draft.remindersOf(id) : []));
    return [...new Map(found.map((one) => [one.id, one])).values()].filter((one) => one.deleted_at === null);
  }

  /** `here` while an edit of it is on this device alone. */
  stateOf(id: string): 'here' | 'server' {
    return this.touched.has(id) ? 'here' : 'server';
  }
}

export const byPosition = (a: Task, b: Task): number =>
  a.position < b.position ? -1 : a.position > b.position ? 1 : a.id < b.id ? -1 : 1;

/** An instant on the reader's wall clock, as commands want it. */
export function momentAt(
  { workspace_id, user_id, time_zone }: Pick<ViewSource, 'workspace_id' | 'user_id' | 'time_zone'>,
  at: string,
): Moment {
  const local = localOf(at, time_zone);
  return { at, user_id, workspace_id, time_zone, today: local.date, time: local.time, offline: true };
}
