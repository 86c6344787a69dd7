-- Ends a policy's schedule; its runs and its history stay. Slots that waited for a run to end are skipped, so that a policy of this name
-- that comes later doesn't start with them. Returns false if there was none.
create or replace function holdfast.drop_policy(p_policy text) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  delete from policy p where p.policy = p_policy;
  if not found then
    return false;
  end if;
  update policy_slot q set state = 'skipped', reason = 'the policy was removed', decided_at = now()
  where q.policy = p_policy and q.state = 'queued';
  return true;
end
$$;

comment on function holdfast.drop_policy(text) is 'Removes a policy''s schedule.';
