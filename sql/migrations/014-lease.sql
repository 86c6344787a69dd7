-- The steps that workers hold. The fence is the token of every write about the step: it grows with each claim.
create sequence holdfast.fence_sequence as bigint cache 1;

create table holdfast.lease (
  step_id bigint primary key,
  fence bigint not null,
  worker_id int not null,
  lane_id int not null,
  limited boolean not null,
  failures smallint not null,
  crashes smallint not null,
  wakes int not null,
  started_at timestamptz not null default now(),
  time_limit_at timestamptz,
  deadline_at timestamptz,
  stop_reason text
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

-- Only steps under limits and with time limits pay for an index.
create index lease_limited on holdfast.lease (lane_id) where limited;
create index lease_time_limit on holdfast.lease (time_limit_at) where time_limit_at is not null;

create index lease_suspect on holdfast.lease (worker_id) where crashes > 1;

comment on table holdfast.lease is 'Steps that a worker does now; the lease ends with worker.expires_at.';
comment on column holdfast.lease.stop_reason is 'Set when the worker should stop this step; it learns of it at its next call.';
