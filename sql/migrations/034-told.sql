-- What each channel of a policy was last told about an application. The difference to what is so now is what it has yet to
-- be told; both change in the transaction that submits the run which tells it. So it is told of each change once.
create table holdfast.told (
  policy text not null,
  application text not null,
  channel text not null,
  failing boolean not null default false,
  breached boolean not null default false,
  run_id bigint,
  problem text,
  at timestamptz not null default now(),
  primary key (policy, application, channel),
  foreign key (policy, application) references holdfast.protection on delete cascade
);

comment on table holdfast.told is 'What was last told to whom about failures and missed RPOs.';
comment on column holdfast.told.channel is 'The URL, or the reference to it, that stands for the channel.';
comment on column holdfast.told.run_id is 'The run that delivered it.';
comment on column holdfast.told.problem is 'Why the last notification could not be submitted, if so.';
