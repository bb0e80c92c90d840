import type { ChangeEvent } from '@taskmaster/contracts/events/event';
import { defaultSettings } from '@taskmaster/domain/commands/settings';
import { momentOf, type OnTask, remindersOn } from '@taskmaster/domain/reminders/on-task';
import type { Reminder, Settings, Task, User } from '@taskmaster/domain/task';
import { forgetCarried } from '@taskmaster/runtime/forget-carried';
import type { Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { v7 } from 'uuid';

interface Known extends OnTask {
  workspace_id: string;
  user_id: string;
  title: string;
}
type NotificationTx = Tx<'notification'>;

const say = statementsOf('notification');
const columns = 't.workspace_id, t.id, t.user_id, t.title, t.series_id, t.due_date, t.due_time, t.due_zone';
const keepTask = say(
  'keep_task',
  `insert into notification.task (workspace_id, id, user_id, title, series_id, due_date, due_time, due_zone, open, sequence)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
   on conflict (workspace_id, id) do update set title = excluded.title, series_id = excluded.series_id,
     due_date = excluded.due_date, due_time = excluded.due_time, due_zone = excluded.due_zone, open = excluded.open,
     sequence = excluded.sequence where task.sequence <= excluded.sequence`,
);
const keepReminder = say(
  'keep_reminder',
  `insert into notification.reminder (workspace_id, id, user_id, task_id, series_id, minutes_before, at, snooze, deleted_at, sequence)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
   on conflict (workspace_id, id) do update set task_id = excluded.task_id, series_id = excluded.series_id,
     minutes_before = excluded.minutes_before, at = excluded.at, deleted_at = excluded.deleted_at,
     sequence = excluded.sequence where reminder.sequence <= excluded.sequence`,
);
const keepPerson = say(
  'keep_person',
  `insert into notification.person (user_id, name, email, email_verified, settings, gone, sequence) values ($1, $2, $3, $4, $5, $6, $7)
   on conflict (user_id) do update set name = excluded.name, email = excluded.email,
     email_verified = excluded.email_verified, settings = excluded.settings, gone = excluded.gone,
     sequence = excluded.sequence where person.sequence <= excluded.sequence`,
);
const settingsOf = say<{ settings: Settings }>(
  'settings_of',
  'select settings from notification.person where user_id = $1',
);
const tasksOf = say<Known>(
  'tasks_of',
  `select ${columns} from notification.task t where t.workspace_id = $1 and (t.id = $2 or t.series_id = $3) and t.open`,
);
const tasksOfPerson = say<Known>(
  'tasks_of_person',
  `select ${columns} from notification.task t
   where t.user_id = $1 and t.id > $2 and t.open and t.due_date is not null order by t.id limit 500`,
);
const remindersOf = say<
  Pick<Reminder, 'id' | 'user_id' | 'task_id' | 'series_id' | 'minutes_before' | 'at' | 'deleted_at' | 'snooze'>
>(
  'reminders_of',
  `select id, user_id, task_id, series_id, minutes_before, at, deleted_at, snooze from notification.reminder
   where workspace_id = $1 and coalesce(task_id, series_id) = any($2::uuid[]) and deleted_at is null`,
);
/** What was decided stays decided; what was withdrawn or too late may be planned again. A time that was put off stays so. */
const plan = say(
  'plan',
  `insert into notification.ledger (id, workspace_id, reminder_id, user_id, "for", channel, task_id, title, counted_at, due_at,
     state, cause_id, cause_sequence, epoch, correlation_id)
   select id, $1, reminder_id, user_id, "for", 'app', task_id, title, counted_at, due_at,
     case when too_late then 'too_late' else 'scheduled' end, $2, $3, $4, $5
   from jsonb_to_recordset($6::jsonb) as r(id uuid, reminder_id uuid, user_id uuid, "for" text, task_id uuid, title text,
     counted_at timestamptz, due_at timestamptz, too_late boolean)
   on conflict (user_id, reminder_id, "for", channel) do update
     set task_id = excluded.task_id, title = excluded.title, counted_at = excluded.counted_at,
       due_at = case when ledger.counted_at = excluded.counted_at and ledger.state = 'scheduled' then ledger.due_at else excluded.due_at end,
       state = case when ledger.state = 'scheduled' and ledger.counted_at = excluded.counted_at then 'scheduled' else excluded.state end,
       cause_id = excluded.cause_id, cause_sequence = excluded.cause_sequence, epoch = excluded.epoch,
       correlation_id = excluded.correlation_id
   where ledger.state in ('scheduled', 'withdrawn', 'too_late')`,
);
const unwanted = `workspace_id = $1 and task_id = any($2::uuid[]) and state = 'scheduled'
     and not exists (select from jsonb_to_recordset($3::jsonb) as r(reminder_id uuid, "for" text, task_id uuid)
       where r.reminder_id = ledger.reminder_id and r."for" = ledger."for" and r.task_id = ledger.task_id)`;
/** Planned by one change of an act and taken back by the next one of the same act: it never was. */
const forgetOthers = say('forget_others', `delete from notification.ledger where ${unwanted} and correlation_id = $4`);
const withdrawOthers = say('withdraw_others', `update notification.ledger set state = 'withdrawn' where ${unwanted}`);
const rename = say(
  'rename',
  `update notification.ledger set title = $3 where workspace_id = $1 and task_id = $2 and state in ('scheduled', 'decided')`,
);
/** Nothing more is said of a task that is done or gone: neither what is planned, nor what waits to be handed over. */
const withdraw = say(
  'withdraw',
  `update notification.ledger set state = 'withdrawn', next_at = null
   where workspace_id = $1 and task_id = $2 and state in ('scheduled', 'decided') and (channel <> 'app' or state = 'scheduled')
     and "for" <> 'digest'`,
);
const withdrawShown = say<{ user_id: string }>(
  'withdraw_shown',
  `update notification.notification set withdrawn_at = now()
   where workspace_id = $1 and task_id = $2 and read_at is null and withdrawn_at is null returning user_id`,
);

const ofTheirs = 'where ($1::uuid is null or workspace_id = $1) and id = $2 and sequence > $3';
const newerThan = {
  task: say<{ sequence: number }>('newer_task', `select sequence from notification.task ${ofTheirs}`),
  reminder: say<{ sequence: number }>('newer_reminder', `select sequence from notification.reminder ${ofTheirs}`),
  user: say<{ sequence: number }>(
    'newer_person',
    'select sequence from notification.person where $1::uuid is null and user_id = $2 and sequence > $3',
  ),
};
/** Of somebody who closed their account. */
const withdrawAll = say(
  'withdraw_all',
  `update notification.ledger set state = 'withdrawn', next_at = null where user_id = $1 and state in ('scheduled', 'decided')
     and (channel <> 'app' or state = 'scheduled')`,
);
const erased = ['task', 'reminder', 'ledger', 'notification', 'person'].map((table) =>
  say(`erase_${table}`, `delete from notification.${table} where user_id = $1`),
);
const carried = forgetCarried('notification');

export interface Followed {
  /** People of whose bell something was taken. */
  told: readonly string[];
  /** The earliest moment that was planned; undefined: none. */
  earliest?: string;
  outcome?: 'superseded';
}
const NOTHING: Followed = { told: [] };

/** Keeps what it has to know of tasks, reminders and people, and the ledger in step with it. */
export async function follow(event: ChangeEvent, tx: NotificationTx, late: boolean): Promise<Followed> {
  const { after, changed } = event.data.payload;
  const entity = event.type.split('.')[2];
  if (late && (entity === 'task' || entity === 'reminder' || entity === 'user')) {
    const { workspace_id, sequence } = event.data;
    const [newer] = await tx.query(newerThan[entity], [
      entity === 'user' ? null : workspace_id,
      event.subject,
      sequence,
    ]);
    // What it would have planned is planned by what is known now.
    if (newer) {
      const known = entity === 'task' ? await tx.query(tasksOf, [workspace_id, event.subject, null]) : [];
      const now = { ...event, time: new Date().toISOString() };
      return { ...(await replan(known, now, tx)), outcome: 'superseded' };
    }
  }
  switch (entity) {
    case 'task':
      return followTask(event, after as unknown as Task, tx);
    case 'reminder': {
      const reminder = after as unknown as Reminder;
      const { workspace_id, id, user_id, task_id, series_id, minutes_before, at, snooze, deleted_at } = reminder;
      tx.write(keepReminder, [
        workspace_id,
        id,
        user_id,
        task_id,
        series_id,
        minutes_before,
        at,
        snooze ?? false,
        deleted_at,
        event.data.sequence,
      ]);
      return replan(await tx.query(tasksOf, [workspace_id, task_id, series_id]), event, tx);
    }
    case 'user': {
      if (event.type === 'com.todo.user.erased') {
        for (const statement of erased) tx.write(statement, [event.data.user_id]);
        for (const statement of carried) tx.write(statement, [event.data.workspace_id]);
        return NOTHING;
      }
      const { id, name, email, email_verified, settings, deleted_at } = after as unknown as User;
      tx.write(keepPerson, [
        id,
        name,
        email,
        email_verified,
        JSON.stringify(settings),
        deleted_at !== null,
        event.data.sequence,
      ]);
      if (deleted_at !== null) {
        tx.write(withdrawAll, [id]);
        return NOTHING;
      }
      if (event.type === 'com.todo.user.updated' && !('settings' in changed)) return NOTHING;
      const planned: Followed[] = [];
      for (let last = NOBODY; ; ) {
        const tasks = await tx.query(tasksOfPerson, [id, last]);
        planned.push(await replan(tasks, event, tx));
        const end = tasks.at(-1);
        if (!end) return together(planned);
        last = end.id;
      }
    }
    default:
      return NOTHING;
  }
}

const together = (followed: readonly Followed[]): Followed => {
  const earliest = followed.flatMap((one) => one.earliest ?? []).sort()[0];
  return { told: followed.flatMap((one) => one.told), ...(earliest ? { earliest } : {}) };
};

const NOBODY = '00000000-0000-0000-0000-000000000000';
const COUNTED_FROM = ['due_date', 'due_time', 'due_zone', 'series_id', 'slot'];

async function followTask(event: ChangeEvent, task: Task, tx: NotificationTx): Promise<Followed> {
  const { workspace_id, user_id, payload } = event.data;
  const open = task.status === 'pending' && task.deleted_at === null;
  const known: Known = { ...task, user_id };
  tx.write(keepTask, [
    ...[workspace_id, task.id, user_id, task.title, task.series_id],
    ...[task.due_date, task.due_time, task.due_zone, open, event.data.sequence],
  ]);
  const moved = COUNTED_FROM.some((column) => column in payload.changed);
  if (!open || (moved && event.type !== 'com.todo.task.created')) {
    if (!open) tx.write(withdraw, [workspace_id, task.id]);
    const told = await tx.query(withdrawShown, [workspace_id, task.id]);
    const planned = open ? await replan([known], event, tx) : NOTHING;
    return { ...planned, told: told.map((one) => one.user_id) };
  }
  if ('title' in payload.changed) tx.write(rename, [workspace_id, task.id, task.title]);
  const begins = ['created', 'restored', 'reopened'].includes(event.type.split('.')[3] ?? '');
  // A task without a due has no reminder but one that is set, and that one plans itself.
  if (begins && (task.due_date !== null || event.type !== 'com.todo.task.created')) return replan([known], event, tx);
  return NOTHING;
}

async function replan(tasks: readonly Known[], event: ChangeEvent, tx: NotificationTx): Promise<Followed> {
  const [first] = tasks;
  if (!first) return NOTHING;
  const planned: string[] = [];
  const { sequence, epoch, meta } = event.data;
  for (const workspace_id of new Set(tasks.map((task) => task.workspace_id))) {
    const here = tasks.filter((task) => task.workspace_id === workspace_id);
    const remindedBy = here.flatMap((task) => (task.series_id ? [task.id, task.series_id] : [task.id]));
    const [reminders, [person]] = await Promise.all([
      tx.query(remindersOf, [workspace_id, [...new Set(remindedBy)]]),
      tx.query(settingsOf, [first.user_id]),
    ]);
    const settings = { ...defaultSettings, ...person?.settings };
    const moments = new Map<string, object>();
    for (const task of here) {
      const theirs = reminders.filter((reminder) => reminder.user_id === task.user_id);
      for (const reminder of remindersOn(task, theirs, settings)) {
        const moment = momentOf(task, reminder, settings, event.time);
        if (!moment) continue;
        if (!moment.too_late) planned.push(moment.due_at);
        const { id: task_id, user_id, title } = task;
        moments.set(`${moment.reminder_id} ${moment.for}`, { id: v7(), task_id, user_id, title, ...moment });
      }
    }
    const wanted = JSON.stringify([...moments.values()]);
    const ids = here.map((task) => task.id);
    tx.write(forgetOthers, [workspace_id, ids, wanted, meta.correlation_id]);
    tx.write(withdrawOthers, [workspace_id, ids, wanted]);
    if (moments.size > 0) tx.write(plan, [workspace_id, event.id, sequence, epoch, meta.correlation_id, wanted]);
  }
  const [earliest] = planned.sort();
  return { told: [], ...(earliest ? { earliest } : {}) };
}
