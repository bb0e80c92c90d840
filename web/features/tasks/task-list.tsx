import { useMemo } from 'react';
import { useScreen } from '../../sync/store.ts';
import { part } from '../../ui/part.tsx';
import { useRoute } from '../shell/router.ts';
import { drawn, itemsOf } from './list-items.tsx';
import type { Group } from './lists.ts';
import type { RowFacts } from './task-row.tsx';

const MANY = 200;
const LongList = part(() => import('./long-list.tsx'));

/** Groups of rows with their sub-tasks below them. Long lists draw only what is seen. */
export function TaskList({
  groups,
  place,
  withSteps = true,
}: {
  groups: readonly Group[];
  place: RowFacts['place'];
  withSteps?: boolean;
}) {
  const screen = useScreen();
  const { task: chosen } = useRoute();
  const items = useMemo(
    () => itemsOf(groups, screen, place, chosen, withSteps),
    [groups, screen, place, chosen, withSteps],
  );
  if (items.length > MANY) return <LongList items={items} />;
  return (
    <ul className="list">
      {items.map((item) => (
        <li key={item.key}>{drawn(item)}</li>
      ))}
    </ul>
  );
}
