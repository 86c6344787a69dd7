-- Takes a restore point into the catalogue that was found sealed in a repository. A point of that name is left as it is, so
-- it can be repeated. Returns whether the point is new.
create or replace function holdfast.import_point(p_point jsonb) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_problem text := point_problem(p_point);
begin
  if v_problem is not null then
    perform refuse(v_problem);
  end if;
  if exists (select from restore_point p where p.name = p_point ->> 'name') then
    return false;
  end if;
  begin
    perform put_point(p_point, null);
  exception when unique_violation then
    return false;  -- another import was faster
  end;
  return true;
end
$$;

comment on function holdfast.import_point(jsonb) is 'Takes a sealed restore point into the catalogue; false if it is there.';
