-- Notes at policies and applications how their runs ended, in the order in which they ended, and tells those who are to be
-- told. Called by tick, so by one at a time. What can't be noted is left out with an event: it must not keep tick from its
-- other work, nor come back each second.
create or replace function holdfast.note_ends() returns void
language plpgsql
as $$
declare
  v record;
  v_run holdfast.run;
  v_parent holdfast.run;
  v_application text;
begin
  for v in
    with taken as (
      delete from holdfast.ended_run e
      where e.seq in (select t.seq from holdfast.ended_run t order by t.seq limit 1000)
      returning e.seq, e.run_id
    )
    select t.seq, r as run from taken t join holdfast.run r on r.run_id = t.run_id
    where r.finished_at is not null
    order by t.seq
  loop
    v_run := v.run;
    begin
      v_application := v_run.params ->> 'application';
      if v_run.parent_step is not null then
        -- A policy's run for one of its applications; runs that such a run has started are its own affair.
        select p.* into v_parent from holdfast.run p where p.run_id = v_run.parent_step >> 20;
        if v_parent.policy <> '' and v_parent.params -> 'applications' ? v_application then
          perform holdfast.note_outcome(v_parent.policy, v_application, v_run);
        end if;
      elsif jsonb_typeof(v_run.params -> 'applications') = 'array' then
        -- The run around them. It counts for those for which it did not come to start one.
        perform holdfast.note_outcome(v_run.policy, p.application, v_run)
        from holdfast.protection p
        where p.policy = v_run.policy and v_run.state = 'failed' and v_run.params -> 'applications' ? p.application
          and not exists (
            select from holdfast.run c where c.run_id = p.last_run and c.parent_step >> 20 = v_run.run_id);
      elsif v_run.policy <> '' then
        perform holdfast.note_outcome(v_run.policy, coalesce(v_application, ''), v_run);
      end if;
    exception when others then
      perform holdfast.add_event('policy-problem',
        format('how run %s ended could not be noted at its policy: %s', v_run.run_id, sqlerrm), p_run => v_run.run_id);
    end;
  end loop;
end
$$;

comment on function holdfast.note_ends() is 'Notes at policies and applications how their runs ended.';
