import type pg from 'pg';
import type { Attempt } from '../journal.ts';
import type { Finding } from '../promises.ts';

/** From when to when, in milliseconds of the server's clock, the program could do nothing. */
export interface Pause {
  readonly from: number;
  readonly to: number;
}

/** How late a reminder may be decided without a word: half a minute, as the product promises, and the second it may take to decide. */
const WITHOUT_A_WORD = 31_000;
/** What is noticed of an outage may begin or end so much beside it. */
const BESIDE = 55_000;

interface InTheApp {
  id: string;
  task_id: string;
  for: string;
  state: string;
  due: number;
  decided: number | null;
  late_reason: string | null;
  excused: boolean;
  shown: number;
}

/** Every reminder that somebody was promised is decided once, at its time or later, and shown once; a late one says why. */
export async function reminders(client: pg.Client, attempts: readonly Attempt[], pauses?: readonly Pause[]) {
  const promised = attempts.flatMap(({ outcome, request, id }) => {
    const [at] = (request.body as { reminders?: { at: string }[] } | undefined)?.reminders ?? [];
    return outcome === 'acknowledged' && at && id ? [{ task_id: id, ...at }] : [];
  });
  const { rows: ledger } = await client.query<InTheApp>(
    `select l.id, l.task_id, l."for", l.state, extract(epoch from l.due_at)::float8 * 1000 as due,
       extract(epoch from l.decided_at)::float8 * 1000 as decided, l.late_reason,
       case l.state when 'withdrawn' then t.status = 'completed' or t.deleted_at is not null
         when 'too_late' then l.due_at < t.created_at when 'scheduled' then l.due_at > now()
         else l.state in ('handed_over', 'acknowledged') end as excused,
       (select count(*)::int from notification.notification n where n.id = l.notification_id
          or (n.task_id = l.task_id and n.due_at = l.due_at) or n.entries @> jsonb_build_array(jsonb_build_object('task_id', l.task_id))) as shown
     from notification.ledger l join tasks.task t on t.workspace_id = l.workspace_id and t.id = l.task_id
     where l.channel = 'app'`,
  );
  const byFor = new Map(ledger.map((row) => [`${row.task_id} ${row.for}`, row]));
  const of = (row: InTheApp, what: string): Finding => ({ id: row.task_id, what: `${row.id} for ${row.for} ${what}` });
  const decided = ledger.filter((row) => row.decided !== null);
  const late = decided.filter((row) => (row.decided ?? 0) - row.due > WITHOUT_A_WORD);
  const told = ledger.filter((row) => ['handed_over', 'acknowledged'].includes(row.state));
  return {
    promised: promised.length,
    told: told.length,
    decided: decided.length,
    late: late.length,
    /** Came due while nothing could be decided. */
    due_in_pauses: ledger.filter((row) => pauses?.some(({ from, to }) => row.due >= from && row.due <= to)).length,
    missing: promised.flatMap((promise): Finding[] => {
      const row = byFor.get(`${promise.task_id} ${new Date(promise.at).toISOString()}`);
      if (row?.excused) return [];
      return [
        { id: promise.task_id, what: `${promise.task_id} at ${promise.at}: ${row?.state ?? 'not in the ledger'}` },
      ];
    }),
    doubled: ledger
      .filter((row) => row.shown > (told.includes(row) ? 1 : 0))
      .map((row) => of(row, `${row.state}, shown ${row.shown} times`)),
    early: decided
      .filter((row) => (row.decided ?? 0) < row.due)
      .map((row) => of(row, `decided ${row.due - (row.decided ?? 0)} ms early`)),
    unexplained: late.flatMap((row) => {
      if (row.late_reason === null) return [of(row, `${(row.decided ?? 0) - row.due} ms late without a reason`)];
      const blamed = /was (down|asleep)|could not write/.test(row.late_reason);
      const isTrue =
        pauses?.some(({ from, to }) => from - BESIDE <= (row.decided ?? 0) && to + BESIDE >= row.due) ?? true;
      return blamed && !isTrue ? [of(row, `blames an outage that was not: ${row.late_reason}`)] : [];
    }),
  };
}
