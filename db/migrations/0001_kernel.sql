-- The kernel: who may see what, the log, and what each service keeps of it.
-- Every entity row is written together with a change and never physically removed.

create schema auth;
create schema tasks;
create schema recurring;
create schema runtime;

-- What every service that emits or consumes keeps, from one template (see runtime/).
create function runtime.create_service_tables(service name) returns void language plpgsql as $$
begin
  execute format($sql$
    create table %1$I.cursor (
      consumer text not null,
      workspace_id uuid not null,
      epoch uuid not null,
      sequence bigint not null,
      held boolean not null default false,
      primary key (consumer, workspace_id)
    ) with (fillfactor = 50);

    create table %1$I.inbox (
      consumer text not null,
      event_id uuid not null,
      workspace_id uuid not null,
      sequence bigint,
      event jsonb not null,
      attempts int not null default 0,
      next_at timestamptz,
      error text,
      received_at timestamptz not null default now(),
      primary key (consumer, event_id)
    );
    create index inbox_order on %1$I.inbox (consumer, workspace_id, sequence);

    create table %1$I.seen (
      consumer text not null,
      event_id uuid not null,
      seen_at timestamptz not null default now(),
      primary key (consumer, event_id)
    );
    create index seen_age on %1$I.seen (seen_at);

    create table %1$I.dead_letter (
      id uuid primary key,
      consumer text not null,
      event_id uuid not null,
      workspace_id uuid not null,
      sequence bigint,
      event jsonb not null,
      attempts int not null,
      error text not null,
      failed_at timestamptz not null default now(),
      replayed_at timestamptz,
      outcome text,
      unique (consumer, event_id)
    );

    create table %1$I.outbox (
      id uuid primary key,
      position bigint generated always as identity,
      topic text not null,
      workspace_id uuid not null,
      event jsonb not null,
      created_at timestamptz not null default now(),
      published_at timestamptz
    );
    create index outbox_waiting on %1$I.outbox (position) where published_at is null;

    create table %1$I.position (
      workspace_id uuid primary key,
      epoch uuid not null,
      sequence bigint not null
    ) with (fillfactor = 50);
  $sql$, service);
end $$;
select runtime.create_service_tables('tasks');
select runtime.create_service_tables('recurring');

-- The embedded state store (Dapr's state building block): one row a key.
create table runtime.state (
  key text primary key,
  value jsonb not null,
  etag uuid not null default gen_random_uuid(),
  expires_at timestamptz
);
create index state_expiry on runtime.state (expires_at) where expires_at is not null;

-- api ------------------------------------------------------------------------------------------------------------

create table tasks.workspace (
  id uuid primary key,
  kind text not null check (kind in ('personal', 'team')),
  name text not null,
  owner_id uuid not null,
  head bigint not null default 0,
  head_op uuid,
  min_seq bigint not null default 0,
  epoch uuid not null default gen_random_uuid(),
  acl_version bigint not null default 1,
  moved_at timestamptz not null default now(),
  version bigint not null default 0,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  deleted_at timestamptz(3)
) with (fillfactor = 50);
-- BRIN: every command moves this column, and a B-tree on it would take the update out of its page (no HOT).
create index workspace_moved on tasks.workspace using brin (moved_at);

create table tasks.member (
  workspace_id uuid not null references tasks.workspace,
  user_id uuid not null,
  role text not null check (role in ('owner', 'editor', 'viewer')),
  primary key (user_id, workspace_id)
);
create index member_of on tasks.member (workspace_id);

create table tasks."user" (
  workspace_id uuid not null,
  id uuid not null unique,
  name text not null,
  email text not null,
  email_verified boolean not null default false,
  role text not null check (role in ('admin', 'user')),
  settings jsonb not null,
  deleted_at timestamptz(3),
  version bigint not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id)
);

create table tasks.project (
  workspace_id uuid not null,
  id uuid not null,
  name text not null,
  color text not null,
  position text collate "C" not null,
  archived_at timestamptz(3),
  deleted_at timestamptz(3),
  version bigint not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id)
);

create table tasks.tag (
  workspace_id uuid not null,
  id uuid not null,
  name text not null,
  color text not null,
  deleted_at timestamptz(3),
  version bigint not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id)
);

create table tasks.task (
  workspace_id uuid not null,
  id uuid not null,
  title text not null,
  notes text not null default '',
  status text not null default 'pending' check (status in ('pending', 'completed')),
  priority text check (priority in ('high', 'medium', 'low')),
  tags text[] not null default '{}',
  due_date date,
  due_time text check (due_time ~ '^[0-2][0-9]:[0-5][0-9]$'),
  due_zone text,
  project_id uuid,
  section_id uuid,
  parent_id uuid,
  position text collate "C" not null,
  recurrence jsonb,
  series_id uuid,
  slot text,
  series_values jsonb,
  successor_id uuid,
  predecessor_slot text,
  missed int not null default 0,
  completion_id uuid,
  completed_local text,
  completed_at timestamptz(3),
  archived_at timestamptz(3),
  deleted_at timestamptz(3),
  deletion_act uuid,
  withdrawn boolean not null default false,
  version bigint not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id)
);
create index task_open on tasks.task (workspace_id, created_at, id) where status = 'pending' and deleted_at is null;
create index task_due on tasks.task (workspace_id, due_date, id) where status = 'pending' and deleted_at is null;
create index task_place on tasks.task (workspace_id, project_id, parent_id, position);
create index task_parent on tasks.task (workspace_id, parent_id) where parent_id is not null;
create index task_successor on tasks.task (workspace_id, successor_id) where successor_id is not null;
create unique index task_slot_once on tasks.task (workspace_id, series_id, predecessor_slot) where predecessor_slot is not null;

