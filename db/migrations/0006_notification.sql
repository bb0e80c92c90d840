-- The notification service: what is planned, what was decided, what was shown and handed over.

create schema notification;
select runtime.create_service_tables('notification');

-- What it knows of people, tasks and reminders, from their events alone.
create table notification.person (
  user_id uuid primary key,
  name text not null,
  email text not null,
  email_verified boolean not null,
  settings jsonb not null,
  gone boolean not null
);
create table notification.task (
  workspace_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  title text not null,
  series_id uuid,
  due_date date,
  due_time text,
  due_zone text,
  open boolean not null,
  primary key (workspace_id, id)
);
create index task_of_series on notification.task (workspace_id, series_id) where open and series_id is not null;
create index task_of_person on notification.task (user_id, id) where open and due_date is not null;
create table notification.reminder (
  workspace_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  task_id uuid,
  series_id uuid,
  minutes_before int,
  at timestamptz(3),
  snooze boolean not null,
  deleted_at timestamptz(3),
  primary key (workspace_id, id)
);
create index reminder_of on notification.reminder (workspace_id, coalesce(task_id, series_id)) where deleted_at is null;

-- One row for each time that one person is to be reminded through one channel; `for` is the wall clock it was counted from, or the instant.
create table notification.ledger (
  id uuid primary key,
  workspace_id uuid not null,
  reminder_id uuid not null,
  user_id uuid not null,
  "for" text not null,
  channel text not null check (channel in ('app', 'mail')),
  task_id uuid not null,
  title text not null,
  -- Counted back from the due; `due_at` is later where this was over when it was asked for.
  counted_at timestamptz(3) not null,
  due_at timestamptz(3) not null,
  state text not null check (state in ('scheduled', 'too_late', 'withdrawn', 'decided', 'handing_over', 'handed_over', 'acknowledged', 'failed')),
  decided_at timestamptz(3),
  late_reason text,
  notification_id uuid,
  -- Of a hand-over: not before, how often tried, and what came of it.
  next_at timestamptz(3),
  attempts int not null default 0,
  handed_over_at timestamptz(3),
  acknowledged_at timestamptz(3),
  error text,
  -- Where it comes from.
  cause_id uuid not null,
  cause_sequence bigint not null,
  epoch uuid not null,
  correlation_id text not null,
  unique (user_id, reminder_id, "for", channel)
);
create index ledger_due on notification.ledger (due_at) where state = 'scheduled';
create index ledger_of_task on notification.ledger (workspace_id, task_id);
create index ledger_to_hand_over on notification.ledger (next_at) where channel = 'mail' and state in ('decided', 'handing_over');
create index ledger_of_person on notification.ledger (user_id, due_at desc, id);

create table notification.notification (
  id uuid primary key,
  user_id uuid not null,
  workspace_id uuid not null,
  task_id uuid,
  notification_type text not null check (notification_type in ('reminder', 'digest')),
  message text not null,
  -- The tasks that a digest tells of.
  entries jsonb,
  due_at timestamptz(3) not null,
  sent_at timestamptz(3) not null,
  read_at timestamptz(3),
  withdrawn_at timestamptz(3),
  late_reason text
);
create index notification_of_person on notification.notification (user_id, sent_at desc, id desc);
create index notification_unread on notification.notification (user_id) where read_at is null and withdrawn_at is null;
create index notification_of_task on notification.notification (workspace_id, task_id) where read_at is null and withdrawn_at is null;

-- When the service was last alive, and when it was not: a late reminder says why.
create table notification.pulse (
  id boolean primary key default true check (id),
  at timestamptz(3) not null
);
create table notification.outage (
  id bigint generated always as identity primary key,
  from_at timestamptz(3) not null,
  to_at timestamptz(3) not null,
  reason text not null check (reason in ('down', 'asleep'))
);

select runtime.create_roles(array['taskmaster_notification', 'taskmaster_notification_background']);

grant usage on schema notification to taskmaster_notification, taskmaster_notification_background;
grant select, insert, update, delete on all tables in schema notification to taskmaster_notification_background;
grant select, update on notification.notification, notification.ledger to taskmaster_notification;
grant select, insert, update on notification.outbox to taskmaster_notification;

do $$
declare t text;
begin
  foreach t in array array['notification', 'ledger'] loop
    execute format('alter table notification.%I enable row level security', t);
    execute format('alter table notification.%I force row level security', t);
    execute format('create policy caller on notification.%I to taskmaster_notification using (%s) with check (%s)', t,
      'user_id = (select nullif(current_setting(''app.user_id'', true), '''')::uuid)',
      'user_id = (select nullif(current_setting(''app.user_id'', true), '''')::uuid)');
    execute format('create policy background on notification.%I to taskmaster_notification_background using (true) with check (true)', t);
  end loop;
end $$;

-- A snooze comes on top of the reminders a task has; it does not stand in for them.
-- Null in rows from before: they were none.
alter table tasks.reminder add column snooze boolean;
