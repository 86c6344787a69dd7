-- Counts at a restore point what its volumes have, so that lists need not.
create or replace function holdfast.count_point(p_point bigint) returns void
language sql
as $$
  update holdfast.restore_point p set
    volumes = c.volumes, snapshots = c.snapshots, exports = c.exports, bytes = c.bytes, added_bytes = c.added_bytes
  from (
    select count(*)::int as volumes,
      (count(*) filter (where v.snapshot_state = 'exists' and v.snapshot_missed_at is null))::int as snapshots,
      (count(*) filter (where v.export_state = 'exists'))::int as exports, coalesce(sum(v.bytes), 0)::bigint as bytes,
      coalesce(sum(v.added_bytes), 0)::bigint as added_bytes
    from holdfast.point_volume v where v.point_id = p_point
  ) c
  where p.point_id = p_point
$$;

comment on function holdfast.count_point(bigint) is 'Sums up a restore point''s volumes.';
