-- Every cell of the matrix role x table x command: test/rights.tsv, which is written by hand from the requirements, says
-- what is to be; each statement runs as a login of the role, on rows inside and outside its scope.
-- Runs in the folder of the sources.
BEGIN;
\ir ../rights/rows.sql
\ir ../rights/world.sql
SELECT plan(9 + (SELECT count(*)::integer FROM (SELECT DISTINCT e.table_name, e.command FROM expectation AS e) AS d));

SELECT is_empty($$
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p')
        AND (SELECT count(*) FROM expectation AS e WHERE e.table_name = c.relname) <> 9 * 4
$$, 'every table has its 36 cells in test/rights.tsv');
SELECT is_empty($$
    SELECT DISTINCT e.table_name FROM expectation AS e WHERE to_regclass(format('crm.%I', e.table_name)) IS NULL
$$, 'and no other name stands there');
SELECT is_empty($$
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT EXISTS (SELECT FROM row_of AS r WHERE r.table_name = c.relname)
$$, 'every table has its row in test/rights/rows.sql');
SELECT is_empty($$
    SELECT e.* FROM expectation AS e WHERE e.sees NOT IN ('all', 'scope', 'none', 'error')
$$, 'a cell is all, scope, none or error');
SELECT is_empty($$
    SELECT e.table_name FROM expectation AS e JOIN row_of AS r ON r.table_name = e.table_name
    GROUP BY e.table_name, r.sphere HAVING bool_or(e.sees = 'scope') <> (r.sphere IS NOT NULL)
$$, 'a table has spheres if and only if somebody has a scope there');

SELECT pg_temp.try_everything();

SELECT is((SELECT count(*) FROM found), 9 * 4 * (
    SELECT count(*) FROM pg_class AS c WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p')),
    'roles x tables x 4 cells were tried');
SELECT is(
    string_agg(format('%s %s', f.actor, f.sees), ', ' ORDER BY f.actor),
    string_agg(format('%s %s', f.actor, e.sees), ', ' ORDER BY f.actor),
    format('%s on %s', upper(f.command), f.table_name))
FROM found AS f
LEFT JOIN expectation AS e ON (e.table_name, e.command, e.role_name) = (f.table_name, f.command, f.actor)
GROUP BY f.table_name, f.command
ORDER BY min((SELECT r.place FROM row_of AS r WHERE r.table_name = f.table_name)), f.command;

-- The control: a cell that says none or scope hides rows that there are.
CREATE FUNCTION pg_temp.unlike_world() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    r row_of;
    rows text;
BEGIN
    FOR r IN SELECT * FROM row_of LOOP
        EXECUTE pg_temp.count_query(format('crm.%I', r.table_name), r.sphere) INTO rows;
        IF rows !~ (CASE WHEN r.sphere IS NULL THEN '^[1-9]' ELSE '^1:\d+ 2:\d+ 3:\d+$' END) THEN
            RETURN NEXT r.table_name || ' ' || rows;
        END IF;
    END LOOP;
END
$$;
SELECT is_empty('SELECT * FROM pg_temp.unlike_world()', 'the world has rows of every sphere in every table');

-- BI reads through views alone: it has no right on schema crm.
SELECT is_empty($$
    SELECT r.table_name, o.outcome
    FROM row_of AS r
    CROSS JOIN actor AS a
    CROSS JOIN LATERAL pg_temp.outcome(a, format('SELECT FROM crm.%I LIMIT 1', r.table_name)) AS o (outcome)
    WHERE a.name = 'crm_bi' AND o.outcome <> 'denied'
$$, 'crm_bi reads no table of schema crm directly');
-- What the generated page shows is what was proved.
SELECT is_empty($$
    SELECT e.table_name, e.command, e.role_name, e.sees, t.sees
    FROM expectation AS e
    LEFT JOIN crm._table_rights() AS t ON (t.table_name, t.command, t.role_name) = (e.table_name, e.command, e.role_name)
    WHERE e.role_name <> 'crm_app' AND e.sees <> coalesce(t.sees, 'error')
$$, 'crm._rights(), which docs/reference/rights.md is made from, says the same');
SELECT * FROM finish();
ROLLBACK;
