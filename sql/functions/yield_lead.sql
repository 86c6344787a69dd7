-- Gives a role up, so that another takes it at once.
create or replace function holdfast.yield_lead(p_role text, p_holder text) returns void
language sql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
  delete from holdfast.leader where role = p_role and holder = p_holder;
$$;

comment on function holdfast.yield_lead(text, text) is 'Ends one''s own leadership.';
