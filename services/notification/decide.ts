import { envelopeOf, type NotificationUpdated, type ReminderTriggered } from '@taskmaster/contracts/events/event';
import { defaultSettings } from '@taskmaster/domain/commands/settings';
import { personalWorkspaceId } from '@taskmaster/domain/ids';
import type { Settings } from '@taskmaster/domain/task';
import type { Emit, Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { v5, v7 } from 'uuid';
import { lateReason, ON_TIME, outagesSince } from './outages.ts';

interface Due {
  id: string;
  workspace_id: string;
  reminder_id: string;
  user_id: string;
  for: string;
  task_id: string;
  title: string;
  due_at: string;
  cause_id: string;
  cause_sequence: number;
  epoch: string;
  correlation_id: string;
  settings: Settings | null;
  now: string;
}

const say = statementsOf('notification');
/** The clock that judges is the database's. */
const takeDue = say<Due>(
  'take_due',
  `select l.id, l.workspace_id, l.reminder_id, l.user_id, l."for", l.task_id, l.title, l.due_at, l.cause_id, l.cause_sequence,
     l.epoch, l.correlation_id, p.settings, now() as now
   from notification.ledger l left join notification.person p on p.user_id = l.user_id
   where l.state = 'scheduled' and l.due_at <= now() order by l.due_at, l.user_id limit $1 for update of l skip locked`,
);
const decided = say(
  'decided',
  `update notification.ledger l set state = 'handed_over', decided_at = now(), handed_over_at = now(),
     late_reason = r.late_reason, notification_id = r.notification_id
   from jsonb_to_recordset($1::jsonb) as r(id uuid, late_reason text, notification_id uuid) where l.id = r.id`,
);
const show = say(
  'show',
  `insert into notification.notification (id, user_id, workspace_id, task_id, notification_type, message, entries, due_at, sent_at, late_reason)
   select id, user_id, workspace_id, task_id, notification_type, message, entries, due_at, now(), late_reason
   from jsonb_to_recordset($1::jsonb) as r(id uuid, user_id uuid, workspace_id uuid, task_id uuid, notification_type text,
     message text, entries jsonb, due_at timestamptz, late_reason text)`,
);
const unreadOf = say<{ user_id: string; unread: number }>(
  'unread_of',
  `select u.user_id, (select count(*) from notification.notification n
     where n.user_id = u.user_id and n.read_at is null and n.withdrawn_at is null) as unread
   from unnest($1::uuid[]) as u(user_id)`,
);
export const nextDue = say<{ at: string }>(
  'next_due',
  `select due_at as at from notification.ledger where state = 'scheduled' order by due_at limit 1`,
);

/** More late ones than this for one person are told as one. */
const MOST_LATE_ONES = 3;
export const BATCH = 500;

/**
 * Decides what is due, once: the row, what the person sees in the app, and the event from which the other channels take
 * it, in one transaction. @returns how many were decided, and when the next one is due
 */
export async function decide(tx: Tx<'notification'>, emit: Emit): Promise<{ count: number; next?: string }> {
  const due = await tx.query(takeDue, [BATCH]);
  const [first] = due;
  if (first) {
    const late = due.filter((one) => isLate(one));
    const outages = late.length > 0 ? await tx.query(outagesSince, [late[0]?.due_at]) : [];
    const told: Told[] = [];
    for (const user_id of new Set(due.map((one) => one.user_id))) {
      const theirs = due.filter((one) => one.user_id === user_id);
      const reason = (one: Due) =>
        lateReason(one.due_at, one.now, outages, (one.settings ?? defaultSettings).time_zone);
      const together = theirs.filter(isLate);
      const asOne = together.length > MOST_LATE_ONES;
      if (asOne) told.push(digestOf(user_id, together, reason(together[0] as Due)));
      for (const one of asOne ? theirs.filter((each) => !isLate(each)) : theirs)
        told.push(reminderOf(one, reason(one)));
    }
    tx.write(show, [JSON.stringify(told.map((one) => one.shown))]);
    tx.write(decided, [
      JSON.stringify(
        told.flatMap(({ shown, of }) =>
          of.map(({ id }) => ({ id, late_reason: shown.late_reason, notification_id: shown.id })),
        ),
      ),
    ]);
    for (const { shown, of } of told) for (const one of of) emit(triggered(one, shown, of.length));
    await announce(
      told.map((one) => one.shown),
      tx,
      emit,
    );
  }
  const [next] = await tx.query(nextDue, []);
  return { count: due.length, ...(next ? { next: next.at } : {}) };
}

interface Shown {
  id: string;
  user_id: string;
  workspace_id: string;
  task_id: string | null;
  notification_type: 'reminder' | 'digest';
  message: string;
  entries: { task_id: string; title: string; due_at: string }[] | null;
  due_at: string;
  late_reason: string | null;
}
interface Told {
  shown: Shown;
  of: readonly Due[];
}

const isLate = (one: Due): boolean => Date.parse(one.now) - Date.parse(one.due_at) >= ON_TIME;

const reminderOf = (one: Due, late_reason: string | null): Told => ({
  shown: {
    id: v7(),
    user_id: one.user_id,
    workspace_id: one.workspace_id,
    task_id: one.task_id,
    notification_type: 'reminder',
    message: one.title,
    entries: null,
    due_at: one.due_at,
    late_reason,
  },
  of: [one],
});

const digestOf = (user_id: string, late: readonly Due[], late_reason: string | null): Told => ({
  shown: {
    id: v7(),
    user_id,
    workspace_id: personalWorkspaceId(user_id),
    task_id: null,
    notification_type: 'digest',
    message: `${late.length} reminders came late`,
    entries: late.map(({ task_id, title, due_at }) => ({ task_id, title, due_at })),
    due_at: late[0]?.due_at ?? '',
    late_reason,
  },
  of: late,
});

/** Tells the open devices of these people what their bell shows now. */
export async function announce(
  fresh: readonly Pick<Shown, 'id' | 'user_id' | 'task_id' | 'message'>[],
  tx: Tx<'notification'>,
  emit: Emit,
  people: readonly string[] = fresh.map((one) => one.user_id),
): Promise<void> {
  if (people.length === 0) return;
  for (const { user_id, unread } of await tx.query(unreadOf, [[...new Set(people)]])) {
    const theirs = fresh.filter((one) => one.user_id === user_id).slice(0, 5);
    emit(
      updated(
        user_id,
        unread,
        theirs.map(({ id, task_id, message }) => ({ id, task_id, message })),
      ),
    );
  }
}

const triggered = (one: Due, shown: Shown, told_with: number): ReminderTriggered => ({
  ...envelopeOf('reminder-triggered', { id: v5('triggered', one.id), subject: one.task_id, time: one.now }),
  type: 'com.todo.reminder.triggered',
  data: {
    task_id: one.task_id,
    user_id: one.user_id,
    workspace_id: one.workspace_id,
    epoch: one.epoch,
    idempotency_key: one.id,
    cause_sequence: one.cause_sequence,
    meta: {
      actor: { kind: 'system', id: 'notification' },
      via: 'notification',
      correlation_id: one.correlation_id,
      causation_id: one.cause_id,
      acl_version: 0,
    },
    payload: {
      reminder_id: one.reminder_id,
      notification_id: shown.id,
      for: one.for,
      due_at: one.due_at,
      title: one.title,
      late_reason: shown.late_reason,
      told_with,
    },
  },
});

const updated = (
  user_id: string,
  unread: number,
  fresh: NotificationUpdated['data']['payload']['fresh'],
): NotificationUpdated => ({
  ...envelopeOf('notification-updated', { id: v7(), subject: user_id, time: new Date().toISOString() }),
  type: 'com.todo.notification.updated',
  data: { user_id, workspace_id: personalWorkspaceId(user_id), payload: { unread, fresh } },
});
