import type pg from 'pg';
import type { Finding } from '../promises.ts';

const CONSUMERS = ['recurring', 'notification', 'audit'] as const;
const SCHEMAS = ['tasks', 'recurring', 'notification', 'sync', 'audit'] as const;

/** What somebody did and that is no change, said by a service and not in the audit log. */
export const unwitnessed = SCHEMAS.map(
  (
    schema,
  ) => `select event->>'subject' as id, '${schema} act ' || id || ' ' || (event #>> '{data,payload,action}') as what
    from ${schema}.outbox o where topic = 'audit-log' and not exists (select from audit.audit_logs l where l.event_id = o.id)`,
).join(' union all ');

/** Relay, consumers, outboxes, reminders and letters that have something left to do, now or within so many seconds. */
export async function behind(client: pg.Client, within = 0): Promise<Finding[]> {
  const { rows } = await client.query<Finding>(`
    select w.id::text, 'relay ' || w.id || ' at ' || coalesce(p.sequence, 0) || ' of ' || w.head as what
      from tasks.workspace w left join tasks.position p on p.workspace_id = w.id where coalesce(p.sequence, 0) <> w.head
    ${CONSUMERS.map(
      (
        name,
      ) => `union all select w.id::text, '${name} ' || w.id || ' at ' || coalesce(c.sequence, 0) || ' of ' || w.head
      from tasks.workspace w left join ${name}.cursor c on c.workspace_id = w.id and c.consumer = '${name}'
      where coalesce(c.sequence, 0) <> w.head or c.held`,
    ).join(' ')}
    ${SCHEMAS.map(
      (schema) => `union all select id::text, '${schema} outbox ' || id from ${schema}.outbox where published_at is null
      union all select workspace_id::text, '${schema} inbox ' || event_id from ${schema}.inbox`,
    ).join(' ')}
    union all ${unwitnessed}
    union all select task_id::text, 'occurrence without successor ' || task_id from recurring.occurrence where event is not null
    union all select task_id::text, 'reminder ' || id || ' due ' || due_at from notification.ledger where state = 'scheduled' and due_at < now() + interval '${within} seconds'
    union all select task_id::text, 'mail ' || id || ' ' || state from notification.ledger
      where channel = 'mail' and state in ('decided', 'handing_over')`);
  return rows;
}

export async function deadLetters(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<Finding>(
    SCHEMAS.map(
      (schema) =>
        `select coalesce(event->>'subject', workspace_id::text) as id, consumer || ' ' || event_id || ': ' || error as what from ${schema}.dead_letter where replayed_at is null`,
    ).join(' union all '),
  );
  return rows;
}
