-- Sign-up by invitation: the link is shown once, and only its hash is kept.
create table auth.invitation (
  id uuid primary key,
  token_hash text not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
grant select, insert, update, delete on auth.invitation to taskmaster_auth;
