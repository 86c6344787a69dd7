-- Idempotent submits: the same key gives the same run for as long as the run is kept.
create table holdfast.submit_key (
  key text primary key,
  run_id bigint not null
);

create index submit_key_run on holdfast.submit_key (run_id);

comment on table holdfast.submit_key is 'The run that each idempotency key of submit stands for.';
