-- The outside object is gone. Safe to repeat. Not fenced: what is gone is gone, whoever saw it.
create or replace function holdfast.resource_released(p_resource bigint) returns void
language sql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
  update holdfast.resource set state = 'released', released_at = now()
  where resource_id = p_resource and state <> 'released';
$$;

comment on function holdfast.resource_released(bigint) is 'Notes that an outside object is gone.';
