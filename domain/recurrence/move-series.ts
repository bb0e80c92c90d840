import type { Task } from '../task.ts';
import { normaliseRecurrence } from './rule.ts';
import { slotOf } from './slots.ts';

/**
 * A whole series moved by moving one occurrence: slot and anchor follow the new due. A rule that named just the old day
 * names the new one (every Thursday becomes every Friday); a rule of several days keeps its days.
 */
export function moveSeries(before: Task, after: Task): Task {
  if (!before.recurrence || !after.recurrence || after.due_date === null) return after;
  const { rule, starts_on: _anchor, ...rest } = after.recurrence;
  const parts = rule
    .split(';')
    .filter((part) => !/^(BYDAY=(MO|TU|WE|TH|FR|SA|SU)|BYMONTHDAY=-?\d+|BYMONTH=\d+)$/.test(part));
  const normal = normaliseRecurrence(
    { ...rest, rule: parts.join(';'), starts_on: after.due_date },
    after,
    after.due_date,
  );
  if (!normal.ok) return after;
  return { ...after, recurrence: normal.recurrence, slot: slotOf(after.due_date, after.due_time) };
}
