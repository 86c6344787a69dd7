-- The export of a point's volume is gone from its repository (its snapshot there; its data goes with the next prune), also from
-- the ledger. Safe to repeat. Not fenced, see snapshot_retired. Returns whether the point is retired, since nothing of it is left.
create or replace function holdfast.export_retired(p_point text, p_volume text) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_point bigint;
  v_run bigint;
  v_export text;
begin
  select p.point_id, p.run_id into v_point, v_run from restore_point p where p.name = p_point for update;
  update point_volume v set export_state = 'released'
  where v.point_id = v_point and v.volume = p_volume and v.export_state in ('exists', 'retiring')
  returning v.export_id into v_export;
  update resource r set state = 'released', released_at = now()
  where r.step_id between v_run << 20 and (v_run << 20) + 1048575 and r.kind = 'export' and r.state <> 'released'
    and r.detail ->> 'export' = v_export;
  return coalesce(end_retire(v_point), false);
end
$$;

comment on function holdfast.export_retired(text, text) is 'Notes that the export of a point''s volume is gone.';
