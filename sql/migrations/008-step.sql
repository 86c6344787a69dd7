-- The nodes of the DAGs, never updated.
--
-- children: the steps that need this one, each as ordinal << 3 | flags
--   flag 1: it has a row in join_counter (it has more than one need, or a group among them)
--   flag 2: it runs whatever became of its needs (always)
--   flag 4: it needs a decision before it is ready (when, forEach, deadline); see holdfast.decide
-- The flags let the completion of a step release its children without reading them.
create table holdfast.step (
  step_id bigint primary key,
  body_id bigint not null,
  lane_id int not null,
  needs int not null,
  name text not null,
  children int[],
  refs jsonb,
  exits jsonb,
  item jsonb
) partition by range (step_id);

comment on table holdfast.step is 'The nodes of the runs'' DAGs, immutable; partitioned like run.';
comment on column holdfast.step.refs is 'Steps whose outputs this one gets, by name: the ordinal, or for a group''s step what comes before the name (null: nothing).';
comment on column holdfast.step.exits is 'Of a group: the children outside of it, by the path of the inner step that they need.';
comment on column holdfast.step.item is 'Of a group''s instance: the bindings, name to value.';
