-- What was applied to this database. Run before anything else, each time.
create schema if not exists holdfast;

create table if not exists holdfast.migration (
  version int primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
);

comment on table holdfast.migration is 'The numbered files of sql/migrations that were applied, with the SHA-256 of each.';

-- Functions, views and roles are not numbered: each file states how its object should be, and is applied whenever it
-- differs from what was applied last.
create table if not exists holdfast.definition (
  path text primary key,
  checksum text not null,
  applied_at timestamptz not null default now()
);

comment on table holdfast.definition is 'The files of sql/functions, sql/views and sql/roles as they were applied last.';
