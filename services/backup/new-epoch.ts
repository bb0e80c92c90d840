import { actEvent } from '@taskmaster/contracts/events/act';
import { topicOf } from '@taskmaster/contracts/events/types';
import { migrate } from '@taskmaster/db/migrate';
import pg from 'pg';
import { v7 } from 'uuid';
import { ROLES } from './tables.ts';

/**
 * After a database was put back to an earlier time by its own means (a snapshot of its disk, recovery to a point in time, a standby
 * that lacked something): numbers of changes that a device, a consumer or the broker knows already would be given once more. In a
 * new epoch they are others: what is on its way is passed over, and a device that was ahead keeps its edits and sends them again.
 * To be done before any service starts.
 */
export async function beginNewEpoch(connection: pg.ClientConfig): Promise<{ workspaces: number }> {
  await migrate(connection);
  const client = new pg.Client({ ...connection, application_name: 'taskmaster new epoch' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('begin');
    const workspaces = await newEpoch(client);
    await tellRestored(client, {});
    await client.query('commit');
    return { workspaces };
  } finally {
    await client.end();
  }
}

/** In a transaction. What was held back, or on its way, belongs to the history that ended: cursors find out for themselves what is missing. */
export async function newEpoch(client: pg.Client): Promise<number> {
  await client.query(`set local role ${ROLES.tasks}`);
  const { rows } = await client.query<{ id: string; epoch: string }>(
    'update tasks.workspace set epoch = gen_random_uuid() returning id, epoch',
  );
  await client.query('reset role');
  for (const schema of Object.keys(ROLES) as (keyof typeof ROLES)[]) {
    if (schema === 'auth') continue;
    await client.query(`set local role ${ROLES[schema]}`);
    await client.query(
      `update ${schema}.cursor c set epoch = w.epoch, held = false from unnest($1::uuid[], $2::uuid[]) as w(id, epoch) where c.workspace_id = w.id`,
      [rows.map((row) => row.id), rows.map((row) => row.epoch)],
    );
    await client.query(`delete from ${schema}.inbox where sequence is not null`);
    await client.query('reset role');
  }
  return rows.length;
}

/** Makes it known to the audit log. */
export async function tellRestored(client: pg.Client, detail: Record<string, unknown>): Promise<void> {
  const event = actEvent(
    { action: 'restored', who: 'operator', via: 'cli', detail },
    { id: v7(), time: new Date().toISOString() },
  );
  await client.query(`set local role ${ROLES.tasks}`);
  await client.query('insert into tasks.outbox (id, topic, workspace_id, event) values ($1, $2, $3, $4)', [
    event.id,
    topicOf(event.type),
    event.data.workspace_id,
    JSON.stringify(event),
  ]);
  await client.query('reset role');
}
