-- What happened: one row for each end of an attempt, and one for each step that ended without one. Append-only.
create type holdfast.attempt_state as enum (
  'succeeded', 'failed', 'skipped', 'omitted', 'cancelled', 'quarantined',  -- the step is over
  'retrying', 'parked', 'lost', 'returned', 'reopened'                      -- it goes on
);

create table holdfast.attempt (
  step_id bigint not null,
  fence bigint not null,
  state holdfast.attempt_state not null,
  worker_id int,
  started_at timestamptz,
  finished_at timestamptz not null default now(),
  outputs jsonb,
  message text,
  primary key (step_id, fence)
) partition by range (step_id);

comment on table holdfast.attempt is
  'The history of every step: each attempt with worker, start, end and outcome; partitioned like run.';
comment on column holdfast.attempt.state is
  'succeeded | failed | skipped (its when was false) | omitted (a need failed) | cancelled | quarantined (it kept killing '
  'its worker): the step is over. retrying | parked | lost (its worker vanished) | returned (its worker shut down) | '
  'reopened (by retry): it goes on.';
