insert into holdfast.setting (name, value, meaning) values
  ('retired_days', '30', 'Restore points that were retired longer ago are forgotten.');
