-- Which policy protects which application, and how that goes. It follows from the documents (see follow_protection) and
-- from the ends of runs (see note_ends). Application '' stands for a policy that selects none.
create table holdfast.protection (
  policy text not null,
  application text not null,
  rpo interval,
  channels jsonb not null default '[]',
  since timestamptz not null default now(),
  last_run bigint,
  last_state text,
  last_ended_at timestamptz,
  last_failure text,
  failing boolean not null default false,
  primary key (policy, application)
);

create index protection_application on holdfast.protection (application);

comment on table holdfast.protection is 'The applications that each policy protects, and how their last run ended.';
comment on column holdfast.protection.channels is 'Whom to tell: notify of the policy''s document.';
comment on column holdfast.protection.since is 'Since when the policy protects the application: before that, no point could be.';
comment on column holdfast.protection.failing is 'Whether the last run that was not cancelled failed.';
