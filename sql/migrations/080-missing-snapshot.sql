-- Snapshots of restore points that were not there when their node last looked: removed by somebody else, or on a filesystem that is not
-- mounted. They count as ours as before, and nobody restores from them; one that is seen again is as good as it was.
alter table holdfast.point_volume add column snapshot_missed_at timestamptz;

comment on column holdfast.point_volume.snapshot_missed_at is
  'Since when the snapshot is not there although it should; null if it was there when its node last looked.';

-- What each look compares: few beside the points that have exports alone.
create index point_volume_local on holdfast.point_volume (point_id) where snapshot_state = 'exists';
