import type { Place } from '../task.ts';
import { type Draft, type Refusal, refuse } from './world.ts';

const DEEPEST = 8;

/**
 * Where a task may go: into a project and under a parent that are there, never under itself, at most eight deep.
 * A sub-task is in its parent's project. What an offline edit names but has gone meanwhile is the Inbox.
 */
export function checkPlace(draft: Draft, taskId: string, wanted: Place): Place | Refusal {
  const place = { ...wanted };
  if (place.parent_id !== null) {
    const parent = draft.get('task', place.parent_id);
    if (!parent || parent.deleted_at !== null) {
      if (!parent || !draft.moment.offline)
        return refuse('invalid', { path: 'parent_id', message: 'There is no such task.' });
      place.parent_id = null;
    } else {
      let depth = 1;
      for (
        let up: typeof parent | undefined = parent;
        up;
        up = up.parent_id ? draft.get('task', up.parent_id) : undefined
      ) {
        if (up.id === taskId)
          return refuse('parent_cycle', { path: 'parent_id', message: 'A task cannot be inside itself.' });
        if (++depth > DEEPEST)
          return refuse('invalid', { path: 'parent_id', message: `Sub-tasks go at most ${DEEPEST} deep.` });
      }
      // The parent is there, so its project is.
      return { ...place, project_id: parent.project_id };
    }
  }
  if (place.project_id !== null) {
    const project = draft.get('project', place.project_id);
    if (!project || project.deleted_at !== null) {
      if (!project || !draft.moment.offline)
        return refuse('invalid', { path: 'project_id', message: 'There is no such project.' });
      place.project_id = null;
    }
  }
  return place;
}
