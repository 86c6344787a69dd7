-- Switches the just-in-time compiler off for this database, unless someone has set it on purpose. The planner can't
-- know how few steps a run has and takes the views for expensive; compiling such a query takes a second, running it a
-- millisecond. A user who doesn't own the database is told; then "set jit = off" in the session does the same.
do $$
begin
  if not exists (
    select from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
    where d.datname = current_database() and s.setrole = 0 and array_to_string(s.setconfig, ' ') ~ '\mjit\M')
  then
    execute format('alter database %I set jit = off', current_database());
  end if;
exception when insufficient_privilege then
  raise notice 'queries of the views are faster with: alter database % set jit = off', current_database();
end
$$;
