import { foldName } from '../ids.ts';
import { applyPatch, difference, type Entity, type Patch, type Row, type Rows, wholePatch } from '../registers.ts';
import type { Reminder, Task } from '../task.ts';

/** What a person, a device or a program asks for. Every way in (REST, sync, chat, CLI, a consumer) ends as ops. */
export interface Op {
  /** The id of the request: the same op twice has one effect. */
  op: string;
  kind: 'create' | 'update' | 'complete' | 'reopen' | 'skip' | 'snooze' | 'delete' | 'restore';
  entity: Entity;
  id: string;
  patch: Patch;
  /** For an occurrence of a series: this one alone, or the series from here on. */
  scope?: 'this' | 'series';
}

/** When, where and by whom: clocks and callers are arguments. */
export interface Moment {
  /** RFC 3339 UTC. */
  at: string;
  user_id: string;
  workspace_id: string;
  /** The caller's zone, and the wall clock there. */
  time_zone: string;
  today: string;
  time: string;
  /** An op made offline may name what has gone meanwhile: it is then placed in the Inbox rather than refused. */
  offline: boolean;
}

/** The rows a decision may look at: loaded by the server under the workspace lock, held in memory by a device. */
export interface World {
  get<E extends Entity>(entity: E, id: string): Rows[E] | undefined;
  /** Direct sub-tasks, deleted ones included. */
  childrenOf(taskId: string): Task[];
  tasksOfProject(projectId: string): Task[];
  tasksWithTag(foldedName: string): Task[];
  /** The completed occurrence whose successor has this id. */
  predecessorOf(taskId: string): Task | undefined;
  /** Of a task or a series, deleted ones included. */
  remindersOf(id: string): Reminder[];
  /** The last position among the siblings of a place. */
  lastPosition(projectId: string | null, parentId: string | null): string | null;
}

/** A task that was completed longer ago is not in the snapshot that a device starts from. */
export const SNAPSHOT_KEEPS_DAYS = 90;

export type ChangeKind =
  | 'created'
  | 'updated'
  | 'completed'
  | 'reopened'
  | 'skipped'
  | 'snoozed'
  | 'deleted'
  | 'restored'
  | 'erased';

/** One row's change: the patch by registers, what was really there, and the row after. */
export interface Change<E extends Entity = Entity> {
  entity: E;
  entity_id: string;
  kind: ChangeKind;
  patch: Patch;
  before: Patch | null;
  row: Rows[E];
}

export interface Refusal {
  ok: false;
  code: RefusalCode;
  errors?: { path: string; message: string }[];
}
export type RefusalCode =
  | 'not_found'
  | 'id_taken'
  | 'deleted'
  | 'invalid'
  | 'slot_mismatch'
  | 'completed_occurrence'
  | 'not_repeating'
  | 'parent_cycle'
  | 'too_many';
export type Decision = { ok: true; changes: Change[] } | Refusal;

/** Decides one op on a draft: adds its changes, or says why not. */
export type Command = (draft: Draft, op: Op) => Refusal | undefined;

export const refuse = (code: RefusalCode, ...errors: { path: string; message: string }[]): Refusal =>
  errors.length > 0 ? { ok: false, code, errors } : { ok: false, code };

/** A world with the changes decided so far laid over it. A row that comes out as it was makes no change. */
export class Draft implements World {
  readonly changes: Change[] = [];
  private readonly rows = new Map<string, Row>();

  constructor(
    private readonly world: World,
    readonly moment: Moment,
  ) {}

  get<E extends Entity>(entity: E, id: string): Rows[E] | undefined {
    return (this.rows.get(`${entity}:${id}`) as Rows[E] | undefined) ?? this.world.get(entity, id);
  }

  /** A new row. Its stamps (version, times) are set when it is written. */
  create<E extends Entity>(entity: E, row: Rows[E]): Rows[E] {
    return this.push({ entity, entity_id: row.id, kind: 'created', patch: wholePatch(entity, row), before: null, row });
  }

  /** The row as it is to be. One that comes back into view carries the whole row, so that a device without it can show it. */
  put<E extends Entity>(entity: E, kind: ChangeKind, row: Rows[E]): Rows[E] {
    const from = this.get(entity, row.id);
    if (!from) return this.create(entity, row);
    const { patch, before } = difference(entity, from, row);
    if (Object.keys(patch).length === 0 && kind !== 'snoozed') return from;
    if (!comesBack(kind, from, row, this.moment.at))
      return this.push({ entity, entity_id: row.id, kind, patch, before, row });
    return this.push({
      entity,
      entity_id: row.id,
      kind,
      patch: wholePatch(entity, row),
      before: wholePatch(entity, from),
      row,
    });
  }

