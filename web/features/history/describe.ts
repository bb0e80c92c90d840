import type { HistoryEntry } from '@taskmaster/contracts/http/tasks';
import { shortLabel } from '@taskmaster/domain/recurrence/label';
import type { Recurrence } from '@taskmaster/domain/task';
import { longDay } from '../tasks/when.ts';

export interface Reader {
  user_id: string;
  today: string;
  projectName(id: string): string | undefined;
}

const kinds: Record<string, string> = {
  created: 'made it',
  completed: 'done',
  reopened: 'not done after all',
  skipped: 'skipped to the next date',
  snoozed: 'snoozed',
  deleted: 'deleted',
  restored: 'brought back',
};

/** Who did it: you, another person, a program of yours, or the house itself. */
export function whoOf({ actor, via }: Pick<HistoryEntry, 'actor' | 'via'>, reader: Reader): string {
  if (actor.kind === 'system') return 'TaskMaster';
  if (actor.kind === 'agent') return 'Assistant';
  if (actor.kind === 'token') return 'A program';
  const who = actor.id === reader.user_id ? 'You' : 'Somebody';
  return via === 'sync' || via === '' ? who : `${who}, through the API`;
}

/** One entry in plain words: "due Wed 11 March → Thu 12 March, renamed “…”". */
export function describe({ kind, changed }: HistoryEntry, reader: Reader): string {
  const isSkipUndone = kind === 'reopened' && changed.status === undefined;
  if (kind !== 'updated' && kind !== 'skipped' && !isSkipUndone) return kinds[kind] ?? kind;
  const before = isSkipUndone ? ['not skipped after all'] : kind === 'skipped' ? [kinds.skipped] : [];
  const parts = [...before, ...changesInWords(changed, reader)];
  return parts.length > 0 ? parts.join(', ') : 'changed';
}

export type Changed = HistoryEntry['changed'];

/** What changed of a task, field by field. */
export const changesInWords = (changed: Changed, reader: Pick<Reader, 'today' | 'projectName'>): string[] =>
  Object.keys(changed).flatMap((field) => fieldInWords(field, changed, reader) ?? []);

function fieldInWords(
  field: string,
  changed: Changed,
  reader: Pick<Reader, 'today' | 'projectName'>,
): string | undefined {
  const [was, is] = changed[field] ?? [null, null];
  const arrow = (words: (value: unknown) => string) => `${words(was)} → ${words(is)}`;
  switch (field) {
    case 'title':
      return `renamed from “${String(was)}”`;
    case 'notes':
      return is ? (was ? 'changed the notes' : 'wrote notes') : 'removed the notes';
    case 'priority':
      return `priority ${arrow((value) => (value === null ? 'none' : String(value)))}`;
    case 'due_date':
      return `due ${arrow((value) => (typeof value === 'string' ? longDay(value, reader.today) : 'no date'))}`;
    case 'due_time':
      return `time ${arrow((value) => (typeof value === 'string' ? value : 'none'))}`;
    case 'due_zone':
      return is ? `in the zone ${String(is)}` : 'in the zone one is in';
    case 'tags':
      return tagsInWords(was, is);
    case 'project_id':
      return `moved to ${is === null ? 'the Inbox' : (reader.projectName(String(is)) ?? 'another project')}`;
    case 'recurrence':
      return is ? `repeats: ${shortLabel(is as Recurrence)}` : 'repeats no more';
    case 'parent_id':
      return is ? 'put under another task' : 'made a task of its own';
    case 'position':
      return changed.project_id || changed.parent_id ? undefined : 'moved in the list';
    default:
      return undefined;
  }
}

function tagsInWords(was: unknown, is: unknown): string {
  const before = Array.isArray(was) ? (was as string[]) : [];
  const after = Array.isArray(is) ? (is as string[]) : [];
  const added = after.filter((tag) => !before.includes(tag)).map((tag) => `+ @${tag}`);
  const removed = before.filter((tag) => !after.includes(tag)).map((tag) => `− @${tag}`);
  return [...added, ...removed].join(' ') || 'tags';
}
