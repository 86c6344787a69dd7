-- All steps of these runs are over: performs what has to be undone, or writes how the runs ended.
create or replace function holdfast.end_runs(p_runs bigint[]) returns void
language plpgsql set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_left bigint[];
  v_parents bigint[];
  v_low bigint;
  v_high bigint;
  v_run holdfast.run;
begin
  select min(p), max(p) into v_low, v_high from unnest(p_runs) p;

  -- Those that just succeeded, all in one statement; nearly all of them when runs are small.
  with ended as (
    update holdfast.run r set state = 'succeeded', finished_at = now()
    -- Within a range, so that only the partitions that these runs are in are opened.
    where r.run_id = any (p_runs) and r.run_id between v_low and v_high and r.state = 'running' and r.failure is null
    returning r.run_id, r.parent_step, r.policy
  ), noted as (
    -- See note_ends.
    insert into holdfast.ended_run (run_id)
    select e.run_id from ended e
    where (e.policy <> '' or e.parent_step is not null) and exists (select from holdfast.protection)
  )
  select
    array(select unnest(p_runs) except select e.run_id from ended e),
    (select array_agg(e.parent_step) from ended e where e.parent_step is not null)
  into v_left, v_parents;

  for v_run in select r.* from unnest(v_left) l(id) join holdfast.run r on r.run_id = l.id for update of r loop
    if v_run.state = 'undoing' or not holdfast.start_undo(v_run) then
      update holdfast.run r set
        state = coalesce(r.stop_state, case when r.failure is null then 'succeeded' else 'failed' end),
        failure = coalesce(r.failure, case when r.stop_state = 'failed' then r.stop_reason end),
        finished_at = now()
      where r.run_id = v_run.run_id
      returning r.* into v_run;
      delete from holdfast.stopping_run s where s.run_id = v_run.run_id;
      if (v_run.policy <> '' or v_run.parent_step is not null) and exists (select from holdfast.protection) then
        insert into holdfast.ended_run (run_id) values (v_run.run_id);
      end if;
      perform holdfast.add_event(
        'run-' || v_run.state, format('run of %s %s%s', v_run.workflow, v_run.state,
          coalesce(': ' || case v_run.state when 'failed' then v_run.failure else v_run.stop_reason end, '')),
        p_run => v_run.run_id, p_subject => nullif(v_run.policy, ''));
      if v_run.parent_step is not null then
        v_parents := v_parents || v_run.parent_step;
      end if;
    end if;
  end loop;

  -- What only live runs need. Both tables are empty in most installations, at most times.
  if exists (select from holdfast.undo) then
    delete from holdfast.undo u using unnest(p_runs) e(run_id), holdfast.run r
    where u.step_id between e.run_id << 20 and (e.run_id << 20) + 1048575 and r.run_id = e.run_id and r.finished_at is not null;
  end if;
  if exists (select from holdfast.signal) then
    delete from holdfast.signal s using unnest(p_runs) e(run_id), holdfast.run r
    where s.run_id = e.run_id and r.run_id = e.run_id and r.finished_at is not null;
  end if;

  -- The steps of other runs that started these wait for this signal. A run that is over by now, as after a cancel, has
  -- nobody who waits, and must not keep this one from ending.
  perform holdfast.deliver_signal(r.parent_step >> 20, 'run/' || r.run_id,
    jsonb_build_object('run', r.run_id, 'state', r.state, 'failure', r.failure))
  from holdfast.run r
  join holdfast.run parent on parent.run_id = r.parent_step >> 20 and parent.finished_at is null
  where v_parents is not null and r.run_id = any (p_runs) and r.parent_step = any (v_parents) and r.finished_at is not null;
end
$$;

comment on function holdfast.end_runs(bigint[]) is 'Ends runs whose steps are all over, or begins to undo them.';
