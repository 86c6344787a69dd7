-- What an installation may change; the functions read it through holdfast.setting(name).
create table holdfast.setting (
  name text primary key,
  value text not null,
  meaning text not null
);

comment on table holdfast.setting is 'Bounds and durations of the engine, one a row.';

insert into holdfast.setting (name, value, meaning) values
  ('lease_seconds', '30', 'A worker that is not heard of for so long has lost its leases.'),
  ('output_limit_bytes', '262144', 'A step whose outputs are larger fails.'),
  ('max_crashes', '3', 'A step that lost its lease so often is quarantined.'),
  ('history_days', '30', 'Runs that ended longer ago may be dropped, a day''s partition at a time.'),
  ('partitions_ahead_days', '14', 'So many days of partitions are made in advance.'),
  ('stuck_grace_seconds', '10', 'A step that overran its time limit by so much is taken from its worker.');
