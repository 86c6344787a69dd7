-- The first half of retiring: marks what is about to be released, so that nobody begins to use it, and returns what has to be
-- released. What is gone is noted by snapshot_retired and export_retired; a point is retired once nothing of it is left. Safe
-- to repeat: what is marked and not yet gone is returned again.
--
-- p_decisions  [{"point": name, "snapshots": bool, "exports": bool, "reason": text}]
-- Returns {"points": [{"name", "application", "policy", "profile", "whole": bool, "artifacts", "reason",
--            "snapshots": [{"volume", "node", "driver", "name", "source"}], "exports": [{"volume", "id", "shared": bool}]}],
--          "refused": [{"point", "what": "snapshots" | "exports" | "point", "reason"}]}
--   whole   nothing of the point stays: also what its artifacts stand for has to go
--   shared  another point has this export, too, which stays then; it goes with the last of them
-- Whatever the decisions say, it refuses pinned points, imported ones that nobody has adopted, points before their expiry, points
-- in use, exports that are locked, the last good point of each application, and to take a volume's snapshot while nothing else of
-- it is there and the point is to stay.
create or replace function holdfast.begin_retire(p_step bigint, p_fence bigint, p_decisions jsonb) returns jsonb
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_decision jsonb;
  v_point restore_point;
  v_snapshots boolean;
  v_exports boolean;
  v_whole boolean;
  v_why text;
  v_marked bigint[] := '{}';
  v_refused jsonb := '[]';
  v_points jsonb;
