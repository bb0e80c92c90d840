import { normaliseRecurrence, type RecurrenceInput } from '../recurrence/rule.ts';
import { slotOf } from '../recurrence/slots.ts';
import type { Due, Task } from '../task.ts';
import { isDate, isTime, isZone } from '../time/zoned.ts';

export interface Problem {
  path: string;
  message: string;
}

/** What is wrong with a due value, if anything. A repeating task may lack a date: it starts at its first slot. */
export function checkDue(due: Due, repeats: boolean): Problem[] | undefined {
  const problems: Problem[] = [];
  if (due.due_date !== null && !isDate(due.due_date))
    problems.push({ path: 'due_date', message: 'Not a day of the calendar, as YYYY-MM-DD.' });
  if (due.due_time !== null && !isTime(due.due_time))
    problems.push({ path: 'due_time', message: 'Not a time, as HH:MM.' });
  if (due.due_zone !== null && !isZone(due.due_zone))
    problems.push({ path: 'due_zone', message: 'Not an IANA time zone.' });
  if (due.due_time !== null && due.due_date === null && !repeats)
    problems.push({ path: 'due_time', message: 'A time needs a due_date.' });
  if (due.due_zone !== null && due.due_time === null)
    problems.push({ path: 'due_zone', message: 'A zone needs a due_time: a date alone is the same everywhere.' });
  return problems.length > 0 ? problems : undefined;
}

/** The task as an occurrence of this rule, or what is wrong with the rule. */
export function setRepeat(task: Task, input: RecurrenceInput, today: string): Task | { problems: Problem[] } {
  const normal = normaliseRecurrence(input, task, today);
  if (!normal.ok) {
    const path = normal.problem.path ? `recurrence.${normal.problem.path}` : 'recurrence';
    return { problems: [{ path, message: normal.problem.message }] };
  }
  const due_date = task.due_date ?? normal.due_date;
  return {
    ...task,
    due_date,
    recurrence: normal.recurrence,
    series_id: task.series_id ?? task.id,
    slot: task.slot ?? slotOf(due_date, task.due_time),
  };
}

export const isRepeatProblem = (value: Task | { problems: Problem[] }): value is { problems: Problem[] } =>
  'problems' in value;
