-- Whose rules decide about an imported point: pins are not in a repository, and another installation may rely on the same exports. So
-- nobody's, before a person has said so; also not about those that were imported before there was this column.
alter table holdfast.restore_point add column adopted boolean not null default true;

update holdfast.restore_point set adopted = false where run_id is null and state = 'complete';

comment on column holdfast.restore_point.adopted is
  'Whether this installation''s rules may retire it; false for one that was imported, until a person has said so.';
