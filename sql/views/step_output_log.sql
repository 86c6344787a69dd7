-- The lines that steps printed. Ask for one run or one step, "order by step_id, fence, line".
create or replace view holdfast.step_output_log as
select r.run_id, g.step_id, s.name as step, g.fence, g.line, g.at, g.text
from holdfast.run r
join holdfast.step_log g
  on g.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575 and g.step_id >> 20 = r.run_id
left join holdfast.step s on s.step_id = g.step_id;
