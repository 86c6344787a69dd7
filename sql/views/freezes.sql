-- How long filesystems were frozen for snapshots. For a graph: sums, counts and the longest, by path and hour of thawed_at.
create or replace view holdfast.freezes as
select
  f.run_id, r.workflow, nullif(r.policy, '') as policy, r.params ->> 'application' as application, f.node, f.path,
  make_interval(secs => f.milliseconds / 1000.0) as frozen, f.milliseconds, f.ended_by, f.ended_by = 'worker' as intact,
  f.thawed_at
from holdfast.filesystem_freeze f
left join holdfast.run r on r.run_id = f.run_id;

comment on view holdfast.freezes is
  'How long each run had each filesystem frozen; ask with thawed_at > ….';
comment on column holdfast.freezes.run_id is 'The run that froze it.';
comment on column holdfast.freezes.workflow is 'Name of the run''s workflow.';
comment on column holdfast.freezes.policy is 'The policy that the run belongs to; null for a run without one.';
comment on column holdfast.freezes.application is 'The application that was backed up.';
comment on column holdfast.freezes.node is 'The node of the filesystem.';
comment on column holdfast.freezes.path is 'The path that the application''s document names.';
comment on column holdfast.freezes.frozen is 'How long writers were stopped.';
comment on column holdfast.freezes.milliseconds is 'The same, as a number.';
comment on column holdfast.freezes.ended_by is
  'What thawed it: worker | deadline | guard | worker-died | other (by hand).';
comment on column holdfast.freezes.intact is 'Whether it stayed frozen until the worker thawed it; if not, snapshots may be torn.';
comment on column holdfast.freezes.thawed_at is 'When that was noted.';
