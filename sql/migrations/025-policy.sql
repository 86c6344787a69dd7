-- The policies with a schedule. The plan is what a slot submits; the schedule is decided by the scheduler
-- (StepEngine/Schedules), which keeps here how far it has come.
create table holdfast.policy (
  policy text primary key check (policy <> ''),
  schedule jsonb not null,
  plan jsonb not null,
  enabled boolean not null default true,
  since timestamptz not null default now(),
  decided_through timestamptz not null default now(),
  next_slot timestamptz,
  look_at timestamptz,
  problem text,
  changed_at timestamptz not null default now()
);

comment on table holdfast.policy is 'Policies that run on a schedule, and how far each was decided.';
comment on column holdfast.policy.decided_through is 'Every slot up to here has its row in policy_slot or was before the policy.';
comment on column holdfast.policy.problem is 'Why the schedule can''t be followed, if so.';
