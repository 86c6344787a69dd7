-- The documents that were applied: workflows, policies, profiles, applications. A change makes a new version, and runs say of
-- which version they are; their steps carry all that they need, so that neither a change nor a deletion touches them.
create table holdfast.document (
  kind text not null check (kind in ('workflow', 'policy', 'profile', 'application')),
  name text not null check (name <> ''),
  version int not null,
  labels jsonb not null default '{}',
  primary key (kind, name)
);

create table holdfast.document_version (
  kind text not null,
  name text not null,
  version int not null,
  source text not null,
  content jsonb not null,
  applied_at timestamptz not null default now(),
  applied_by text not null default '',
  primary key (kind, name, version)
);

alter table holdfast.run add column workflow_version int;

comment on table holdfast.document is 'The documents that are in force, each with its newest version.';
comment on table holdfast.document_version is 'Every version of every document, also of deleted ones.';
comment on column holdfast.document_version.source is 'The text that was applied, with its comments.';
comment on column holdfast.document_version.content is 'What the text says; two versions differ in this.';
comment on column holdfast.run.workflow_version is 'Version of the workflow''s document; null for a run that was submitted as a plan.';
