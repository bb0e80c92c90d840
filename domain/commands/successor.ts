import { copiesOfOpenSubtasks, successorOf } from '../recurrence/successor.ts';
import type { Draft } from './world.ts';

/**
 * Makes the successor of a completed occurrence if it is not there: idempotent by its derived id. Returns false where
 * there is nothing to make: no completed predecessor, a series that ended, or a successor that exists already.
 */
export function bringAboutSuccessor(draft: Draft, id: string): boolean {
  if (draft.get('task', id)) return false;
  const predecessor = draft.predecessorOf(id);
  if (predecessor?.status !== 'completed' || predecessor.deleted_at !== null) return false;
  const successor = successorOf(predecessor, draft.moment.at);
  if (successor?.id !== id) return false;
  draft.create('task', successor);
  const below = draft.withDescendants(predecessor).slice(1);
  for (const copy of copiesOfOpenSubtasks(predecessor, successor, below)) draft.create('task', copy);
  return true;
}
