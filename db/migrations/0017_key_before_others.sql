-- Where a table has no statistics yet, every index that begins with the workspace looks as good as its primary key, and of equals
-- the planner takes the newest: it read whole workspaces for one task. So the key is to be the newest.
alter table tasks.task drop constraint task_pkey, add primary key (workspace_id, id);
