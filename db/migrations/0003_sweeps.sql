-- The hourly sweep of answers looks only at rows that still have one.
create index processed_op_answered on tasks.processed_op (at) where answer_status is not null;
