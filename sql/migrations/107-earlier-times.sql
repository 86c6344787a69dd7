-- As put_point.sql does it now: points that were recorded by nodes whose clocks were ahead are of the time when they were recorded, at the
-- latest. They would be the newest of their applications until that time has come.
update holdfast.restore_point p set
  created_at = p.recorded_at,
  expires_at = p.expires_at - make_interval(secs => extract(epoch from p.created_at - p.recorded_at)::float8)
where p.created_at > p.recorded_at;
