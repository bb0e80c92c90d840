import { setTimeout as sleep } from 'node:timers/promises';
import type { ReminderTriggered } from '@taskmaster/contracts/events/event';
import { quietUntil } from '@taskmaster/domain/reminders/on-task';
import type { Settings } from '@taskmaster/domain/task';
import { addDays, localOf } from '@taskmaster/domain/time/zoned';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { isInfrastructureError } from '@taskmaster/runtime/infrastructure-error';
import type { Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { Logger } from '@taskmaster/runtime/telemetry';
import { v5 } from 'uuid';
import { digestLetter, reminderLetter } from '../mail/letters.ts';
import { type Mailer, MailRefused, type Post } from '../mail/mailer.ts';
import { serially } from './serially.ts';

interface Waiting {
  id: string;
  for: string;
  task_id: string;
  title: string;
  due_at: string;
  late_reason: string | null;
  attempts: number;
  user_id: string;
  email: string;
  settings: Settings;
  entries: { title: string; due_at: string }[] | null;
  now: string;
}

const say = statementsOf('notification');
const readerOf = say<{ settings: Settings; email_verified: boolean }>(
  'mail_reader',
  'select settings, email_verified from notification.person where user_id = $1 and not gone',
);
const queue = say(
  'queue_mail',
  `insert into notification.ledger (id, workspace_id, reminder_id, user_id, "for", channel, task_id, title, counted_at, due_at,
     state, decided_at, late_reason, notification_id, next_at, cause_id, cause_sequence, epoch, correlation_id)
   values ($1, $2, $3, $4, $5, 'mail', $6, $7, $8, $8, 'decided', now(), $9, $10, coalesce($11, now()), $12, $13, $14, $15)
   on conflict do nothing`,
);
/** A claim holds for longer than a letter can take: who dies with a letter in hand leaves it to be handed over again, under the same id. */
const claim = say<Waiting>(
  'claim_mail',
  `with taken as (
     select id from notification.ledger where channel = 'mail' and state in ('decided', 'handing_over') and next_at <= now()
     order by next_at limit $1 for update skip locked
   )
   update notification.ledger l set state = 'handing_over', attempts = l.attempts + 1, next_at = now() + interval '50 seconds'
   from taken, notification.person p
   where l.id = taken.id and p.user_id = l.user_id
   returning l.id, l."for", l.task_id, l.title, l.due_at, l.late_reason, l.attempts, l.user_id, p.email, p.settings, now() as now,
     (select jsonb_agg(e.entry order by e.place) from notification.notification n, jsonb_array_elements(n.entries) with ordinality e (entry, place)
      where n.id = l.notification_id and not exists (select from notification.task t
        where t.workspace_id = n.workspace_id and t.id = (e.entry ->> 'task_id')::uuid and not t.open)) as entries`,
);
/** What is not to be said any more: the task is done, gone or moved, or its person wants no mail (or is gone). A digest says what is left of it. */
const withdrawMail = say(
  'withdraw_mail',
  `update notification.ledger l set state = 'withdrawn', next_at = null
   where channel = 'mail' and state in ('decided', 'handing_over') and next_at <= now() and (
     exists (select from notification.person p where p.user_id = l.user_id
       and (p.gone or not p.email_verified or p.settings ->> 'reminder_mail' = 'false'))
     or (l."for" <> 'digest' and (
       exists (select from notification.notification n where n.id = l.notification_id and n.withdrawn_at is not null)
       or exists (select from notification.task t where t.workspace_id = l.workspace_id and t.id = l.task_id and not t.open))))`,
);
const settle = say(
  'settle_mail',
  `update notification.ledger set state = $2, error = $3, handed_over_at = case when $2 = 'handed_over' then now() end,
     next_at = case when $2 = 'decided' then now() + $4 * interval '1 second' end
   where id = $1 and state = 'handing_over'`,
);
/** Where there is one instance: what is in hand when it starts, nobody has in hand any more. Else the claims of the dead run out. */
const takeUp = say(
  'take_up_mail',
  `update notification.ledger set next_at = now() where channel = 'mail' and state = 'handing_over' and next_at > now()`,
);
const nextMail = say<{ at: string }>(
  'next_mail',
  `select next_at as at from notification.ledger where channel = 'mail' and state in ('decided', 'handing_over') order by next_at limit 1`,
);

/** Waits before each further try, in seconds; then, a day after the first, it has failed. Grey-listing asks for minutes. */
const AGAIN_AFTER = [1, 5, 25, 120, 600, 1800, 3600];
const MOST_ATTEMPTS = 30;
const AT_ONCE = 4;
/** Milliseconds that letters in hand get when the program stops. */
const LAST_LETTERS_WITHIN = 8_000;
const DIGEST = 'digest';
const MAIL = 'notification: mail';

export interface Mail {
  mailer: Mailer;
  /** Where people reach this place. */
  address: string;
  unsubscribeToken(userId: string): string;
}
export interface DeliveryOptions {
  runtime: RunningRuntime<'notification'>;
  instances: 'one' | 'several';
  log: Logger;
  mail: Mail;
}

export interface Delivery {
  /** Takes no letter more, and waits a few seconds for what becomes of those in hand, to write it down where there is a database. */
  stop(): Promise<void>;
}

/** The channels beside the app: what was decided goes out to a confirmed address, once, or again only where the answer was lost. */
export function startDelivery({ runtime, instances, log, mail }: DeliveryOptions): Delivery {
  const { mailer, address, unsubscribeToken } = mail;
  runtime.consume('delivery', ['com.todo.reminder.triggered'], async (event, tx) => {
    if (await queueMail(event, tx)) void runtime.wake.at(MAIL, new Date(Date.now() + 50).toISOString());
  });

  let tookUp = instances === 'several';
  const stopping = new AbortController();
  let working: Promise<void> = Promise.resolve();
  async function work(): Promise<void> {
    if (!tookUp) await runtime.background(async (tx) => tx.write(takeUp, []));
    tookUp = true;
    while (!stopping.signal.aborted) {
      const letters = await runtime.background((tx) => {
        tx.write(withdrawMail, []);
        return tx.query(claim, [AT_ONCE]);
      });
      await Promise.all(letters.map(handOver));
      if (letters.length < AT_ONCE) break;
    }
    if (stopping.signal.aborted) return;
    const [next] = await runtime.background((tx) => tx.query(nextMail, []), { readOnly: true });
    if (next) await runtime.wake.at(MAIL, next.at);
  }

  async function handOver(waiting: Waiting): Promise<void> {
    const outcome = waits(waiting);
    if (outcome) return record([waiting.id, ...outcome]);
    globalThis.failpoint?.('notify.after_decide_before_send');
    const { state, error, wait } = await mailer.send(postOf(waiting)).then(
      () => ({ state: 'handed_over', error: null, wait: 0 }),
      (failure: Error) => {
        const over = failure instanceof MailRefused || waiting.attempts >= MOST_ATTEMPTS;
        const wait = AGAIN_AFTER[Math.min(waiting.attempts, AGAIN_AFTER.length) - 1] ?? 1;
        return { state: over ? 'failed' : 'decided', error: failure.message, wait };
      },
    );
    globalThis.failpoint?.('notify.after_send_before_record');
    if (error) log.warn({ ledger: waiting.id, attempts: waiting.attempts, state, err: error }, 'mail not handed over');
    await record([waiting.id, state, error, wait]);
  }

  /** What becomes of a letter that is not to go now: all of a digest is done meanwhile, or a try came into the quiet hours. */
  function waits({
    for: of,
    entries,
    now,
    settings,
  }: Waiting): [state: string, error: null, seconds: number] | undefined {
    if (of === DIGEST && entries === null) return ['withdrawn', null, 0];
    const quiet = quietUntil(now, settings);
    return quiet ? ['decided', null, (Date.parse(quiet) - Date.parse(now)) / 1000] : undefined;
  }

  /** Until it is written: what was handed over and not written down would be handed over again. */
  async function record(outcome: unknown[]): Promise<void> {
    for (let again = 1_000; ; again = Math.min(again * 2, 10_000)) {
      try {
        return await runtime.background(async (tx) => tx.write(settle, outcome));
      } catch (failure) {
        if (!isInfrastructureError(failure) || stopping.signal.aborted) throw failure;
        log.warn({ err: String(failure), wait_ms: again }, 'mail: database away, writing down again');
        await sleep(again, undefined, { signal: stopping.signal });
      }
    }
  }

  function postOf(waiting: Waiting): Post {
    const unsubscribe_url = `${address}/api/unsubscribe?token=${unsubscribeToken(waiting.user_id)}`;
    const due = (instant: string) => inWords(instant, waiting.now, waiting.settings.time_zone);
    const { title, late_reason } = waiting;
    const letter = waiting.entries
      ? digestLetter({
          entries: waiting.entries.map((entry) => ({ title: entry.title, due: due(entry.due_at) })),
          late_reason,
          url: `${address}/reminders`,
          unsubscribe_url,
        })
      : reminderLetter({
          title,
          due:
            waiting.for.length <= 16
              ? wallInWords(waiting.for, waiting.now, waiting.settings.time_zone)
              : due(waiting.for),
          late_reason,
          task_url: `${address}/today?task=${waiting.task_id}`,
          unsubscribe_url,
        });
    return { ...letter, to: waiting.email, message_id: `${waiting.id}@${new URL(address).hostname}`, unsubscribe_url };
  }

  const handOverAll = serially(() => {
    working = work();
    return working;
  });
  runtime.wake.onWake(MAIL, handOverAll);
  runtime.every(MAIL, 5_000, handOverAll);
  void runtime.wake.at(MAIL, new Date().toISOString());
  return {
    async stop() {
      stopping.abort();
      await Promise.race([working.catch(() => undefined), sleep(LAST_LETTERS_WITHIN, undefined, { ref: false })]);
    },
  };
}

/** @returns whether there is something to hand over */
async function queueMail(event: ReminderTriggered, tx: Tx<'notification'>): Promise<boolean> {
  const { user_id, workspace_id, task_id, epoch, cause_sequence, meta, payload } = event.data;
  const [reader] = await tx.query(readerOf, [user_id]);
  if (!reader?.email_verified || reader.settings.reminder_mail === false) return false;
  const asOne = payload.told_with > 1;
  const now = new Date().toISOString();
  tx.write(queue, [
    v5('mail', asOne ? payload.notification_id : event.id),
    workspace_id,
    asOne ? payload.notification_id : payload.reminder_id,
    user_id,
    asOne ? DIGEST : payload.for,
    task_id,
    payload.title,
    payload.due_at,
    payload.late_reason,
    payload.notification_id,
    quietUntil(now, reader.settings),
    ...[event.id, cause_sequence, epoch, meta.correlation_id],
  ]);
  return true;
}

const inWords = (instant: string, now: string, zone: string): string => {
  const { date, time } = localOf(instant, zone);
  return wallInWords(`${date}T${time}`, now, zone);
};

/** A wall clock as people say it: `today at 11:30`, `tomorrow`, `on 2026-12-01 at 09:00`. */
function wallInWords(wall: string, now: string, zone: string): string {
  const [date = '', time] = wall.split('T');
  const today = localOf(now, zone).date;
  const day =
    date === today
      ? 'today'
      : date === addDays(today, 1)
        ? 'tomorrow'
        : date === addDays(today, -1)
          ? 'yesterday'
          : `on ${date}`;
  return time ? `${day} at ${time}` : day;
}
