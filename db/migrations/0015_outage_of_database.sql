-- A reminder can be late because the database took nothing: full, read-only or away while the program was up.
alter table notification.outage drop constraint outage_reason_check;
alter table notification.outage add constraint outage_reason_check check (reason in ('down', 'asleep', 'database'));
