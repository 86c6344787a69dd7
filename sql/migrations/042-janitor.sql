-- The janitor asks for what one node can release, page by page. The function with the old parameters would stay beside the new one.
drop function if exists holdfast.resources_to_release(text, text, int);
