-- Tells each channel of a policy what has changed about an application since it was last told:
--
-- failure     a run failed, and the one before had not
-- recovery    a run succeeded again; or the newest restore point is young enough again, if no run had failed
-- rpo-breach  the newest good restore point has become older than the policy's rpo
--
-- A notification is a run of its own with one http step, so it is retried, logged and seen like any other; it belongs to no
-- policy, so that it never tells of itself. Secrets stay references. What can't be submitted is tried again with the next
-- look.
create or replace function holdfast.tell(p_policy text, p_application text) returns void
language plpgsql
as $$
declare
  v_state holdfast.protection;
  v_good holdfast.restore_point;
  v_breached boolean;
  v_channel jsonb;
  v_key text;
  v_told holdfast.told;
  v_event text;
  v_run bigint;
begin
  select p.* into v_state from holdfast.protection p where p.policy = p_policy and p.application = p_application for update;
  if not found then
    return;
  end if;
  select p.* into v_good from holdfast.restore_point p where p.point_id = holdfast.last_good_of(p_policy, p_application);
  v_breached := coalesce(now() - coalesce(v_good.created_at, v_state.since) > v_state.rpo, false);

  for v_channel in select c from jsonb_array_elements(v_state.channels) c loop
    v_key := coalesce(v_channel ->> 'url', v_channel ->> 'urlFrom');
    continue when v_key is null;
    select t.* into v_told from holdfast.told t
    where t.policy = p_policy and t.application = p_application and t.channel = v_key;
    -- Nobody has been told anything yet: as if all had been well.
    v_told.failing := coalesce(v_told.failing, false);
    v_told.breached := coalesce(v_told.breached, false);
    continue when v_told.failing = v_state.failing and v_told.breached = v_breached;
    begin
      v_run := v_told.run_id;
      foreach v_event in array
        case when v_state.failing and not v_told.failing then array['failure'] else '{}'::text[] end
        || case when v_breached and not v_told.breached then array['rpo-breach'] else '{}'::text[] end
        || case
          when v_told.failing and not v_state.failing
            or v_told.breached and not v_breached and not v_told.failing and not v_state.failing
          then array['recovery'] else '{}'::text[] end
      loop
        if not v_channel ? 'on' or v_channel -> 'on' @> to_jsonb(v_event) then
          v_run := holdfast.submit(holdfast.notification_plan(v_event, v_channel, v_state, v_good));
        end if;
      end loop;
      insert into holdfast.told (policy, application, channel, failing, breached, run_id)
      values (p_policy, p_application, v_key, v_state.failing, v_breached, v_run)
      on conflict (policy, application, channel) do update set
        failing = excluded.failing, breached = excluded.breached, run_id = excluded.run_id, problem = null, at = now();
    exception when others then
      if v_told.problem is distinct from sqlerrm then
        insert into holdfast.told (policy, application, channel, problem) values (p_policy, p_application, v_key, sqlerrm)
        on conflict (policy, application, channel) do update set problem = excluded.problem;
        perform holdfast.add_event('policy-problem',
          format('policy %s could not notify of %s: %s', p_policy, coalesce(nullif(p_application, ''), 'its run'), sqlerrm),
          p_subject => p_policy);
      end if;
    end;
  end loop;
end
$$;

comment on function holdfast.tell(text, text) is 'Tells the channels of a policy what has changed about an application.';
