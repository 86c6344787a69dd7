-- The steps that wait for a time or a signal. They hold no slot, no lease, no connection and no limit.
create table holdfast.parked (
  step_id bigint primary key,
  lane_id int not null,
  wake_at timestamptz,
  signal text,
  cause text not null check (cause in ('retry', 'wait')),
  reason text not null,
  since timestamptz not null default now(),
  failures smallint not null,
  crashes smallint not null,
  wakes int not null,
  deadline_at timestamptz,
  check (wake_at is not null or signal is not null)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

create index parked_wake on holdfast.parked (wake_at) where wake_at is not null;
create index parked_deadline on holdfast.parked (deadline_at) where deadline_at is not null;

comment on table holdfast.parked is 'Steps that wait for a time or a signal, with a reason that people can read.';
