import { isBlank } from '../blank.ts';
import { positionBetween } from '../ordering.ts';
import type { Due, Place, Priority, Recurrence, Task } from '../task.ts';
import { checkDue, isRepeatProblem, setRepeat } from './due.ts';
import { checkPlace } from './place.ts';
import { namesOfTags } from './tags.ts';
import { type Command, refuse } from './world.ts';

export interface TaskPatch {
  title?: string;
  notes?: string;
  priority?: Priority | null;
  due?: Partial<Due>;
  place?: Partial<Place>;
  recurrence?: (Partial<Recurrence> & { rule: string }) | null;
  tags?: { add: string[]; remove?: string[] };
}

/** A new task, at the end of its place unless a position is given. The tags it names come to be. */
export const createTask: Command = (draft, op) => {
  const patch = op.patch as TaskPatch;
  const { moment } = draft;
  if (draft.get('task', op.id)) return refuse('id_taken');
  if (isBlank(patch.title ?? '')) return refuse('invalid', { path: 'title', message: 'A task needs a title.' });

  const due: Due = { due_date: null, due_time: null, due_zone: null, ...patch.due };
  const wrongDue = checkDue(due, patch.recurrence !== undefined && patch.recurrence !== null);
  if (wrongDue) return refuse('invalid', ...wrongDue);

  const place = checkPlace(draft, op.id, {
    project_id: null,
    section_id: null,
    parent_id: null,
    position: '',
    ...patch.place,
  });
  if (!('position' in place)) return place;
  if (place.position === '')
    place.position = positionBetween(draft.lastPosition(place.project_id, place.parent_id), null);

  const task: Task = {
    id: op.id,
    workspace_id: moment.workspace_id,
    title: (patch.title ?? '').trim(),
    notes: patch.notes ?? '',
    status: 'pending',
    priority: patch.priority ?? null,
    tags: namesOfTags(draft, patch.tags?.add ?? []),
    ...due,
    ...place,
    recurrence: null,
    series_id: null,
    slot: null,
    series_values: null,
    successor_id: null,
    predecessor_slot: null,
    missed: 0,
    completed_local: null,
    completed_at: null,
    completion_id: null,
    archived_at: null,
    deleted_at: null,
    deletion_act: null,
    withdrawn: false,
    created_at: moment.at,
    updated_at: moment.at,
    version: 0,
  };
  const repeating = patch.recurrence ? setRepeat(task, patch.recurrence, moment.today) : task;
  if (isRepeatProblem(repeating)) return refuse('invalid', ...repeating.problems);
  draft.create('task', repeating);
  return undefined;
};
