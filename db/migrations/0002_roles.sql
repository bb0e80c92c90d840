-- One role a service, never the owner; row-level security is the second wall behind every WHERE.

do $$
declare role_name text;
begin
  foreach role_name in array array['taskmaster_api', 'taskmaster_api_background', 'taskmaster_auth', 'taskmaster_recurring', 'taskmaster_sync'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      execute format('create role %I nologin', role_name);
    end if;
    if not pg_has_role(current_user, role_name, 'MEMBER') then
      execute format('grant %I to current_user', role_name);
    end if;
  end loop;
end $$;

grant usage on schema tasks to taskmaster_api, taskmaster_api_background;
grant select, insert, update on tasks.workspace, tasks."user", tasks.project, tasks.tag, tasks.task, tasks.reminder to taskmaster_api, taskmaster_api_background;
grant select, insert, update, delete on tasks.member to taskmaster_api_background;
-- A caller's connection reads memberships; it cannot write itself into a workspace.
grant select on tasks.member to taskmaster_api;
grant select, insert, update, delete on tasks.processed_op, tasks.sync_client, tasks.search_word, tasks.search_vocab to taskmaster_api, taskmaster_api_background;
-- Nobody rewrites history through a service's connection.
grant select, insert on tasks.change to taskmaster_api, taskmaster_api_background;
grant select, insert, update, delete on tasks.cursor, tasks.inbox, tasks.seen, tasks.dead_letter, tasks.outbox, tasks.position to taskmaster_api_background;
grant select, insert, update on tasks.outbox to taskmaster_api;

grant usage on schema recurring to taskmaster_recurring;
grant select, insert, update, delete on all tables in schema recurring to taskmaster_recurring;

grant usage on schema auth to taskmaster_auth;
grant select, insert, update, delete on all tables in schema auth to taskmaster_auth;

grant usage on schema runtime to taskmaster_api, taskmaster_api_background, taskmaster_recurring, taskmaster_sync;
grant select, insert, update, delete on runtime.state to taskmaster_api, taskmaster_api_background, taskmaster_recurring, taskmaster_sync;

-- What a caller's connection may see: the workspaces named in app.workspaces, the person named in app.user_id.
-- Unset settings show nothing. Background work (relay, consumers, sweeps) has a policy of its own.
do $$
declare
  t text;
  mine text := '(select nullif(current_setting(''app.workspaces'', true), '''')::uuid[])::uuid[]';
  me text := '(select nullif(current_setting(''app.user_id'', true), '''')::uuid)';
  rule text;
begin
  foreach t in array array['workspace', 'member', 'user', 'project', 'tag', 'task', 'reminder', 'change', 'search_word', 'search_vocab', 'processed_op', 'sync_client'] loop
    rule := case t
      when 'workspace' then format('id = any(%s)', mine)
      when 'member' then format('user_id = %s', me)
      when 'user' then format('id = %s', me)
      when 'reminder' then format('workspace_id = any(%s) and user_id = %s', mine, me)
      when 'processed_op' then format('user_id = %s', me)
      when 'sync_client' then format('user_id = %s', me)
      else format('workspace_id = any(%s)', mine)
    end;
    execute format('alter table tasks.%I enable row level security', t);
    execute format('alter table tasks.%I force row level security', t);
    execute format('create policy caller on tasks.%I to taskmaster_api using (%s) with check (%s)', t, rule, rule);
    execute format('create policy background on tasks.%I to taskmaster_api_background using (true) with check (true)', t);
  end loop;
end $$;
