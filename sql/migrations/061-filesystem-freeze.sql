-- How long each run has stopped the writers of each filesystem: what the application felt of a backup. One row a run and path, however
-- often its thaw is repeated; kept as long as runs are.
create table holdfast.filesystem_freeze (
  run_id bigint not null,
  node text not null,
  path text not null,
  milliseconds bigint not null,
  ended_by text not null,
  thawed_at timestamptz not null default now(),
  primary key (run_id, node, path)
);

create index filesystem_freeze_at on holdfast.filesystem_freeze (thawed_at);

comment on table holdfast.filesystem_freeze is 'How long filesystems were frozen, and what ended that.';
