-- A person who closed their account is erased after a while: what the log says of them is blanked, and nothing else ever is.

alter table tasks.workspace add erased_at timestamptz(3), add words_gone_at timestamptz(3);
create index user_closed on tasks."user" (deleted_at) where deleted_at is not null;

grant update (patch, before) on tasks.change to taskmaster_api_background;
create function tasks.refuse_rewriting() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if new.patch = '{}' and new.before is null
      and (to_jsonb(new) - 'patch' - 'before') = (to_jsonb(old) - 'patch' - 'before')
      and exists (select from tasks.workspace where id = new.workspace_id and erased_at is not null) then
      return new;
    end if;
  end if;
  raise exception 'the history is never rewritten' using errcode = '42501';
end $$;
create trigger history_is_never_rewritten before update or delete on tasks.change
  for each row execute function tasks.refuse_rewriting();
create trigger history_is_never_emptied before truncate on tasks.change
  for each statement execute function tasks.refuse_rewriting();

grant delete on tasks.task, tasks.project, tasks.tag, tasks.reminder, tasks.token to taskmaster_api_background;

-- A key that was destroyed leaves its place: nothing is ever sealed for an erased person with a new one.
alter table audit.person_key alter column key drop not null;
grant update on audit.person_key to taskmaster_audit_background;
