-- A run that is retried may make a point of the same application once more. The new one stands beside the earlier, which somebody may have
-- pinned, so a run may have several.
drop index holdfast.restore_point_run;
create index restore_point_run on holdfast.restore_point (run_id) where run_id is not null;
