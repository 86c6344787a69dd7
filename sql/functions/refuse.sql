-- Refuses a plan or a call: SQLSTATE HF001 with one sentence, so that nothing of it is kept.
create or replace function holdfast.refuse(p_message text, p_hint text default null, p_code text default 'HF001')
returns void
language plpgsql
as $$
begin
  raise exception using errcode = p_code, message = p_message, hint = coalesce(p_hint, '');
end
$$;

comment on function holdfast.refuse(text, text, text) is
  'Raises an error of class HF: HF001 bad plan, HF002 no such object, HF003 not possible in this state, HF005 not now.';
