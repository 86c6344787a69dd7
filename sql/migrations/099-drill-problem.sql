-- A restore drill that could not be done says nothing of the point; that there was one, people want to know all the same.
alter table holdfast.restore_point add column drill_problem text;

comment on column holdfast.restore_point.drill_problem is
  'Why the last restore drill could not be done; null if it was. It leaves verified_at and verified_ok as they are.';
