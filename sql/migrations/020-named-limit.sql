-- Named limits. How much of one is used is never stored: it is the number of leases in its lanes, so nothing that
-- dies can keep a limit.
create table holdfast.named_limit (
  name text primary key,
  capacity int not null check (capacity >= 0),
  changed_at timestamptz not null default now()
);

comment on table holdfast.named_limit is 'How many steps may run at once under each limit that a step names.';
