-- Notes at a run that a step of it failed for good; the first failure is the one that people read.
create or replace function holdfast.fail_run(p_step bigint, p_name text, p_message text) returns void
language plpgsql
as $$
begin
  update holdfast.run set failure = left(format('step %s: %s', p_name, p_message), 2000)
  where run_id = p_step >> 20 and failure is null;
  perform holdfast.add_event('step-failed', format('step %s failed: %s', p_name, p_message), p_step => p_step);
end
$$;

comment on function holdfast.fail_run(bigint, text, text) is 'Marks a run as failing because of this step.';
