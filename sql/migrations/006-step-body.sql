-- What a step is, apart from its place in a run. Equal bodies are stored once: all items of a group and all runs of a
-- workflow version share theirs, and a worker may cache a body forever by its id.
create table holdfast.step_body (
  body_id bigint generated always as identity primary key,
  digest bytea not null unique,
  uses text not null,
  spec jsonb not null,
  is_group boolean not null,
  is_always boolean not null,
  has_undo boolean not null,
  wants_inputs boolean not null,
  max_attempts smallint not null,
  retry_initial interval not null,
  retry_max interval not null,
  time_limit interval,
  deadline interval,
  used_on date not null default current_date
);

comment on table holdfast.step_body is 'Immutable bodies of steps, each stored once; spec is the step as its plan gave it.';
comment on column holdfast.step_body.digest is 'SHA-256 of the spec''s text, 32 bytes.';
