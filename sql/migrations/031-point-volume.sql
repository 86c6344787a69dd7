-- The volumes of restore points: where each can be restored from.
--
-- none       there never was one
-- exists     it can be used
-- retiring   it is being released, and may be gone at any moment
-- released   it is gone
create table holdfast.point_volume (
  point_id bigint not null references holdfast.restore_point on delete cascade,
  volume text not null check (volume <> ''),
  driver text not null default '',
  node text not null default '',
  source jsonb not null default '{}',
  snapshot_name text,
  snapshot_state text not null default 'none' check (snapshot_state in ('none', 'exists', 'retiring', 'released')),
  export_id text check (export_id ~ '^[0-9a-f]{64}$'),
  export_state text not null default 'none' check (export_state in ('none', 'exists', 'retiring', 'released')),
  bytes bigint not null default 0,
  added_bytes bigint not null default 0,
  files bigint not null default 0,
  primary key (point_id, volume),
  check (snapshot_name is not null or snapshot_state = 'none'),
  check (export_id is not null or export_state = 'none')
);

-- Who keeps a snapshot.
create index point_volume_snapshot on holdfast.point_volume (snapshot_name)
  where snapshot_state in ('exists', 'retiring');

comment on table holdfast.point_volume is 'Volumes of restore points, with their snapshots and exports.';
comment on column holdfast.point_volume.source is 'The volume as its driver takes it.';
comment on column holdfast.point_volume.export_id is 'The snapshot in the profile''s repository, 64 hexadecimal digits.';
comment on column holdfast.point_volume.added_bytes is 'What the export added to the repository.';
