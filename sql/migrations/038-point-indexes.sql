-- As the views have a policy: null for none. Lists of what one policy made.
create index restore_point_made_by on holdfast.restore_point (nullif(policy, ''), created_at desc, point_id desc);

-- The newest good points of a policy and an application: what its RPO is measured by.
create index restore_point_policy_exported on holdfast.restore_point (policy, application, created_at desc, point_id desc)
  where state = 'complete' and exports = volumes;
create index restore_point_policy_local on holdfast.restore_point (policy, application, created_at desc, point_id desc)
  where state = 'complete' and snapshots = volumes;

-- The same for a policy that selects no application.
create index restore_point_made_by_exported on holdfast.restore_point (nullif(policy, ''), created_at desc, point_id desc)
  where state = 'complete' and exports = volumes;
create index restore_point_made_by_local on holdfast.restore_point (nullif(policy, ''), created_at desc, point_id desc)
  where state = 'complete' and snapshots = volumes;
