-- Signals that came before anything waited for them.
create table holdfast.signal (
  run_id bigint not null,
  name text not null,
  payload jsonb,
  sent_at timestamptz not null default now(),
  primary key (run_id, name)
);

comment on table holdfast.signal is 'Signals sent to a run that no step has taken yet; the last one of a name counts.';
