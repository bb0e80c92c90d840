import { v7 } from 'uuid';
import { openDatabase, type Store } from './database.ts';
import type { BlockedOp, PendingOp } from './device.ts';

/** For ever: another one would begin anew. */
const VERSION = 10;

/** A draft of an op: its number is given when it is written down. */
export type NewOp = Omit<PendingOp, 'n'>;

/**
 * Edits that are not yet in the server's state, as this person made them here. A database of its own whose shape never
 * changes: what is cached of the server may be dropped, this may not. Several tabs share it.
 */
export interface Outbox {
  read(): Promise<{ client_id: string; pending: PendingOp[]; blocked: BlockedOp[] }>;
  /** Resolves when the ops are on disk, with their numbers. */
  append(ops: readonly NewOp[]): Promise<PendingOp[]>;
  remove(ops: readonly string[]): Promise<void>;
  block(ops: readonly BlockedOp[]): Promise<void>;
  dismiss(op: string): Promise<void>;
  /** Gives everything from the first of these on new numbers from `expect` on, other tabs' edits among them. */
  renumber(ops: readonly string[], expect: number): Promise<PendingOp[]>;
  destroy(): Promise<void>;
}

export function openOutbox(userId: string): Outbox {
  const shape = { ops: { key: 'op', index: 'n' }, blocked: { key: 'op' }, meta: { key: 'key' } };
  const database = openDatabase(`taskmaster-outbox-${userId}`, VERSION, shape, 'strict');
  interface Stores {
    ops: Store<PendingOp>;
    blocked: Store<BlockedOp>;
    meta: Store<{ key: string; value: string | number }>;
  }
  const within = <R>(work: (stores: Stores) => Promise<R>): Promise<R> =>
    database.within('readwrite', (store) =>
      work({ ops: store('ops'), blocked: store('blocked'), meta: store('meta') }),
    );

  return {
    read: () =>
      within(async ({ ops, blocked, meta }) => {
        let client_id = (await meta.get('client_id'))?.value as string | undefined;
        if (!client_id) {
          client_id = v7();
          await meta.put([{ key: 'client_id', value: client_id }]);
        }
        return { client_id, pending: await ops.all('n'), blocked: await blocked.all() };
      }),
    append: (drafts) =>
      within(async ({ ops, meta }) => {
        const first = Number((await meta.get('next_n'))?.value ?? 1);
        const numbered = drafts.map((draft, index) => ({ ...draft, n: first + index }));
        await ops.put(numbered);
        await meta.put([{ key: 'next_n', value: first + numbered.length }]);
        return numbered;
      }),
    remove: (ids) => within(({ ops }) => ops.remove(ids)),
    block: (refused) =>
      within(async ({ ops, blocked }) => {
        await blocked.put(refused);
        await ops.remove(refused.map((one) => one.op));
      }),
    dismiss: (op) => within(({ blocked }) => blocked.remove([op])),
    renumber: (ids, expect) =>
      within(async ({ ops, meta }) => {
        const { moved, next } = renumbered(await ops.all('n'), ids, expect);
        await ops.put(moved);
        await meta.put([{ key: 'next_n', value: next }]);
        return moved;
      }),
    destroy: () => database.destroy(),
  };
}

/** `all` in its order. `next` is above every number in use, also those of edits that stay as they are. */
export function renumbered(
  all: readonly PendingOp[],
  ids: readonly string[],
  expect: number,
): { moved: PendingOp[]; next: number } {
  const wanted = new Set(ids);
  const first = all.findIndex((one) => wanted.has(one.op));
  const from = first < 0 ? all.length : first;
  const moved = all.slice(from).map((one, index) => ({ ...one, n: expect + index }));
  return { moved, next: Math.max(expect + moved.length, ...all.slice(0, from).map((one) => one.n + 1)) };
}

/** Not on a disk: what a disk does, for tests. */
export function memoryOutbox(
  client_id: string,
  next: number,
  pending: readonly PendingOp[],
  blocked: readonly BlockedOp[] = [],
): Outbox {
  let following = next;
  let kept = [...pending];
  let refused = [...blocked];
  const without = <T extends PendingOp>(list: readonly T[], ids: readonly string[]): T[] =>
    list.filter((one) => !ids.includes(one.op));
  return {
    read: async () => ({ client_id, pending: [...kept], blocked: [...refused] }),
    append: async (drafts) => {
      const numbered = drafts.map((draft) => ({ ...draft, n: following++ }));
      kept.push(...numbered);
      return numbered;
    },
    remove: async (ids) => {
      kept = without(kept, ids);
    },
    block: async (ops) => {
      const ids = ops.map((one) => one.op);
      refused = [...without(refused, ids), ...ops];
      kept = without(kept, ids);
    },
    dismiss: async (op) => {
      refused = without(refused, [op]);
    },
    renumber: async (ids, expect) => {
      kept.sort((a, b) => a.n - b.n);
      const { moved, next } = renumbered(kept, ids, expect);
      kept = [...kept.slice(0, kept.length - moved.length), ...moved];
      following = next;
      return moved;
    },
    destroy: async () => {
      kept = [];
      refused = [];
    },
  };
}
