-- The policies that a scheduler has to look at now, with what its decision needs.
create or replace function holdfast.due_policies(p_limit int default 1000)
returns table (
  policy text, schedule jsonb, now_at timestamptz, since timestamptz, decided_through timestamptz, live_runs bigint[],
  queued_slots timestamptz[], passed_through timestamptz, changed_at timestamptz
)
language sql stable security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
  select p.policy, p.schedule, now(), p.since, p.decided_through,
    (select coalesce(array_agg(r.run_id), '{}') from run r where r.policy = p.policy and r.finished_at is null and r.slot is not null),
    (select coalesce(array_agg(q.slot order by q.slot), '{}') from policy_slot q where q.policy = p.policy and q.state = 'queued'),
    p.passed_through, p.changed_at
  from policy p
  where p.enabled
    and (p.problem is null or p.retry_at is null or p.retry_at <= now())
    and not exists (select from pause h where h.scope = 'policy' and h.name = p.policy)
    and (p.look_at is null or p.look_at <= now()
      or exists (select from policy_slot q where q.policy = p.policy and q.state = 'queued'))
  order by p.look_at nulls first
  limit p_limit
$$;

comment on function holdfast.due_policies(int) is 'Policies whose schedule has to be looked at now.';
