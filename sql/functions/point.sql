-- A restore point by its name, or the last good one of an application; null if there is none. See point_json.sql.
create or replace function holdfast.point(p_name_or_application text) returns jsonb
language sql stable security definer set search_path = holdfast, pg_temp
as $$
  select point_json(p) from restore_point p where p.point_id = find_point(p_name_or_application)
$$;

comment on function holdfast.point(text) is 'A restore point as JSON, by its name or its application''s.';
