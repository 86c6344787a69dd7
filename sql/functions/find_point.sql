-- The restore point that a text means: the point of that name, or else the last good one of the application of that name
-- (last_good_point.sql). Ours come first: others, imported and not adopted, can be of any time and have any name, also an application's. But
-- they may be all that is left after a disaster, so ours has to be one that can be restored from. Null if there is none.
create or replace function holdfast.find_point(p_name_or_application text) returns bigint
language sql stable
as $$
  select coalesce(
    (select p.point_id from holdfast.restore_point p where p.name = p_name_or_application and p.adopted),
    holdfast.last_good_point(p_name_or_application, p_adopted => true, p_good => true),
    (select p.point_id from holdfast.restore_point p where p.name = p_name_or_application),
    holdfast.last_good_point(p_name_or_application))
$$;

comment on function holdfast.find_point(text) is 'The point of a name, or the last good one of an application.';
