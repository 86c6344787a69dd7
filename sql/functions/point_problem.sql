-- What is wrong with a restore point's JSON, as one sentence; null if nothing is. The form:
-- {"name", "application", "policy"?, "profile"?, "run"?, "createdAt", "consistency": application | crash | none, "artifacts"?: {…},
--  "expiresAt"?, "lockUntil"?, "pinned"?, "volumes": [{"name", "driver"?, "node"?, "source"?: {…}, "snapshot"?, "export"?: 64 hex,
--  "bytes"?, "addedBytes"?, "files"?}]}
-- Other members are kept as they are.
create or replace function holdfast.point_problem(p_point jsonb) returns text
language plpgsql stable
as $$
declare
  v_volume jsonb;
  v_key text;
  v_names text[] := '{}';
begin
  if jsonb_typeof(p_point) is distinct from 'object' then
    return 'a restore point has to be an object';
  end if;
  foreach v_key in array array['name', 'application'] loop
    if jsonb_typeof(p_point -> v_key) is distinct from 'string' or length(p_point ->> v_key) not between 1 and 500 then
      return format('a restore point needs "%s", a text of 1 to 500 characters', v_key);
    end if;
  end loop;
  foreach v_key in array array['policy', 'profile'] loop
    if coalesce(jsonb_typeof(p_point -> v_key), 'null') not in ('string', 'null') then
      return format('restore point %s: "%s" has to be a text', p_point ->> 'name', v_key);
    end if;
  end loop;
  if coalesce(p_point ->> 'consistency', '') not in ('application', 'crash', 'none') then
    return format('restore point %s: "consistency" has to be application, crash or none', p_point ->> 'name');
  end if;
  if coalesce(jsonb_typeof(p_point -> 'artifacts'), 'null') not in ('object', 'null') then
    return format('restore point %s: "artifacts" has to be an object', p_point ->> 'name');
  end if;
  if p_point ->> 'createdAt' is null then
    return format('restore point %s needs "createdAt", a time', p_point ->> 'name');
  end if;
  foreach v_key in array array['createdAt', 'expiresAt', 'lockUntil'] loop
    -- PostgreSQL takes more for a time than others do: tomorrow, infinity.
    continue when p_point ->> v_key is null;
    begin
      if p_point ->> v_key ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$' then
        perform (p_point ->> v_key)::timestamptz;
        continue;
      end if;
    exception when data_exception then
      null;
    end;
    return format('restore point %s: "%s" is not a time like 2026-11-28T14:22:33Z', p_point ->> 'name', v_key);
  end loop;

  if jsonb_typeof(p_point -> 'volumes') is distinct from 'array' or jsonb_array_length(p_point -> 'volumes') > 10000 then
    return format('restore point %s needs "volumes", a list of at most 10,000', p_point ->> 'name');
  end if;
  if p_point -> 'volumes' = '[]' and coalesce(p_point -> 'artifacts', '{}') in ('{}', 'null') then
    return format('restore point %s has neither volumes nor artifacts, so there is nothing to restore', p_point ->> 'name');
  end if;
  for v_volume in select v from jsonb_array_elements(p_point -> 'volumes') v loop
    if jsonb_typeof(v_volume) <> 'object' or coalesce(v_volume ->> 'name', '') = '' then
      return format('restore point %s: each volume has to be an object with a "name"', p_point ->> 'name');
    end if;
    -- A restore into a folder makes one of this name there.
    if v_volume ->> 'name' in ('.', '..') or v_volume ->> 'name' ~ '[/\u0001-\u001f\u007f]' then
      return format('restore point %s: %s is no name for a volume, since no folder can have it', p_point ->> 'name', v_volume -> 'name');
    end if;
    if v_volume ->> 'name' = any (v_names) then
      return format('restore point %s: volume %s is listed twice', p_point ->> 'name', v_volume ->> 'name');
    end if;
    v_names := v_names || (v_volume ->> 'name');
    if coalesce(jsonb_typeof(v_volume -> 'source'), 'null') not in ('object', 'null') then
      return format('restore point %s, volume %s: "source" has to be an object', p_point ->> 'name', v_volume ->> 'name');
    end if;
    if coalesce(nullif(v_volume ->> 'export', ''), repeat('0', 64)) !~ '^[0-9a-f]{64}$' then
      return format('restore point %s, volume %s: "export" has to be 64 hexadecimal digits', p_point ->> 'name', v_volume ->> 'name');
    end if;
    if coalesce(v_volume ->> 'snapshot', '') = '' and coalesce(v_volume ->> 'export', '') = '' then
      return format('restore point %s, volume %s has neither a snapshot nor an export, so it could not be restored',
        p_point ->> 'name', v_volume ->> 'name');
    end if;
    foreach v_key in array array['bytes', 'addedBytes', 'files'] loop
      if not coalesce(v_volume ->> v_key, '0') ~ '^[0-9]{1,18}$' then
        return format('restore point %s, volume %s: "%s" has to be a whole number', p_point ->> 'name', v_volume ->> 'name', v_key);
      end if;
    end loop;
  end loop;
  return null;
end
$$;

comment on function holdfast.point_problem(jsonb) is 'What is wrong with a restore point''s JSON; null if nothing is.';
