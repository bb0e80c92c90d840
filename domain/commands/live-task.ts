import type { Task } from '../task.ts';
import { type Draft, type Refusal, refuse } from './world.ts';

/** The task if it is there and not deleted, else why not. */
export function liveTask(draft: Draft, id: string): Task | Refusal {
  const task = draft.get('task', id);
  if (!task) return refuse('not_found');
  return task.deleted_at === null ? task : refuse('deleted');
}

export const isRefusal = (value: object): value is Refusal => 'ok' in value && value.ok === false;
