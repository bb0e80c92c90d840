import type { Priority, Project } from '@taskmaster/domain/task';

/** As many deleted tasks as the server gives at once. */
export const MOST_DELETED = 200;

interface DeletedTask {
  id: string;
  title: string;
  priority: Priority | null;
  project_id: string | null;
  deleted_at: string | null;
  updated_at: string;
}

/** A task or a project as it stands among what was deleted. */
export interface DeletedThing {
  kind: 'task' | 'project';
  id: string;
  name: string;
  deleted_at: string;
  priority: Priority | null;
  color: string | undefined;
  /** What comes back with it. */
  task_ids: readonly string[];
  words: string;
}

/** The latest first; a project before the tasks that went with it in one act. */
export function deletedThings(tasks: readonly DeletedTask[], projects: readonly Project[]): DeletedThing[] {
  const isWhole = tasks.length < MOST_DELETED;
  const things: DeletedThing[] = projects.map(({ id, name, color, deleted_at, updated_at }) => {
    const task_ids = tasks.filter((one) => one.project_id === id && one.deleted_at === deleted_at).map((one) => one.id);
    const count = task_ids.length === 1 ? 'its task' : `its ${task_ids.length} tasks`;
    return {
      kind: 'project',
      id,
      name,
      color,
      deleted_at: deleted_at ?? updated_at,
      priority: null,
      task_ids,
      words: !isWhole ? 'with its tasks' : task_ids.length === 0 ? 'a project without tasks' : `with ${count}`,
    };
  });
  for (const { id, title, priority, deleted_at, updated_at } of tasks)
    things.push({
      kind: 'task',
      id,
      name: title,
      color: undefined,
      deleted_at: deleted_at ?? updated_at,
      priority,
      task_ids: [],
      words: '',
    });
  // Sorting keeps the order of what was deleted at one moment.
  return things.sort((a, b) => (a.deleted_at < b.deleted_at ? 1 : a.deleted_at > b.deleted_at ? -1 : 0));
}
