-- The outside object exists now; detail is what its release will need (ids, places; never secrets).
create or replace function holdfast.resource_made(p_step bigint, p_fence bigint, p_resource bigint, p_detail jsonb default null)
returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  perform held(p_step, p_fence);
  update resource r set state = 'exists', made_at = coalesce(r.made_at, now()), detail = coalesce(p_detail, r.detail)
  where r.resource_id = p_resource and r.state <> 'released';
  if not found then
    perform refuse(format('the ledger has no open resource %s', p_resource), null, 'HF002');
  end if;
end
$$;

comment on function holdfast.resource_made(bigint, bigint, bigint, jsonb) is 'Notes that an intended outside object exists.';
