-- Where a gap between two ticks began decides who could be heard of before it.
comment on table holdfast.look is
  'When tick last did what it does only once a minute; last came to its end (tick), about once a second; and from when (dark) to when '
  '(blind) nobody had called it for a while, the last time.';
