import { z } from 'zod';
import { color, name, position, sequence, settingsInput, tagName, uuid } from '../fields.ts';

/** Projects, tags, workspaces and the caller. */
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

export const settingsSchema = z
  .object({
    time_zone: z.string(),
    locale: z.string(),
    week_start: z.int(),
    day_start: z.string(),
    default_reminder_minutes: z.int().nullable(),
    quiet_hours: z.object({ from: z.string(), to: z.string() }).nullable(),
    reminder_mail: z.boolean(),
    theme: z.enum(['system', 'light', 'dark']),
  })
  .meta({ id: 'Settings' });
export const meSchema = z
  .object({
    user: z.object({
      id: uuid,
      name: z.string(),
      email: z.string(),
      email_verified: z.boolean(),
      role: z.enum(['admin', 'user']),
    }),
    settings: settingsSchema,
    workspaces: z.array(workspaceSchema),
  })
  .meta({ id: 'Me' });
export const updateMeSchema = z
  .strictObject({ name: name.optional(), settings: settingsInput.optional() })
  .meta({ id: 'UpdateMe' });
export type Me = z.infer<typeof meSchema>;
