import type { LedgerEntry, reminderStates } from '@taskmaster/contracts/http/notifications';
import type { Task } from '@taskmaster/domain/task';
import { addDays, localOf } from '@taskmaster/domain/time/zoned';
import { longDay } from '../tasks/when.ts';

export type ReminderState = (typeof reminderStates)[number];

/** What each state is called where one chooses. */
export const stateNames: Record<ReminderState, string> = {
  scheduled: 'To come',
  handed_over: 'Told, not read',
  acknowledged: 'Read',
  withdrawn: 'Taken back',
  too_late: 'Asked for too late',
  decided: 'Mail held back',
  handing_over: 'Mail on its way',
  failed: 'Mail failed',
};

export interface Reader {
  zone: string;
  today: string;
  now: string;
}
export interface LedgerWords {
  /** What it was counted from, and through what it is told. */
  about: string;
  became: string;
  tone: 'plain' | 'told' | 'wrong';
}

/** One row of the ledger in plain words. `task` as this device has it now: it knows why something was taken back. */
export function ledgerInWords(
  entry: LedgerEntry,
  task: Pick<Task, 'status' | 'deleted_at'> | undefined,
  reader: Reader,
): LedgerWords {
  const through = entry.channel === 'mail' ? 'by mail' : 'in the app';
  const about = `${forInWords(entry.for, reader)}, ${through}`;
  return { about, ...becameOf(entry, task, reader) };
}

function becameOf(
  entry: LedgerEntry,
  task: Pick<Task, 'status' | 'deleted_at'> | undefined,
  reader: Reader,
): Omit<LedgerWords, 'about'> {
  const at = (instant: string | null): string => (instant ? momentInWords(instant, reader) : '');
  const isMail = entry.channel === 'mail';
  switch (entry.state) {
    case 'scheduled':
      return entry.due_at > reader.now
        ? { became: `Will be told ${at(entry.due_at)}.`, tone: 'plain' }
        : { became: 'Its time has come: told within seconds, or as soon as the server can.', tone: 'plain' };
    case 'too_late':
      return { became: 'Its time was over when it was asked for, so it reminded nobody.', tone: 'plain' };
    case 'withdrawn':
      return { became: `Taken back before it was told: ${whyGone(task)}.`, tone: 'plain' };
    case 'decided':
      if (entry.attempts > 0)
        return {
          became: `${tries(entry.attempts)} without success${reason(entry)}. Tried again ${at(entry.next_at) || 'soon'}.`,
          tone: 'wrong',
        };
      return entry.next_at
        ? { became: `Held back for the quiet hours. Goes out ${at(entry.next_at)}.`, tone: 'plain' }
        : { became: 'Goes out now.', tone: 'plain' };
    case 'handing_over':
      return { became: 'On its way to the mail server.', tone: 'plain' };
    case 'handed_over':
      return isMail
        ? { became: `Mailed ${at(entry.handed_over_at)}.`, tone: 'told' }
        : { became: `Told ${at(entry.handed_over_at)}${sinceThen(task)}`, tone: 'told' };
    case 'acknowledged':
      return { became: `Told ${at(entry.handed_over_at)}, read ${at(entry.acknowledged_at)}.`, tone: 'told' };
    case 'failed':
      return { became: `Given up after ${tries(entry.attempts)}${reason(entry)}.`, tone: 'wrong' };
  }
}

const tries = (attempts: number): string => (attempts === 1 ? '1 try' : `${attempts} tries`);
const reason = ({ error }: LedgerEntry): string => (error ? ` (${error.replace(/\.$/, '')})` : '');

function sinceThen(task: Pick<Task, 'status' | 'deleted_at'> | undefined): string {
  if (task?.deleted_at) return ', the task was deleted since.';
  return task?.status === 'completed' ? ', the task was done since.' : '. Not read.';
}

function whyGone(task: Pick<Task, 'status' | 'deleted_at'> | undefined): string {
  if (!task) return 'the task was done, moved or deleted';
  if (task.deleted_at) return 'the task was deleted';
  return task.status === 'completed' ? 'the task was done' : 'the task or its reminder was changed';
}

/** "at 11:15", "yesterday at 11:15", "on Thu 12 March at 11:15". */
function momentInWords(instant: string, { zone, today }: Reader): string {
  const { date, time } = localOf(instant, zone);
  if (date === today) return `at ${time}`;
  if (date === addDays(today, -1)) return `yesterday at ${time}`;
  if (date === addDays(today, 1)) return `tomorrow at ${time}`;
  return `on ${longDay(date, today)} at ${time}`;
}

/** The wall clock that a reminder was counted from, or the moment it names. */
function forInWords(counted: string, reader: Reader): string {
  if (counted.endsWith('Z')) return `Asked for ${momentInWords(counted, reader)}`;
  const [date = '', time] = counted.split('T');
  const day = date === reader.today ? 'today' : longDay(date, reader.today);
  return time ? `Due ${date === reader.today ? time : `${day}, ${time}`}` : `Due ${day}`;
}
