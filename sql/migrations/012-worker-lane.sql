-- Which lanes a live worker can serve: kinds, labels and queues compared once, not at every claim.
create table holdfast.worker_lane (
  worker_id int not null,
  lane_id int not null,
  primary key (worker_id, lane_id)
);

create index worker_lane_lane on holdfast.worker_lane (lane_id);

comment on table holdfast.worker_lane is 'The lanes that each live worker may claim from.';
