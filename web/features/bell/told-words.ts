import type { Notification } from '@taskmaster/contracts/http/notifications';
import type { Task } from '@taskmaster/domain/task';
import { dueHere, dueInWords, type LocalDue } from '../tasks/when.ts';

export interface ToldWords {
  words: string;
  tone?: 'late' | 'gone';
}

/** What stands under the title of something that one was told. `task` as this device has it now. */
export function toldInWords(
  told: Pick<Notification, 'delivery_status' | 'notification_type' | 'late_reason'>,
  task: Pick<Task, 'due_date' | 'due_time' | 'due_zone' | 'status' | 'deleted_at'> | undefined,
  { zone, today, time }: { zone: string; today: string; time: string },
): ToldWords {
  const due = task ? dueHere(task, zone) : null;
  if (task?.deleted_at) return { words: 'Deleted since.', tone: 'gone' };
  if (task?.status === 'completed') return { words: 'Done since.', tone: 'gone' };
  if (told.delivery_status === 'withdrawn')
    return {
      words: due ? `Moved since: due ${inSentence(due, today)}.` : 'Taken back: it was moved, or is gone.',
      tone: 'gone',
    };
  if (told.late_reason) return { words: told.late_reason, tone: 'late' };
  if (told.notification_type === 'digest') return { words: 'Told together.' };
  if (!due) return { words: 'You asked to be reminded.' };
  const isOver = due.date < today || (due.date === today && due.time !== null && due.time < time);
  return { words: `${isOver ? 'Was due' : 'Due'} ${inSentence(due, today)}.` };
}

/** "11:30" of today, "tomorrow, 09:00", "Thu 12 March, 16:00". */
function inSentence(due: LocalDue, today: string): string {
  if (due.date === today) return due.time ?? 'today';
  const words = dueInWords(due, today);
  return words.startsWith('Tomorrow') ? words.replace('Tomorrow', 'tomorrow') : words;
}
