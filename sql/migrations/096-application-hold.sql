-- Who is at an application: brings it to rest, takes its snapshots, restores it. Two who did that at once would wake each other's
-- application, or read what the other is about to overwrite.
--
-- A queue for each application: a run has it once no run that came before and can't share it is left. Runs that only read share it.
-- A row of an ended run means nothing, so that nothing that dies keeps an application.
create table holdfast.application_hold (
  application text not null check (application <> ''),
  run_id bigint not null,
  is_shared boolean not null,
  turn bigint not null generated always as identity,
  since timestamptz not null default now(),
  granted_at timestamptz,
  primary key (application, run_id)
);

comment on table holdfast.application_hold is 'Which runs are at which applications, or wait for their turn.';
comment on column holdfast.application_hold.is_shared is 'Others that share it may be at the application at the same time.';
comment on column holdfast.application_hold.granted_at is 'Since when the run has the application; null while it waits.';
