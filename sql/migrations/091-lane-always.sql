-- What a run does in any case (steps marked always, undos) has lanes of its own, which a pause doesn't hold: what a run has begun, such
-- as an application at rest, has to come to its end also while nothing new is taken.
alter table holdfast.lane add column always boolean not null default false;
alter table holdfast.lane drop constraint lane_queue_policy_uses_labels_limits_priority_key;
alter table holdfast.lane add unique (queue, policy, uses, labels, limits, priority, always);

comment on column holdfast.lane.always is 'Whether its steps are given out while their queue or policy is paused.';
