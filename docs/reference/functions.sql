-- The page functions.md: every function, procedure and aggregate; first those for callers.
\ir common.sql

CREATE TEMP VIEW reference_function AS
SELECT p.oid, p.proname::text AS name,
    CASE
        WHEN p.prorettype = 'trigger'::regtype THEN 'Trigger functions'
        WHEN p.proname LIKE '\_%' THEN 'Internal functions'
        ELSE 'Functions'
    END AS chapter,
    format('crm.%s(%s)', p.proname, pg_get_function_arguments(p.oid))
        || CASE WHEN p.prokind = 'p' THEN '' ELSE E'\n    RETURNS ' || pg_get_function_result(p.oid) END AS signature,
    concat_ws(', ',
        CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window function' WHEN 'p' THEN 'procedure' END,
        CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
        CASE WHEN p.proisstrict THEN 'strict' END,
        'parallel ' || CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END,
        CASE WHEN p.prosecdef THEN 'runs as crm_owner' END,
        CASE WHEN has_function_privilege('public', p.oid, 'EXECUTE') THEN 'for everybody' END,
        CASE WHEN EXISTS (
            SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
            ) THEN 'member of the extension' END) AS properties,
    obj_description(p.oid, 'pg_proc') AS comment
FROM pg_proc AS p
WHERE p.pronamespace IN (to_regnamespace('crm'), to_regnamespace('crm_bi'));

SELECT E'# Functions\n\n'
    'Written by `make docs` from the comments in the database; change those, not this page. Names that begin with an '
    'underscore are internal: they may change with any version.\n';

SELECT string_agg(format('[%1$s](#%1$s)', f.name), ', ' ORDER BY f.name COLLATE "C") || E'\n'
FROM reference_function AS f
WHERE f.chapter = 'Functions';

SELECT CASE WHEN row_number() OVER (PARTITION BY f.chapter ORDER BY f.name COLLATE "C", f.signature COLLATE "C") = 1
        THEN format(E'## %s\n\n', f.chapter) ELSE '' END
    || CASE WHEN f.chapter = 'Trigger functions'
        THEN format(E'- %s: %s (%s)', pg_temp.code(f.name), pg_temp.prose(f.comment), f.properties)
            || CASE WHEN lead(f.chapter) OVER w IS DISTINCT FROM f.chapter THEN E'\n' ELSE '' END
        ELSE format(E'### %s\n\n```\n%s\n```\n\n%s\n\n%s.\n', f.name, f.signature, pg_temp.prose(f.comment),
            upper(left(f.properties, 1)) || substr(f.properties, 2))
    END
FROM reference_function AS f
WINDOW w AS (ORDER BY f.chapter COLLATE "C", f.name COLLATE "C", f.signature COLLATE "C")
ORDER BY f.chapter COLLATE "C", f.name COLLATE "C", f.signature COLLATE "C";
