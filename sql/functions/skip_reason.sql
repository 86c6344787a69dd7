-- Why a step was skipped, for people: the conditions that plans of workflow files have are told in words.
-- p_when: its condition, which is false; p_context: what that saw.
create or replace function holdfast.skip_reason(p_when text, p_context jsonb) returns text
language sql immutable
return case
  -- A hook of another outcome.
  when substring(p_when from '^\$\.run\.outcome == "([a-z]+)"') <> p_context -> 'run' ->> 'outcome'
    then 'the run ' || case substring(p_when from '^\$\.run\.outcome == "([a-z]+)"')
      when 'succeeded' then 'did not succeed'
      when 'failed' then 'did not fail'
      else 'was not cancelled'
    end
  -- A group whose condition was evaluated by a step.
  when p_when like '%:items".items)' then 'its condition is false'
  -- A group whose list was never made.
  when p_when ~ 'exists\(\$\.steps\."[^"]+"[^()]*\)$'
    then format('there is no list, since step %s put out none', substring(p_when from 'exists\(\$\.steps\."([^"]+)"'))
  else 'its condition is false: ' || p_when
end;

comment on function holdfast.skip_reason(text, jsonb) is 'Why a step was skipped, in a phrase.';