create table tasks.reminder (
  workspace_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  task_id uuid,
  series_id uuid,
  minutes_before int check (minutes_before between 0 and 525600),
  at timestamptz(3),
  deleted_at timestamptz(3),
  version bigint not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id),
  check (num_nonnulls(task_id, series_id) = 1),
  check (num_nonnulls(minutes_before, at) <= 1)
);
create index reminder_of_task on tasks.reminder (workspace_id, coalesce(task_id, series_id)) where deleted_at is null;

-- The history, the outbox and the feed at once: gapless per workspace, in commit order, never pruned.
create table tasks.change (
  workspace_id uuid not null,
  seq bigint not null,
  set_id uuid not null,
  set_index int not null,
  set_size int not null,
  act_id uuid not null,
  op uuid not null,
  client_id uuid,
  actor jsonb not null,
  user_id uuid not null,
  via text not null,
  entity text not null,
  entity_id uuid not null,
  kind text not null,
  patch jsonb not null,
  before jsonb,
  causation_id uuid,
  meta jsonb not null,
  at timestamptz(3) not null,
  primary key (workspace_id, seq)
);
create index change_of_entity on tasks.change (workspace_id, entity_id, seq);
create index change_of_act on tasks.change (workspace_id, act_id);

-- Same op, same effect: kept 180 days, the answer 24 hours.
create table tasks.processed_op (
  user_id uuid not null,
  op uuid not null,
  workspace_id uuid not null,
  client_id uuid,
  n bigint,
  fingerprint text not null,
  status text not null,
  seq bigint not null,
  answer_status int,
  answer json,
  error jsonb,
  at timestamptz(3) not null default now(),
  primary key (user_id, op)
);
create index processed_op_of_client on tasks.processed_op (user_id, client_id, workspace_id, n) where client_id is not null;
create index processed_op_age on tasks.processed_op (at);

create table tasks.sync_client (
  user_id uuid not null,
  client_id uuid not null,
  workspace_id uuid not null,
  last_n bigint not null,
  at timestamptz(3) not null default now(),
  primary key (user_id, client_id, workspace_id)
);

-- Search that row-level security lets use an index: words, looked up by B-tree.
create table tasks.search_word (
  workspace_id uuid not null,
  word text collate "C" not null,
  task_id uuid not null,
  field smallint not null,
  primary key (workspace_id, word, task_id, field)
);
-- Only ever added to, under the workspace lock: so whoever knows the words up to an `n` need only ask for those after it.
create table tasks.search_vocab (
  workspace_id uuid not null,
  word text collate "C" not null,
  n bigint generated always as identity,
  primary key (workspace_id, word)
);
create index search_vocab_order on tasks.search_vocab (workspace_id, n);

-- recurring ------------------------------------------------------------------------------------------------------

-- Completed slots and whether their successor has been seen. Until then the event is sent again, the same one.
create table recurring.occurrence (
  workspace_id uuid not null,
  task_id uuid not null,
  successor_id uuid,
  event jsonb,
  answered boolean not null default false,
  sequence bigint not null,
  sent_at timestamptz not null default now(),
  primary key (workspace_id, task_id)
);
create index occurrence_waiting on recurring.occurrence (sent_at) where event is not null;
create index occurrence_successor on recurring.occurrence (workspace_id, successor_id);

-- Better Auth: its own schema, read by its own connection only. --------------------------------------------------

create table auth."user" (
  id uuid primary key,
  name text not null,
  email text not null unique,
  "emailVerified" boolean not null default false,
  image text,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create table auth.session (
  id uuid primary key,
  "userId" uuid not null references auth."user" on delete cascade,
  token text not null unique,
  "expiresAt" timestamptz not null,
  "ipAddress" text,
  "userAgent" text,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create index session_of_user on auth.session ("userId");
create table auth.account (
  id uuid primary key,
  "userId" uuid not null references auth."user" on delete cascade,
  "accountId" text not null,
  "providerId" text not null,
  "accessToken" text,
  "refreshToken" text,
  "idToken" text,
  "accessTokenExpiresAt" timestamptz,
  "refreshTokenExpiresAt" timestamptz,
  scope text,
  password text,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create index account_of_user on auth.account ("userId");
create table auth.verification (
  id uuid primary key,
  identifier text not null,
  value text not null,
  "expiresAt" timestamptz not null,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create index verification_identifier on auth.verification (identifier);
create table auth.jwks (
  id uuid primary key,
  "publicKey" text not null,
  "privateKey" text not null,
  "createdAt" timestamptz not null default now(),
  "expiresAt" timestamptz,
  alg text,
  crv text
);
