-- The lines that steps printed. Ask for one run or one step, "order by step_id, fence, line".
create or replace view holdfast.step_output_log as
select r.run_id, g.step_id, s.name as step, g.fence, g.line, g.at, g.text
from holdfast.run r
join holdfast.step_log g
  on g.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575 and g.step_id >> 20 = r.run_id
left join holdfast.step s on s.step_id = g.step_id;

comment on view holdfast.step_output_log is
  'Lines that steps printed; ask for a run_id or a step_id, order by step_id, fence, line.';
comment on column holdfast.step_output_log.run_id is 'The run; ask for it with run_id = ….';
comment on column holdfast.step_output_log.step_id is 'The step: run_id << 20 | its ordinal in the run.';
comment on column holdfast.step_output_log.step is 'Name of the step.';
comment on column holdfast.step_output_log.fence is 'The attempt that printed it.';
comment on column holdfast.step_output_log.line is 'Number of the line in that attempt.';
comment on column holdfast.step_output_log.at is 'When it arrived here.';
comment on column holdfast.step_output_log.text is 'The line.';
