-- The audit service: a witness of its own, which nobody can make unsay anything.

create schema audit;
select runtime.create_service_tables('audit');

-- Heads. A chain is of a workspace (its changes), of a person (acts that are no change), or of the installation.
create table audit.chain (
  chain text primary key,
  seq bigint not null,
  hash bytea not null,
  signed bigint not null default 0
) with (fillfactor = 50);

-- `stored` is the evidence; the columns after it are taken from it, for filters.
create table audit.audit_logs (
  chain text not null,
  seq bigint not null,
  hash bytea not null,
  stored text not null,
  event_id uuid not null,
  at timestamptz(3) not null,
  workspace_id uuid,
  user_id uuid,
  actor jsonb not null,
  event_type text not null,
  resource_type text not null,
  resource_id text not null,
  task_id uuid,
  action text not null,
  correlation_id text,
  sequence bigint,
  primary key (chain, seq)
);
create index audit_of_user on audit.audit_logs (user_id, at);
create index audit_of_task on audit.audit_logs (task_id, at) where task_id is not null;
create index audit_at on audit.audit_logs (at);

-- A person's payloads are sealed with it; destroying it erases them, and the hashes stay.
create table audit.person_key (
  user_id uuid primary key,
  key bytea not null
);

create table audit.checkpoint (
  id bigint generated always as identity primary key,
  at timestamptz(3) not null,
  line text not null
);

-- The grants say it once; this says it to the owner of the tables as well.
create function audit.refuse() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log only grows' using errcode = '42501';
end $$;
create trigger audit_logs_only_grow before update or delete or truncate on audit.audit_logs
  for each statement execute function audit.refuse();
create trigger checkpoints_only_grow before update or delete or truncate on audit.checkpoint
  for each statement execute function audit.refuse();

-- A role that is missing is made; whoever migrates has to be able to become it.
create function runtime.create_roles(names text[]) returns void language plpgsql as $$
declare name text;
begin
  foreach name in array names loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin', name);
    end if;
    if not pg_has_role(current_user, name, 'MEMBER') then
      execute format('grant %I to current_user', name);
    end if;
  end loop;
end $$;
select runtime.create_roles(array['taskmaster_audit', 'taskmaster_audit_background']);

grant usage on schema audit to taskmaster_audit, taskmaster_audit_background;
grant select on audit.audit_logs, audit.chain, audit.person_key, audit.checkpoint to taskmaster_audit;
grant select, insert on audit.audit_logs, audit.checkpoint to taskmaster_audit_background;
grant select, insert, update on audit.chain to taskmaster_audit_background;
grant select, insert, delete on audit.person_key to taskmaster_audit_background;
grant select, insert, update, delete on audit.cursor, audit.inbox, audit.seen, audit.dead_letter, audit.outbox, audit.position to taskmaster_audit_background;
grant select, insert, update on audit.outbox to taskmaster_audit;

alter table audit.audit_logs enable row level security;
alter table audit.audit_logs force row level security;
create policy caller on audit.audit_logs for select to taskmaster_audit using (
  workspace_id = any((select nullif(current_setting('app.workspaces', true), '')::uuid[])::uuid[])
  or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
);
create policy background on audit.audit_logs to taskmaster_audit_background using (true) with check (true);
