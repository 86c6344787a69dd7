-- What became of each slot of a schedule. The primary key makes a second firing of a slot impossible, however many
-- schedulers run.
create table holdfast.policy_slot (
  policy text not null,
  slot timestamptz not null,
  state text not null check (state in ('fired', 'queued', 'skipped', 'missed')),
  run_id bigint,
  reason text,
  decided_at timestamptz not null default now(),
  primary key (policy, slot)
);

create index policy_slot_queued on holdfast.policy_slot (policy, slot) where state = 'queued';

comment on table holdfast.policy_slot is 'Slots that fired, wait for an earlier run, or were passed over, and why.';
