import type { SyncCursor } from '@taskmaster/contracts/sync/frames';
import type { Entity, Row } from '@taskmaster/domain/registers';
import { openDatabase, type Store } from './database.ts';
import type { CacheImage } from './device.ts';

/** Raise it when rows change shape: the cache is then dropped and fetched again. */
const SHAPE = 10;

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

interface CachedMeta {
  key: string;
  cursor: SyncCursor;
  included: string[];
  awaited: string[];
}

export function openCache(userId: string, workspaceId: string): Cache {
  const shape = { rows: { key: 'key' }, meta: { key: 'key' } };
  const database = openDatabase(`taskmaster-cache-${userId}`, SHAPE, shape, 'relaxed');
  const put = (rows: Store<CachedRow>, image: CacheImage) =>
    rows.put(image.rows.map(({ entity, row }) => ({ key: `${entity}:${row.id}`, entity, row })));

  return {
    read: () =>
      database.within('readonly', async (store) => {
        const at = await store<CachedMeta>('meta').get(workspaceId);
        if (!at) return undefined;
        const rows = await store<CachedRow>('rows').all();
        return { cursor: at.cursor, included: at.included, awaited: at.awaited, rows };
      }),
    write: (image, { whole, from, everything }) =>
      database.within('readwrite', async (store) => {
        const { cursor } = image;
        if (!cursor) return;
        const rows = store<CachedRow>('rows');
        const meta = store<CachedMeta>('meta');
        const at = await meta.get(workspaceId);
        const isSame = at?.cursor.epoch === cursor.epoch;
        if (!whole && at && isSame && at.cursor.seq > cursor.seq) return;
        let { included } = image;
        if (whole || !at || !isSame || at.cursor.seq < from) {
          await rows.clear();
          await put(rows, whole ? image : everything());
        } else {
          await put(rows, image);
          included = [...new Set([...included, ...at.included])];
        }
        await meta.put([{ key: workspaceId, cursor, included, awaited: image.awaited }]);
      }),
    destroy: () => database.destroy(),
  };
}

export const memoryCache = (): Cache => ({
  read: async () => undefined,
  write: async () => undefined,
  destroy: async () => undefined,
});
