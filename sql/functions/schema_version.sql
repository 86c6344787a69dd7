-- The newest migration of this database; a program compares it with the one that it was made for.
create or replace function holdfast.schema_version() returns int
language sql stable security definer set search_path = holdfast, pg_temp
as $$
  select max(m.version) from migration m
$$;

comment on function holdfast.schema_version() is 'The number of the newest migration.';
