import pg from 'pg';
import type { Record } from './clients.ts';

interface Line {
  at: string;
  what: string;
}
const MOST = 60;

/** All that is known of one thing, in the order of time: what clients sent and heard, changes, the ledger, letters, the audit log. */
export async function trailOf(id: string, record: Record, connection: pg.ClientConfig): Promise<string> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  const mine = record.attempts.filter(
    (attempt) =>
      attempt.person.workspace !== id &&
      (attempt.id === id || attempt.answer?.text.includes(id) || JSON.stringify(attempt.request).includes(id)),
  );
  const { rows } = await client.query<Line>(
    `select at, what from (
       select at::text as at, 'change ' || workspace_id || ' ' || seq || ' ' || entity || ' ' || kind || ' by ' || via || ' ' || patch::text as what
         from tasks.change where entity_id::text = $1 or patch::text like '%' || $1 || '%'
       union all select coalesce(decided_at, due_at)::text, 'ledger ' || id || ' ' || channel || ' due ' || due_at || ' ' || state || coalesce(', ' || late_reason, '')
         from notification.ledger where task_id::text = $1
       union all select m.at::text, 'letter ' || m.ledger_id || ' attempt ' || m.attempts || ' ' || m.state
         from proof.mail m join notification.ledger l on l.id = m.ledger_id where l.task_id::text = $1
       union all select sent_at::text, 'shown ' || id || ' ' || notification_type from notification.notification where task_id::text = $1
       union all select at::text, 'audit ' || chain || ' ' || seq || ' ' || event_type || ' of ' || coalesce(sequence::text, 'none')
         from audit.audit_logs where task_id::text = $1 or resource_id = $1
     ) each order by 1 limit ${MOST}`,
    [id],
  );
  await client.end();
  const lines: Line[] = [
    ...mine.flatMap((attempt) => attempt.trail),
    ...rows.map(({ at, what }) => ({ at: new Date(at).toISOString(), what: what.slice(0, 300) })),
  ];
  return lines
    .sort((one, other) => one.at.localeCompare(other.at))
    .slice(0, MOST)
    .map(({ at, what }) => `    ${at}  ${what}`)
    .join('\n');
}
