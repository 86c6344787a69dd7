-- The ledger of outside objects. The intent is written before the object is made, under a name that follows from run
-- and step alone, so that a later attempt finds what an earlier one made.
create table holdfast.resource (
  resource_id bigint generated always as identity primary key,
  kind text not null,
  driver text not null default '',
  name text not null,
  run_id bigint not null,
  step_id bigint not null,
  state text not null default 'intent' check (state in ('intent', 'exists', 'released')),
  detail jsonb,
  intended_at timestamptz not null default now(),
  made_at timestamptz,
  released_at timestamptz,
  unique (kind, driver, name)
);

create index resource_step on holdfast.resource (step_id);
create index resource_open on holdfast.resource (kind, driver) where state <> 'released';
create index resource_released on holdfast.resource (released_at) where state = 'released';

comment on table holdfast.resource is 'Outside objects that steps meant to make, made and released.';
