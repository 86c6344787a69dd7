-- Notes that a policy's schedule can''t be followed, until it is changed.
create or replace function holdfast.policy_problem(p_policy text, p_problem text) returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  update policy p set problem = left(p_problem, 2000) where p.policy = p_policy and p.problem is distinct from p_problem;
  if found then
    perform add_event('policy-problem', format('policy %s can''t be scheduled: %s', p_policy, p_problem), p_subject => p_policy);
  end if;
end
$$;

comment on function holdfast.policy_problem(text, text) is 'Takes a policy with a bad schedule out of scheduling.';
