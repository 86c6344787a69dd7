-- The outside object exists now; detail is what its release will need (ids, places; never secrets). It is no leftover of before
-- a retry any more (detail.stale), and it is this step's, also if it was that of the same step before its group was expanded anew: a
-- retry repeats the step if a janitor has removed it.
create or replace function holdfast.resource_made(p_step bigint, p_fence bigint, p_resource bigint, p_detail jsonb default null)
returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  perform held(p_step, p_fence);
  update resource r set state = 'exists', step_id = p_step, made_at = coalesce(r.made_at, now()), detail = case when p_detail is null and jsonb_typeof(r.detail) = 'object' then r.detail - 'stale' else coalesce(p_detail, r.detail) end
  where r.resource_id = p_resource and r.state <> 'released';
  if not found then
    perform refuse(format('the ledger has no open resource %s', p_resource), null, 'HF002');
  end if;
end
$$;

comment on function holdfast.resource_made(bigint, bigint, bigint, jsonb) is 'Notes that an intended outside object exists.';
