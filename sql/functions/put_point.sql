-- Writes a restore point with its volumes. p_known: a point to replace by it; null makes a new one. p_run: the run that made
-- it; null for an imported one. Returns its id.
create or replace function holdfast.put_point(p_point jsonb, p_run bigint, p_known bigint default null) returns bigint
language plpgsql
as $$
declare
  v_id bigint := p_known;
begin
  if p_known is not null then
    delete from holdfast.point_volume v where v.point_id = p_known;
    update holdfast.restore_point p set
      name = p_point ->> 'name', policy = coalesce(p_point ->> 'policy', ''), profile = p_point ->> 'profile',
      created_at = (p_point ->> 'createdAt')::timestamptz, consistency = p_point ->> 'consistency',
      artifacts = coalesce(nullif(p_point -> 'artifacts', 'null'), '{}'), document = p_point,
      expires_at = (p_point ->> 'expiresAt')::timestamptz, lock_until = (p_point ->> 'lockUntil')::timestamptz,
      recorded_at = now(), verified_at = null, verified_ok = null, verified_message = null, recovery_seconds = null,
      drill_problem = null
    where p.point_id = p_known;
  else
    insert into holdfast.restore_point (
      name, application, policy, profile, run_id, created_at, consistency, artifacts, document, pinned, expires_at, lock_until)
    values (
      p_point ->> 'name', p_point ->> 'application', coalesce(p_point ->> 'policy', ''), p_point ->> 'profile', p_run,
      (p_point ->> 'createdAt')::timestamptz, p_point ->> 'consistency', coalesce(nullif(p_point -> 'artifacts', 'null'), '{}'),
      p_point, coalesce(p_point -> 'pinned' = 'true', false), (p_point ->> 'expiresAt')::timestamptz,
      (p_point ->> 'lockUntil')::timestamptz)
    returning point_id into v_id;
  end if;

  insert into holdfast.point_volume (
    point_id, volume, driver, node, source, snapshot_name, snapshot_state, export_id, export_state, bytes, added_bytes, files)
  select
    v_id, v.e ->> 'name', coalesce(v.e ->> 'driver', ''), coalesce(v.e ->> 'node', ''),
    coalesce(nullif(v.e -> 'source', 'null'), '{}'), s.name,
    case
      when s.name is null then 'none'
      -- Nobody knows what became of the snapshots of an imported point, and its exports are what it was imported for.
      when p_run is null and s.export is not null then 'released'
      else 'exists'
    end,
    s.export, case when s.export is null then 'none' else 'exists' end,
    coalesce((v.e ->> 'bytes')::bigint, 0), coalesce((v.e ->> 'addedBytes')::bigint, 0), coalesce((v.e ->> 'files')::bigint, 0)
  from jsonb_array_elements(p_point -> 'volumes') v(e)
  cross join lateral (select nullif(v.e ->> 'snapshot', '') as name, nullif(v.e ->> 'export', '') as export) s;
  perform holdfast.count_point(v_id);
  return v_id;
end
$$;

comment on function holdfast.put_point(jsonb, bigint, bigint) is 'Writes a restore point that was checked, with its volumes.';
