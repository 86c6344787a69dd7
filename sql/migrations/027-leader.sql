-- Leadership with a time limit. It only saves needless work: firing is safe with any number of schedulers.
create table holdfast.leader (
  role text primary key,
  holder text not null,
  expires_at timestamptz not null
) with (fillfactor = 50);

comment on table holdfast.leader is 'Who schedules now, and until when without a renewal.';
