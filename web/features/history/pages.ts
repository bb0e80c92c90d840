import { useCallback, useEffect, useRef, useState } from 'react';
import { ask } from '../../sync/transport.ts';

const PAGE = 50;
const MOST = 200;
/** Changes that come together are one reason to ask again. */
const GATHER_MS = 400;

interface Answer<Item> {
  items: Item[];
  next_cursor: string | null;
}
export interface Pages<Item> {
  /** Null until the server has answered once. */
  items: readonly Item[] | null;
  hasMore: boolean;
  isAway: boolean;
  /** Asks for the page after. */
  more(): void;
}

/**
 * A list that the server keeps, page by page. `address` asks for a page: after a cursor where the server gives one, else by
 * how many there are already. `news`: whatever may have changed the list; what was loaded stays, and is asked for again.
 */
export function usePages<Item>(
  address: (limit: number, after: { cursor: string | null; offset: number }) => string,
  news: unknown,
  paging: 'cursor' | 'offset' = 'cursor',
): Pages<Item> {
  const [items, setItems] = useState<readonly Item[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [hasMore, setHasMore] = useState(false);
  const [isAway, setAway] = useState(false);
  const first = address(PAGE, { cursor: null, offset: 0 });
  const loaded = useRef({ address: '', count: 0 });
  const asking = useRef(0);

  const load = useCallback(
    async (at: string, limit: number, before: readonly Item[]) => {
      const mine = ++asking.current;
      try {
        const answer = (await (await ask(at)).json()) as Answer<Item>;
        if (asking.current !== mine) return;
        const all = [...before, ...answer.items];
        loaded.current.count = all.length;
        setItems(all);
        setCursor(answer.next_cursor);
        setHasMore(paging === 'cursor' ? answer.next_cursor !== null : answer.items.length === limit);
        setAway(false);
      } catch {
        if (asking.current === mine) setAway(true);
      }
    },
    [paging],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: news is a reason to ask again, and nothing that is read
  useEffect(() => {
    const isOther = loaded.current.address !== first;
    if (isOther) {
      loaded.current = { address: first, count: 0 };
      setItems(null);
    }
    const limit = Math.min(MOST, Math.max(PAGE, Math.ceil(loaded.current.count / PAGE) * PAGE));
    const timer = setTimeout(
      () => void load(address(limit, { cursor: null, offset: 0 }), limit, []),
      isOther ? 0 : GATHER_MS,
    );
    return () => clearTimeout(timer);
  }, [first, news, load]);
  useEffect(
    () => () => {
      asking.current = -1;
    },
    [],
  );

  const more = () => {
    if (items) void load(address(PAGE, { cursor, offset: items.length }), PAGE, items);
  };
  return { items, hasMore, isAway, more };
}
