import type { Entity } from '@taskmaster/domain/registers';

/** The columns of each entity's table, in one place: writing and reading are made from them. */
const stamps = ['workspace_id', 'id', 'version', 'created_at', 'updated_at', 'deleted_at'];
export const columns: { readonly [E in Entity]: readonly string[] } = {
  task: [
    ...stamps,
    ...[
      'title',
      'notes',
      'status',
      'priority',
      'tags',
      'due_date',
      'due_time',
      'due_zone',
      'project_id',
      'section_id',
      'parent_id',
    ],
    ...['position', 'recurrence', 'series_id', 'slot', 'series_values', 'successor_id', 'predecessor_slot', 'missed'],
    ...['completion_id', 'completed_local', 'completed_at', 'archived_at', 'deletion_act', 'withdrawn'],
  ],
  project: [...stamps, 'name', 'color', 'position', 'archived_at', 'deletion_act'],
  tag: [...stamps, 'name', 'color'],
  reminder: [...stamps, 'user_id', 'task_id', 'series_id', 'minutes_before', 'at', 'snooze'],
  token: [...stamps, 'user_id', 'name', 'scopes', 'ends', 'expires_at'],
  user: [...stamps, 'name', 'email', 'email_verified', 'role', 'settings'],
  workspace: [...stamps.slice(1), 'kind', 'name', 'owner_id'],
};

/** Columns that hold instants: PostgreSQL's JSON spells them with an offset, the wire with `Z`. */
const instants = ['created_at', 'updated_at', 'deleted_at', 'completed_at', 'archived_at', 'at', 'expires_at'];

/** A row as PostgreSQL's to_jsonb gives it, in the spelling of the wire. */
export function rowFromJson<R>(entity: Entity, json: Record<string, unknown>): R {
  const row: Record<string, unknown> = {};
  for (const column of columns[entity]) {
    const value = json[column] ?? null;
    row[column] = typeof value === 'string' && instants.includes(column) ? instantFrom(value) : value;
  }
  if (entity === 'workspace') row.workspace_id = row.id;
  return row as R;
}

/** An instant beyond the calendar of JavaScript stays as it is spelled: reading never fails on one row. */
function instantFrom(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : at.toISOString();
}

/** What makes a row one of its kind: a workspace is no row inside a workspace. */
export const keyOf = (entity: Entity): string => (entity === 'workspace' ? 'id' : 'workspace_id, id');

export const tableOf = (entity: Entity): string => (entity === 'user' ? 'tasks."user"' : `tasks.${entity}`);
