-- What steps print, bounded for each step by the worker; partitioned like run.
create table holdfast.step_log (
  step_id bigint not null,
  fence bigint not null,
  line int not null,
  at timestamptz not null default now(),
  text text not null,
  primary key (step_id, fence, line)
) partition by range (step_id);

comment on table holdfast.step_log is 'Lines that steps printed, by attempt.';
