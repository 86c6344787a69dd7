-- The value of one setting, as text; null if there is none of that name.
create or replace function holdfast.setting(p_name text) returns text
language sql stable
return (select s.value from holdfast.setting s where s.name = p_name);

comment on function holdfast.setting(text) is 'The value of one setting of holdfast.setting.';
