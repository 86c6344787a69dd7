-- The janitor has released an outside object that an ended run left behind: it is gone, and an event says so. Safe to repeat; false
-- if another was faster. p_by: whose janitor it is.
create or replace function holdfast.resource_swept(p_resource bigint, p_by text) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_resource resource;
begin
  update resource r set state = 'released', released_at = now(), swept_at = now(), sweep_until = null
  where r.resource_id = p_resource and r.state <> 'released'
  returning r.* into v_resource;
  if not found then
    return false;
  end if;
  perform add_event(
    'resource-swept',
    format('%s %s was left behind by run %s and has been released by the janitor of %s', v_resource.kind, v_resource.name,
      v_resource.run_id, p_by),
    p_run => v_resource.run_id, p_subject => v_resource.name);
  return true;
end
$$;

comment on function holdfast.resource_swept(bigint, text) is 'Notes that the janitor has released an outside object.';
