-- A gap between two ticks tells that nobody could reach the database, whatever the reason.
comment on table holdfast.look is
  'When tick last did what it does only once a minute; last came to its end (tick), about once a second; and last found that nobody had '
  'called it for a while (blind).';
