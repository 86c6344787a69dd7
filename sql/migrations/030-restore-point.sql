-- The restore points: what a run has left of an application, to restore it from. The document is the point as it was
-- recorded and as it is sealed in the repository; it says what was made, the columns say what is still there.
--
-- complete   it can be restored from, as far as its volumes' snapshots and exports exist
-- retiring   all of it is being released; nobody may restore from it any more
-- retired    all of it is gone; the row is kept for a while, for people
create table holdfast.restore_point (
  point_id bigint generated always as identity primary key,
  name text not null unique check (name <> ''),
  application text not null check (application <> ''),
  policy text not null default '',
  profile text,
  run_id bigint,
  created_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  consistency text not null check (consistency in ('application', 'crash', 'none')),
  artifacts jsonb not null default '{}',
  document jsonb not null,
  volumes int not null default 0,
  snapshots int not null default 0,
  exports int not null default 0,
  bytes bigint not null default 0,
  added_bytes bigint not null default 0,
  state text not null default 'complete' check (state in ('complete', 'retiring', 'retired')),
  reason text,
  pinned boolean not null default false,
  expires_at timestamptz,
  lock_until timestamptz,
  verified_at timestamptz,
  verified_ok boolean,
  verified_message text,
  recovery_seconds float8,
  retired_at timestamptz
);

-- A run records one point of an application, however often its step is repeated. Imported points have no run here.
create unique index restore_point_run on holdfast.restore_point (run_id, application) where run_id is not null;

-- Lists, newest first: all, of one application, of one policy.
create index restore_point_created on holdfast.restore_point (created_at desc, point_id desc);
create index restore_point_application on holdfast.restore_point (application, created_at desc, point_id desc);
create index restore_point_policy on holdfast.restore_point (policy, application, created_at desc, point_id desc);

-- The last point that can be restored from as a whole without any snapshot.
create index restore_point_exported on holdfast.restore_point (application, created_at desc)
  where state = 'complete' and exports = volumes;

-- Few of them, at most times.
create index restore_point_retiring on holdfast.restore_point (created_at desc, point_id desc) where state = 'retiring';
create index restore_point_retired on holdfast.restore_point (retired_at) where state = 'retired';

comment on table holdfast.restore_point is 'Restore points of applications, and what has become of them.';
comment on column holdfast.restore_point.policy is 'The policy whose run made it; empty for one that was made on demand.';
comment on column holdfast.restore_point.run_id is 'The run that made it; null if it was imported from a repository.';
comment on column holdfast.restore_point.document is 'The point as JSON, as it is sealed in the repository.';
comment on column holdfast.restore_point.snapshots is 'Volumes whose snapshot exists and isn''t being released.';
comment on column holdfast.restore_point.exports is 'Volumes whose export exists and isn''t being released.';
comment on column holdfast.restore_point.reason is 'Why it is being retired, or was.';
comment on column holdfast.restore_point.lock_until is 'Until then its exports can''t be deleted (Object Lock).';
