-- A janitor has looked at the volumes that its node reaches: a restore point's snapshot that should be there and is not is 'missing'
-- from now on, and one that is there again no more. An event tells of each volume with news. Only what was recorded before the look is
-- missed, and only where it is looked for at the place that the snapshot was made at: the same source, on p_node; for a volume that
-- names no node, as long as there are no workers on other nodes.
-- p_volumes: [{"application", "volume", "source", "objects": [{"kind", "name"}]}]; without objects a volume could not be looked at.
-- p_age: seconds since the look began. Returns how many snapshots are missing that were not before.
create or replace function holdfast.report_missing(p_node text, p_volumes jsonb, p_age double precision default 0) returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_new int := 0;
  v_is_alone boolean := not exists (select from worker w where w.labels ->> 'node' is distinct from p_node);
  v_group record;
begin
  -- Before points in any order: begin_retire has several, too.
  perform pg_advisory_xact_lock(hashtext('holdfast.retire'));
  for v_group in
    with volume as (
      select e ->> 'application' as application, e ->> 'volume' as volume, e -> 'source' as source, e -> 'objects' as objects
      from jsonb_array_elements(p_volumes) e
      where jsonb_typeof(e -> 'objects') = 'array'
    ), there as (
      select distinct w.application, w.volume, o ->> 'name' as name
      from volume w cross join jsonb_array_elements(w.objects) o
      where o ->> 'kind' = 'snapshot'
    ), changed as materialized (
      select p.point_id, p.name as point, p.application, v.volume, v.snapshot_name, v.snapshot_missed_at is null as is_missing
      from point_volume v
      join restore_point p on p.point_id = v.point_id
      join volume w on w.application = p.application and w.volume = v.volume
      left join there t on t.application = p.application and t.volume = v.volume and t.name = v.snapshot_name
      where v.snapshot_state = 'exists' and (v.snapshot_missed_at is null) = (t.name is null)
        -- What was seen is there, wherever. A second for the way of the report.
        and (t.name is not null
          or w.source = v.source - array['kind', 'exclude'] and (v.node = p_node or v.node = '' and v_is_alone)
            and p.recorded_at < now() - make_interval(secs => p_age + 1))
      for update of p
    ), noted as (
      update point_volume v set snapshot_missed_at = case when c.is_missing then now() end
      from changed c
      where v.point_id = c.point_id and v.volume = c.volume and v.snapshot_name = c.snapshot_name and v.snapshot_state = 'exists'
      returning c.*
    )
    select
      n.application, n.volume, n.is_missing, count(*) as snapshots, array_agg(n.point_id) as points,
      string_agg(format('%s of %s', n.snapshot_name, n.point), ', ' order by n.point) as names
    from noted n
    group by n.application, n.volume, n.is_missing
  loop
    perform count_point(p) from unnest(v_group.points) p;
    if v_group.is_missing then
      v_new := v_new + v_group.snapshots;
    end if;
    perform add_event(
      case when v_group.is_missing then 'snapshot-missing' else 'snapshot-found' end,
      format(
        case
          when v_group.is_missing then 'volume %s/%s on %s lacks snapshots of restore points; somebody removed them, or it is not mounted: %s'
          else 'volume %s/%s on %s has these snapshots of restore points again: %s'
        end,
        v_group.application, v_group.volume, p_node, v_group.names),
      p_subject => v_group.application || '/' || v_group.volume);
  end loop;
  return v_new;
end
$$;

comment on function holdfast.report_missing(text, jsonb, double precision) is
  'Notes which snapshots of restore points a node does not have any more.';
