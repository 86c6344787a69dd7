-- Refuses a write about a step by anyone but the holder of its lease.
create or replace function holdfast.held(p_step bigint, p_fence bigint) returns void
language plpgsql
as $$
begin
  perform from holdfast.lease l where l.step_id = p_step and l.fence = p_fence for share;
  if not found then
    perform holdfast.refuse(
      format('step %s is not held with fence %s any more; stop it, another attempt may be under way', p_step, p_fence), null, 'HF004');
  end if;
end
$$;

comment on function holdfast.held(bigint, bigint) is 'Raises HF004 unless this fence is the step''s current one.';
