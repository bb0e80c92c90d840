-- Which event of the log each row is from: one that comes late, after it was a dead letter, must not undo what came after it.
alter table notification.task add sequence bigint not null default 0;
alter table notification.reminder add sequence bigint not null default 0;
alter table notification.person add sequence bigint not null default 0;
-- What is there already is of no later than what has been handled.
update notification.task t set sequence = c.sequence from notification.cursor c
  where c.consumer = 'notification' and c.workspace_id = t.workspace_id;
update notification.reminder r set sequence = c.sequence from notification.cursor c
  where c.consumer = 'notification' and c.workspace_id = r.workspace_id;
