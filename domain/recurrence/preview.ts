import type { Due, Recurrence } from '../task.ts';
import { instantOf } from '../time/zoned.ts';
import { slotOf, slotsAfter } from './slots.ts';
import { nextOccurrence } from './successor.ts';

export interface PreviewedOccurrence {
  due_date: string;
  due_time?: string;
  /** Null for a date without a time. */
  due_at: string | null;
}

/**
 * The next `count` occurrences after the due date, as if each were done on its day; fewer where the series ends. `zone` is
 * the reader's: a floating time is read there, a fixed one in its own.
 */
export function preview(recurrence: Recurrence, due: Due, zone: string, count: number): PreviewedOccurrence[] {
  const { due_date, due_time } = due;
  if (due_date === null) return [];
  const dates =
    recurrence.from === 'schedule'
      ? slotsAfter(recurrence, due_date, count)
      : datesAfterCompletions(recurrence, due, due_date, count);
  return dates.map((date) =>
    due_time === null
      ? { due_date: date, due_at: null }
      : { due_date: date, due_time, due_at: instantOf(date, due_time, due.due_zone ?? zone) },
  );
}

function datesAfterCompletions(recurrence: Recurrence, due: Due, dueDate: string, count: number): string[] {
  const dates: string[] = [];
  let current = { ...due, slot: slotOf(dueDate, due.due_time), recurrence };
  while (dates.length < count) {
    const next = nextOccurrence({ ...current, completed_local: current.slot });
    if (next === null) break;
    dates.push(next.due_date);
    current = next;
  }
  return dates;
}
