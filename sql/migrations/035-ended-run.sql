-- Runs of policies that ended, until note_ends has taken their outcome. Whoever ends a run only adds a row; the one who
-- ticks reads them, so that no two of them wait for each other's applications.
create table holdfast.ended_run (
  seq bigint generated always as identity primary key,
  run_id bigint not null
);

comment on table holdfast.ended_run is 'Ended runs whose outcome has yet to be noted at their policy and application.';
