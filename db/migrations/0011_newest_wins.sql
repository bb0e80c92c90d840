-- Which event of the log each row is from: one that comes late, after it was a dead letter, must not undo what came after it.
alter table notification.task add sequence bigint not null default 0;
alter table notification.reminder add sequence bigint not null default 0;
alter table notification.person add sequence bigint not null default 0;
