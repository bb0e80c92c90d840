import type { HistoryEntry } from '@taskmaster/contracts/http/tasks';
import type { TaskPatch } from '@taskmaster/domain/commands/create-task';
import { shortLabel } from '@taskmaster/domain/recurrence/label';
import { columnsOf, same } from '@taskmaster/domain/registers';
import type { Due, Place, Recurrence, Task } from '@taskmaster/domain/task';
import { dueInWords } from '../tasks/when.ts';
import { type Reader, whoOf } from './describe.ts';

/** An edit that another one, made without knowing of it, has replaced. */
export interface Overwritten {
  register: string;
  /** Of the edit that was replaced. */
  sequence: number;
  at: string;
  /** "Your date replaced Fri 13 March, yours". */
  words: string;
  /** Puts the replaced value back. */
  patch: TaskPatch;
}

/** How long it is offered on the task; history keeps it for ever. */
const OFFERED_DAYS = 14;

const names: Record<string, string> = {
  title: 'title',
  notes: 'notes',
  priority: 'priority',
  due: 'date',
  recurrence: 'repeat',
  place: 'place',
};

/**
 * What of a task's history can be brought back: the last replaced value of each register, as long as the one that replaced it
 * still stands. `entries` are oldest first. Of tags nothing is replaced: adding and removing by name both survive.
 */
export function overwrittenIn(
  entries: readonly HistoryEntry[],
  task: Task,
  now: string,
  reader: Reader,
): Overwritten[] {
  const oldest = new Date(Date.parse(now) - OFFERED_DAYS * 86_400_000).toISOString();
  const found = new Map<string, Overwritten>();
  for (const winner of entries) {
    for (const register of Object.keys(names)) {
      const columns = columnsOf('task', register);
      if (columns.some((column) => column in winner.changed)) found.delete(register);
    }
    if (winner.at < oldest) continue;
    for (const { register, seq } of winner.overwrote ?? []) {
      const loser = entries.find((entry) => entry.sequence === seq);
      const columns = columnsOf('task', register);
      if (!names[register] || !loser || !columns.some((column) => column in loser.changed)) continue;
      const values = Object.fromEntries(columns.map((column) => [column, valueAfter(entries, column, seq, task)]));
      if (columns.every((column) => same(values[column], task[column as keyof Task]))) continue;
      if (isRefused(register, values, task)) continue;
      const value = register in values ? values[register] : values;
      found.set(register, {
        register,
        sequence: seq,
        at: loser.at,
        words: `${whose(winner, reader)} ${names[register]} replaced ${inWords(register, value, reader)}, ${whoseAlone(loser, reader)}`,
        patch: { [register]: value } as TaskPatch,
      });
    }
  }
  return [...found.values()];
}

/** A field as it was after a change: what it was last set to until then, else what it was before it was next changed. */
function valueAfter(entries: readonly HistoryEntry[], column: string, sequence: number, task: Task): unknown {
  const last = entries.findLast((entry) => entry.sequence <= sequence && column in entry.changed);
  if (last) return last.changed[column]?.[1] ?? null;
  const next = entries.find((entry) => entry.sequence > sequence && column in entry.changed);
  return next ? (next.changed[column]?.[0] ?? null) : task[column as keyof Task];
}

/** What the server would refuse today is not offered. */
function isRefused(register: string, values: Record<string, unknown>, task: Task): boolean {
  if (register !== 'due' && register !== 'recurrence') return false;
  return task.recurrence !== null && (task.status === 'completed' || (register === 'due' && values.due_date === null));
}

function inWords(register: string, value: unknown, reader: Reader): string {
  switch (register) {
    case 'title':
      return `“${String(value)}”`;
    case 'notes':
      return value ? `“${firstWords(String(value))}”` : 'no notes';
    case 'priority':
      return value === null ? 'no priority' : `${String(value)} priority`;
    case 'due': {
      const { due_date, due_time } = value as Due;
      return due_date ? dueInWords({ date: due_date, time: due_time }, reader.today) : 'no date';
    }
    case 'recurrence':
      return value ? `“${shortLabel(value as Recurrence)}”` : 'no repeat';
    default: {
      const { project_id } = value as Place;
      return project_id ? (reader.projectName(project_id) ?? 'another project') : 'the Inbox';
    }
  }
}

const firstWords = (text: string): string => {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 59).trimEnd()}…` : line;
};

const whose = (entry: HistoryEntry, reader: Reader): string => {
  const who = whoOf({ ...entry, via: '' }, reader);
  return who === 'You' ? 'Your' : `${who}’s`;
};
const whoseAlone = (entry: HistoryEntry, reader: Reader): string => {
  const who = whoOf({ ...entry, via: '' }, reader);
  return who === 'You' ? 'also yours' : `${who.charAt(0).toLowerCase()}${who.slice(1)}’s`;
};
