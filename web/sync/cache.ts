import type { SyncCursor } from '@taskmaster/contracts/sync/frames';
import type { Entity, Row } from '@taskmaster/domain/registers';
import { Dexie, type Table } from 'dexie';
import type { CacheImage } from './device.ts';

/** Raise it when rows change shape: the cache is then dropped and fetched again. */
const SHAPE = 1;

interface CachedRow {
  key: string;
  entity: Entity;
  row: Row;
}

/** The server's rows as last seen. Rows, cursor and the ids of own ops inside them go in one transaction. */
export interface Cache {
  read(): Promise<CacheImage | undefined>;
  /** `whole` replaces everything. Otherwise the rows touched since `from`; a disk that is further on keeps what it has. */
  write(image: CacheImage, how: { whole: boolean; from: number; everything(): CacheImage }): Promise<void>;
  destroy(): Promise<void>;
}

export function openCache(userId: string, workspaceId: string): Cache {
  const database = new Dexie(`taskmaster-cache-${userId}`);
  database.version(SHAPE).stores({ rows: 'key', meta: 'key' });
  const rows = database.table('rows') as Table<CachedRow, string>;
  const meta = database.table('meta') as Table<
    { key: string; cursor: SyncCursor; included: string[]; awaited: string[] },
    string
  >;
  const put = (image: CacheImage) =>
    rows.bulkPut(image.rows.map(({ entity, row }) => ({ key: `${entity}:${row.id}`, entity, row })));

  return {
    read: () =>
      database.transaction('r', rows, meta, async () => {
        const at = await meta.get(workspaceId);
        if (!at) return undefined;
        return { cursor: at.cursor, included: at.included, awaited: at.awaited, rows: await rows.toArray() };
      }),
    write: (image, { whole, from, everything }) =>
      database.transaction('rw', rows, meta, async () => {
        const { cursor } = image;
        if (!cursor) return;
        const at = await meta.get(workspaceId);
        const isSame = at?.cursor.epoch === cursor.epoch;
        if (!whole && at && isSame && at.cursor.seq > cursor.seq) return;
        let { included } = image;
        if (whole || !at || !isSame || at.cursor.seq < from) {
          await rows.clear();
          await put(whole ? image : everything());
        } else {
          await put(image);
          included = [...new Set([...included, ...at.included])];
        }
        await meta.put({ key: workspaceId, cursor, included, awaited: image.awaited });
      }),
    destroy: () => database.delete({ disableAutoOpen: false }),
  };
}

export const memoryCache = (): Cache => ({
  read: async () => undefined,
  write: async () => undefined,
  destroy: async () => undefined,
});
