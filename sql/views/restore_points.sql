-- The restore points, newest by "order by created_at desc, point_id desc". One row a point, without looking at its volumes, so
-- that a list of the newest costs the same however many there are.
create or replace view holdfast.restore_points as
select
  p.point_id, p.name, p.application, nullif(p.policy, '') as policy, p.profile, p.run_id, p.created_at,
  now() - p.created_at as age,
  p.consistency, p.state, p.volumes, p.snapshots, p.exports,
  case
    when p.volumes = 0 then 'artifacts'
    when p.exports = p.volumes and p.snapshots > 0 then 'export, snapshot'
    when p.exports = p.volumes then 'export'
    when p.snapshots = p.volumes and p.exports = 0 then 'snapshot'
    when p.snapshots + p.exports = 0 then 'nothing'
    when p.snapshots + p.exports < p.volumes then 'in part'
    else 'mixed'
  end as kept,
  p.bytes, p.added_bytes, p.pinned,
  (
    -- Nearly always none; a run is looked up by its number, never among all that live.
    select array_agg(u.run_id order by u.run_id)
    from holdfast.point_hold u
    where u.point_id = p.point_id and (select r.finished_at is null from holdfast.run r where r.run_id = u.run_id)
  ) as held_by,
  p.expires_at, p.lock_until, p.verified_at, p.verified_ok, p.verified_message,
  p.recovery_seconds, p.artifacts, p.reason, p.recorded_at, p.retired_at, p.drill_problem, p.adopted
from holdfast.restore_point p;

comment on view holdfast.restore_points is
  'Restore points with their size, their age and where they are kept; newest by order by created_at desc, point_id desc.';
comment on column holdfast.restore_points.point_id is 'Number of the point in this database.';
comment on column holdfast.restore_points.name is 'Name of the point, everywhere.';
comment on column holdfast.restore_points.application is 'The application that it is of.';
comment on column holdfast.restore_points.policy is 'The policy that made it; null if it was made on demand.';
comment on column holdfast.restore_points.profile is 'The profile whose repository has its exports.';
comment on column holdfast.restore_points.run_id is 'The run that made it; null if it was imported from a repository.';
comment on column holdfast.restore_points.created_at is 'The moment to which it restores.';
comment on column holdfast.restore_points.age is 'The time since then.';
comment on column holdfast.restore_points.consistency is
  'application (it was brought to rest) | crash (as after a power cut) | none (read while it changed).';
comment on column holdfast.restore_points.state is
  'complete | retiring (it is being released) | retired (it is gone).';
comment on column holdfast.restore_points.volumes is 'How many volumes it has.';
comment on column holdfast.restore_points.snapshots is 'How many of them have a snapshot.';
comment on column holdfast.restore_points.exports is 'How many of them have an export.';
comment on column holdfast.restore_points.kept is
  'export, snapshot | export | snapshot | mixed (some volumes the one, some the other) | in part | '
  'artifacts (it has no volumes) | nothing.';
comment on column holdfast.restore_points.bytes is 'Size of all of its volumes.';
comment on column holdfast.restore_points.added_bytes is 'What its exports added to the repository.';
comment on column holdfast.restore_points.pinned is 'Whether it is kept whatever the rules say.';
comment on column holdfast.restore_points.held_by is 'Live runs that use it; nothing of it is released before they end.';
comment on column holdfast.restore_points.expires_at is 'When it may be retired whatever the rules say.';
comment on column holdfast.restore_points.lock_until is
  'Until when what its exports wrote can''t be deleted; what they share with earlier ones is locked since those wrote it.';
comment on column holdfast.restore_points.verified_at is 'When a restore on trial last showed whether it is good.';
comment on column holdfast.restore_points.verified_ok is 'Whether it is.';
comment on column holdfast.restore_points.verified_message is 'What was found.';
comment on column holdfast.restore_points.recovery_seconds is
  'How long the restore on trial took, from its first volume''s start to its last one''s end.';
comment on column holdfast.restore_points.artifacts is 'What hooks left with it, key to value.';
comment on column holdfast.restore_points.reason is 'Why it is being retired, or was.';
comment on column holdfast.restore_points.recorded_at is 'When the catalogue learned of it.';
comment on column holdfast.restore_points.retired_at is 'When nothing of it was left.';
comment on column holdfast.restore_points.drill_problem is
  'Why the last restore drill could not be done; null if it was. It says nothing of the point.';
comment on column holdfast.restore_points.adopted is
  'Whether this installation''s rules may retire it; false for one that was imported, until a person has said so.';
