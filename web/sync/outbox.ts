import { Dexie, type EntityTable, type Table } from 'dexie';
import { v7 } from 'uuid';
import type { BlockedOp, PendingOp } from './device.ts';

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
  /** Gives what is not acknowledged new numbers from `expect` on. */
  renumber(ops: readonly string[], expect: number): Promise<PendingOp[]>;
  destroy(): Promise<void>;
}

export function openOutbox(userId: string): Outbox {
  const database = new Dexie(`taskmaster-outbox-${userId}`, { chromeTransactionDurability: 'strict' });
  database.version(1).stores({ ops: 'op, n', blocked: 'op', meta: 'key' });
  const ops = database.table('ops') as EntityTable<PendingOp, 'op'>;
  const blocked = database.table('blocked') as EntityTable<BlockedOp, 'op'>;
  const meta = database.table('meta') as Table<{ key: string; value: string | number }, string>;
  const within = <R>(work: () => Promise<R>): Promise<R> => database.transaction('rw', ops, blocked, meta, work);
  const nextNumber = async (): Promise<number> => Number((await meta.get('next_n'))?.value ?? 1);

  return {
    read: () =>
      within(async () => {
        let client_id = (await meta.get('client_id'))?.value as string | undefined;
        if (!client_id) {
          client_id = v7();
          await meta.put({ key: 'client_id', value: client_id });
        }
        return { client_id, pending: await ops.orderBy('n').toArray(), blocked: await blocked.toArray() };
      }),
    append: (drafts) =>
      within(async () => {
        const first = await nextNumber();
        const numbered = drafts.map((draft, index) => ({ ...draft, n: first + index }));
        await ops.bulkPut(numbered);
        await meta.put({ key: 'next_n', value: first + numbered.length });
        return numbered;
      }),
    remove: (ids) => within(() => ops.bulkDelete([...ids])),
    block: (refused) =>
      within(async () => {
        await blocked.bulkPut([...refused]);
        await ops.bulkDelete(refused.map((one) => one.op));
      }),
    dismiss: (op) => within(() => blocked.delete(op)),
    renumber: (ids, expect) =>
      within(async () => {
        const wanted = new Set(ids);
        const moved = (await ops.orderBy('n').toArray())
          .filter((one) => wanted.has(one.op))
          .map((one, index) => ({ ...one, n: expect + index }));
        await ops.bulkPut(moved);
        await meta.put({ key: 'next_n', value: expect + moved.length });
        return moved;
      }),
    destroy: () => database.delete({ disableAutoOpen: false }),
  };
}

/** For a browser that lends no storage: edits are kept while the page is open, and sent at once. */
export function memoryOutbox(): Outbox {
  const client_id = v7();
  let next = 1;
  return {
    read: async () => ({ client_id, pending: [], blocked: [] }),
    append: async (drafts) => drafts.map((draft) => ({ ...draft, n: next++ })),
    remove: async () => undefined,
    block: async () => undefined,
    dismiss: async () => undefined,
    renumber: async () => [],
    destroy: async () => undefined,
  };
}
