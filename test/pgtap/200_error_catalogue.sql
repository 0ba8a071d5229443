-- crm.error_catalog against the sources, the constraints and docs/errors.md. Runs in the folder of the sources.
BEGIN;
SELECT plan(23);

\set header `cat src/pg/crm_errors.h`
\set c_sources `cat src/pg/*.c`
\set sql_sources `cat sql/code/*.sql sql/schema/[0-7]*.sql`
\set page `cat docs/errors.md`

-- What the sources raise ------------------------------------------------------------------------------------

-- The code of a condition by its name, as RAISE knows it.
CREATE FUNCTION pg_temp.code_of(condition text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = condition;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
CREATE TEMP TABLE own_code AS
SELECT m.words[1] AS symbol, array_to_string(m.words[2:6], '') AS sqlstate
FROM regexp_matches(:'header'::text,
    $$#define (ERRCODE_CRM_\w+)\s+MAKE_SQLSTATE\('(.)','(.)','(.)','(.)','(.)'\)$$, 'g') AS m (words);
CREATE TEMP TABLE raised (source text, sqlstate text, constraint_name text);
-- In C: each ereport with its code and, if it names one, its constraint.
INSERT INTO raised
SELECT e.call, coalesce(o.sqlstate, pg_temp.code_of(lower(regexp_replace(e.symbol, '^ERRCODE_(E_R_I_E_|T_R_)?', '')))),
    (regexp_match(e.call, '"(\w+_(?:check|key|fkey|excl))"'))[1]
FROM (
    SELECT m.call, (regexp_match(m.call, 'errcode\((\w+)\)'))[1] AS symbol
    FROM (
        SELECT left(t.text, strpos(t.text, '));')) AS call
        FROM string_to_table(:'c_sources', 'ereport(') WITH ORDINALITY AS t (text, place) WHERE t.place > 1
    ) AS m
) AS e
LEFT JOIN own_code AS o ON o.symbol = e.symbol
WHERE e.symbol IS NOT NULL;
-- One helper takes the constraint as an argument.
INSERT INTO raised
SELECT 'raise_missing', '23503', m.words[1]
FROM regexp_matches(:'c_sources'::text, 'raise_missing\([^;]*?"(\w+_fkey)"\)', 'g') AS m (words);
-- In SQL: each RAISE, up to the end of its branch.
INSERT INTO raised
SELECT e.call, pg_temp.code_of(coalesce((regexp_match(e.call, 'ERRCODE = ''(\w+)'''))[1], 'P0001')),
    (regexp_match(e.call, 'CONSTRAINT = ''(\w+)'''))[1]
FROM (
    SELECT left(t.text, strpos(t.text, E';\n')) AS call
    FROM string_to_table(:'sql_sources', 'RAISE EXCEPTION ') WITH ORDINALITY AS t (text, place)
    WHERE t.place > 1
) AS e;

SELECT cmp_ok((SELECT count(*) FROM own_code)::integer, '>=', 13, 'crm_errors.h is read');
SELECT cmp_ok((SELECT count(*) FROM raised)::integer, '>=', 80, 'the sources are read');
SELECT is_empty($$
    SELECT r.source FROM raised AS r WHERE r.sqlstate IS NULL OR r.sqlstate ~ '^(00|01|02|P0|XX|38|57)'
$$, 'every error of the sources has a code, and none that web layers take for a fault of the server');
SELECT is_empty($$
    SELECT o.symbol FROM own_code AS o WHERE NOT EXISTS (
        SELECT FROM raised AS r WHERE r.sqlstate = o.sqlstate)
$$, 'every code of crm_errors.h is raised somewhere');
SELECT bag_eq($$
    SELECT c.sqlstate FROM crm.error_catalog AS c WHERE c.sqlstate LIKE 'RM%' AND c.constraint_name = ''
$$, $$
    SELECT o.sqlstate FROM own_code AS o UNION SELECT r.sqlstate FROM raised AS r WHERE r.sqlstate LIKE 'RM%'
$$, 'the catalogue has the codes RM of crm_errors.h and of the SQL sources, and no other');
SELECT is_empty($$
    SELECT r.sqlstate, r.source FROM raised AS r WHERE NOT EXISTS (
        SELECT FROM crm.error_catalog AS c WHERE c.sqlstate = r.sqlstate AND c.constraint_name = '')
$$, 'every code that the sources raise is in the catalogue');
SELECT is_empty($$
    SELECT r.sqlstate, r.constraint_name FROM raised AS r WHERE r.constraint_name IS NOT NULL AND NOT EXISTS (
        SELECT FROM crm.error_catalog AS c
        WHERE c.sqlstate = r.sqlstate AND c.constraint_name = r.constraint_name)
$$, 'so is every code with a constraint');
SELECT is_empty($$
    SELECT d.name, d.code FROM (
        SELECT p.oid::regprocedure::text AS name, m.words[1] AS code
        FROM pg_proc AS p
        CROSS JOIN LATERAL regexp_matches(obj_description(p.oid, 'pg_proc'),
            '\m(RM\d{3}|(?:0A|2[23]|4[02])(?=.{3}\M)[0-9A-Z]*[0-9][0-9A-Z]*)\M', 'g') AS m (words)
        WHERE p.pronamespace = 'crm'::regnamespace
    ) AS d
    WHERE NOT EXISTS (SELECT FROM crm.error_catalog AS c WHERE c.sqlstate = d.code)
$$, 'every code that the comment of a function announces is in the catalogue');

-- Constraints -----------------------------------------------------------------------------------------------

CREATE TEMP VIEW rule AS
SELECT CASE o.contype WHEN 'c' THEN '23514' WHEN 'x' THEN '23P01' WHEN 'f' THEN '23503' ELSE '23505' END AS sqlstate,
    o.conname::text AS constraint_name, o.conrelid, o.conkey::smallint[] AS columns, pg_get_constraintdef(o.oid) AS definition,
    o.contype = 'p' AND cardinality(o.conkey) = 1 AND a.attidentity <> '' AS is_identity
FROM pg_constraint AS o
LEFT JOIN pg_attribute AS a ON a.attrelid = o.conrelid AND a.attnum = o.conkey[1]
WHERE o.connamespace = 'crm'::regnamespace AND o.conrelid <> 0 AND o.contype <> 'n'
UNION ALL
SELECT '23505', c.relname::text, i.indrelid, i.indkey::smallint[], pg_get_indexdef(c.oid), false
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indisunique AND c.relnamespace = 'crm'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_constraint AS o WHERE o.conindid = i.indexrelid);
-- A key made up by a sequence, and a unique pair with one, are not what clients break.
SELECT is_empty($$
    SELECT r.sqlstate, r.constraint_name FROM rule AS r
    WHERE r.sqlstate <> '23503' AND NOT r.is_identity
        AND NOT (r.sqlstate = '23505' AND r.columns && ARRAY(
            SELECT p.columns[1] FROM rule AS p WHERE p.conrelid = r.conrelid AND p.is_identity))
        AND NOT EXISTS (
            SELECT FROM crm.error_catalog AS c
            WHERE c.sqlstate = r.sqlstate AND c.constraint_name = r.constraint_name)
$$, 'every CHECK, UNIQUE and exclusion constraint has its row');
SELECT is_empty($$
    SELECT c.sqlstate, c.constraint_name FROM crm.error_catalog AS c
    WHERE c.constraint_name <> ''
        AND NOT EXISTS (
            SELECT FROM rule AS r WHERE r.sqlstate = c.sqlstate AND r.constraint_name = c.constraint_name)
        AND NOT EXISTS (
            SELECT FROM raised AS r WHERE r.sqlstate = c.sqlstate AND r.constraint_name = c.constraint_name)
$$, 'and every row its constraint, or a rule of that name in the sources');
SELECT is_empty($$
    SELECT c.sqlstate, c.constraint_name FROM crm.error_catalog AS c WHERE NOT EXISTS (
        SELECT FROM crm.error_catalog AS g WHERE g.sqlstate = c.sqlstate AND g.constraint_name = '')
$$, 'every code has a row without constraint, for rules that nobody listed');
SELECT is_empty($$
    SELECT r.constraint_name, l.words[1], l.words[2] FROM rule AS r
    CROSS JOIN LATERAL regexp_matches(r.definition, 'char_length\((\w+)\) <= (\d+)', 'g') AS l (words)
    JOIN crm.error_catalog AS c ON c.constraint_name = r.constraint_name AND c.sqlstate = '23514'
    WHERE r.constraint_name ~ '_length_check$'
        AND c.hint !~ (l.words[2] || '( characters)?: (\w+, )*\m' || l.words[1] || '\M')
$$, 'the hint of a length names its columns and limits');
SELECT is_empty($$
    SELECT r.constraint_name, v.words[1] FROM rule AS r
    CROSS JOIN LATERAL regexp_matches(r.definition, '''([^'']*)''::text', 'g') AS v (words)
    JOIN crm.error_catalog AS c ON c.constraint_name = r.constraint_name AND c.sqlstate = '23514'
    WHERE r.definition ~ '^CHECK \(\(\w+ = ANY' AND c.hint !~ ('\m' || v.words[1] || '\M')
$$, 'the hint of a list of words names them all');
SELECT is_empty($$
    SELECT r.constraint_name, a.attname FROM rule AS r
    JOIN pg_attribute AS a ON a.attrelid = r.conrelid AND a.attnum = ANY (r.columns)
    JOIN crm.error_catalog AS c ON c.constraint_name = r.constraint_name AND c.sqlstate = '23514'
    WHERE r.constraint_name ~ '_finite_check$' AND c.hint !~ ('\m' || a.attname || '\M')
$$, 'the hint of a day or time names its column');

-- Texts -----------------------------------------------------------------------------------------------------

SELECT is_empty($$
    SELECT c.sqlstate, c.constraint_name, c.message FROM crm.error_catalog AS c
    WHERE c.message !~ '^[A-Z].{8,}\.$' OR c.hint IS NULL OR c.hint !~ '^([A-Z]|[a-z_]+ ).{3,}\.$'
$$, 'messages and hints are sentences');
SELECT is_empty($$
    SELECT c.sqlstate, c.constraint_name, m.words[1] FROM crm.error_catalog AS c
    CROSS JOIN LATERAL regexp_matches(c.message || ' ' || c.hint, '\mcrm\.(\w+)', 'g') AS m (words)
    WHERE to_regclass('crm.' || m.words[1]) IS NULL
        AND NOT EXISTS (SELECT FROM pg_proc AS p WHERE p.pronamespace = 'crm'::regnamespace AND p.proname = m.words[1])
$$, 'the tables and functions that they name are there');
SELECT is_empty($$
    SELECT c.sqlstate, c.constraint_name FROM crm.error_catalog AS c
    WHERE c.http_status IS NULL OR c.http_status >= 500 AND c.sqlstate !~ '^(39|40|42|55|57|RM019)'
$$, 'the HTTP status of refused data is never a fault of the server');
-- A changed text comes back with the next installation; one that is as shipped is not even locked.
UPDATE crm.error_catalog SET message = 'Other words.' WHERE sqlstate = 'RM001' AND constraint_name = '';
CREATE TEMP TABLE untouched AS
SELECT c.sqlstate, c.constraint_name, c.ctid AS place, c.xmax AS locked FROM crm.error_catalog AS c
WHERE c.message <> 'Other words.';
SELECT ok(crm.install(), 'installing anew');
SELECT is((SELECT c.message FROM crm.error_catalog AS c WHERE c.sqlstate = 'RM001' AND c.constraint_name = ''),
    'There is less in stock than is needed.', 'renews a text that differs');
SELECT is_empty($$
    SELECT u.sqlstate, u.constraint_name FROM untouched AS u
    JOIN crm.error_catalog AS c USING (sqlstate, constraint_name)
    WHERE (c.ctid, c.xmax::text) <> (u.place, u.locked::text)
$$, 'and leaves the others alone');

-- The page --------------------------------------------------------------------------------------------------

CREATE TEMP TABLE page_row AS
SELECT l.line FROM regexp_split_to_table(:'page'::text, '\n') AS l (line) WHERE l.line ~ '^\| `[0-9A-Z]{5}` \|';
CREATE TEMP VIEW catalogue_row AS
SELECT format('| `%s` | %s | %s | %s | %s |', c.sqlstate,
    CASE WHEN c.constraint_name <> '' THEN '`' || c.constraint_name || '`' ELSE '' END,
    c.http_status, c.message, c.hint) AS line
FROM crm.error_catalog AS c;
SELECT is_empty('SELECT line FROM catalogue_row EXCEPT SELECT line FROM page_row',
    'docs/errors.md has every row of the catalogue (lines to add)');
SELECT is_empty('SELECT line FROM page_row EXCEPT SELECT line FROM catalogue_row',
    'and no other (lines to take out)');
SELECT is((SELECT count(*) FROM page_row), (SELECT count(*) FROM crm.error_catalog), 'each once');

SELECT * FROM finish();
ROLLBACK;
