-- How texts of the catalogue stand on a page; included by the scripts of the pages.
CREATE FUNCTION pg_temp.prose(text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(replace(regexp_replace($1, '\s+', ' ', 'g'), '<', '&lt;'), '([*|])', '\\\1', 'g')
$$;
CREATE FUNCTION pg_temp.code(text) RETURNS text LANGUAGE sql AS $$
    SELECT '`' || replace(regexp_replace($1, '\s+', ' ', 'g'), '|', '\|') || '`'
$$;
