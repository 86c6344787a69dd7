-- How far running steps are, as they say themselves; overwritten about once a second, and gone when the step ends. So there are
-- only as many rows as steps that run and say something, and updates stay in their pages.
create table holdfast.step_progress (
  step_id bigint primary key,
  fence bigint not null,
  progress jsonb not null,
  at timestamptz not null default now()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

comment on table holdfast.step_progress is 'The latest that running steps said of how far they are.';
comment on column holdfast.step_progress.progress is
  '{"done": bytes, "total": bytes, "rate": bytes per second, "etaSeconds": number, "files": number, "note": text}, each if known.';
