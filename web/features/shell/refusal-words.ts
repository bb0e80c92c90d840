import type { BlockedOp } from '../../sync/device.ts';

const words: Record<string, string> = {
  not_found: 'the server knows no such thing.',
  deleted: 'it was deleted meanwhile. Bring it back from Deleted, then do it again.',
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
