-- The act that deleted a project: restoring it brings back what went with it, and nothing that was deleted before.
alter table tasks.project add column deletion_act uuid;
