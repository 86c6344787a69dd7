-- Retries a run that a step started, if it ended before that step was last reopened, by a retry of the step's own run.
-- Returns whether its end is still to come; if not, it ended in the step's present round, and so does the step.
create or replace function holdfast.retry_child(p_run bigint) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_run run;
begin
  select r.* into v_run from run r where r.run_id = p_run for update;
  if not found then
    perform refuse(format('there is no run %s', p_run), null, 'HF002');
  end if;
  if v_run.finished_at is not null then
    if v_run.finished_at >= coalesce((
      select max(a.finished_at) from attempt a where a.step_id = v_run.parent_step and a.state = 'reopened'), '-infinity')
    then
      return false;
    end if;
    perform retry(p_run);
  end if;
  return true;
end
$$;

comment on function holdfast.retry_child(bigint) is
  'Repeats a run that a step started, if it ended before that step was reopened; false if it ended after that.';
