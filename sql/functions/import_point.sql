-- Takes a restore point into the catalogue that was found sealed in a repository, as far as it may be believed
-- (imported_point.sql). It is not adopted: nobody retires it before adopt_points. One with an export of a point that is ours is refused:
-- it would be retired by its own times, and the other one lose what it has. A point of that name is left as it is, so it can be
-- repeated. Returns whether the point is new.
create or replace function holdfast.import_point(p_point jsonb) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_problem text := point_problem(p_point);
  v_point jsonb;
  v_id bigint;
begin
  if v_problem is not null then
    perform refuse(v_problem);
  end if;
  if exists (select from restore_point p where p.name = p_point ->> 'name') then
    return false;
  end if;
  v_point := imported_point(p_point);
  select format('restore point %s, volume %s has no export, and its snapshot is not in this installation''s ledger: '
    'it could not be restored', v_point ->> 'name', v.e ->> 'name') into v_problem
  from jsonb_array_elements(v_point -> 'volumes') v(e)
  where coalesce(v.e ->> 'export', '') = '' and coalesce(v.e ->> 'snapshot', '') = ''
  limit 1;
  if v_problem is not null then
    perform refuse(v_problem);
  end if;
  select format('restore point %s, volume %s: its export belongs to restore point %s', v_point ->> 'name', v.e ->> 'name', p.name)
  into v_problem
  from jsonb_array_elements(v_point -> 'volumes') v(e)
  join point_volume k on k.export_id = v.e ->> 'export' and k.export_state in ('exists', 'retiring')
  join restore_point p on p.point_id = k.point_id
  where p.adopted
  limit 1;
  if v_problem is not null then
    perform refuse(v_problem);
  end if;
  begin
    v_id := put_point(v_point, null);
  exception when unique_violation then
    return false;  -- another import was faster
  end;
  update restore_point p set adopted = false where p.point_id = v_id;
  -- As record_point does: the janitor leaves them alone.
  update resource r set
    detail = case when jsonb_typeof(r.detail) = 'object' then r.detail else '{}' end
      || jsonb_build_object('keep', true, 'point', v_point -> 'name')
  from point_volume v
  where v.point_id = v_id and v.snapshot_state = 'exists'
    and r.kind = 'snapshot' and r.driver = v.driver and r.name = v.snapshot_name and r.state <> 'released';
  return true;
end
$$;

comment on function holdfast.import_point(jsonb) is 'Takes a sealed restore point into the catalogue; false if it is there.';
