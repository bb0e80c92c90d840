import type { Op } from '@taskmaster/domain/commands/world';
import { shortLabel } from '@taskmaster/domain/recurrence/label';
import type { Due, Place, Recurrence } from '@taskmaster/domain/task';
import type { BlockedOp } from '../../sync/device.ts';
import { dueInWords } from '../tasks/when.ts';

const words: Record<string, string> = {
  not_found: 'the server knows no such thing.',
  deleted: 'it was deleted meanwhile.',
  slot_mismatch: 'another device had already moved on to the next date.',
  completed_occurrence: 'a completed occurrence keeps its date and its rule.',
  not_repeating: 'it does not repeat any more.',
  parent_cycle: 'a task cannot be inside itself.',
  too_many: 'too many at once.',
  id_taken: 'it was there already.',
};

/** Why the server refused an edit. */
export const refusalInWords = ({ code, errors }: BlockedOp): string =>
  errors?.[0]?.message ?? words[code] ?? 'the server refused it.';

/** What an edit wrote, field by field, as its author would say it. */
export function patchInWords(
  patch: Op['patch'],
  { today, projectName }: { today: string; projectName(id: string): string | undefined },
): [name: string, words: string][] {
  return Object.entries(patch).flatMap(([register, value]): [string, string][] => {
    switch (register) {
      case 'title':
      case 'name':
        return [['Name', String(value)]];
      case 'notes':
        return [['Notes', String(value) || 'none']];
      case 'priority':
        return [['Priority', value === null ? 'none' : String(value)]];
      case 'due': {
        const { due_date, due_time } = value as Due;
        return [['Due', due_date ? dueInWords({ date: due_date, time: due_time ?? null }, today) : 'no date']];
      }
      case 'recurrence':
        return [['Repeats', value ? shortLabel(value as Recurrence) : 'never']];
      case 'place': {
        const { project_id } = value as Place;
        return [['In', project_id ? (projectName(project_id) ?? 'a project that is gone') : 'Inbox']];
      }
      case 'tags': {
        const { add = [], remove = [] } = value as { add?: string[]; remove?: string[] };
        return [['Tags', [...add.map((tag) => `+ @${tag}`), ...remove.map((tag) => `− @${tag}`)].join(' ')]];
      }
      default:
        return [];
    }
  });
}
