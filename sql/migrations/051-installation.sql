-- What sets the objects of this installation apart from those of another one on the same volumes: two of them number their
-- runs alike, and one that finds a snapshot under the name that its own run would give must not take it for its own.
insert into holdfast.setting (name, value, meaning)
values (
  'installation', substr(md5(random()::text || clock_timestamp()::text), 1, 6),
  'Part of the names of snapshots and other outside objects; never change it.');
