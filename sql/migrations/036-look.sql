-- When something that tick does less often than each second was last done.
create table holdfast.look (
  what text primary key,
  at timestamptz not null
);

comment on table holdfast.look is 'When tick last did what it does only once a minute.';
