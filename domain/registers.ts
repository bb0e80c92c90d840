import { foldName } from './ids.ts';
import type { Project, Reminder, Tag, Task, Token, User, Workspace } from './task.ts';

/**
 * A register is what moves as one value: of two concurrent edits of a register the later to reach the server wins whole,
 * edits of different registers both survive. Tags and settings are sets: what is added, removed or set, by name. A patch names registers; so does `before`, which holds what was really there.
 */

export interface Rows {
  task: Task;
  project: Project;
  tag: Tag;
  reminder: Reminder;
  token: Token;
  user: User;
  workspace: Workspace;
}
export type Entity = keyof Rows;
export type Row = Rows[Entity];

/** Registers of more than one column; every other column is a register of its own name. */
const composed: { readonly [E in Entity]: Readonly<Record<string, readonly string[]>> } = {
  task: {
    due: ['due_date', 'due_time', 'due_zone'],
    place: ['project_id', 'section_id', 'parent_id', 'position'],
    completion: ['status', 'completed_at', 'completed_local', 'completion_id', 'successor_id'],
    series: ['series_id', 'slot', 'predecessor_slot', 'missed'],
    deletion: ['deleted_at', 'deletion_act', 'withdrawn'],
  },
  project: {},
  tag: {},
  reminder: { when: ['minutes_before', 'at'], of: ['task_id', 'series_id'] },
  token: {},
  user: {},
  workspace: {},
};

/** Written with every change from its own sequence and time, never part of a patch. */
const stamps = new Set(['id', 'workspace_id', 'version', 'updated_at']);

const composedOf: { readonly [E in Entity]: ReadonlyMap<string, string> } = Object.fromEntries(
  Object.entries(composed).map(([entity, registers]) => [
    entity,
    new Map(Object.entries(registers).flatMap(([register, columns]) => columns.map((column) => [column, register]))),
  ]),
) as never;

export type Patch = Record<string, unknown>;
export interface TagsPatch {
  add: string[];
  remove: string[];
}

/** The register that holds a column. */
export const registerOf = (entity: Entity, column: string): string => composedOf[entity].get(column) ?? column;

/** The columns that a register holds. */
export const columnsOf = (entity: Entity, register: string): readonly string[] =>
  composed[entity][register] ?? [register];

/** Tags in their one order, so that the same set is the same array on every device. */
export const sortTags = (tags: readonly string[]): string[] =>
  [...tags].sort((a, b) => (foldName(a) < foldName(b) ? -1 : foldName(a) > foldName(b) ? 1 : 0));

/** The row after a patch. Adding a tag that is there and removing one that is not change nothing. */
export function applyPatch<E extends Entity>(entity: E, row: Rows[E], patch: Patch): Rows[E] {
  const next: Record<string, unknown> = { ...row };
  for (const [register, value] of Object.entries(patch)) {
    if (register === 'tags' && entity === 'task' && !Array.isArray(value)) {
      const { add, remove } = value as TagsPatch;
      const gone = new Set([...remove, ...add].map(foldName));
      next.tags = sortTags([...((row as Partial<Task>).tags ?? []).filter((tag) => !gone.has(foldName(tag))), ...add]);
    } else if (composed[entity][register]) Object.assign(next, value);
    else if (entity === 'user' && register === 'settings')
      next.settings = { ...(row as User).settings, ...(value as object) };
    else next[register] = value;
  }
  return next as unknown as Rows[E];
}

/** A whole row in register form: what a creation, a restore and an un-archiving carry. */
export function wholePatch<E extends Entity>(entity: E, row: Rows[E]): Patch {
  const patch: Patch = {};
  for (const [column, value] of Object.entries(row)) {
    if (stamps.has(column)) continue;
    const register = registerOf(entity, column);
    if (register === column) patch[column] = value;
    else patch[register] = { ...(patch[register] as object), [column]: value };
  }
  return patch;
}

/** A row from the patch that created it. */
export const rowFromPatch = <E extends Entity>(entity: E, id: string, workspaceId: string, patch: Patch): Rows[E] =>
  applyPatch(entity, { id, workspace_id: workspaceId } as unknown as Rows[E], patch);

/** What differs between two states of a row, as a patch, and what was there before. Empty patch: nothing changed. */
export function difference<E extends Entity>(entity: E, from: Rows[E], to: Rows[E]): { patch: Patch; before: Patch } {
  const patch: Patch = {};
  const before: Patch = {};
  for (const column of Object.keys(to)) {
    if (stamps.has(column)) continue;
    const was = (from as unknown as Record<string, unknown>)[column];
    const is = (to as unknown as Record<string, unknown>)[column];
    if (same(was, is)) continue;
    if (column === 'tags' && entity === 'task') {
      const add = missingFrom(was as string[], is as string[]);
      const remove = missingFrom(is as string[], was as string[]);
      patch.tags = { add, remove };
      before.tags = { add: remove, remove: add };
      continue;
    }
    if (column === 'settings' && entity === 'user') {
      const keys = Object.keys(is as object).filter((key) => !same((was as Patch)[key], (is as Patch)[key]));
      patch.settings = pick(is as object, keys);
      before.settings = pick(was as object, keys);
      continue;
    }
    const register = registerOf(entity, column);
    if (register === column) {
      patch[column] = is;
      before[column] = was ?? null;
    } else if (!(register in patch)) {
      patch[register] = pick(to, columnsOf(entity, register));
      before[register] = pick(from, columnsOf(entity, register));
    }
  }
  return { patch, before };
}

/** The fields that a patch touched, each with old and new value: how an event and a history tell it. */
export function changedFields(
  entity: Entity,
  before: Row,
  after: Row,
  patch: Patch,
): Record<string, [unknown, unknown]> {
  const changed: Record<string, [unknown, unknown]> = {};
  for (const register of Object.keys(patch)) {
    for (const column of columnsOf(entity, register)) {
      const was = (before as unknown as Record<string, unknown>)[column] ?? null;
      const is = (after as unknown as Record<string, unknown>)[column] ?? null;
      if (!same(was, is)) changed[column] = [was, is];
    }
  }
  return changed;
}

/** Structural equality of JSON values. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if ((a ?? null) === null && (b ?? null) === null) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) if (!same((a as Patch)[key], (b as Patch)[key])) return false;
  return true;
}

const missingFrom = (have: readonly string[], want: readonly string[]): string[] =>
  want.filter((tag) => !have.includes(tag));

const pick = (row: object, columns: readonly string[]): Patch =>
  Object.fromEntries(columns.map((column) => [column, (row as Patch)[column] ?? null]));
