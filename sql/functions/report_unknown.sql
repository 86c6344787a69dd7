-- A janitor has looked at the volumes that its node reaches: what it found there and the ledger does not know is in the report from
-- now on, and what is gone is in it no more. An event tells of a volume with something new. What the ledger knows as released, and what
-- is there nevertheless, as on a filesystem that was not mounted then, is open again: it is ours, and the janitor removes it.
-- p_volumes: [{"application", "volume", "driver", "objects": [{"kind", "name", "bytes", "createdAt": epoch seconds}]}]; without
-- objects a volume could not be looked at, and what is known of it stays. p_age: seconds since the look began; what was released
-- since then was ours. Returns how many objects nobody had seen before.
create or replace function holdfast.report_unknown(p_node text, p_volumes jsonb, p_age double precision default 0) returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_new int := 0;
  v record;
begin
  -- All workers of a node look at the same volumes.
  perform pg_advisory_xact_lock(hashtext('holdfast.report_unknown'), hashtext(p_node));
  for v in
    with found as (
      select distinct on (o ->> 'kind', e ->> 'driver', o ->> 'name')
        e ->> 'application' as application, e ->> 'volume' as volume, e ->> 'driver' as driver, o ->> 'kind' as kind, o ->> 'name' as name
      from jsonb_array_elements(p_volumes) e cross join jsonb_array_elements(e -> 'objects') o
      where jsonb_typeof(e -> 'objects') = 'array'
    ), opened as (
      update resource r set
        state = 'exists', released_at = null, swept_at = null, sweep_until = null,
        detail = case when jsonb_typeof(r.detail) = 'object' then r.detail - 'keep' else r.detail end
      from found f
      where r.kind = f.kind and r.driver = f.driver and r.name = f.name
        and r.state = 'released' and r.released_at <= now() - make_interval(secs => p_age + 1)
        -- Another node's janitor would look for it there.
        and coalesce(r.detail ->> 'node', p_node) = p_node
        and not exists (select from run where run.run_id = r.run_id and run.finished_at is null)
        and not exists (select from point_volume p where p.snapshot_name = r.name and p.snapshot_state in ('exists', 'retiring'))
      returning f.*
    )
    select o.application, o.volume, string_agg(o.kind || ' ' || o.name, ', ' order by o.name) as names
    from opened o
    group by o.application, o.volume
  loop
    perform add_event(
      'object-returned',
      format('volume %s/%s on %s has what counted as released, and the janitor removes it now: %s', v.application, v.volume, p_node,
        v.names),
      p_subject => v.application || '/' || v.volume);
  end loop;

  for v in
    with volume as (
      select
        e ->> 'application' as application, e ->> 'volume' as volume, e ->> 'driver' as driver,
        case when jsonb_typeof(e -> 'objects') = 'array' then e -> 'objects' end as objects
      from jsonb_array_elements(p_volumes) e
    ), found as (
      select distinct on (w.application, w.volume, o ->> 'kind', o ->> 'name')
        w.application, w.volume, w.driver, o ->> 'kind' as kind, o ->> 'name' as name, (o ->> 'bytes')::bigint as bytes,
        to_timestamp((o ->> 'createdAt')::double precision) as made_at
      from volume w cross join jsonb_array_elements(w.objects) o
    ), unknown as (
      select f.* from found f
      where not exists (
          select from resource r
          where r.kind = f.kind and r.driver = f.driver and r.name = f.name
            -- A second for the way of the report.
            and (r.state <> 'released' or r.released_at > now() - make_interval(secs => p_age + 1)))
        -- The ledger of another database made what an imported point has.
        and not exists (select from point_volume p where p.snapshot_name = f.name and p.snapshot_state in ('exists', 'retiring'))
    ), gone as (
      delete from unknown_object u
      where u.node = p_node
        and not exists (
          select from volume w where w.application = u.application and w.volume = u.volume and w.objects is null)
        and not exists (
          select from unknown n
          where n.application = u.application and n.volume = u.volume and n.kind = u.kind and n.name = u.name)
    ), noted as (
      insert into unknown_object as u (node, application, volume, driver, kind, name, bytes, made_at)
      select p_node, n.application, n.volume, n.driver, n.kind, n.name, n.bytes, n.made_at from unknown n
      on conflict (node, application, volume, kind, name) do update
        set seen_at = now(), bytes = excluded.bytes, made_at = excluded.made_at, driver = excluded.driver
      returning u.application, u.volume, u.kind, u.name, u.first_seen_at
    )
    select n.application, n.volume, count(*) as objects, string_agg(n.kind || ' ' || n.name, ', ' order by n.name) as names
    from noted n
    where n.first_seen_at = now()
    group by n.application, n.volume
  loop
    v_new := v_new + v.objects;
    perform add_event(
      'unknown-object',
      format('volume %s/%s on %s has what the ledger does not know, and it is left alone: %s', v.application, v.volume, p_node,
        v.names),
      p_subject => v.application || '/' || v.volume);
  end loop;
  return v_new;
end
$$;

comment on function holdfast.report_unknown(text, jsonb, double precision) is
  'Notes what drivers have on a node and the ledger does not know.';
