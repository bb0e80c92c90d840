import { randomUUID } from 'node:crypto';
import { Problem } from '@taskmaster/contracts/problems';
import type { Actor } from '@taskmaster/contracts/sync/changes';
import type { Change } from '@taskmaster/domain/commands/world';
import type { Entity } from '@taskmaster/domain/registers';
import { wordsOf } from '@taskmaster/domain/search-words';
import type { Task } from '@taskmaster/domain/task';
import type { Tx } from '@taskmaster/runtime/runtime';
import { currentTrail } from '@taskmaster/runtime/telemetry';
import * as sql from './statements.ts';

export const MOST_IN_A_SET = 100;
const LARGEST_CHANGE = 128 * 1024;
const WORDS_OF_NOTES = 100;

/** An op with what it came to: the changes of one act. */
export interface Act {
  op: string;
  changes: readonly Change[];
  overwrote?: readonly { register: string; seq: number }[];
  causation_id?: string | null;
}

export interface Written {
  head: number;
  /** The last sequence of each act, in their order; the head before for one that changed nothing. */
  seqs: number[];
}

export interface WriteOptions {
  workspace: sql.LockedWorkspace;
  user_id: string;
  actor: Actor;
  via: string;
  client_id: string | null;
  at: string;
}

/**
 * Writes acts to the log and their rows to the tables, without waiting: the commit does. Each change takes the next
 * sequence; an act of more than 100 changes is several sets.
 * @throws Problem too_large where one change is more than 128 kB.
 */
export function writeActs(tx: Tx<'tasks'>, acts: readonly Act[], options: WriteOptions): Written {
  const { workspace } = options;
  const trail = currentTrail();
  const meta = {
    request_id: trail?.request_id,
    correlation_id: trail?.correlation_id ?? randomUUID(),
    traceparent: trail?.traceparent,
    acl_version: workspace.acl_version,
  };
  const rows: object[] = [];
  const after = new Map<string, { entity: Entity; row: object }>();
  const before = new Map<string, Task | undefined>();
  const seqs: number[] = [];
  let head = workspace.head;
  for (const act of acts) {
    const actId = randomUUID();
    for (let start = 0; start < act.changes.length; start += MOST_IN_A_SET) {
      const set = act.changes.slice(start, start + MOST_IN_A_SET);
      const setId = start === 0 ? actId : randomUUID();
      for (const [index, change] of set.entries()) {
        if (isTooLarge(change)) throw new Problem('too_large', 'One change is at most 128 kB.');
        head++;
        rows.push({
          workspace_id: workspace.id,
          seq: head,
          set_id: setId,
          set_index: index,
          set_size: set.length,
          act_id: actId,
          op: act.op,
          client_id: options.client_id,
          actor: options.actor,
          user_id: options.user_id,
          via: options.via,
          entity: change.entity,
          entity_id: change.entity_id,
          kind: change.kind,
          patch: change.patch,
          before: change.before,
          causation_id: act.causation_id ?? null,
          meta: act.overwrote?.length ? { ...meta, overwrote: act.overwrote } : meta,
          at: options.at,
        });
        change.row.version = head;
        change.row.updated_at = options.at;
        const key = `${change.entity}:${change.entity_id}`;
        if (change.entity === 'task' && !before.has(key)) before.set(key, taskBefore(change as Change<'task'>));
        after.set(key, { entity: change.entity, row: change.row });
      }
    }
    seqs.push(head);
  }
  if (rows.length === 0) return { head, seqs };

  tx.write(sql.appendChanges, [workspace.id, head, acts.at(-1)?.op ?? null, JSON.stringify(rows)]);
  const byEntity = new Map<Entity, object[]>();
  for (const { entity, row } of after.values()) byEntity.set(entity, [...(byEntity.get(entity) ?? []), row]);
  for (const [entity, list] of byEntity) tx.write(sql.upsert[entity], [JSON.stringify(list)]);
  writeWords(tx, workspace.id, before, after);
  tx.changed(workspace.id);
  return { head, seqs };
}

/** In bytes of UTF-8, as it would be written. */
export function isTooLarge({ patch, before }: Change): boolean {
  const size = Buffer.byteLength(JSON.stringify(patch)) + (before ? Buffer.byteLength(JSON.stringify(before)) : 0);
  return size > LARGEST_CHANGE;
}

/** What the search index knew of a task before its first change here. */
function taskBefore(change: Change<'task'>): Task | undefined {
  if (change.kind === 'created') return undefined;
  return { ...change.row, ...change.before } as Task;
}

interface Word {
  task_id: string;
  word: string;
  field: number;
}

function writeWords(
  tx: Tx<'tasks'>,
  workspaceId: string,
  before: ReadonlyMap<string, Task | undefined>,
  after: ReadonlyMap<string, { row: object }>,
): void {
  const added: Word[] = [];
  for (const [key, was] of before) {
    const is = after.get(key)?.row as Task;
    for (const [field, name, limit] of [
      [0, 'title', 100],
      [1, 'notes', WORDS_OF_NOTES],
    ] as const) {
      if (was && was[name] === is[name]) continue;
      const old = new Set(was ? wordsOf(was[name], limit) : []);
      const now = new Set(wordsOf(is[name], limit));
      const removed = [...old].filter((word) => !now.has(word));
      if (removed.length > 0) tx.write(sql.removeWords, [workspaceId, removed, is.id, field]);
      for (const word of now) if (!old.has(word)) added.push({ task_id: is.id, word, field });
    }
  }
  if (added.length > 0) tx.write(sql.addWords, [workspaceId, JSON.stringify(added)]);
}
