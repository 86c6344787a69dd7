-- How long a run may take; a retry gives it as much time again. Runs that were retried before have lost it.
alter table holdfast.run add column time_limit interval;

update holdfast.run r set time_limit = r.deadline_at - r.submitted_at where r.deadline_at is not null;

comment on column holdfast.run.time_limit is 'How long it may take, from its submit or its retry to deadline_at.';
