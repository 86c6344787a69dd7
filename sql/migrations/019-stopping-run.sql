-- The runs that are being cancelled: steps of theirs are no longer released, except those that run always. Nearly
-- always empty, so the completion of a step may look into it.
create table holdfast.stopping_run (
  run_id bigint primary key
);

comment on table holdfast.stopping_run is 'Runs whose remaining steps are being cancelled.';
