import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { drawn, type Item } from './list-items.tsx';

/** A list of which only what is seen is drawn. */
export default function LongList({ items }: { items: readonly Item[] }) {
  const list = useRef<HTMLUListElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => list.current?.closest('.scroll') ?? null,
    estimateSize: (index) => ('group' in (items[index] ?? {}) ? 48 : 40),
    getItemKey: (index) => items[index]?.key ?? index,
    scrollMargin: list.current?.offsetTop ?? 0,
    overscan: 12,
  });
  return (
    <ul ref={list} className="list" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
      {virtual.getVirtualItems().map(({ index, key, start }) => {
        const item = items[index];
        return (
          <li
            key={key}
            ref={virtual.measureElement}
            data-index={index}
            className="list-floating"
            style={{ transform: `translateY(${start - virtual.options.scrollMargin}px)` }}
          >
            {item && drawn(item)}
          </li>
        );
      })}
    </ul>
  );
}
