-- Records what a run has left of an application, and hands the point's snapshots and exports over to it: from now on the
-- janitor leaves them alone. One transaction. Safe to repeat: the same point once more, also one of the same snapshots and exports,
-- changes nothing.
--
-- A run that was retried may come with another point. It stands beside the earlier one, in whatever state that is, and takes nothing
-- from it: somebody may have pinned that one since then, and what was made anew may be of data that were damaged meanwhile.
-- The form of p_point: point_problem.sql. Returns the name of the point.
create or replace function holdfast.record_point(p_step bigint, p_fence bigint, p_point jsonb) returns text
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_run bigint := p_step >> 20;
  v_problem text := point_problem(p_point);
  v_name text;
  v_id bigint;
  v_imported restore_point;
  v_holders bigint[];
begin
  perform held(p_step, p_fence);
  if v_problem is not null then
    perform refuse(v_problem);
  end if;
  select p.name into v_name
  from restore_point p
  where p.run_id = v_run and p.application = p_point ->> 'application'
    and (p.document = p_point or p.state = 'complete' and point_parts(p.document) = point_parts(p_point))
  order by p.document = p_point desc, p.point_id
  limit 1;
  if found then
    return v_name;
  end if;
  -- The run's database was lost before the point was recorded, and what the run had sealed was imported: it is that point if it has the
  -- same exports of all volumes. What its description says counts for nothing, what we have come to know of it stays.
  select p.* into v_imported
  from restore_point p
  where p.run_id is null and p.state = 'complete' and p.application = p_point ->> 'application' and p.document ->> 'run' = v_run::text
    and p.exports = p.volumes
    and (select jsonb_object_agg(k.volume, k.export_id) from point_volume k where k.point_id = p.point_id)
      = (select jsonb_object_agg(v.e ->> 'name', nullif(v.e ->> 'export', '')) from jsonb_array_elements(p_point -> 'volumes') v(e))
  order by p.point_id
  limit 1
  for update;
  if found then
    p_point := p_point || jsonb_build_object('name', v_imported.name);
    v_holders := array(select h.run_id from point_hold h where h.point_id = v_imported.point_id);
    delete from restore_point p where p.point_id = v_imported.point_id;
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
      and r.step_id between v_run << 20 and (v_run << 20) + 1048575
    where r.state = 'released' or r.sweep_until > clock_timestamp()
    limit 1;
  end if;
  if not found then
    -- When that point is retired, this one would lose it.
    select format('volume %s: what it has belongs to restore point %s', v.e ->> 'name', p.name) into v_problem
    from jsonb_array_elements(p_point -> 'volumes') v(e)
    join restore_point p on p.run_id = v_run
    join point_volume k on k.point_id = p.point_id
    where k.export_id = v.e ->> 'export'
      or (coalesce(v.e ->> 'export', '') = '' and k.snapshot_state in ('exists', 'retiring')
        and k.snapshot_name = v.e ->> 'snapshot' and k.driver = coalesce(v.e ->> 'driver', ''))
    limit 1;
  end if;
  if found then
    perform refuse(format('restore point %s, %s', p_point ->> 'name', v_problem),
      'repeat the run from the step that makes it: holdfast retry RUN --from STEP', 'HF003');
  end if;

  begin
    v_id := put_point(p_point, v_run);
  exception when unique_violation then
    perform refuse(format('there is a restore point %s already', p_point ->> 'name'),
      'give the point a name that no other has', 'HF003');
  end;
  update restore_point p set
    pinned = v_imported.pinned, verified_at = v_imported.verified_at, verified_ok = v_imported.verified_ok,
    verified_message = v_imported.verified_message, recovery_seconds = v_imported.recovery_seconds,
    drill_problem = v_imported.drill_problem
  where p.point_id = v_id and v_imported.point_id is not null;
  insert into point_hold (point_id, run_id) select v_id, h.run_id from unnest(v_holders) h(run_id);
  -- A snapshot that is gone from the ledger's view can't be restored from, and one that an earlier point has stays that one's alone.
  update point_volume v set snapshot_state = 'released'
  where v.point_id = v_id and v.snapshot_state = 'exists' and (
    exists (
      select from resource r
      where r.kind = 'snapshot' and r.driver = v.driver and r.name = v.snapshot_name and r.state = 'released')
    or exists (
      select from restore_point p join point_volume k on k.point_id = p.point_id
      where p.run_id = v_run and p.point_id <> v_id
        and k.driver = v.driver and k.snapshot_name = v.snapshot_name and k.snapshot_state in ('exists', 'retiring')));
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
    and r.step_id between v_run << 20 and (v_run << 20) + 1048575 and r.state <> 'released';
  perform add_event('point-recorded', format('restore point %s of %s was recorded', p_point ->> 'name', p_point ->> 'application'),
    p_step => p_step, p_subject => p_point ->> 'application');
  return p_point ->> 'name';
end
$$;

comment on function holdfast.record_point(bigint, bigint, jsonb) is
  'Records a restore point of a run and hands its snapshots and exports over to it; returns its name.';
