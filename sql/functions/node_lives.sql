-- Whether a worker lives on a node; any worker will do where there is no node.
create or replace function holdfast.node_lives(p_node text) returns boolean
language sql stable
return coalesce(p_node, '') = '' or exists (
  select from holdfast.worker w
  where w.state in ('active', 'draining') and w.labels @> jsonb_build_object('node', p_node));

comment on function holdfast.node_lives(text) is 'Whether a worker lives on a node.';
