-- Points that were imported before imported_point.sql was there have all that their descriptions said, as programs and snapshots. They are
-- believed no more than those that are imported now; one of which nothing is left by that is retired. The names of snapshots stay, as a volume
-- with neither a snapshot nor an export is none.
update holdfast.point_volume v set
  source = b.source,
  snapshot_state = case when v.snapshot_state in ('exists', 'retiring') and not b.is_known then 'released' else v.snapshot_state end
from (
  select o.point_id, o.volume, l.resource_id is not null as is_known,
    coalesce(s.source, '{}') || jsonb_build_object('name', o.volume, 'driver', o.driver) as source
  from holdfast.restore_point p
  join holdfast.point_volume o on o.point_id = p.point_id
  left join lateral (
    select r.resource_id, case when jsonb_typeof(r.detail -> 'volume') = 'object' then r.detail -> 'volume' end as volume
    from holdfast.resource r
    where r.kind = 'snapshot' and r.driver = o.driver and r.name = o.snapshot_name and r.state <> 'released'
      and (r.detail ->> 'point' = p.name or r.detail ->> 'point' is null and not exists (
        select from holdfast.run u where u.run_id = r.run_id and u.finished_at is null))
      and not exists (
        select from holdfast.point_volume k
        where k.snapshot_name = r.name and k.driver = r.driver and k.snapshot_state in ('exists', 'retiring')
          and k.point_id <> p.point_id)
  ) l on true
  cross join lateral (
    select jsonb_object_agg(m.key, m.value) as source
    from (
      select e.key, e.value from jsonb_each(o.source) e
      where e.key = 'kind' or e.key = 'exclude' and jsonb_typeof(e.value) = 'array' or e.key = 'path' and l.volume is null
      union all
      select e.key, e.value from jsonb_each(l.volume) e
      where e.key in ('path', 'application', 'program', 'options', 'snapshotFolder')
    ) m
  ) s
  where p.run_id is null
) b
where v.point_id = b.point_id and v.volume = b.volume;

update holdfast.restore_point p set
  document = (p.document - 'pinned') || jsonb_build_object('volumes', c.volumes),
  snapshots = c.snapshots,
  state = case when c.has_any then p.state else 'retired' end,
  reason = case when c.has_any or p.state <> 'complete' then p.reason else 'imported, and its snapshots are not in the ledger' end,
  retired_at = case when c.has_any then p.retired_at else coalesce(p.retired_at, now()) end
from (
  select o.point_id, jsonb_agg(e.e || jsonb_build_object('source', v.source) order by e.number) as volumes,
    (count(*) filter (where v.snapshot_state = 'exists' and v.snapshot_missed_at is null))::int as snapshots,
    bool_or(v.snapshot_state in ('exists', 'retiring') or v.export_state in ('exists', 'retiring')) as has_any
  from holdfast.restore_point o
  cross join jsonb_array_elements(o.document -> 'volumes') with ordinality e(e, number)
  join holdfast.point_volume v on v.point_id = o.point_id and v.volume = e.e ->> 'name'
  where o.run_id is null
  group by o.point_id
) c
where p.point_id = c.point_id;
