-- What a pause or a change of the cron expression passes over is what falls due meanwhile, and not the slots that wait at its end for
-- their jitter or their window: only the scheduler knows which these are.
alter table holdfast.policy add column passed_through timestamptz;

comment on column holdfast.policy.passed_through is
  'What had fallen due up to here is passed over: the policy was paused or off, or had another cron expression. Null: nothing.';

-- It gives one more column than it did, and that can't be changed in place.
drop function if exists holdfast.due_policies(int);
