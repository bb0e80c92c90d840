-- What is older than the retention goes, but only behind a place that stands in a checkpoint. Whether anybody signed that line
-- PostgreSQL cannot see; the service looks before it lets a chain begin there, and so does whoever verifies. The owner of the tables
-- can add lines and go behind triggers: a beginning that is not signed then shows as one.

-- `base_at`: since when it begins there. What lies before goes hours later, when nobody reads it any more.
alter table audit.chain add base_seq bigint not null default 0, add base_hash bytea, add base_at timestamptz(3);

create index audit_of_chain on audit.audit_logs (chain, at desc, seq desc);
drop index audit.audit_of_user;
create index checkpoint_of_chain on audit.checkpoint using gin ((line::jsonb -> 'heads') jsonb_ops);

drop trigger audit_logs_only_grow on audit.audit_logs;
create trigger audit_logs_only_grow before update or truncate on audit.audit_logs
  for each statement execute function audit.refuse();

create function audit.refuse_unless_behind_base() returns trigger language plpgsql as $$
begin
  if old.at < now() - interval '1 day' and old.seq <= (select base_seq from audit.chain where chain = old.chain) then
    return old;
  end if;
  raise exception 'the audit log only grows' using errcode = '42501';
end $$;
create trigger audit_logs_go_behind_a_checkpoint before delete on audit.audit_logs
  for each row execute function audit.refuse_unless_behind_base();

create trigger chains_only_grow before delete or truncate on audit.chain
  for each statement execute function audit.refuse();
create trigger chains_never_shrink before update on audit.chain
  for each row when (new.seq < old.seq or new.base_seq < old.base_seq) execute function audit.refuse();

-- In a checkpoint, that is: signed or not.
create function audit.refuse_unsigned_base() returns trigger language plpgsql as $$
begin
  if exists (
    select from audit.checkpoint
    where line::jsonb -> 'heads' ? new.chain
      and line::jsonb -> 'heads' -> new.chain = jsonb_build_array(new.base_seq, encode(new.base_hash, 'hex'))
  ) then
    return new;
  end if;
  raise exception 'a chain begins where a checkpoint says' using errcode = '42501';
end $$;
create trigger chains_begin_at_a_checkpoint before update on audit.chain
  for each row when (new.base_seq is distinct from old.base_seq) execute function audit.refuse_unsigned_base();

grant delete on audit.audit_logs to taskmaster_audit_background;
