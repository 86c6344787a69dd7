-- Cancels a run: its waiting steps end, its running ones are stopped, those marked always still run, then everything that
-- has an undo is undone. Runs that its steps started are cancelled, too. Returns false if the run is over already.
-- p_state: how the run ends: cancelled, or failed (for a deadline).
create or replace function holdfast.cancel(p_run bigint, p_reason text default 'cancelled', p_state text default 'cancelled')
returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_run run;
begin
  select r.* into v_run from run r where r.run_id = p_run for update;
  if not found then
    perform refuse(format('there is no run %s', p_run), null, 'HF002');
  end if;
  if v_run.finished_at is not null or v_run.state <> 'running' then
    return v_run.finished_at is null;
  end if;
  update run r set state = 'cancelling', stop_reason = left(p_reason, 2000), stop_state = p_state where r.run_id = p_run;
  insert into stopping_run (run_id) values (p_run) on conflict do nothing;
  perform add_event('run-cancelling', format('run of %s is being stopped: %s', v_run.workflow, p_reason), p_run => p_run);
  perform sweep_stopping(p_run);
  return true;
end
$$;

comment on function holdfast.cancel(bigint, text, text) is 'Cancels a run and undoes what it did; false if it is over.';
