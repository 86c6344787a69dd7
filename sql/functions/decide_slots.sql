-- Writes a scheduler's decision about a policy: what becomes of each slot, how far the schedule is decided, and when to look
-- again. One transaction; a slot that another scheduler decided first is left as that one decided it.
-- p_states: for each slot fire | queue | skip | miss; p_cancel: the runs to cancel (overlap: replace).
-- p_seen_through, p_seen_live, p_seen_changed: decided_through, live_runs and changed_at as due_policies gave them. If they are not so
-- any more, another scheduler was faster, or the policy was changed, and nothing is done: the next look decides anew.
-- Returns the runs that were started.
create or replace function holdfast.decide_slots(
  p_policy text, p_slots timestamptz[], p_states text[], p_reasons text[], p_cancel bigint[],
  p_decided_through timestamptz, p_next_slot timestamptz, p_look_at timestamptz,
  p_seen_through timestamptz, p_seen_live bigint[], p_seen_changed timestamptz default null
) returns table (slot timestamptz, run_id bigint)
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_policy policy;
  v record;
begin
  select p.* into v_policy from policy p where p.policy = p_policy for update;
  if not found or not v_policy.enabled or v_policy.decided_through <> p_seen_through or v_policy.changed_at <> p_seen_changed then
    return;
  end if;
  if (select array_agg(r.run_id order by r.run_id) from run r
      where r.policy = p_policy and r.finished_at is null and r.slot is not null)
    is distinct from (select array_agg(s order by s) from unnest(p_seen_live) s)
  then
    return;
  end if;
  perform cancel(r.run_id, 'a newer slot of its policy replaces it')
  from run r where r.run_id = any (p_cancel) and r.policy = p_policy and r.finished_at is null;
  for v in select d.slot, d.state, d.reason from unnest(p_slots, p_states, p_reasons) d(slot, state, reason) order by d.slot loop
    if v.state = 'fire' then
      insert into policy_slot (policy, slot, state, reason) values (p_policy, v.slot, 'fired', v.reason)
      on conflict (policy, slot) do update set state = 'fired', reason = excluded.reason, decided_at = now()
      where policy_slot.state = 'queued';
      if found then
        slot := v.slot;
        run_id := submit(v_policy.plan, p_policy || '@' || to_char(v.slot at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), null, v.slot);
        update policy_slot q set run_id = decide_slots.run_id where q.policy = p_policy and q.slot = v.slot;
        return next;
      end if;
    else
      insert into policy_slot (policy, slot, state, reason)
      values (p_policy, v.slot, case v.state when 'queue' then 'queued' when 'miss' then 'missed' else 'skipped' end, v.reason)
      on conflict (policy, slot) do update set state = excluded.state, reason = excluded.reason, decided_at = now()
      where policy_slot.state = 'queued' and excluded.state <> 'queued';
      if found and v.state <> 'queue' then
        perform add_event('slot-' || case v.state when 'miss' then 'missed' else 'skipped' end,
          format('policy %s did not run at %s: %s', p_policy, v.slot, v.reason), p_subject => p_policy);
      end if;
    end if;
  end loop;
  update policy p set
    decided_through = greatest(p.decided_through, p_decided_through), next_slot = p_next_slot, look_at = p_look_at,
    problem = null, problem_since = null, retry_at = null
  where p.policy = p_policy;
end
$$;

comment on function holdfast.decide_slots(text, timestamptz[], text[], text[], bigint[], timestamptz, timestamptz, timestamptz, timestamptz, bigint[], timestamptz) is
  'Fires, queues, skips or misses slots of a policy, each exactly once.';
