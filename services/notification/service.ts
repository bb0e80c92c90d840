import { changeEventTypes } from '@taskmaster/contracts/events/types';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { Host, Serving } from '../host.ts';
import type { Http } from '../http/server.ts';
import { mailerOf } from '../mail/mailer.ts';
import { createUnsubscribe } from '../mail/unsubscribe.ts';
import { announce, BATCH, decide, nextDue } from './decide.ts';
import { startDelivery } from './deliver.ts';
import { createPulse } from './outages.ts';
import { follow } from './plan.ts';
import { createQueries } from './queries.ts';
import { notificationRoutes } from './routes.ts';
import { serially } from './serially.ts';

export interface NotificationOptions {
  /** Makes the links by which letters are given up: the same on every instance, and api's. */
  secret: string;
}

const SWEEP_EVERY = 5_000;
/** How long a start waits for the changes that came while it was away, before it decides by what it knows. */
const CATCH_UP_WITHIN = 5_000;
const LOOK_AGAIN = 100;
const REMINDERS = 'notification: reminders';

const say = statementsOf('notification');
const cursors = say<{ workspace_id: string; sequence: number }>(
  'cursors',
  `select workspace_id, sequence from notification.cursor where consumer = 'notification'`,
);

const ledgerCounts = say<{ scheduled: number; overdue: number; failed: number; late_today: number }>(
  'ledger_counts',
  `select count(*) filter (where state = 'scheduled') as scheduled,
     count(*) filter (where state = 'scheduled' and due_at < now() - interval '30 seconds') as overdue,
     count(*) filter (where state = 'failed') as failed,
     count(*) filter (where late_reason is not null and decided_at > now() - interval '24 hours') as late_today
   from notification.ledger`,
);
const followed = changeEventTypes.filter((type) => /^com\.todo\.(task|reminder|user)\./.test(type));

/**
 * Reminds: plans from the events of tasks, reminders and people alone, decides each reminder once when its time has come by
 * the database's clock, shows it, and says what became of it. Woken at the next one; a sweep each five seconds is the truth.
 */
export function startNotification(
  host: Host<'notification'>,
  { secret }: NotificationOptions,
): Serving<'notification'> {
  const { runtime, instances, log, enter, address } = host;
  let armed = Number.POSITIVE_INFINITY;
  let caughtUp = false;
  const noteAlive = createPulse(runtime);
  let missed: readonly { workspace_id: string; head: number }[] | undefined;
  const started = Date.now();

  runtime.consume('notification', followed, async (event, tx, emit, late) => {
    const { told, earliest, outcome } = await follow(event, tx, late);
    await announce([], tx, emit, told);
    if (earliest) arm(earliest);
    return outcome;
  });

  function arm(at: string): void {
    const next = Math.max(Date.parse(at), Date.now() + LOOK_AGAIN);
    // Where its time is over another instance was woken.
    if (next >= armed && armed > Date.now()) return;
    globalThis.failpoint?.('jobs.after_commit_before_register');
    armed = next;
    void wakeAt(next);
  }

  /** All instances are woken by one name: what another has there for an earlier time is not put off. */
  async function wakeAt(next: number): Promise<void> {
    const [earliest] =
      instances === 'several'
        ? await runtime.background((tx) => tx.query(nextDue, []), { readOnly: true }).catch(() => [])
        : [];
    const at = earliest ? Math.min(next, Math.max(Date.parse(earliest.at), Date.now() + LOOK_AGAIN)) : next;
    armed = Math.min(armed, at);
    await runtime.wake.at(REMINDERS, new Date(at).toISOString());
  }

  /** A task that was completed while this service was away must not be reminded of because its event comes a moment later. */
  async function isCaughtUp(): Promise<boolean> {
    // What was there when it started; what is written from now on comes in its time.
    missed ??= (await runtime.ask('heads', { all: true })).heads;
    const seen = await runtime.background((tx) => tx.query(cursors, []), { readOnly: true });
    const at = new Map(seen.map((cursor) => [cursor.workspace_id, cursor.sequence]));
    return missed.every((head) => (at.get(head.workspace_id) ?? 0) >= head.head);
  }

  async function sweep(): Promise<void> {
    armed = Number.POSITIVE_INFINITY;
    if (!caughtUp) {
      if (Date.now() - started < CATCH_UP_WITHIN && !(await isCaughtUp()))
        return arm(new Date(Date.now() + LOOK_AGAIN).toISOString());
      await noteAlive();
      caughtUp = true;
    } else await noteAlive();
    for (;;) {
      const { count, next } = await runtime.background((tx, emit) => decide(tx, emit));
      if (count === BATCH) continue;
      if (next) arm(next);
      return;
    }
  }
  const look = serially(sweep);
  runtime.wake.onWake(REMINDERS, look);
  runtime.every(REMINDERS, SWEEP_EVERY, look);
  arm(new Date().toISOString());

  const mailer = mailerOf(host.config);
  const { token: unsubscribeToken } = createUnsubscribe(secret);
  const delivery = mailer && startDelivery({ runtime, instances, log, mail: { mailer, address, unsubscribeToken } });
  // Without a mailer nothing goes out but what the app shows; what is brought here is taken all the same.
  if (!delivery) runtime.consume('delivery', ['com.todo.reminder.triggered'], async () => undefined);
  runtime.answer('notification_counts', async () => {
    const [counts] = await runtime.background((tx) => tx.query(ledgerCounts, []), { readOnly: true });
    const reminders = counts ?? { scheduled: 0, overdue: 0, failed: 0, late_today: 0 };
    return { ...(await runtime.counts()), reminders };
  });
  return {
    runtime,
    routes: (http: Http) => notificationRoutes({ http, enter, queries: createQueries(runtime) }),
    farewell: async () => delivery?.stop(),
    async stop() {
      await runtime.stop();
      mailer?.close();
    },
  };
}
