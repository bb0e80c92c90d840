import { z } from 'zod';
import { color, name, position, sequence, tagName, uuid } from '../fields.ts';

/** Projects, tags and workspaces. */
const stamps = { created_at: z.string(), updated_at: z.string(), deleted_at: z.string().nullable(), version: sequence };

export const projectSchema = z
  .object({
    id: uuid,
    workspace_id: uuid,
    name: z.string(),
    color: z.string(),
    position: z.string(),
    archived_at: z.string().nullable(),
    ...stamps,
  })
  .meta({ id: 'Project' });
export const createProjectSchema = z
  .strictObject({
    id: uuid.optional(),
    workspace_id: uuid.optional(),
    name,
    color: color.optional(),
    position: position.optional(),
  })
  .meta({ id: 'CreateProject' });
export const updateProjectSchema = z
  .strictObject({ name: name.optional(), color: color.optional(), position: position.optional() })
  .meta({ id: 'UpdateProject' });
export const listProjectsQuery = z.object({ status: z.literal('deleted').optional() });
export const projectListSchema = z
  .object({ items: z.array(projectSchema), next_cursor: z.null() })
  .meta({ id: 'ProjectList' });

export const tagSchema = z
  .object({ id: uuid, workspace_id: uuid, name: z.string(), color: z.string(), ...stamps })
  .meta({ id: 'Tag' });
export const createTagSchema = z
  .strictObject({ name: tagName, color: color.optional(), workspace_id: uuid.optional() })
  .meta({ id: 'CreateTag' });
export const updateTagSchema = z
  .strictObject({ name: tagName.optional(), color: color.optional() })
  .meta({ id: 'UpdateTag' });
export const tagListSchema = z.object({ items: z.array(tagSchema), next_cursor: z.null() }).meta({ id: 'TagList' });

export const workspaceSchema = z
  .object({ id: uuid, kind: z.enum(['personal', 'team']), name: z.string(), role: z.string() })
  .meta({ id: 'Workspace' });
export const workspaceListSchema = z
  .object({ items: z.array(workspaceSchema), next_cursor: z.null() })
  .meta({ id: 'WorkspaceList' });
