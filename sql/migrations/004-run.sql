-- A run: one execution of a workflow.
--
-- run_id = days since 2020-01-01 (15 bits) << 28 | a sequence (28 bits)
-- step_id = run_id << 20 | ordinal of the step in its run (20 bits; ordinal 0 is the run's end)
--
-- So every table about runs can be partitioned by the day of the submit with its own primary key, all rows of a run
-- lie together and leave together, and no lookup needs more than the id.
create table holdfast.run (
  run_id bigint primary key,
  workflow text not null,
  policy text not null default '',
  queue text not null default 'default',
  priority smallint not null default 0,
  params jsonb,
  key text,
  slot timestamptz,
  parent_step bigint,
  next_ordinal int not null,
  state text not null default 'running'
    check (state in ('running', 'cancelling', 'undoing', 'succeeded', 'failed', 'cancelled')),
  failure text,
  stop_reason text,
  stop_state text check (stop_state in ('failed', 'cancelled')),
  submitted_at timestamptz not null default now(),
  deadline_at timestamptz,
  finished_at timestamptz
) partition by range (run_id);

comment on table holdfast.run is 'One execution of a workflow; partitioned by the day of its submit.';

-- The live runs, by policy: what overlap rules and lists of running work ask for. Ended runs are not in it.
create index run_live on holdfast.run (policy, run_id) where finished_at is null;
create index run_deadline on holdfast.run (deadline_at) where finished_at is null and deadline_at is not null;

create sequence holdfast.run_sequence as bigint minvalue 0 maxvalue 268435455 cycle;

-- The live runs that a step of another run started.
create index run_parent on holdfast.run (parent_step) where finished_at is null and parent_step is not null;
