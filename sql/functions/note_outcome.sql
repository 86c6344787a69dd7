-- Notes how a run of a policy for an application ended. A cancelled one says nothing about whether it would have worked.
create or replace function holdfast.note_outcome(p_policy text, p_application text, p_run holdfast.run) returns void
language plpgsql
as $$
begin
  update holdfast.protection p set
    last_run = p_run.run_id, last_state = p_run.state, last_ended_at = p_run.finished_at,
    last_failure = coalesce(p_run.failure, p_run.stop_reason),
    failing = case p_run.state when 'failed' then true when 'succeeded' then false else p.failing end
  where p.policy = p_policy and p.application = p_application;
  if found then
    perform holdfast.tell(p_policy, p_application);
  end if;
end
$$;

comment on function holdfast.note_outcome(text, text, holdfast.run) is 'Notes how a policy''s run for an application ended.';