begin
  perform held(p_step, p_fence);
  if jsonb_typeof(p_decisions) is distinct from 'array' then
    perform refuse('what to retire has to be a list of decisions');
  end if;
  -- Two who retire at once would each see what the other is about to take as still there. Ends with the transaction.
  perform pg_advisory_xact_lock(hashtext('holdfast.retire'));

  for v_decision in select d from jsonb_array_elements(p_decisions) d where jsonb_typeof(d) = 'object' loop
    select p.* into v_point from restore_point p where p.name = v_decision ->> 'point' for update;
    continue when not found or v_point.state = 'retired';
    v_snapshots := coalesce(v_decision -> 'snapshots' = 'true', false);
    v_exports := coalesce(v_decision -> 'exports' = 'true', false);

    if v_point.state = 'complete' and (v_snapshots or v_exports) then
      v_why := 'in use by run ' || array_to_string(point_holders(v_point.point_id), ', ');
      v_why := case
        when v_point.pinned then 'pinned'
        when not v_point.adopted then
          format('imported, and not adopted yet: holdfast import %s --adopt', coalesce(v_point.profile, 'PROFILE'))
        -- The decision is a worker's; what its clock says doesn't count.
        when v_point.expires_at > now() then
          'until ' || to_char(v_point.expires_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
        else v_why
      end;
      if v_why is not null then
        v_refused := v_refused || jsonb_build_object('point', v_point.name, 'what', 'point', 'reason', v_why);
        v_snapshots := false;
        v_exports := false;
      end if;
      if v_exports and v_point.lock_until > now() and v_point.exports > 0 then
        v_refused := v_refused || jsonb_build_object('point', v_point.name, 'what', 'exports', 'reason',
          'locked until ' || to_char(v_point.lock_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'));
        v_exports := false;
      end if;

      -- Would every volume still have something to be restored from?
      v_whole := v_point.volumes = 0 or exists (
        select from point_volume v
        where v.point_id = v_point.point_id
          and (v.snapshot_state <> 'exists' or v.snapshot_missed_at is not null or v_snapshots)
          and (v.export_state <> 'exists' or v_exports));
      if v_whole and (v_snapshots or v_exports) then
        if v_point.point_id = last_good_point(v_point.application, true) then
          v_refused := v_refused || jsonb_build_object('point', v_point.name, 'what',
            case when v_exports then 'exports' else 'snapshots' end, 'reason', 'the last good one of ' || v_point.application);
          v_whole := false;
          v_exports := false;
          -- Its snapshots can go if its exports are all there.
          v_snapshots := v_snapshots and v_point.volumes > 0 and v_point.exports = v_point.volumes;
        elsif exists (
          select from point_volume v
          where v.point_id = v_point.point_id
            and ((v.snapshot_state = 'exists' and not v_snapshots) or (v.export_state = 'exists' and not v_exports)))
        then
          -- It would be torn: some volumes with, some without.
          v_refused := v_refused || jsonb_build_object('point', v_point.name, 'what',
            case when v_exports then 'exports' else 'snapshots' end, 'reason', 'some of its volumes have nothing else');
          v_whole := false;
          v_snapshots := false;
          v_exports := false;
        end if;
      elsif v_exports and v_point.point_id = last_good_point(v_point.application, true) then
        v_refused := v_refused || jsonb_build_object('point', v_point.name, 'what', 'exports',
          'reason', 'the last good one of ' || v_point.application);
        v_exports := false;
      end if;

      update point_volume v set
        snapshot_state = case when v_snapshots and v.snapshot_state = 'exists' then 'retiring' else v.snapshot_state end,
        export_state = case when v_exports and v.export_state = 'exists' then 'retiring' else v.export_state end
      where v.point_id = v_point.point_id
        and ((v_snapshots and v.snapshot_state = 'exists') or (v_exports and v.export_state = 'exists'));
      if v_whole and (v_snapshots or v_exports) then
        update restore_point p set state = 'retiring', reason = left(v_decision ->> 'reason', 2000)
        where p.point_id = v_point.point_id;
        perform add_event('point-retiring',
          format('restore point %s is being retired%s', v_point.name, coalesce(': ' || (v_decision ->> 'reason'), '')),
          p_step => p_step, p_subject => v_point.application);
      end if;
      perform count_point(v_point.point_id);
    end if;
    v_marked := v_marked || v_point.point_id;
  end loop;

  -- Who would remove them? They stay 'retiring' until the node is back; a run must not wait for it, and fail.
  select v_refused || coalesce(jsonb_agg(jsonb_build_object('point', p.name, 'what', 'snapshots',
    'reason', format('the node %s of volume %s has no living worker', v.node, v.volume)) order by p.point_id, v.volume), '[]')
  into v_refused
  from restore_point p join point_volume v on v.point_id = p.point_id
  where p.point_id = any (v_marked) and v.snapshot_state = 'retiring' and not node_lives(v.node);

  select jsonb_agg(jsonb_build_object(
      'name', p.name, 'application', p.application, 'policy', nullif(p.policy, ''), 'profile', p.profile,
      'whole', p.state = 'retiring', 'artifacts', p.artifacts, 'reason', p.reason,
      'snapshots', coalesce(l.snapshots, '[]'), 'exports', coalesce(l.exports, '[]')) order by p.created_at, p.point_id)
  into v_points
  from restore_point p
  cross join lateral (
    select
      jsonb_agg(jsonb_build_object('volume', v.volume, 'node', nullif(v.node, ''), 'driver', v.driver, 'name', v.snapshot_name,
        'source', v.source) order by v.volume)
        filter (where v.snapshot_state = 'retiring' and node_lives(v.node)) as snapshots,
      jsonb_agg(jsonb_build_object('volume', v.volume, 'id', v.export_id, 'shared', exists (
          -- What was imported may claim the exports of others.
          select from point_volume k
          where k.export_id = v.export_id and k.export_state = 'exists' and k.point_id <> v.point_id)) order by v.volume)
        filter (where v.export_state = 'retiring') as exports
    from point_volume v where v.point_id = p.point_id
  ) l
  where p.point_id = any (v_marked) and (p.state = 'retiring' or l.snapshots is not null or l.exports is not null);
  return jsonb_build_object('points', coalesce(v_points, '[]'), 'refused', v_refused);
end
$$;

comment on function holdfast.begin_retire(bigint, bigint, jsonb) is
  'Marks what is about to be released of restore points, and returns it.';
