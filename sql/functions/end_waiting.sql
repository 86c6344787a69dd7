-- Ends steps that wait, without doing them. Returns how many still waited.
create or replace function holdfast.end_waiting(p_steps bigint[], p_reason text) returns int
language plpgsql
as $$
declare
  v_steps bigint[];
begin
  with unready as (
    delete from holdfast.ready r where r.step_id = any (p_steps) returning r.step_id
  ), unparked as (
    delete from holdfast.parked p where p.step_id = any (p_steps) returning p.step_id
  ), over as (
    insert into holdfast.attempt (step_id, fence, state, message)
    select o.step_id, nextval('holdfast.fence_sequence'), 'cancelled', p_reason
    from (select * from unready union all select * from unparked) o
    returning step_id
  )
  select array_agg(o.step_id) into v_steps from over o;
  if v_steps is not null then
    perform holdfast.complete(v_steps, array_fill(false, array[cardinality(v_steps)]));
  end if;
  return coalesce(cardinality(v_steps), 0);
end
$$;

comment on function holdfast.end_waiting(bigint[], text) is 'Cancels steps that wait.';
