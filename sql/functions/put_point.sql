-- Writes a restore point with its volumes. p_run: the run that made it; null for an imported one. Returns its id.
--
-- The document has the time by the clock of the node that made the point, and what is newest and what is kept is told by times. One from
-- the future would be the newest for ever, and each later point be retired at once. So the catalogue takes no time after now, and none
-- before the point's run was submitted; its expiry is moved by as much. The document stays as it is sealed.
create or replace function holdfast.put_point(p_point jsonb, p_run bigint) returns bigint
language plpgsql
as $$
declare
  v_id bigint;
  v_said timestamptz := (p_point ->> 'createdAt')::timestamptz;
  v_created timestamptz := least(
    greatest(v_said, (select r.submitted_at from holdfast.run r where r.run_id = p_run)), now());
  v_moved interval := make_interval(secs => extract(epoch from v_created - v_said)::float8);
begin
  insert into holdfast.restore_point (
    name, application, policy, profile, run_id, created_at, consistency, artifacts, document, pinned, expires_at, lock_until)
  values (
    p_point ->> 'name', p_point ->> 'application', coalesce(p_point ->> 'policy', ''), p_point ->> 'profile', p_run,
    v_created, p_point ->> 'consistency', coalesce(nullif(p_point -> 'artifacts', 'null'), '{}'),
    p_point, coalesce(p_point -> 'pinned' = 'true', false), (p_point ->> 'expiresAt')::timestamptz + v_moved,
    (p_point ->> 'lockUntil')::timestamptz)
  returning point_id into v_id;

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

comment on function holdfast.put_point(jsonb, bigint) is 'Writes a restore point that was checked, with its volumes.';
