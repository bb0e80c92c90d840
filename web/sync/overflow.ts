import { v7 } from 'uuid';
import type { BlockedOp, PendingOp } from './device.ts';
import { type Outbox, renumbered } from './outbox.ts';

/** Nothing of it rejects but `destroy`. */
export interface OverflowingOutbox extends Outbox {
  /** False while the disk takes no edits: they are then only in memory until they are sent. */
  readonly isStored: boolean;
}

/**
 * An outbox on a disk that may be full or gone. What it does not take is kept in memory, numbered behind what it has, for the
 * server counts the numbers of one client; what leaves, leaves both. Once memory holds nothing the disk is tried again.
 */
export function overflowing(disk: Outbox): OverflowingOutbox {
  /** Ops that the disk does not have, or has under an older number. */
  const extra = new Map<string, PendingOp>();
  /** Refused edits that the disk still has as pending: sent again after a reload, they are refused again. */
  const extraBlocked = new Map<string, BlockedOp>();
  /** What the disk would not let go of: pending edits, refused ones. It is told again each time something leaves. */
  const owed = { remove: new Set<string>(), dismiss: new Set<string>() };
  let client_id = v7();
  let last = 0;
  let isStored = true;

  const numbered = (ops: readonly PendingOp[]): PendingOp[] => {
    last = Math.max(last, ...ops.map((one) => one.n));
    return [...ops];
  };
  const read = async () => {
    const kept = await disk.read().catch(() => {
      isStored = false;
      return { client_id, pending: [], blocked: [] };
    });
    client_id = kept.client_id;
    const onDisk = new Map(kept.pending.filter((one) => !owed.remove.has(one.op)).map((one) => [one.op, one]));
    const pending = [...new Map([...onDisk, ...extra]).values()].filter((one) => !extraBlocked.has(one.op));
    return {
      client_id,
      pending: numbered(pending.sort((a, b) => a.n - b.n)),
      blocked: [...kept.blocked.filter((one) => !owed.dismiss.has(one.op)), ...extraBlocked.values()],
    };
  };
  const leave = async (way: keyof typeof owed, ids: readonly string[]): Promise<void> => {
    for (const id of ids) owed[way].add(id);
    try {
      for (const id of owed.dismiss) await disk.dismiss(id);
      owed.dismiss.clear();
      if (owed.remove.size > 0) await disk.remove([...owed.remove]);
      owed.remove.clear();
    } catch {
      isStored = false;
    }
  };

  return {
    get isStored() {
      return isStored;
    },
    read,
    append: async (drafts) => {
      if (extra.size === 0) {
        try {
          const onDisk = numbered(await disk.append(drafts));
          isStored = true;
          return onDisk;
        } catch {
          isStored = false;
        }
      }
      const inMemory = drafts.map((draft, index) => ({ ...draft, n: last + 1 + index }));
      for (const one of inMemory) extra.set(one.op, one);
      return numbered(inMemory);
    },
    remove: async (ids) => {
      for (const id of ids) extra.delete(id);
      await leave('remove', ids);
    },
    block: async (ops) => {
      for (const one of ops) extra.delete(one.op);
      await disk.block(ops).catch(() => {
        isStored = false;
        for (const one of ops) extraBlocked.set(one.op, one);
      });
    },
    dismiss: async (op) => {
      // Of one that the disk could not write down as refused it still has the edit itself.
      if (extraBlocked.delete(op)) await leave('remove', [op]);
      await leave('dismiss', [op]);
    },
    renumber: async (ids, expect) => {
      if (extra.size === 0) {
        try {
          const moved = await disk.renumber(ids, expect);
          last = moved.at(-1)?.n ?? last;
          return moved;
        } catch {
          isStored = false;
        }
      }
      const { moved, next } = renumbered((await read()).pending, ids, expect);
      for (const one of moved) extra.set(one.op, one);
      last = next - 1;
      return moved;
    },
    destroy: async () => {
      extra.clear();
      extraBlocked.clear();
      await disk.destroy();
    },
  };
}
