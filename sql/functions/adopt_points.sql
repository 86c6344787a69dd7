-- A person has said so: from now on this installation's rules decide about the points of a profile that were imported. Safe to repeat.
-- Returns about how many they did not before.
create or replace function holdfast.adopt_points(p_profile text) returns bigint
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_count bigint;
begin
  -- Before points in any order: begin_retire has several, too.
  perform pg_advisory_xact_lock(hashtext('holdfast.retire'));
  update restore_point p set adopted = true where p.profile = p_profile and not p.adopted;
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform add_event('points-adopted', format('restore points of profile %s that were imported were adopted: %s', p_profile, v_count),
      p_subject => p_profile);
  end if;
  return v_count;
end
$$;

comment on function holdfast.adopt_points(text) is 'Lets the rules decide about the imported restore points of a profile.';
