-- The volumes of restore points, each with its snapshot and its export. Ask for a point (point = …).
create or replace view holdfast.restore_point_volumes as
select
  p.name as point, p.application, v.volume, nullif(v.driver, '') as driver, nullif(v.node, '') as node,
  v.snapshot_name as snapshot, v.snapshot_state, v.export_id as export, v.export_state, v.bytes, v.added_bytes, v.files,
  v.source, v.point_id, v.snapshot_missed_at
from holdfast.point_volume v
join holdfast.restore_point p on p.point_id = v.point_id;

comment on view holdfast.restore_point_volumes is 'Volumes of restore points, and where each can be restored from.';
comment on column holdfast.restore_point_volumes.point is 'Name of the restore point.';
comment on column holdfast.restore_point_volumes.application is 'The application that it is of.';
comment on column holdfast.restore_point_volumes.volume is 'Name of the volume in its application.';
comment on column holdfast.restore_point_volumes.driver is 'Driver that made the snapshot.';
comment on column holdfast.restore_point_volumes.node is 'Node that the volume is on.';
comment on column holdfast.restore_point_volumes.snapshot is 'Name of the snapshot, if one was made to stay.';
comment on column holdfast.restore_point_volumes.snapshot_missed_at is
  'Since when the snapshot is not on its node although it should; null if it is there.';
comment on column holdfast.restore_point_volumes.snapshot_state is
  'none | exists | retiring (it is being released) | released.';
comment on column holdfast.restore_point_volumes.export is 'The snapshot in the repository, if it was exported.';
comment on column holdfast.restore_point_volumes.export_state is
  'none | exists | retiring (it is being released) | released.';
comment on column holdfast.restore_point_volumes.bytes is 'Size of the volume.';
comment on column holdfast.restore_point_volumes.added_bytes is 'What its export added to the repository.';
comment on column holdfast.restore_point_volumes.files is 'Files in it.';
comment on column holdfast.restore_point_volumes.source is 'The volume as its driver takes it.';
comment on column holdfast.restore_point_volumes.point_id is 'Number of the point in this database.';
