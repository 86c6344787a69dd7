-- Labels and limits may come from the item of a group, so the checks of steps take the names of the items that a step can see.
-- Functions with the old parameters would stay beside the new ones.
drop function if exists holdfast.check_steps(jsonb, text[], text);
drop function if exists holdfast.spec_problem(jsonb, text);
