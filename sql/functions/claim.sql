-- Takes up to p_want ready steps for a worker, from the lanes that it can serve: highest priority first, and within a
-- priority fair shares of each lane, so that a policy with ten thousand ready steps can't starve one with three.
--
-- A step that lost its worker twice is a suspect: a worker holds only one of these at a time, so that those which merely were
-- beside a step that kills its worker don't end in quarantine with it.
--
-- p_mark_lanes, p_marks: where the worker's last claims in these lanes ended. Entries below are known to be taken; to read
-- them again would cost more with every step done while some transaction keeps them from being vacuumed. Marks are only
-- hints: a worker drops them now and then, and finds what came late.
create or replace function holdfast.claim(
  p_worker int, p_want int, p_mark_lanes int[], p_marks bigint[], p_after_lane int
) returns table (
  step_id bigint, fence bigint, lane_id int, seq bigint, body_id bigint, uses text, name text, attempt int, wakes int,
  time_limit_ms bigint, item jsonb, context jsonb, payload jsonb
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_left int := p_want;
  v_lane record;
  v_share int;
  v_take int;
  v_got int;
  v_steps bigint[];
  v_suspects boolean;
  v_alone boolean;  -- a suspect may be taken
  v_suspect bigint;
  v_pass int;
  v_lanes int;
  v_active record;
begin
  v_suspects := exists (select from holdfast.ready r where r.crashes > 1);
  v_alone := v_suspects and not exists (select from holdfast.lease l where l.worker_id = p_worker and l.crashes > 1);

  -- All limits that this claim may ask for, in the order of their names, so that two claims never wait for each other in
  -- a circle.
  if exists (select from holdfast.named_limit) then
    perform from holdfast.named_limit n
    where n.name in (
      select unnest(l.limits)
      from holdfast.worker_lane wl
      join holdfast.lane l on l.lane_id = wl.lane_id
      cross join lateral (select 1 from holdfast.ready r where r.lane_id = wl.lane_id limit 1) first_step
      where wl.worker_id = p_worker and l.limits <> '{}')
    order by n.name
    for update;
  end if;
  for v_active in
    -- The lanes that hold something, in the order of their turns, gathered by priority.
    with active as materialized (
      select l.lane_id, l.priority
      from holdfast.worker_lane wl
      join holdfast.lane l on l.lane_id = wl.lane_id
      left join unnest(p_mark_lanes, p_marks) m(lane_id, seq) on m.lane_id = wl.lane_id
      -- The limit keeps this one look into the index at the lane's mark, whatever the planner takes the table's size for.
      cross join lateral (
        select 1 from holdfast.ready r where r.lane_id = wl.lane_id and r.seq >= coalesce(m.seq, 0) limit 1) first_step
      where wl.worker_id = p_worker
        and not exists (
          select from holdfast.pause p
          where not l.always
            and ((p.scope = 'queue' and p.name = l.queue) or (p.scope = 'policy' and p.name = l.policy)))
    )
    select
      a.priority, array_agg(a.lane_id order by a.lane_id <= p_after_lane, a.lane_id) as lanes
    from active a
    group by a.priority
    order by a.priority desc
  loop
    v_lanes := cardinality(v_active.lanes);
    -- First everyone's share, then what is left to whoever still has steps.
    for v_pass in 1 .. case when v_lanes = 1 then 1 else 2 end loop
      for v_lane in
        select l.lane_id, cardinality(l.limits) > 0 as limited, l.limits, t.i, coalesce(m.seq, 0) as mark
        from unnest(v_active.lanes) with ordinality t(id, i)
        join holdfast.lane l on l.lane_id = t.id
        left join unnest(p_mark_lanes, p_marks) m(lane_id, seq) on m.lane_id = t.id
        order by t.i
      loop
        exit when v_left <= 0;
        v_share := case when v_pass = 1 then (v_left + v_lanes - v_lane.i::int) / (v_lanes - v_lane.i::int + 1) else v_left end;
        v_take := case when v_lane.limited then least(v_share, holdfast.limit_room(v_lane.limits)) else v_share end;
        continue when v_take <= 0;

        v_suspect := null;
        if v_alone then
          select r.step_id into v_suspect
          from holdfast.ready r
          where r.lane_id = v_lane.lane_id and r.crashes > 1
          order by r.seq
          limit 1
          for update skip locked;
          v_alone := v_suspect is null;
        end if;
        select array_agg(r.step_id) into v_steps
        from (
          select r.step_id
          from holdfast.ready r
          where r.lane_id = v_lane.lane_id and r.seq >= v_lane.mark and (not v_suspects or r.crashes <= 1)
          order by r.seq
          limit v_take - case when v_suspect is null then 0 else 1 end
          for update skip locked
        ) r;
        if v_suspect is not null then
          v_steps := v_steps || v_suspect;
        end if;
        continue when v_steps is null;
        return query select t.* from holdfast.take(p_worker, v_steps, v_lane.limited) t;
        get diagnostics v_got = row_count;
        v_left := v_left - v_got;
      end loop;
    end loop;
    exit when v_left <= 0;
  end loop;
end
$$;

comment on function holdfast.claim(int, int, int[], bigint[], int) is
  'Takes ready steps for a worker, by priority and in fair shares; internal, use exchange.';
