-- What may be believed of a restore point's JSON that was found in a repository: everyone who has the repository's password can have
-- written it. Of a volume's source stays what its export needs to come back, and what a restore leaves alone: no program, no option. A
-- snapshot stays only if the ledger has it, no run is at it, and it is no other point's; the rest of the source is the ledger's then.
create or replace function holdfast.imported_point(p_point jsonb) returns jsonb
language sql stable
as $$
  select (p_point - 'pinned') || jsonb_build_object('volumes', coalesce(jsonb_agg(
    case when l.resource_id is null then v.e - 'snapshot' else v.e end
      || jsonb_build_object('source', coalesce(s.source, '{}')
        || jsonb_build_object('name', v.e ->> 'name', 'driver', coalesce(v.e ->> 'driver', '')))
    order by v.number), '[]'))
  from jsonb_array_elements(p_point -> 'volumes') with ordinality v(e, number)
  left join lateral (
    select r.resource_id, case when jsonb_typeof(r.detail -> 'volume') = 'object' then r.detail -> 'volume' end as volume
    from holdfast.resource r
    where r.kind = 'snapshot' and r.driver = coalesce(v.e ->> 'driver', '') and r.name = v.e ->> 'snapshot' and r.state <> 'released'
      and coalesce(r.detail ->> 'point', p_point ->> 'name') = p_point ->> 'name'
      and not exists (select from holdfast.run u where u.run_id = r.run_id and u.finished_at is null)
      and not exists (
        select from holdfast.point_volume o
        where o.snapshot_name = r.name and o.driver = r.driver and o.snapshot_state in ('exists', 'retiring'))
  ) l on true
  cross join lateral (
    select jsonb_object_agg(m.key, m.value) as source
    from (
      select k.key, k.value from jsonb_each(coalesce(nullif(v.e -> 'source', 'null'), '{}')) k
      where k.key = 'kind' or k.key = 'exclude' and jsonb_typeof(k.value) = 'array' or k.key = 'path' and l.volume is null
      union all
      select k.key, k.value from jsonb_each(l.volume) k
      where k.key in ('path', 'application', 'program', 'options', 'snapshotFolder')
    ) m
  ) s
$$;

comment on function holdfast.imported_point(jsonb) is 'What may be believed of a restore point that was found in a repository.';
