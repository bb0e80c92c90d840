-- One's tokens are listed behind row-level security too: when each was last used, never what it is known by.
grant select (token_id, workspace_id, last_used_at) on tasks.token_secret to taskmaster_api;
create policy caller on tasks.token_secret for select to taskmaster_api
  using (workspace_id = any((select nullif(current_setting('app.workspaces', true), '')::uuid[])::uuid[]));
