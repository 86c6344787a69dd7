-- Ends a policy's schedule; its runs and its history stay. Returns false if there was none.
create or replace function holdfast.drop_policy(p_policy text) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  delete from policy p where p.policy = p_policy;
  return found;
end
$$;

comment on function holdfast.drop_policy(text) is 'Removes a policy''s schedule.';
