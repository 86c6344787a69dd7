-- Before an outside object is made: writes down that this step is about to make it. The name has to follow from run and
-- step, not from the attempt. Returns what is known of it: new, intent or exists (an earlier attempt got that far), and its
-- detail; detail.stale: it is left over from before the run was retried, and has to be removed before it is made. An object that
-- a live step of another run claims is refused, and one that a janitor is removing (HF005: try again soon).
create or replace function holdfast.resource_intend(
  p_step bigint, p_fence bigint, p_kind text, p_driver text, p_name text, p_detail jsonb default null
) returns table (resource_id bigint, state text, detail jsonb)
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_resource resource;
  v_is_new boolean;
begin
  perform held(p_step, p_fence);
  insert into resource (kind, driver, name, run_id, step_id, detail)
  values (p_kind, p_driver, p_name, p_step >> 20, p_step, p_detail)
  on conflict (kind, driver, name) do nothing;
  v_is_new := found;
  select r.* into v_resource from resource r
  where r.kind = p_kind and r.driver = p_driver and r.name = p_name for update;
  if v_resource.state <> 'released' and v_resource.sweep_until > clock_timestamp() then
    perform refuse(format('%s %s of an earlier attempt is just being removed', p_kind, p_name), null, 'HF005');
  end if;
  if v_resource.state = 'released' then
    v_is_new := true;
    update resource r set state = 'intent', run_id = p_step >> 20, step_id = p_step, detail = p_detail,
      intended_at = now(), made_at = null, released_at = null, swept_at = null, sweep_until = null
    where r.resource_id = v_resource.resource_id returning * into v_resource;
  elsif v_resource.run_id <> p_step >> 20 then
    perform refuse(format('%s %s belongs to run %s', p_kind, p_name, v_resource.run_id), null, 'HF003');
  end if;
  return query select v_resource.resource_id, case when v_is_new then 'new' else v_resource.state end, v_resource.detail;
end
$$;

comment on function holdfast.resource_intend(bigint, bigint, text, text, text, jsonb) is
  'Writes the intent to make an outside object, before it is made.';
