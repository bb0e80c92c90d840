import { addDays, localOf } from '@taskmaster/domain/time/zoned';
import { dayAndMonth, weekdayName } from '../tasks/when.ts';

export interface DayOf<Item> {
  date: string;
  name: string;
  items: Item[];
}

/** Neighbours of one local day together, in the order they come in. */
export function daysOf<Item>(
  items: readonly Item[],
  at: (item: Item) => string,
  zone: string,
  today: string,
): DayOf<Item>[] {
  const days: DayOf<Item>[] = [];
  for (const item of items) {
    const { date } = localOf(at(item), zone);
    const last = days.at(-1);
    if (last?.date === date) last.items.push(item);
    else days.push({ date, name: dayName(date, today), items: [item] });
  }
  return days;
}

function dayName(date: string, today: string): string {
  if (date === today) return 'Today';
  if (date === addDays(today, 1)) return 'Tomorrow';
  if (date === addDays(today, -1)) return 'Yesterday';
  return `${weekdayName(date)} ${dayAndMonth(date, today)}`;
}
