-- Lanes go with the history of the steps that were in them.
alter table holdfast.lane add column used_on date not null default current_date;

comment on column holdfast.lane.used_on is 'The last day on which steps were put into it.';
