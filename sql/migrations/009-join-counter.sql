-- Unfinished needs of the steps that have several. Steps with one need have no row: their need's end releases them.
-- A row is gone once it would count zero, so the table holds only joins that are open.
create table holdfast.join_counter (
  step_id bigint primary key,
  pending int not null check (pending > 0),
  failed boolean not null default false
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

comment on table holdfast.join_counter is 'How many needs of a step are unfinished, and whether one of them failed.';
