-- A lane holds the ready steps that are alike in everything that decides who may take them and when: queue, policy,
-- kind, wanted worker labels, limits and priority. A claim looks at lanes, never at single steps that it can't take,
-- so neither a paused queue, nor an exhausted limit, nor a million steps for other workers slow it down.
create table holdfast.lane (
  lane_id int generated always as identity primary key,
  queue text not null,
  policy text not null,
  uses text not null,
  labels jsonb not null default '{}',
  limits text[] not null default '{}',
  priority smallint not null default 0,
  unique (queue, policy, uses, labels, limits, priority)
);

comment on table holdfast.lane is 'Classes of ready steps: all of one lane can be done by the same workers.';
