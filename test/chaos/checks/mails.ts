import pg from 'pg';
import type { Taken } from '../../support/smtp-sink.ts';
import type { Finding } from '../promises.ts';

/**
 * Writes down each claim of a letter and each outcome, in a schema of its own, in the transactions that make them: what the
 * program could write down of a letter is known exactly, whenever it dies.
 */
export async function watchMails(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query(`create schema if not exists proof`);
  await client.query(`create table if not exists proof.mail (
    n bigint generated always as identity, ledger_id uuid, attempts int, state text, at timestamptz default clock_timestamp())`);
  await client.query(`create or replace function proof.note_mail() returns trigger language plpgsql security definer as $$
    begin insert into proof.mail (ledger_id, attempts, state) values (new.id, new.attempts, new.state); return new; end $$`);
  await client.query(`create or replace trigger note_mail after update on notification.ledger for each row
    when (new.channel = 'mail' and (old.state, old.attempts) is distinct from (new.state, new.attempts)) execute function proof.note_mail()`);
  await client.end();
}

/** A letter in hand when the program was ended by force, and what the mail server answered if it did. */
interface Claim {
  ledger_id: string;
  at: number;
  ended: boolean;
}

/**
 * Each letter that is due was taken by the mail server, once; and again only where a hand-over is in doubt: claimed, with no
 * outcome written down, by a program that was killed then. Whatever the program lived through, it had to write down.
 *
 * @param deaths when programs ended by force, in milliseconds.
 */
export async function mails(client: pg.Client, taken: readonly Taken[], deaths: readonly number[]) {
  const { rows: ledger } = await client.query<{ id: string; task_id: string; state: string; excused: boolean }>(
    `select l.id, l.task_id, l.state, case when l."for" = 'digest'
         then not exists (select from jsonb_array_elements(n.entries) e join tasks.task t on t.id = (e ->> 'task_id')::uuid
           where t.workspace_id = l.workspace_id and t.status = 'pending' and t.deleted_at is null)
         else n.withdrawn_at is not null or exists (select from tasks.change c where c.workspace_id = l.workspace_id
           and c.entity_id = l.task_id and c.kind in ('completed', 'deleted', 'skipped')) end as excused
     from notification.ledger l join notification.notification n on n.id = l.notification_id where l.channel = 'mail'`,
  );
  const { rows: claims } = await client.query<Claim>(
    `select m.ledger_id, extract(epoch from m.at)::float8 * 1000 as at,
       exists (select from proof.mail e where e.ledger_id = m.ledger_id and e.attempts = m.attempts and e.state <> 'handing_over') as ended
     from proof.mail m where m.state = 'handing_over' order by m.n`,
  );
  const { rows: without } = await client.query<Finding>(
    `select coalesce(n.task_id, n.id)::text as id, n.notification_type || ' ' || n.id || ' has no letter in the ledger' as what
     from notification.notification n join notification.person p on p.user_id = n.user_id and p.email_verified
     where not exists (select from notification.ledger l where l.channel = 'mail' and l.notification_id = n.id)`,
  );
  const letters = taken.filter((one) => /^Reminder|late$/.test(one.subject));
  const takenBy = new Map<string, number>();
  for (const { message_id } of letters) {
    const id = message_id.slice(1, message_id.indexOf('@'));
    takenBy.set(id, (takenBy.get(id) ?? 0) + 1);
  }
  const byId = new Map(ledger.map((row) => [row.id, row]));
  const doubtful = claims.filter((claim) => !claim.ended && deaths.some((death) => death >= claim.at));
  const inDoubt = (id: string) => doubtful.filter((claim) => claim.ledger_id === id).length;
  const doubled: Finding[] = [];
  for (const [id, times] of takenBy) {
    const row = byId.get(id);
    if (!row) doubled.push({ what: `${id}: a letter that nobody decided` });
    else if (times > 1 + inDoubt(id))
      doubled.push({ id: row.task_id, what: `${id}: taken ${times} times, ${inDoubt(id)} hand-overs in doubt` });
  }
  return {
    letters: ledger.length,
    taken: letters.length,
    again: letters.length - takenBy.size,
    doubtful: doubtful.filter((claim) => takenBy.has(claim.ledger_id)).length,
    lost: [
      ...without,
      ...ledger
        .filter(
          (row) =>
            row.state === 'failed' || (['handed_over', 'acknowledged'].includes(row.state) && !takenBy.has(row.id)),
        )
        .map((row) => ({ id: row.task_id, what: `${row.id} ${row.state}, and the mail server never took it` })),
      ...ledger
        .filter((row) => row.state === 'withdrawn' && !row.excused)
        .map((row) => ({ id: row.task_id, what: `${row.id} withdrawn, and its task is open` })),
    ],
    doubled,
  };
}
