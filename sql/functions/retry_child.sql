-- Retries a run that a step started, if that was before the step was last reopened, by a retry of the step's own run, and if nobody has
-- retried it since. When it ended says nothing: cancelled with the step's run, it may undo long after that one is over and retried.
-- Returns whether its end is still to come; if not, it ended in the step's present round, and so does the step.
create or replace function holdfast.retry_child(p_run bigint) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_run run;
  v_reopened attempt;
begin
  select r.* into v_run from run r where r.run_id = p_run for update;
  if not found then
    perform refuse(format('there is no run %s', p_run), null, 'HF002');
  end if;
  if v_run.finished_at is not null then
    select a.* into v_reopened
    from attempt a where a.step_id = v_run.parent_step and a.state = 'reopened' order by a.fence desc limit 1;
    if not found
      or v_run.submitted_at > v_reopened.finished_at
      or exists (
        select from attempt a
        where a.step_id between p_run << 20 and (p_run << 20) + 1048575 and a.state = 'reopened' and a.fence > v_reopened.fence)
    then
      return false;
    end if;
    perform retry(p_run);
  end if;
  return true;
end
$$;

comment on function holdfast.retry_child(bigint) is
  'Repeats a run that a step started, if it began before that step was reopened; false if it is over and began after that.';
