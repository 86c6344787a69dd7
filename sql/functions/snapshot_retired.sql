-- The snapshot of a point's volume is gone, also from the ledger. Safe to repeat. Not fenced: what is gone is gone, whoever
-- saw it. Returns whether the point is retired, since nothing of it is left.
create or replace function holdfast.snapshot_retired(p_point text, p_volume text) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_point bigint;
  v_driver text;
  v_snapshot text;
begin
  select p.point_id into v_point from restore_point p where p.name = p_point for update;
  update point_volume v set snapshot_state = 'released'
  where v.point_id = v_point and v.volume = p_volume and v.snapshot_state in ('exists', 'retiring')
  returning v.driver, v.snapshot_name into v_driver, v_snapshot;
  update resource r set state = 'released', released_at = now()
  where r.kind = 'snapshot' and r.driver = v_driver and r.name = v_snapshot and r.state <> 'released';
  return coalesce(end_retire(v_point), false);
end
$$;

comment on function holdfast.snapshot_retired(text, text) is 'Notes that the snapshot of a point''s volume is gone.';
