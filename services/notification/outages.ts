import { addDays, localOf } from '@taskmaster/domain/time/zoned';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';

export interface Outage {
  /** `database`: it was up, and could not write. */
  reason: 'down' | 'asleep' | 'database';
  from_at: string;
  to_at: string;
}

const say = statementsOf('notification');
/** The row is the lock: the time before this one is what the gap is measured from. */
const beat = say<Outage>(
  'beat',
  `with last as (select at from notification.pulse for update), noted as (
     insert into notification.outage (from_at, to_at, reason)
     select at, now(), $1 from last where at < now() - interval '20 seconds' returning from_at, to_at, reason
   ), kept as (
     insert into notification.pulse (at) values (now()) on conflict (id) do update set at = now()
   )
   select from_at, to_at, reason from noted`,
);
const outagesSince = say<Outage>(
  'outages_since',
  'select from_at, to_at, reason from notification.outage where to_at >= $1 order by to_at desc limit 100',
);

/** Milliseconds that a decision may come after its time without needing a reason. */
export const ON_TIME = 30_000;

/**
 * Returns what notes that the service is alive; a gap since the last note is an outage. Before the first it was down; later
 * the database took no note if that was tried, else the machine slept (or its clock was moved).
 */
export function createPulse(runtime: Pick<RunningRuntime<'notification'>, 'background'>): () => Promise<void> {
  let reason: Outage['reason'] = 'down';
  return async () => {
    try {
      await runtime.background((tx) => tx.query(beat, [reason]));
    } catch (error) {
      if (reason === 'asleep') reason = 'database';
      throw error;
    }
    reason = 'asleep';
  };
}

export { outagesSince };

const WHAT_HAPPENED: Record<Outage['reason'], string> = {
  down: 'the server was down',
  asleep: 'the server’s machine was asleep',
  database: 'the server could not write to its database',
};

/** Why something due then was told only now, in the words of a person in that zone; null if it is on time. */
export function lateReason(due_at: string, now: string, outages: readonly Outage[], zone: string): string | null {
  const late = Date.parse(now) - Date.parse(due_at);
  if (late < ON_TIME) return null;
  const outage = outages.find(
    (one) =>
      one.from_at <= now &&
      Date.parse(one.to_at) + ON_TIME >= Date.parse(due_at) &&
      Date.parse(one.from_at) - ON_TIME <= Date.parse(due_at),
  );
  const lead = `${span(late)} late: `;
  if (!outage) return `${lead}the server had more to do than it could.`;
  return `${lead}${WHAT_HAPPENED[outage.reason]} from ${wall(outage.from_at, now, zone)} to ${wall(outage.to_at, now, zone)}.`;
}

function span(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 1) return `${Math.round(milliseconds / 1000)} s`;
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

/** A time of today bare, any other with its day. */
function wall(instant: string, now: string, zone: string): string {
  const at = localOf(instant, zone);
  const today = localOf(now, zone).date;
  if (at.date === today) return at.time;
  return at.date === addDays(today, -1) ? `yesterday ${at.time}` : `${at.date} ${at.time}`;
}
