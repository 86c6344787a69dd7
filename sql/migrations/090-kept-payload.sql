-- What a signal carried stays with the step until it ends or waits again by its own wish: an attempt that is lost, goes back or
-- fails must not take an approval with it.
alter table holdfast.lease add column payload jsonb;
alter table holdfast.parked add column payload jsonb;

comment on column holdfast.lease.payload is 'What the signal that woke the step carried.';
comment on column holdfast.parked.payload is 'Of a step that waits for its next attempt: what the signal that woke it carried.';
