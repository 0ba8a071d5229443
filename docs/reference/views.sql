-- The page views.md: every view with its columns.
\ir common.sql

CREATE TEMP VIEW reference_view AS
SELECT c.oid, c.relname::text AS name, n.nspname::text AS schema,
    EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgtype & 64 <> 0) AS is_writable
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN ('crm', 'crm_bi') AND c.relkind = 'v';

SELECT E'# Views\n\n'
    'Written by `make docs` from the comments in the database; change those, not this page. All views run with the '
    'caller''s rights (`security_invoker`), so everybody sees what he may see of the tables below.\n';

SELECT string_agg(format('- [%1$s.%2$s](#%1$s%2$s)', v.schema, v.name), E'\n'
    ORDER BY v.schema COLLATE "C", v.name COLLATE "C") || E'\n'
FROM reference_view AS v;

SELECT format(E'## %s.%s\n\n%s%s\n\n| column | type | comment |\n|---|---|---|\n%s', v.schema, v.name,
    pg_temp.prose(obj_description(v.oid, 'pg_class')),
    CASE WHEN v.is_writable THEN ' INSERT, UPDATE and DELETE work on it.' ELSE '' END,
    string_agg(format(E'| %s | %s | %s |\n', a.attname, pg_temp.code(format_type(a.atttypid, a.atttypmod)),
        pg_temp.prose(col_description(a.attrelid, a.attnum))), '' ORDER BY a.attnum))
FROM reference_view AS v
JOIN pg_attribute AS a ON a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY v.oid, v.schema, v.name, v.is_writable
ORDER BY v.schema COLLATE "C", v.name COLLATE "C";
