-- An application's last good point: the newest complete one that can be restored from its exports alone, or, if there is none,
-- the newest whose volumes all have a snapshot or an export. One whose verification failed is not good as long as there is
-- another; p_good: null rather than one that isn't good. Null if the application has no complete point. It is never retired; nor is the
-- last good one of those that are ours to retire (p_adopted): the others may go whenever another installation wants it.
create or replace function holdfast.last_good_point(
  p_application text, p_adopted boolean default false, p_good boolean default false
) returns bigint
language sql stable
as $$
  select coalesce(
    (select p.point_id from holdfast.restore_point p
     where p.application = p_application and p.state = 'complete' and (p.adopted or not p_adopted)
       and p.exports = p.volumes and p.verified_ok is distinct from false
     order by p.created_at desc, p.point_id desc limit 1),
    (select p.point_id from holdfast.restore_point p
     where p.application = p_application and p.state = 'complete' and (p.adopted or not p_adopted) and p.verified_ok is distinct from false
       and not exists (
         select from holdfast.point_volume v
         where v.point_id = p.point_id and (v.snapshot_state <> 'exists' or v.snapshot_missed_at is not null)
           and v.export_state <> 'exists')
     order by p.created_at desc, p.point_id desc limit 1),
    (select p.point_id from holdfast.restore_point p
     where not p_good and p.application = p_application and p.state = 'complete' and (p.adopted or not p_adopted)
     order by p.created_at desc, p.point_id desc limit 1))
$$;

comment on function holdfast.last_good_point(text, boolean, boolean) is 'The restore point of an application that is never retired.';
