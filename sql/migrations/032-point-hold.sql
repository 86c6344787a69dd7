-- Runs that use a restore point: as long as such a run lives, nothing of the point is retired. A row of an ended run means
-- nothing, so that nothing that dies can hold a point; if that run is retried, it holds the point again.
create table holdfast.point_hold (
  point_id bigint not null references holdfast.restore_point on delete cascade,
  run_id bigint not null,
  since timestamptz not null default now(),
  primary key (point_id, run_id)
);

comment on table holdfast.point_hold is 'Which runs use which restore points.';
