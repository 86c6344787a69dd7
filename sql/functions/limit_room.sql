-- How many more steps may start now under all of these limits. Holds the limits' rows until the end of the transaction, so
-- that two claims don't give away the same room.
create or replace function holdfast.limit_room(p_limits text[]) returns int
language plpgsql
as $$
declare
  v_room int;
begin
  perform from holdfast.named_limit n where n.name = any (p_limits) order by n.name for update;
  select min(n.capacity - used.steps)::int into v_room
  from holdfast.named_limit n
  cross join lateral (
    select count(*) as steps
    from holdfast.lane l join holdfast.lease h on h.lane_id = l.lane_id and h.limited
    where n.name = any (l.limits)
  ) used
  where n.name = any (p_limits);
  return coalesce(v_room, 0);
end
$$;

comment on function holdfast.limit_room(text[]) is 'Free room under named limits; locks them.';
