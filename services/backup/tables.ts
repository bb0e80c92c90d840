import type pg from 'pg';

/** A table of ours: where it is, what it holds, and what has to be there before it. */
export interface Table {
  name: string;
  columns: string[];
}

/** Each schema, and the role that sees and writes all of it: the owner is held by row-level security too. */
export const ROLES = {
  auth: 'taskmaster_auth',
  tasks: 'taskmaster_api_background',
  recurring: 'taskmaster_recurring',
  notification: 'taskmaster_notification_background',
  sync: 'taskmaster_sync',
  audit: 'taskmaster_audit_background',
} as const;
type Schema = keyof typeof ROLES;

export const roleOf = (table: string): string => ROLES[table.split('.')[0] as Schema];

/** Every table of every service, those that others refer to first. Generated columns are computed again, not kept. */
export async function tablesOf(client: pg.ClientBase): Promise<Table[]> {
  const { rows: tables } = await client.query<Table>(
    `select format('%I.%I', n.nspname, c.relname) as name,
       array(select format('%I', a.attname) from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname = any($1) order by 1`,
    [Object.keys(ROLES)],
  );
  const { rows: references } = await client.query<{ of: string; to: string }>(
    `select format('%I.%I', n.nspname, c.relname) as of, format('%I.%I', m.nspname, d.relname) as to
     from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
       join pg_class d on d.oid = k.confrelid join pg_namespace m on m.oid = d.relnamespace
     where k.contype = 'f' and k.conrelid <> k.confrelid and n.nspname = any($1)`,
    [Object.keys(ROLES)],
  );
  const sorted: Table[] = [];
  const visit = (table: Table, trail: readonly Table[]): void => {
    if (sorted.includes(table)) return;
    if (trail.includes(table)) throw new Error(`Tables refer to each other in a circle: ${table.name}.`);
    for (const { to } of references.filter((one) => one.of === table.name)) {
      const before = tables.find((one) => one.name === to);
      if (before) visit(before, [...trail, table]);
    }
    sorted.push(table);
  };
  for (const table of tables) visit(table, []);
  return sorted;
}
