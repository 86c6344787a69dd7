-- The policies with the applications that they protect: how the last run went, how old the newest good restore point is and
-- may be, and what comes next. A policy that selects no application has one row.
create or replace view holdfast.policy_status as
select
  n.policy,
  nullif(a.application, '') as application,
  s.policy is not null and s.enabled as scheduled,
  h.name is not null as paused,
  g.name as last_good_point,
  g.created_at as last_good_at,
  case when g.exports = g.volumes then 'export' when g.point_id is not null then 'snapshot' end as kept,
  now() - g.created_at as age,
  a.rpo,
  coalesce(now() - coalesce(g.created_at, a.since) > a.rpo, false) as breached,
  a.failing,
  a.last_run as last_run_id,
  a.last_state as last_run_state,
  a.last_ended_at as last_run_at,
  case when a.last_state <> 'succeeded' then a.last_failure end as last_failure,
  l.run_id as live_run_id,
  case when s.enabled and h.name is null then s.next_slot end as next_slot,
  coalesce(s.problem, case when a.policy is null then 'it selects no application' end, t.problem) as problem,
  a.since as protected_since
from (
  select d.name as policy from holdfast.document d where d.kind = 'policy' union select p.policy from holdfast.policy p
) n
left join holdfast.policy s on s.policy = n.policy
left join holdfast.pause h on h.scope = 'policy' and h.name = n.policy
left join holdfast.protection a on a.policy = n.policy
left join lateral (
  select r.run_id from holdfast.run r
  where r.policy = n.policy and r.finished_at is null order by r.run_id desc limit 1
) l on true
left join lateral (
  select t.problem from holdfast.told t
  where t.policy = a.policy and t.application = a.application and t.problem is not null order by t.channel limit 1
) t on true
left join lateral (
  select g.* from holdfast.restore_point g
  where g.point_id = case
    -- As last_good_of: the newest with all exports, or else with all snapshots.
    when a.application <> '' then coalesce(
      (select p.point_id from holdfast.restore_point p
       where p.policy = a.policy and p.application = a.application
         and p.state = 'complete' and p.adopted and p.exports = p.volumes and p.verified_ok is distinct from false
       order by p.created_at desc, p.point_id desc limit 1),
      (select p.point_id from holdfast.restore_point p
       where p.policy = a.policy and p.application = a.application
         and p.state = 'complete' and p.adopted and p.snapshots = p.volumes and p.verified_ok is distinct from false
       order by p.created_at desc, p.point_id desc limit 1))
    else coalesce(
      (select p.point_id from holdfast.restore_point p
       where nullif(p.policy, '') = a.policy
         and p.state = 'complete' and p.adopted and p.exports = p.volumes and p.verified_ok is distinct from false
       order by p.created_at desc, p.point_id desc limit 1),
      (select p.point_id from holdfast.restore_point p
       where nullif(p.policy, '') = a.policy
         and p.state = 'complete' and p.adopted and p.snapshots = p.volumes and p.verified_ok is distinct from false
       order by p.created_at desc, p.point_id desc limit 1))
  end
  limit 1
) g on true;

comment on view holdfast.policy_status is
  'Policies with the applications that they protect: the last run, the newest good restore point, its age and its RPO.';
comment on column holdfast.policy_status.policy is 'Name of the policy.';
comment on column holdfast.policy_status.application is 'An application that it protects; null if it names none.';
comment on column holdfast.policy_status.scheduled is 'Whether it runs by a schedule that is on.';
comment on column holdfast.policy_status.paused is 'Whether the policy is paused.';
comment on column holdfast.policy_status.last_good_point is 'The newest point that it made and that can be restored from.';
comment on column holdfast.policy_status.last_good_at is 'The moment to which that restores.';
comment on column holdfast.policy_status.kept is 'Where that point is: export | snapshot.';
comment on column holdfast.policy_status.age is 'The age of that point.';
comment on column holdfast.policy_status.rpo is 'How old it may become (rpo of the policy).';
comment on column holdfast.policy_status.breached is 'Whether it is older, or there has been none for that long.';
comment on column holdfast.policy_status.failing is 'Whether the last run that was not cancelled failed.';
comment on column holdfast.policy_status.last_run_id is 'The last run that ended.';
comment on column holdfast.policy_status.last_run_state is 'How it ended: succeeded | failed | cancelled.';
comment on column holdfast.policy_status.last_run_at is 'When it ended.';
comment on column holdfast.policy_status.last_failure is 'Why it failed, or was cancelled.';
comment on column holdfast.policy_status.live_run_id is 'The newest run of the policy that is still going on.';
comment on column holdfast.policy_status.next_slot is 'When its schedule fires next.';
comment on column holdfast.policy_status.problem is
  'Why it can''t do its work: a bad schedule, no application, a notification that could not be sent.';
comment on column holdfast.policy_status.protected_since is 'Since when the policy protects the application.';
