-- Ends one lease with any outcome but plain success, and decides what becomes of the step.
--
-- outcome    detail
-- failed     {"class": "retryable" | "permanent" | "throttled", "message": text, "retryAfter": seconds}
-- wait       {"reason": text, "wakeAfter": seconds, "signal": name}; at least one of the last two
-- returned   (its worker shuts down; no attempt is counted)
-- cancelled  (it was stopped because its run is being cancelled)
-- lost       (its worker vanished; only tick says so)
-- Returns false if the fence is stale: then nothing was written.
--
-- What the signal that woke the step carried goes with it to its next attempt, unless it waits again by its own wish.
create or replace function holdfast.settle(p_step bigint, p_fence bigint, p_worker int, p_outcome text, p_detail jsonb)
returns boolean
language plpgsql
as $$
declare
  v_lease holdfast.lease;
  v_body holdfast.step_body;
  v_name text;
  v_stopping boolean;
  v_class text := coalesce(p_detail ->> 'class', 'retryable');
  v_message text := left(coalesce(p_detail ->> 'message', p_detail ->> 'reason', ''), 2000);
  v_after interval;
  v_payload jsonb;
  v_final holdfast.attempt_state;  -- the step is over with this
  v_step_state holdfast.attempt_state;  -- it goes on
begin
  delete from holdfast.lease l
  where l.step_id = p_step and l.fence = p_fence and (p_worker is null or l.worker_id = p_worker)
  returning * into v_lease;
  if not found then
    return false;
  end if;
  delete from holdfast.step_progress p where p.step_id = p_step;
  select b.* into v_body
  from holdfast.step s join holdfast.step_body b on b.body_id = s.body_id where s.step_id = p_step;
  select s.name into v_name from holdfast.step s where s.step_id = p_step;
  v_stopping := not v_body.is_always and exists (select from holdfast.stopping_run r where r.run_id = p_step >> 20);

  if p_outcome = 'failed' then
    v_lease.failures := v_lease.failures + 1;
    if v_stopping then
      v_final := 'cancelled';
    elsif v_class = 'permanent' or v_lease.deadline_at <= now() then
      v_final := 'failed';
    elsif v_class = 'throttled' then
      -- Being told to come back later is no failed attempt, but it doesn't go on forever.
      v_lease.failures := v_lease.failures - 1;
      v_lease.wakes := v_lease.wakes + 1;
      if 10 * v_body.max_attempts <= (
        select count(*) from holdfast.attempt a
        where a.step_id = p_step and a.state = 'retrying' and a.fence > coalesce((
          select max(o.fence) from holdfast.attempt o where o.step_id = p_step and o.state = 'reopened'), 0)
      ) - v_lease.failures
      then
        v_final := 'failed';
      end if;
    elsif v_lease.failures >= v_body.max_attempts then
      v_final := 'failed';
    end if;
    v_step_state := 'retrying';
  elsif p_outcome = 'lost' then
    v_lease.crashes := v_lease.crashes + 1;
    v_message := coalesce(nullif(v_message, ''), 'its worker was lost');
    if v_stopping then
      v_final := 'cancelled';
    elsif v_lease.crashes >= holdfast.setting('max_crashes')::int then
      v_final := 'quarantined';
      v_message := format('it lost its worker %s times; look at it, then retry the run', v_lease.crashes);
    end if;
    v_step_state := 'lost';
  elsif p_outcome = 'wait' then
    v_lease.wakes := v_lease.wakes + 1;
    v_step_state := 'parked';
    if v_stopping then
      v_final := 'cancelled';
    elsif v_lease.deadline_at <= now() then
      v_final := 'failed';
      v_message := 'it did not end before its deadline; it waited: ' || v_message;
    end if;
  elsif p_outcome is null or p_outcome not in ('returned', 'cancelled') then
    -- Taken for "returned", it would come back for ever.
    perform holdfast.refuse(format('a step can''t end as %L', p_outcome),
      'succeeded, skipped, failed, wait, returned or cancelled');
  else
    v_step_state := 'returned';
    if v_stopping then
      v_final := 'cancelled';
      v_message := coalesce(v_lease.stop_reason, v_message);
    end if;
  end if;

  insert into holdfast.attempt (step_id, fence, state, worker_id, started_at, message)
  values (p_step, p_fence, coalesce(v_final, v_step_state), v_lease.worker_id, v_lease.started_at, nullif(v_message, ''));

  if v_final is not null then
    if v_final in ('failed', 'quarantined') then
      perform holdfast.fail_run(p_step, v_name, v_message);
    end if;
    perform holdfast.complete(array[p_step], array[false]);
    return true;
  end if;

  if v_step_state = 'retrying' then
    v_after := case
      when v_class = 'throttled' and jsonb_typeof(p_detail -> 'retryAfter') = 'number'
        -- A little later than asked for, not all at the same moment.
        then make_interval(secs => (p_detail ->> 'retryAfter')::float8 * (1 + 0.1 * random()))
      -- Exponential backoff with full jitter.
      else random() * least(v_body.retry_max, v_body.retry_initial * least(power(2, least(30, greatest(0, v_lease.failures - 1))),
        -- Beyond the longest pause it could be more than an interval holds.
        greatest(1, extract(epoch from v_body.retry_max) / greatest(0.001, extract(epoch from v_body.retry_initial)))))
    end;
    insert into holdfast.parked (step_id, lane_id, wake_at, cause, reason, failures, crashes, wakes, deadline_at, payload)
    values (
      p_step, v_lease.lane_id, now() + v_after, 'retry',
      format(case when v_class = 'throttled' then 'it can''t be done now: %3$s' else 'attempt %1$s of %2$s failed: %3$s' end,
        v_lease.failures + v_lease.crashes, v_body.max_attempts, v_message),
      v_lease.failures, v_lease.crashes, v_lease.wakes, v_lease.deadline_at, v_lease.payload);
  elsif v_step_state = 'parked' then
    if p_detail ? 'signal' then
      -- See signal: a signal sent at this moment comes wholly before or wholly after.
      perform pg_advisory_xact_lock(hashtextextended((p_step >> 20) || '/' || (p_detail ->> 'signal'), 0));
      delete from holdfast.signal s where s.run_id = p_step >> 20 and s.name = p_detail ->> 'signal'
      returning coalesce(s.payload, 'null') into v_payload;
    end if;
    if v_payload is null then
      insert into holdfast.parked (step_id, lane_id, wake_at, signal, cause, reason, failures, crashes, wakes, deadline_at)
      values (
        p_step, v_lease.lane_id,
        case
          when jsonb_typeof(p_detail -> 'wakeAfter') = 'number' then now() + make_interval(secs => (p_detail ->> 'wakeAfter')::float8)
          -- Neither a time nor a signal would be a wait without an end.
          when p_detail ->> 'signal' is null then now() + interval '1 min'
        end,
        p_detail ->> 'signal', 'wait', coalesce(nullif(v_message, ''), 'waits'),
        v_lease.failures, v_lease.crashes, v_lease.wakes, v_lease.deadline_at);
    end if;
  end if;
  if v_step_state in ('lost', 'returned') then
    v_payload := v_lease.payload;
  end if;
  if v_step_state in ('lost', 'returned') or v_payload is not null then
    insert into holdfast.ready (step_id, lane_id, failures, crashes, wakes, deadline_at, payload)
    values (p_step, v_lease.lane_id, v_lease.failures, v_lease.crashes, v_lease.wakes, v_lease.deadline_at, v_payload);
    perform holdfast.wake(array[v_lease.lane_id]);
  end if;
  return true;
end
$$;

comment on function holdfast.settle(bigint, bigint, int, text, jsonb) is
  'Ends one lease with failure, wait, return or loss: retries, parks, quarantines or ends the step.';
