-- Who has an export.
create index point_volume_export on holdfast.point_volume (export_id) where export_state in ('exists', 'retiring');
