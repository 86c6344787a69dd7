-- A restore point as JSON: as it was recorded, and below "catalogue" what has become of it:
-- {"createdAt", "expiresAt", "state", "reason", "pinned", "imported", "adopted", "heldBy": [runs], "verifiedAt",
--  "verifiedOk", "verifiedMessage", "recoverySeconds", "drillProblem", "retiredAt",
--  "volumes": {name: {"snapshot": none | exists | missing | retiring | released, "export": the same, never missing}}}
-- "createdAt" and "expiresAt" are by PostgreSQL's clock there, see put_point.sql; in the document, by that of the point's node.
create or replace function holdfast.point_json(p_point holdfast.restore_point) returns jsonb
language sql stable
as $$
  select p_point.document || jsonb_build_object('catalogue', jsonb_strip_nulls(jsonb_build_object(
    'createdAt', p_point.created_at, 'expiresAt', p_point.expires_at,
    'state', p_point.state, 'reason', p_point.reason, 'pinned', p_point.pinned,
    'imported', p_point.run_id is null, 'adopted', p_point.adopted,
    'heldBy', case
      -- Nearly always nobody; then no run is looked for.
      when exists (select from holdfast.point_hold h where h.point_id = p_point.point_id)
        then to_jsonb(holdfast.point_holders(p_point.point_id))
    end,
    'verifiedAt', p_point.verified_at, 'verifiedOk', p_point.verified_ok, 'verifiedMessage', p_point.verified_message,
    'recoverySeconds', p_point.recovery_seconds, 'drillProblem', p_point.drill_problem, 'retiredAt', p_point.retired_at,
    'volumes', (
      select jsonb_object_agg(v.volume, jsonb_build_object(
        'snapshot', case when v.snapshot_state = 'exists' and v.snapshot_missed_at is not null then 'missing' else v.snapshot_state end,
        'export', v.export_state))
      from holdfast.point_volume v where v.point_id = p_point.point_id))))
$$;

comment on function holdfast.point_json(holdfast.restore_point) is 'A restore point as JSON, with what has become of it.';
