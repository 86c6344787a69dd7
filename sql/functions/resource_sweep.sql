-- A janitor is about to remove an outside object, and will be done with it within p_for: until then no step makes or uses it. False,
-- and nothing is to be removed, if the object has an owner again (its run was retried), or another janitor is at it. p_for null: it
-- could not be removed, and is left.
create or replace function holdfast.resource_sweep(p_resource bigint, p_for interval) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  if p_for is null then
    update resource r set sweep_until = null where r.resource_id = p_resource;
    return false;
  end if;
  -- The run first, as a retry does: it comes before this, or sees what this writes.
  perform from run where run.run_id = (select r.run_id from resource r where r.resource_id = p_resource) for share;
  update resource r set sweep_until = clock_timestamp() + p_for
  where r.resource_id = p_resource and r.state <> 'released' and coalesce(r.detail -> 'keep', 'false') <> 'true'
    and (r.sweep_until is null or r.sweep_until < clock_timestamp())
    and not exists (select from run where run.run_id = r.run_id and run.finished_at is null);
  return found;
end
$$;

comment on function holdfast.resource_sweep(bigint, interval) is 'Says that a janitor is about to remove an outside object.';
