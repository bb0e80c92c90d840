import { foldName, tagId } from '../ids.ts';
import { sortTags } from '../registers.ts';
import { projectColors } from './projects.ts';
import { type Command, type Draft, refuse } from './world.ts';

interface TagPatch {
  name?: string;
  color?: string;
}

/** The tags of these names as they are spelled; those that are not there come to be. */
export function namesOfTags(draft: Draft, names: readonly string[]): string[] {
  const byFold = new Map<string, string>();
  for (const name of names) {
    const wanted = name.trim();
    if (wanted && !byFold.has(foldName(wanted))) byFold.set(foldName(wanted), ensureTag(draft, wanted));
  }
  return sortTags([...byFold.values()]);
}

function ensureTag(draft: Draft, name: string, color?: string): string {
  const { at, workspace_id } = draft.moment;
  const id = tagId(workspace_id, name);
  const tag = draft.get('tag', id);
  if (tag && tag.deleted_at === null) return tag.name;
  if (tag) return draft.put('tag', 'restored', { ...tag, name, deleted_at: null }).name;
  const own = projectColors[Number.parseInt(id.slice(-2), 16) % projectColors.length] ?? 'blue';
  const row = {
    id,
    workspace_id,
    name,
    color: color ?? own,
    deleted_at: null,
    created_at: at,
    updated_at: at,
    version: 0,
  };
  return draft.create('tag', row).name;
}

/** A tag of a name that is there already is that tag. */
export const createTag: Command = (draft, op) => {
  const patch = op.patch as TagPatch;
  if (!patch.name?.trim()) return refuse('invalid', { path: 'name', message: 'A tag needs a name.' });
  ensureTag(draft, patch.name.trim(), patch.color);
  return undefined;
};

/** A new name is another tag (the id is the name's): every task that wears the old one wears the new one, in one act. */
export const updateTag: Command = (draft, op) => {
  const patch = op.patch as TagPatch;
  const tag = draft.get('tag', op.id);
  if (!tag) return refuse('not_found');
  if (tag.deleted_at !== null) return refuse('deleted');
  const name = patch.name?.trim() ?? tag.name;
  if (!name) return refuse('invalid', { path: 'name', message: 'A tag needs a name.' });
  const color = patch.color ?? tag.color;
  if (foldName(name) === foldName(tag.name)) draft.put('tag', 'updated', { ...tag, name, color });
  else {
    ensureTag(draft, name, color);
    draft.put('tag', 'deleted', { ...tag, deleted_at: draft.moment.at });
  }
  if (name !== tag.name) retag(draft, tag.name, name);
  return undefined;
};

export const deleteTag: Command = (draft, op) => {
  const tag = draft.get('tag', op.id);
  if (!tag) return refuse('not_found');
  if (tag.deleted_at !== null) return undefined;
  draft.put('tag', 'deleted', { ...tag, deleted_at: draft.moment.at });
  retag(draft, tag.name, undefined);
  return undefined;
};

function retag(draft: Draft, from: string, to: string | undefined): void {
  for (const task of draft.tasksWithTag(foldName(from))) {
    if (task.deleted_at !== null) continue;
    const others = task.tags.filter(
      (name) => foldName(name) !== foldName(from) && (!to || foldName(name) !== foldName(to)),
    );
    draft.put('task', 'updated', { ...task, tags: sortTags(to ? [...others, to] : others) });
  }
}
