-- The kinds of step that some worker has offered. submit refuses a plan that names any other, so that a typing mistake
-- is an error at once and not a step that waits forever.
create table holdfast.step_kind (
  uses text primary key check (uses ~ '^[a-z][a-z0-9/._-]*$'),
  offered_at timestamptz not null default now()
);

comment on table holdfast.step_kind is 'Names that a step''s "uses" may give; filled by register.';
