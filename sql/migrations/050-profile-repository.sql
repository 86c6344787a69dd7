-- Which repository a profile has at its place. An empty folder there is then not a new repository to be made, but a disk that
-- is not mounted.
create table holdfast.profile_repository (
  profile text not null,
  place text not null,
  repository text not null,
  first_used_at timestamptz not null default now(),
  primary key (profile, place)
);

comment on table holdfast.profile_repository is 'The repository that each profile was first used with, by its place.';
comment on column holdfast.profile_repository.repository is 'The id in the repository''s config, 64 hexadecimal digits.';
