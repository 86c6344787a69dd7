-- Notable happenings, for people: not every step, but everything that someone may ask about later.
create table holdfast.event (
  at timestamptz not null default clock_timestamp(),
  kind text not null,
  run_id bigint,
  step_id bigint,
  worker_id int,
  subject text,
  message text not null
) partition by range (at);

create index event_at on holdfast.event (at);
create index event_run on holdfast.event (run_id) where run_id is not null;

comment on table holdfast.event is 'Failures, lost workers, cancels, pauses, missed slots …; partitioned by day.';