  /** Lays changes decided elsewhere over this draft. */
  adopt(changes: readonly Change[]): void {
    for (const change of changes) this.push(change);
  }

  childrenOf(taskId: string): Task[] {
    return this.overlay(this.world.childrenOf(taskId), (task) => task.parent_id === taskId);
  }
  tasksOfProject(projectId: string): Task[] {
    return this.overlay(this.world.tasksOfProject(projectId), (task) => task.project_id === projectId);
  }
  tasksWithTag(foldedName: string): Task[] {
    return this.overlay(this.world.tasksWithTag(foldedName), (task) =>
      task.tags.some((tag) => foldName(tag) === foldedName),
    );
  }
  predecessorOf(taskId: string): Task | undefined {
    return (
      this.overlay([], (task) => task.successor_id === taskId)[0] ?? this.current(this.world.predecessorOf(taskId))
    );
  }
  remindersOf(id: string): Reminder[] {
    const known = this.world.remindersOf(id).map((row) => this.get('reminder', row.id) ?? row);
    const seen = new Set(known.map((row) => row.id));
    for (const change of this.changes) {
      const row = change.row as Reminder;
      if (change.entity === 'reminder' && !seen.has(row.id) && (row.task_id === id || row.series_id === id))
        known.push(row);
    }
    return known;
  }
  lastPosition(projectId: string | null, parentId: string | null): string | null {
    let last = this.world.lastPosition(projectId, parentId);
    for (const task of this.overlay([], (one) => one.project_id === projectId && one.parent_id === parentId))
      if (last === null || task.position > last) last = task.position;
    return last;
  }

  /** A task and all below it, parents first. */
  withDescendants(task: Task): Task[] {
    const all = [task];
    for (let index = 0; index < all.length; index++) all.push(...this.childrenOf((all[index] as Task).id));
    return all;
  }

  private push<E extends Entity>(change: Change<E>): Rows[E] {
    this.rows.set(`${change.entity}:${change.entity_id}`, change.row);
    this.changes.push(change as unknown as Change);
    return change.row;
  }
  private current(task: Task | undefined): Task | undefined {
    return task && this.get('task', task.id);
  }
  private overlay(known: Task[], belongs: (task: Task) => boolean): Task[] {
    const seen = new Set(known.map((task) => task.id));
    const current = known
      .map((task) => this.get('task', task.id) ?? task)
      .filter((task, index) => task === known[index] || belongs(task));
    for (const [key, row] of this.rows)
      if (key.startsWith('task:') && !seen.has(row.id) && belongs(row as Task)) current.push(row as Task);
    return current;
  }
}

/**
 * A snapshot leaves out what is deleted, archived, or was completed long ago. Half the days of what it keeps, so that whoever
 * reads one meanwhile has the row or is given it.
 */
function comesBack(kind: ChangeKind, from: Row, row: Row, at: string): boolean {
  if (kind === 'restored') return true;
  const [was, is] = [from as Partial<Task>, row as Partial<Task>];
  if (was.archived_at && !is.archived_at) return true;
  return Boolean(was.completed_at && !is.completed_at && Date.parse(at) - Date.parse(was.completed_at) > LONG_AGO);
}
const LONG_AGO = (SNAPSHOT_KEEPS_DAYS / 2) * 24 * 60 * 60 * 1000;

/** True of the patch that a creation, a restore or a coming back carries: a device needs no row to apply it to. */
export const isWhole = (patch: Patch): boolean => 'created_at' in patch;

/** Applies a change that arrived from elsewhere onto a row, or makes the row. */
export function applyChange<E extends Entity>(
  entity: E,
  row: Rows[E] | undefined,
  change: { entity_id: string; workspace_id: string; patch: Patch; seq: number; at: string },
): Rows[E] {
  const start =
    row ?? ({ id: change.entity_id, workspace_id: change.workspace_id, created_at: change.at } as unknown as Rows[E]);
  return { ...applyPatch(entity, start, change.patch), version: change.seq, updated_at: change.at };
}
