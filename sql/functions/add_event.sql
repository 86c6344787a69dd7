-- Writes one line of the event log.
create or replace function holdfast.add_event(
  p_kind text, p_message text, p_run bigint default null, p_step bigint default null,
  p_worker int default null, p_subject text default null
) returns void
language sql
as $$
  insert into holdfast.event (kind, message, run_id, step_id, worker_id, subject)
  values (p_kind, left(p_message, 2000), coalesce(p_run, p_step >> 20), p_step, p_worker, p_subject);
$$;

comment on function holdfast.add_event(text, text, bigint, bigint, int, text) is 'Writes one line of the event log.';
