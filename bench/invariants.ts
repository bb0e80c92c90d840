import { waitFor } from '../test/chaos/person.ts';
import type { Place } from './stand.ts';

/**
 * After a load: every sequence gapless, every acknowledged creation there, all consumers at the head, no dead letter.
 * Workspaces that were filled by a set-up have no log and are left out.
 * @throws with the first thing that is not so: a speed without the promises counts nothing.
 */
export async function checkInvariants(
  { database }: Place,
  acknowledged: readonly { workspace: string; created: number }[],
): Promise<void> {
  const spaces = acknowledged.map((one) => one.workspace);
  const behind = async () => {
    const { rows } = await database.query<{ count: number }>(
      `select count(*) as count from tasks.workspace w
       left join recurring.cursor r on r.workspace_id = w.id
       left join notification.cursor n on n.workspace_id = w.id
       left join audit.cursor a on a.workspace_id = w.id
       where w.id = any($1) and (w.head is distinct from r.sequence or w.head is distinct from n.sequence
         or w.head is distinct from a.sequence or r.held or n.held or a.held)`,
      [spaces],
    );
    return rows[0]?.count ?? 0;
  };
  if (!(await waitFor(async () => (await behind()) === 0, 60_000)))
    throw new Error(`${await behind()} workspaces were not caught up in a minute.`);
  const { rows } = await database.query<{ id: string; head: number; count: number; last: number; created: number }>(
    `select w.id, w.head, count(*) as count, max(c.seq) as last, count(*) filter (where c.kind = 'created' and c.entity = 'task') as created
     from tasks.workspace w join tasks.change c on c.workspace_id = w.id where w.id = any($1) group by w.id, w.head`,
    [spaces],
  );
  for (const { workspace, created } of acknowledged) {
    const row = rows.find((one) => one.id === workspace);
    if (row?.head !== row?.count || row?.head !== row?.last)
      throw new Error(`${workspace}: head ${row?.head}, ${row?.count} changes to ${row?.last}`);
    if ((row?.created ?? 0) !== created)
      throw new Error(`${workspace}: ${created} creations acknowledged, ${row?.created} in the log`);
  }
  const letters = await database.query(`select 1 from tasks.dead_letter union all select 1 from recurring.dead_letter
     union all select 1 from notification.dead_letter union all select 1 from audit.dead_letter`);
  if (letters.rows.length > 0) throw new Error(`${letters.rows.length} dead letters.`);
}
