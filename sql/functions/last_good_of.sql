-- The newest point of a policy and an application ('': of any) that is good, see last_good_point: what the policy's RPO is
-- measured by. One that was imported and not adopted is none of the policy's: another installation may have made it, and may
-- remove it. Null if there is none. The view policy_status says the same.
create or replace function holdfast.last_good_of(p_policy text, p_application text) returns bigint
language sql stable
as $$
  select case
    when p_application <> '' then coalesce(
      (select p.point_id from holdfast.restore_point p
       where p.policy = p_policy and p.application = p_application
         and p.state = 'complete' and p.adopted and p.exports = p.volumes and p.verified_ok is distinct from false
       order by p.created_at desc, p.point_id desc limit 1),
      (select p.point_id from holdfast.restore_point p
       where p.policy = p_policy and p.application = p_application
         and p.state = 'complete' and p.adopted and p.snapshots = p.volumes and p.verified_ok is distinct from false
       order by p.created_at desc, p.point_id desc limit 1))
    else coalesce(
      (select p.point_id from holdfast.restore_point p
       where nullif(p.policy, '') = p_policy
         and p.state = 'complete' and p.adopted and p.exports = p.volumes and p.verified_ok is distinct from false
       order by p.created_at desc, p.point_id desc limit 1),
      (select p.point_id from holdfast.restore_point p
       where nullif(p.policy, '') = p_policy
         and p.state = 'complete' and p.adopted and p.snapshots = p.volumes and p.verified_ok is distinct from false
       order by p.created_at desc, p.point_id desc limit 1))
  end
$$;

comment on function holdfast.last_good_of(text, text) is 'The restore point by which a policy''s RPO is measured.';
