-- The restore point that a text means: the point of that name, or else the newest of the application of that name that can
-- be restored from as a whole. Null if there is none.
create or replace function holdfast.find_point(p_name_or_application text) returns bigint
language sql stable
as $$
  select coalesce(
    (select p.point_id from holdfast.restore_point p where p.name = p_name_or_application),
    holdfast.last_good_point(p_name_or_application))
$$;

comment on function holdfast.find_point(text) is 'The point of a name, or the last good one of an application.';
