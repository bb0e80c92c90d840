-- API tokens: what a person sees of them has a history like everything else; what they are known by is kept apart, as a hash.
create table tasks.token (
  workspace_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  name text not null,
  scopes text[] not null,
  ends text not null,
  expires_at timestamptz(3),
  deleted_at timestamptz(3),
  version bigint not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (workspace_id, id)
);
create table tasks.token_secret (
  token_id uuid primary key,
  workspace_id uuid not null,
  hash bytea not null unique,
  last_used_at timestamptz(3)
);
grant select, insert, update on tasks.token to taskmaster_api, taskmaster_api_background;
grant select, insert, update, delete on tasks.token_secret to taskmaster_api_background;

alter table tasks.token enable row level security;
alter table tasks.token force row level security;
create policy caller on tasks.token to taskmaster_api
  using (workspace_id = any((select nullif(current_setting('app.workspaces', true), '')::uuid[])::uuid[])
    and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
  with check (workspace_id = any((select nullif(current_setting('app.workspaces', true), '')::uuid[])::uuid[])
    and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
create policy background on tasks.token to taskmaster_api_background using (true) with check (true);

alter table tasks.token_secret enable row level security;
alter table tasks.token_secret force row level security;
create policy background on tasks.token_secret to taskmaster_api_background using (true) with check (true);
