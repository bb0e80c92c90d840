/** The stores of a database: the path of the key, and of an index where there is one. */
export type Shape = Record<string, { key: string; index?: string }>;

/** One store within a transaction. Requests are answered in the order they are made. */
export interface Store<Row> {
  get(key: string): Promise<Row | undefined>;
  /** In the order of the key, or of the index. */
  all(by?: string): Promise<Row[]>;
  put(rows: readonly Row[]): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
  clear(): Promise<void>;
}

type Work<R> = (store: <Row>(name: string) => Store<Row>) => Promise<R>;

/** A database of the browser. Other tabs may open, write and delete it too. */
export interface Database {
  /**
   * All stores in one transaction: resolves when it is on disk, rejects when nothing of it is. `work` may wait for nothing
   * but the stores.
   */
  within<R>(mode: 'readonly' | 'readwrite', work: Work<R>): Promise<R>;
  /** Deletes it. Tabs that have it open let it go. */
  destroy(): Promise<void>;
}

/**
 * Opens when first used, and again where the browser has dropped the connection. `version` is IndexedDB's own number; a
 * higher one than that on the disk begins anew, without what was there. `durability`: whether a commit waits for the disk
 * itself (`strict`), as an edit must that is nowhere else.
 */
export function openDatabase(
  name: string,
  version: number,
  shape: Shape,
  durability: IDBTransactionDurability,
): Database {
  let connection: Promise<IDBDatabase> | undefined;
  const letGo = () => {
    connection?.then(
      (database) => database.close(),
      () => undefined,
    );
    connection = undefined;
  };
  const connected = (): Promise<IDBDatabase> => {
    connection ??= opened(name, version, shape, letGo);
    connection.catch(letGo);
    return connection;
  };
  const begun = async (mode: IDBTransactionMode): Promise<IDBTransaction> => {
    const begin = async () => (await connected()).transaction(Object.keys(shape), mode, { durability });
    return begin().catch(() => {
      // A connection may die with the page none the wiser (WebKit in the background).
      letGo();
      return begin();
    });
  };

  return {
    within: async (mode, work) => {
      const transaction = await begun(mode);
      const ended = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error('The browser gave the transaction up.'));
      });
      ended.catch(() => undefined);
      try {
        const result = await work((store) => storeOf(transaction.objectStore(store)));
        await ended;
        return result;
      } catch (error) {
        abort(transaction);
        throw error;
      }
    },
    destroy: () => {
      letGo();
      return new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name);
        // Blocked: it goes as soon as the last tab lets it go.
        request.onsuccess = request.onblocked = () => resolve();
        request.onerror = () => reject(request.error);
      });
    },
  };
}

const opened = (name: string, version: number, shape: Shape, letGo: () => void): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => {
      const database = request.result;
      for (const old of database.objectStoreNames) database.deleteObjectStore(old);
      for (const [store, { key, index }] of Object.entries(shape)) {
        const made = database.createObjectStore(store, { keyPath: key });
        if (index) made.createIndex(index, index);
      }
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const database = request.result;
      database.onversionchange = letGo;
      database.onclose = letGo;
      resolve(database);
    };
  });

const answer = <R>(request: IDBRequest<R>): Promise<R> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Of many requests only the last is waited for: if another fails, the transaction is aborted with it. */
function storeOf<Row>(store: IDBObjectStore): Store<Row> {
  const last = async (requests: readonly IDBRequest[]): Promise<void> => {
    const request = requests.at(-1);
    if (request) await answer(request);
  };
  return {
    get: (key) => answer(store.get(key)),
    all: (by) => answer((by ? store.index(by) : store).getAll()),
    put: (rows) => last(rows.map((row) => store.put(row))),
    remove: (keys) => last(keys.map((key) => store.delete(key))),
    clear: () => answer(store.clear()),
  };
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}
