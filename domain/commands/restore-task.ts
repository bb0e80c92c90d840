import type { Task } from '../task.ts';
import { type Command, type Draft, refuse } from './world.ts';

/** Brings back a task and exactly what was deleted with it. Restoring a live one changes nothing. */
export const restoreTask: Command = (draft, op) => {
  const task = draft.get('task', op.id);
  if (!task) return refuse('not_found');
  if (task.deleted_at === null) return undefined;
  const together = draft.withDescendants(task).filter((one) => one === task || one.deletion_act === task.deletion_act);
  for (const one of together) draft.put('task', 'restored', alive(draft, one));
  return undefined;
};

/** A task come back: into the Inbox if its project is gone, to the top level if its parent is. */
export function alive(draft: Draft, task: Task): Task {
  const parent = task.parent_id ? draft.get('task', task.parent_id) : undefined;
  const project = task.project_id ? draft.get('project', task.project_id) : undefined;
  return {
    ...task,
    deleted_at: null,
    deletion_act: null,
    withdrawn: false,
    parent_id: parent && parent.deleted_at === null ? parent.id : null,
    project_id: project && project.deleted_at === null ? project.id : null,
  };
}
