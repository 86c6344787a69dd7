-- The workers. Their leases stand and fall with expires_at, which every heartbeat and, now and then, an exchange moves.
-- The clock is this database's; a worker's own clock is never asked.
create table holdfast.worker (
  worker_id int generated always as identity primary key,
  name text not null,
  host text not null default '',
  pid int,
  version text not null default '',
  slots int not null,
  kinds text[] not null,
  queues text[],
  labels jsonb not null default '{}',
  lease interval not null,
  state text not null default 'active' check (state in ('active', 'draining', 'stopped', 'lost')),
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz
) with (fillfactor = 50);

create index worker_live on holdfast.worker (worker_id) where state in ('active', 'draining');

comment on table holdfast.worker is 'Worker processes; one row for each start of one.';
