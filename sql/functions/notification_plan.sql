-- The plan of the run that delivers one notification. Its body has facts for programs, and "text" for people, which is what
-- the webhooks of Slack and Mattermost show. The step's arguments are no templates, so what a failure's message holds stays
-- text.
create or replace function holdfast.notification_plan(
  p_event text, p_channel jsonb, p_state holdfast.protection, p_good holdfast.restore_point
) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'workflow', 'notify',
    'params', jsonb_build_object('event', p_event, 'policy', p_state.policy, 'application', p_state.application),
    'steps', jsonb_build_array(jsonb_build_object(
      'name', 'send', 'uses', 'http',
      'retry', '{"attempts": 12, "initialSeconds": 2, "maxSeconds": 600}'::jsonb,
      'with', jsonb_strip_nulls(jsonb_build_object(
        'url', p_channel -> 'url', 'urlFrom', p_channel -> 'urlFrom', 'method', 'POST', 'headers', p_channel -> 'headers',
        'secretHeaders', p_channel -> 'secretHeaders', 'timeout', '30s', 'outputLimitBytes', 4096))
        || jsonb_build_object('body', jsonb_build_object(
          'event', p_event,
          'policy', p_state.policy,
          'application', nullif(p_state.application, ''),
          'run', p_state.last_run,
          'failure', case when p_state.failing then p_state.last_failure end,
          'lastGood', case when p_good.name is not null
            then jsonb_build_object('point', p_good.name, 'createdAt', p_good.created_at) end,
          'age', floor(extract(epoch from now() - p_good.created_at))::bigint,
          'rpo', extract(epoch from p_state.rpo)::float8,
          'at', now(),
          'text', format('Policy %s%s', p_state.policy, coalesce(', ' || nullif(p_state.application, ''), '')) || case p_event
            when 'failure' then format(': run %s failed: %s.', p_state.last_run, rtrim(coalesce(p_state.last_failure, 'no reason is known'), '.'))
            when 'recovery' then ': it works again.'
            else format(': its recovery point objective of %s is missed.', holdfast.span_text(p_state.rpo))
          end || case
            when p_good.name is null then ' There is no good restore point yet.'
            else format(' The last good restore point is %s, %s old.', p_good.name, holdfast.span_text(now() - p_good.created_at))
          end))
    )))
$$;

comment on function holdfast.notification_plan(text, jsonb, holdfast.protection, holdfast.restore_point) is
  'The plan of a run that delivers one notification.';
