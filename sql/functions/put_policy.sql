-- Creates or changes a policy's schedule and plan. The schedule is checked by the scheduler's own reader before this call
-- and again by the scheduler, which writes what it can't follow into policy.problem.
create or replace function holdfast.put_policy(p_policy text, p_schedule jsonb, p_plan jsonb, p_enabled boolean default true)
returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  if coalesce(p_policy, '') = '' then
    perform refuse('a policy needs a name');
  end if;
  if jsonb_typeof(p_schedule) is distinct from 'object' or jsonb_typeof(p_plan) is distinct from 'object' then
    perform refuse(format('policy %s needs a schedule and a plan, both objects', p_policy));
  end if;
  perform check_steps(p_plan -> 'steps', '{}', '');
  insert into policy (policy, schedule, plan, enabled)
  values (p_policy, p_schedule, p_plan || jsonb_build_object('policy', p_policy), p_enabled)
  on conflict (policy) do update set
    schedule = excluded.schedule, plan = excluded.plan, enabled = excluded.enabled, changed_at = now(),
    problem = null, problem_since = null, retry_at = null, look_at = null, next_slot = null,
    -- By new times slots count that fall due from now on; a policy that was off has missed nothing. Slots that wait for their jitter
    -- or their window still run, by the new rules.
    passed_through = case
      when not policy.enabled
        or (policy.schedule -> 'cron', policy.schedule -> 'timeZone')
          is distinct from (excluded.schedule -> 'cron', excluded.schedule -> 'timeZone')
      then now() else policy.passed_through end
  -- Documents are applied again and again, mostly unchanged.
  where (policy.schedule, policy.plan, policy.enabled) is distinct from (excluded.schedule, excluded.plan, excluded.enabled)
    or policy.problem is not null;
  if found then
    perform pg_notify('holdfast_scheduler', p_policy);
  end if;
end
$$;

comment on function holdfast.put_policy(text, jsonb, jsonb, boolean) is 'Creates or changes a scheduled policy.';
