-- The live runs that use a restore point; null if there are none. Each is looked up by its number, never among all that live.
create or replace function holdfast.point_holders(p_point bigint) returns bigint[]
language sql stable
as $$
  select array_agg(h.run_id order by h.run_id)
  from holdfast.point_hold h
  where h.point_id = p_point and (select r.finished_at is null from holdfast.run r where r.run_id = h.run_id)
$$;

comment on function holdfast.point_holders(bigint) is 'The live runs that use a restore point.';
