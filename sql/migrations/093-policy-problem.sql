-- A policy with a problem is tried again: what stood in its way may have passed, or been put right elsewhere.
alter table holdfast.policy add column problem_since timestamptz, add column retry_at timestamptz;

comment on column holdfast.policy.problem is 'Why it could not be scheduled when that was last tried, if so.';
comment on column holdfast.policy.problem_since is 'Since when it can''t be scheduled.';
comment on column holdfast.policy.retry_at is 'When a policy with a problem is tried again.';
