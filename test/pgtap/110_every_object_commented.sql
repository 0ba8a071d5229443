-- Every object has a comment that says more than its name.
BEGIN;
SELECT plan(9);

CREATE TEMP VIEW our_schema AS
SELECT n.oid, n.nspname FROM pg_namespace AS n WHERE n.nspname IN ('crm', 'crm_bi', 'crm_state');

CREATE FUNCTION pg_temp.says_nothing(name text, comment text) RETURNS boolean LANGUAGE sql AS $$
    SELECT comment IS NULL OR char_length(comment) < 10
        OR regexp_replace(lower(comment), '[^a-z0-9]', '', 'g') = regexp_replace(lower(name), '[^a-z0-9]', '', 'g')
$$;

SELECT is_empty($$
    SELECT s.nspname FROM our_schema AS s
    WHERE pg_temp.says_nothing(s.nspname, obj_description(s.oid, 'pg_namespace'))
$$, 'schemas');
SELECT is_empty($$
    SELECT r.rolname FROM pg_roles AS r
    WHERE r.rolname LIKE 'crm\_%' AND NOT r.rolcanlogin
        AND pg_temp.says_nothing(r.rolname, shobj_description(r.oid, 'pg_authid'))
$$, 'roles');
SELECT is_empty($$
    SELECT c.oid::regclass FROM pg_class AS c
    JOIN our_schema AS s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND pg_temp.says_nothing(c.relname, obj_description(c.oid, 'pg_class'))
$$, 'tables and views');
SELECT is_empty($$
    SELECT format('%s.%s', c.oid::regclass, a.attname), col_description(c.oid, a.attnum) FROM pg_class AS c
    JOIN our_schema AS s ON s.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND pg_temp.says_nothing(a.attname, col_description(c.oid, a.attnum))
$$, 'columns of tables and views');
SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc AS p
    JOIN our_schema AS s ON s.oid = p.pronamespace
    WHERE pg_temp.says_nothing(p.proname, obj_description(p.oid, 'pg_proc'))
$$, 'functions, procedures and aggregates');
-- A table's row type and its array come with the table.
SELECT is_empty($$
    SELECT t.oid::regtype FROM pg_type AS t
    JOIN our_schema AS s ON s.oid = t.typnamespace
    LEFT JOIN pg_class AS c ON c.oid = t.typrelid
    WHERE t.typcategory <> 'A' AND (c.oid IS NULL OR c.relkind = 'c')
        AND pg_temp.says_nothing(t.typname, obj_description(t.oid, 'pg_type'))
$$, 'types');
SELECT is_empty($$
    SELECT o.oid::regoperator FROM pg_operator AS o
    JOIN our_schema AS s ON s.oid = o.oprnamespace
    WHERE pg_temp.says_nothing(o.oprname, obj_description(o.oid, 'pg_operator'))
$$, 'operators');
-- A comment that leads nowhere is worse than none. Names of columns follow on their table's.
SELECT is_empty($$
    SELECT DISTINCT d.classoid::regclass, d.objoid, m.words[1] || '.' || m.words[2] FROM pg_description AS d
    CROSS JOIN LATERAL regexp_matches(d.description, '\m(crm|crm_state|crm_bi)\.(\w+)', 'g') AS m (words)
    WHERE to_regclass(m.words[1] || '.' || m.words[2]) IS NULL
        AND NOT EXISTS (SELECT FROM pg_proc AS p
            WHERE p.pronamespace = to_regnamespace(m.words[1]) AND p.proname = m.words[2])
        AND NOT EXISTS (SELECT FROM pg_settings AS s WHERE s.name = m.words[1] || '.' || m.words[2])
$$, 'what a comment names is there');
SELECT cmp_ok((
    SELECT count(*)::integer FROM pg_description AS d
    JOIN pg_class AS c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass AND d.objsubid > 0
    JOIN our_schema AS s ON s.oid = c.relnamespace), '>', 900, 'the catalogue was really looked at');

SELECT * FROM finish();
ROLLBACK;
