-- Notes that a policy can't be scheduled now: a bad schedule, a plan that is refused, a database that had no room. It is tried again after
-- ten seconds at first, then after about as long as the problem has lasted, at most five minutes; decide_slots and put_policy clear it.
create or replace function holdfast.policy_problem(p_policy text, p_problem text) returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_before text;
begin
  select p.problem into v_before from policy p where p.policy = p_policy for update;
  if not found then
    return;
  end if;
  update policy p set
    problem = left(p_problem, 2000),
    problem_since = coalesce(p.problem_since, now()),
    retry_at = now() + least(greatest(now() - coalesce(p.problem_since, now()), interval '10 s'), interval '5 min')
  where p.policy = p_policy;
  if v_before is distinct from left(p_problem, 2000) then
    perform add_event('policy-problem', format('policy %s can''t be scheduled: %s', p_policy, p_problem), p_subject => p_policy);
  end if;
end
$$;

comment on function holdfast.policy_problem(text, text) is 'Notes why a policy can''t be scheduled, and when to try again.';
