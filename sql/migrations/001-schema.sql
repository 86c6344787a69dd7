-- Everything that Holdfast keeps lives in one schema. Workers call its functions, people read its views; the tables
-- belong to the owner alone.
create schema if not exists holdfast;

comment on schema holdfast is
  'Holdfast''s step engine: runs of workflows as DAGs of steps. Protocol: the functions; status: the views.';
