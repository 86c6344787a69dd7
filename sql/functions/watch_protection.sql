-- What tick does once a minute about policies: follows the documents, and tells of restore points that have grown too old, and
-- of whatever could not be told before. Only what differs from what was told is looked at closely.
create or replace function holdfast.watch_protection() returns void
language plpgsql
as $$
begin
  perform holdfast.follow_protection();
  perform holdfast.tell(p.policy, p.application)
  from holdfast.protection p
  cross join lateral (
    select coalesce(now() - coalesce(
      (select g.created_at from holdfast.restore_point g where g.point_id = holdfast.last_good_of(p.policy, p.application)),
      p.since) > p.rpo, false) as breached
  ) b
  where p.channels <> '[]' and (
    exists (
      select from holdfast.told t
      where t.policy = p.policy and t.application = p.application and (t.failing, t.breached) <> (p.failing, b.breached))
    or (p.failing or b.breached) and jsonb_array_length(p.channels) > (
      select count(*) from holdfast.told t where t.policy = p.policy and t.application = p.application));
end
$$;

comment on function holdfast.watch_protection() is 'Follows the documents and tells of missed RPOs; once a minute.';
