-- The documents that are in force, with their newest version.
create or replace view holdfast.document_status as
select d.kind, d.name, d.version, d.labels, v.applied_at, nullif(v.applied_by, '') as applied_by, v.source, v.content
from holdfast.document d
join holdfast.document_version v on v.kind = d.kind and v.name = d.name and v.version = d.version;

comment on view holdfast.document_status is 'Workflows, policies, profiles and applications that are in force.';
comment on column holdfast.document_status.kind is 'workflow | policy | profile | application.';
comment on column holdfast.document_status.name is 'Its name, unique within its kind.';
comment on column holdfast.document_status.version is 'Number of the version that is in force; grows with each change.';
comment on column holdfast.document_status.labels is 'Its labels, for selectors.';
comment on column holdfast.document_status.applied_at is 'When this version was applied.';
comment on column holdfast.document_status.applied_by is 'Who applied it, as the command that did knew.';
comment on column holdfast.document_status.source is 'Its text as it was applied.';
comment on column holdfast.document_status.content is 'What the text says.';
