-- The undo of every step that has one and was started, written in the transaction of its first claim.
create table holdfast.undo (
  step_id bigint primary key,
  fence bigint not null
);

comment on table holdfast.undo is
  'Started steps whose undo is performed, last first by fence, if their run fails or is cancelled.';
