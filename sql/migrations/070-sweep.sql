-- A janitor says what it is about to remove, so that a retry of the run waits for it; and it is remembered what went that way, so
-- that the retry makes it again.
alter table holdfast.resource add column sweep_until timestamptz, add column swept_at timestamptz;
