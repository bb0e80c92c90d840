-- An invitation is used up by the account that was made with it, not by a try that came to nothing.
alter table auth.invitation add column used_for text, add column used_by uuid;
