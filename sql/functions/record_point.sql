-- Records what a run has left of an application, and hands the point's snapshots and exports over to it: from now on the
-- janitor leaves them alone. One transaction. Safe to repeat: a run has one point of an application, and a repeat with the same point
-- changes nothing. A repeat with another one (the run was retried from an earlier step) replaces it, unless it is being
-- retired. The form of p_point: point_problem.sql. Returns its name.
create or replace function holdfast.record_point(p_step bigint, p_fence bigint, p_point jsonb) returns text
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_known restore_point;
  v_problem text := point_problem(p_point);
  v_id bigint;
begin
  perform held(p_step, p_fence);
  if v_problem is not null then
    perform refuse(v_problem);
  end if;
  select p.* into v_known from restore_point p
  where p.run_id = p_step >> 20 and p.application = p_point ->> 'application' for update;
  if found and (v_known.document = p_point or v_known.state <> 'complete') then
    return v_known.name;
  end if;
  select format('volume %s: its snapshot %s is not there any more', v.e ->> 'name', v.e ->> 'snapshot') into v_problem
  from jsonb_array_elements(p_point -> 'volumes') v(e)
  join resource r on r.kind = 'snapshot' and r.driver = coalesce(v.e ->> 'driver', '') and r.name = v.e ->> 'snapshot'
  where r.state = 'released' and coalesce(v.e ->> 'export', '') = ''
  limit 1;
  if not found then
    -- As when the run failed, and was retried later.
    select format('volume %s: its export was removed when the run had ended', v.e ->> 'name') into v_problem
    from jsonb_array_elements(p_point -> 'volumes') v(e)
    join resource r on r.kind = 'export' and r.detail ->> 'export' = v.e ->> 'export'
      and r.step_id between (p_step >> 20) << 20 and ((p_step >> 20) << 20) + 1048575
    where r.state = 'released' or r.sweep_until > clock_timestamp()
    limit 1;
  end if;
  if found then
    perform refuse(format('restore point %s, %s', p_point ->> 'name', v_problem),
      'repeat the run from the step that makes it: holdfast retry RUN --from STEP', 'HF003');
  end if;

  if v_known.point_id is not null then
    -- What the new one doesn't have belongs to nobody any more.
    update resource r set detail = r.detail - 'keep'
    from point_volume v
    where v.point_id = v_known.point_id and r.kind = 'snapshot' and r.driver = v.driver and r.name = v.snapshot_name
      and r.state <> 'released' and jsonb_typeof(r.detail) = 'object';
    update resource r set detail = r.detail - 'keep'
    from point_volume v
    where v.point_id = v_known.point_id and r.kind = 'export' and r.detail ->> 'export' = v.export_id
      and r.step_id between (p_step >> 20) << 20 and ((p_step >> 20) << 20) + 1048575 and r.state <> 'released';
  end if;
  begin
    v_id := put_point(p_point, p_step >> 20, v_known.point_id);
  exception when unique_violation then
    perform refuse(format('there is a restore point %s already', p_point ->> 'name'),
      'give the point a name that no other has', 'HF003');
  end;
  if v_known.name <> p_point ->> 'name' and v_known.profile is not null then
    -- The repository still describes it under the name that it had; the janitor removes that. No step of the run made it.
    insert into resource as r (kind, driver, name, run_id, step_id, state, made_at, detail)
    values ('description', 'restic', v_known.name, p_step >> 20, (p_step >> 20) << 20, 'exists', now(),
      jsonb_build_object('profile', v_known.profile))
    on conflict (kind, driver, name) do update set
      state = excluded.state, step_id = excluded.step_id, detail = excluded.detail, released_at = null, swept_at = null;
  end if;
  -- A snapshot that is gone from the ledger's view can't be restored from.
  update point_volume v set snapshot_state = 'released'
  from resource r
  where v.point_id = v_id and r.kind = 'snapshot' and r.driver = v.driver and r.name = v.snapshot_name and r.state = 'released';
  if found then
    perform count_point(v_id);
  end if;
  update resource r set
    detail = case when jsonb_typeof(r.detail) = 'object' then r.detail else '{}' end
      || jsonb_build_object('keep', true, 'point', p_point -> 'name')
  from point_volume v
  where v.point_id = v_id and v.snapshot_state = 'exists'
    and r.kind = 'snapshot' and r.driver = v.driver and r.name = v.snapshot_name and r.state <> 'released';
  update resource r set detail = r.detail || jsonb_build_object('keep', true, 'point', p_point -> 'name')
  from point_volume v
  where v.point_id = v_id and v.export_state = 'exists' and r.kind = 'export' and r.detail ->> 'export' = v.export_id
    and r.step_id between (p_step >> 20) << 20 and ((p_step >> 20) << 20) + 1048575 and r.state <> 'released';
  perform add_event('point-recorded', format('restore point %s of %s was recorded', p_point ->> 'name', p_point ->> 'application'),
    p_step => p_step, p_subject => p_point ->> 'application');
  return p_point ->> 'name';
end
$$;

comment on function holdfast.record_point(bigint, bigint, jsonb) is
  'Records a restore point of a run and hands its snapshots and exports over to it; returns its name.';
