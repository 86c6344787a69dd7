-- The steps that any fitting worker may take now, in the order of their lanes.
create sequence holdfast.ready_sequence as bigint cache 1;

create table holdfast.ready (
  step_id bigint primary key,
  lane_id int not null,
  seq bigint not null default nextval('holdfast.ready_sequence'),
  since timestamptz not null default now(),
  failures smallint not null default 0,
  crashes smallint not null default 0,
  wakes int not null default 0,
  deadline_at timestamptz,
  payload jsonb
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

-- The claim's only index: a lane's steps in the order in which they became ready.
create unique index ready_lane on holdfast.ready (lane_id, seq);

-- Only steps with a deadline are in it.
create index ready_deadline on holdfast.ready (deadline_at) where deadline_at is not null;

-- Steps that lost their worker twice: nearly always none.
create index ready_suspect on holdfast.ready (lane_id) where crashes > 1;

comment on table holdfast.ready is 'Steps that wait for a worker, narrow and short-lived.';
comment on column holdfast.ready.failures is 'Attempts that failed.';
comment on column holdfast.ready.crashes is 'Attempts whose lease was lost.';
comment on column holdfast.ready.wakes is 'How often the step was parked by its own wish.';
comment on column holdfast.ready.payload is 'What the signal that woke the step carried.';
