-- Queues and policies that are paused: their ready steps stay, and no worker takes them.
create table holdfast.pause (
  scope text not null check (scope in ('queue', 'policy')),
  name text not null,
  reason text not null default '',
  since timestamptz not null default now(),
  primary key (scope, name)
);

comment on table holdfast.pause is 'Paused queues and policies, with the reason given.';
