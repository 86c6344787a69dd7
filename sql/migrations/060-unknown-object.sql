-- Snapshots and clones that a driver has on a node, and the ledger does not know: of another installation, or of a database that was
-- lost. People are told of them; nobody of ours touches them. A row goes when its object is gone.
create table holdfast.unknown_object (
  node text not null,
  application text not null,
  volume text not null,
  driver text not null,
  kind text not null,
  name text not null,
  bytes bigint,
  made_at timestamptz,
  first_seen_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  primary key (node, application, volume, kind, name)
);

comment on table holdfast.unknown_object is 'What drivers have and the ledger does not know.';
