-- sync is a service of its own: whom it refuses it says through an outbox of its own, as every service does. It consumes nothing,
-- and keeps nothing else but which tickets were used.
create schema sync;
select runtime.create_service_tables('sync');
grant usage on schema sync to taskmaster_sync;
grant select, insert, update, delete on all tables in schema sync to taskmaster_sync;

-- A service that runs alone, with a login that is a member of its own roles and no more, sees whether the database is as new as it is.
grant select on public.taskmaster_migration to taskmaster_api, taskmaster_auth, taskmaster_recurring, taskmaster_notification,
  taskmaster_sync, taskmaster_audit;
