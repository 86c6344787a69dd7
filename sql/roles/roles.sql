-- Who may do what. The user who migrates owns everything; two roles without a login are for all others, to be granted to
-- the logins of an installation:
--
--   holdfast_worker  calls the protocol: the functions listed below, and nothing else. It reads and writes no table.
--   holdfast_reader  reads the views, and nothing else. It calls no function.
--
-- Run after every migration, since new functions are open to everyone until this has closed them. Safe to repeat. Roles
-- belong to the whole cluster: they may be there already, or be made by another database's migration at this moment. A user
-- who may not make roles is told what to ask for; then only the owner has access, and the migration goes on.
do $$
declare
  v_role text;
  v_object text;
  v_protocol text[] := array[
    -- workers
    'schema_version', 'register', 'exchange', 'heartbeat', 'leave', 'bodies', 'append_log', 'put_progress',
    'resource_intend', 'resource_made', 'resource_released', 'resource_sweep', 'resource_swept', 'resources_to_release',
    'report_unknown', 'report_missing', 'note_freeze', 'worker_hosts', 'is_limit',
    -- runs
    'submit', 'run_state', 'cancel', 'give_up', 'retry', 'retry_child', 'signal', 'pause', 'resume', 'set_limit',
    'announce_kinds',
    -- repositories
    'know_repository', 'installation',
    -- documents
    'put_document', 'delete_document', 'document_content', 'documents_of',
    -- schedules
    'put_policy', 'drop_policy', 'due_policies', 'decide_slots', 'policy_problem', 'lead', 'yield_lead',
    -- restore points and what they protect
    'record_point', 'import_point', 'adopt_points', 'point', 'points_of', 'hold_point', 'begin_retire', 'snapshot_retired',
    'export_retired', 'point_retired', 'pin_point', 'point_verified', 'follow_protection', 'hold_application', 'free_application',
    -- what time brings
    'tick', 'ensure_partitions', 'drop_history'];
begin
  foreach v_role in array array['holdfast_worker', 'holdfast_reader'] loop
    if not exists (select from pg_roles r where r.rolname = v_role) then
      begin
        execute format('create role %I nologin', v_role);
      exception
        when duplicate_object or unique_violation then
          null;  -- another database's migration was faster
        when insufficient_privilege then
          raise notice 'role % does not exist, and % may not create it', v_role, current_user
            using hint = format('as a user who may: create role %s nologin; then migrate again', v_role);
      end;
    end if;
  end loop;

  revoke all on schema holdfast from public;
  revoke all on all functions in schema holdfast from public;
  revoke all on all tables in schema holdfast from public;
  revoke all on all sequences in schema holdfast from public;

  for v_role in select r.rolname from pg_roles r where r.rolname in ('holdfast_worker', 'holdfast_reader') loop
    -- From nothing, so that a right which a new version doesn't give is gone.
    execute format('revoke all on all functions in schema holdfast from %I', v_role);
    execute format('revoke all on all tables in schema holdfast from %I', v_role);
    execute format('revoke all on all sequences in schema holdfast from %I', v_role);
    execute format('grant usage on schema holdfast to %I', v_role);

    for v_object in
      select format('execute on function %s', p.oid::regprocedure)
      from pg_proc p
      where v_role = 'holdfast_worker' and p.pronamespace = 'holdfast'::regnamespace
        and p.proname = any (v_protocol) and p.prosecdef
      union all
      select format('select on %s', c.oid::regclass)
      from pg_class c
      where v_role = 'holdfast_reader' and c.relnamespace = 'holdfast'::regnamespace and c.relkind = 'v'
    loop
      execute format('grant %s to %I', v_object, v_role);
    end loop;
  end loop;
end
$$;
