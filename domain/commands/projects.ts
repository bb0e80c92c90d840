import { isBlank } from '../blank.ts';
import { positionBetween } from '../ordering.ts';
import type { Task } from '../task.ts';
import { alive } from './restore-task.ts';
import { type Command, refuse } from './world.ts';

/** The colours a project wears, by name: the screen knows how each looks in light and dark. */
export const projectColors = ['rust', 'blue', 'teal', 'olive', 'plum'] as const;

interface ProjectPatch {
  name?: string;
  color?: string;
  position?: string;
  archived_at?: string | null;
}

/** The most tasks that go with a project in one act. */
const MOST_AT_ONCE = 2000;

export const createProject: Command = (draft, op) => {
  const patch = op.patch as ProjectPatch;
  if (draft.get('project', op.id)) return refuse('id_taken');
  if (isBlank(patch.name ?? '')) return refuse('invalid', { path: 'name', message: 'A project needs a name.' });
  const { at, workspace_id } = draft.moment;
  const color = patch.color ?? projectColors[Number.parseInt(op.id.slice(-2), 16) % projectColors.length] ?? 'blue';
  draft.create('project', {
    id: op.id,
    workspace_id,
    name: (patch.name ?? '').trim(),
    color,
    position: patch.position ?? positionBetween(null, null),
    archived_at: null,
    deleted_at: null,
    deletion_act: null,
    created_at: at,
    updated_at: at,
    version: 0,
  });
  return undefined;
};

export const updateProject: Command = (draft, op) => {
  const patch = op.patch as ProjectPatch;
  const project = draft.get('project', op.id);
  if (!project) return refuse('not_found');
  if (project.deleted_at !== null) return refuse('deleted');
  if (patch.name !== undefined && isBlank(patch.name))
    return refuse('invalid', { path: 'name', message: 'A project needs a name.' });
  draft.put('project', 'updated', { ...project, ...patch, name: (patch.name ?? project.name).trim() });
  return undefined;
};

/** Deletes a project with its tasks in one act; restoring it brings back exactly those. */
export const deleteProject: Command = (draft, op) => {
  const project = draft.get('project', op.id);
  if (!project) return refuse('not_found');
  if (project.deleted_at !== null) return undefined;
  const tasks = draft.tasksOfProject(project.id).filter((task) => task.deleted_at === null);
  if (tasks.length > MOST_AT_ONCE)
    return refuse('too_many', { path: '', message: `More than ${MOST_AT_ONCE} tasks at once.` });
  draft.put('project', 'deleted', { ...project, deleted_at: draft.moment.at, deletion_act: op.op });
  for (const task of tasks) draft.put('task', 'deleted', { ...task, deleted_at: draft.moment.at, deletion_act: op.op });
  return undefined;
};

export const restoreProject: Command = (draft, op) => {
  const project = draft.get('project', op.id);
  if (!project) return refuse('not_found');
  if (project.deleted_at === null) return undefined;
  // Projects deleted before the act was kept know only the moment.
  const withIt = (task: Task) =>
    project.deletion_act ? task.deletion_act === project.deletion_act : task.deleted_at === project.deleted_at;
  const gone = draft
    .tasksOfProject(project.id)
    .filter((task) => task.deleted_at !== null && withIt(task) && !task.withdrawn);
  draft.put('project', 'restored', { ...project, deleted_at: null, deletion_act: null });
  for (const task of gone) draft.put('task', 'restored', alive(draft, task));
  return undefined;
};
