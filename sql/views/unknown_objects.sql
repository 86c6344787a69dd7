-- Snapshots and clones on volumes that are not ours, as far as the ledger knows: reported, never touched.
create or replace view holdfast.unknown_objects as
select
  u.node, u.application, u.volume, u.driver, u.kind, u.name, u.bytes, u.made_at, u.first_seen_at, u.seen_at
from holdfast.unknown_object u;

comment on view holdfast.unknown_objects is
  'Snapshots and clones that a driver has and the ledger does not know.';
comment on column holdfast.unknown_objects.node is 'The node on which they were seen.';
comment on column holdfast.unknown_objects.application is 'The application of the volume.';
comment on column holdfast.unknown_objects.volume is 'The volume that they are of.';
comment on column holdfast.unknown_objects.driver is 'The driver that has them.';
comment on column holdfast.unknown_objects.kind is 'snapshot | clone.';
comment on column holdfast.unknown_objects.name is 'The name that they were made with.';
comment on column holdfast.unknown_objects.bytes is 'Size of the data, where the driver knows it.';
comment on column holdfast.unknown_objects.made_at is 'When it was made, where the driver knows it.';
comment on column holdfast.unknown_objects.first_seen_at is 'When it was seen first.';
comment on column holdfast.unknown_objects.seen_at is 'When it was seen last.';
