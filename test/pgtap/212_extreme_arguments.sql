-- Every function of ours, called with NULL and with the extremes of its argument types, gives a value or an error
-- of the client's: never XX000, and nothing that web layers take for a fault of the server.
-- The random calls follow from the seed below; make check-slow makes more of them.
BEGIN;
SELECT plan(7);
\ir ../harness/bad_input.sql
\getenv slow CRM_SLOW
\if :{?slow}
\set rounds 5000
\else
\set rounds 25
\endif
\set seed 0.4711

-- The first value of each type is NULL, the second an ordinary one, to get beyond the first check.
CREATE TEMP TABLE sample AS
SELECT v.type_name, e.place, e.expression, e.expression ~ '000000' AS is_long
FROM (VALUES
    ('bigint', ARRAY['NULL', '21001', '0', '1', '-1', '9223372036854775807', '''-9223372036854775808''']),
    ('integer', ARRAY['NULL', '10', '0', '1', '-1', '2147483647', '''-2147483648''']),
    ('numeric', ARRAY['NULL', '2', '0', '''-1''', '''NaN''', '''Infinity''', '''-Infinity''', '1e131071', '1e-16383']),
    ('double precision', ARRAY['NULL', '0.5', '0', '''NaN''', '''Infinity''', '''-Infinity''', '1.7e308', '5e-324']),
    ('boolean', ARRAY['NULL', 'true', 'false']),
    ('text', ARRAY['NULL', '''customer''', '''Bad North''', '''''', ''' ''', 'E''\x01\t\n''', 'E''\'';--%s\\''',
        'U&''\+10FFFF\202E''', 'repeat(''x'', 1000000)', 'repeat(''ä'', 1000000)']),
    ('jsonb', ARRAY['NULL', '''[{"product_id": 21001, "quantity": 1}]''', '''null''', '''[]''', '''{}''', '''"x"''',
        '''1''', '''[null]''', '''[[]]''', '''[{}]''', '''[{"product_id": 1e300, "quantity": 1}]''',
        '''[{"product_id": 21002, "quantity": 9223372036854775807}]''', '(repeat(''['', 500) || repeat('']'', 500))',
        'to_jsonb(repeat(''x'', 1000000))']),
    ('date', ARRAY['NULL', '''2024-02-29''', '''infinity''', '''-infinity''', '''4714-11-24 BC''', '''5874897-12-31''',
        '''2038-01-20''']),
    ('timestamp with time zone', ARRAY['NULL', '''2024-03-31 02:30''', '''infinity''', '''-infinity''',
        '''4714-11-24 00:00+00 BC''', '''294276-12-31 23:59:59+00''', '''2038-01-19 03:14:08+00''']),
    ('timestamp without time zone', ARRAY['NULL', '''2024-03-31 02:30''', '''infinity''', '''-infinity''',
        '''4714-11-24 BC''', '''294276-12-31 23:59:59''']),
    ('interval', ARRAY['NULL', '''1 year''', '''0''', '''178000000 years''', '''-178000000 years''',
        '''2147483647 days''', '''1 us''', '''-1 us''']),
    ('bytea', ARRAY['NULL', '''''', 'decode(''00'', ''hex'')', 'decode(repeat(''ab'', 1000), ''hex'')']),
    ('oid', ARRAY['NULL', '''crm.customer''::regclass', '0', '4294967295']),
    ('bigint[]', ARRAY['NULL', '''{21001}''', '''{}''', '''{NULL}''', '''{{1,-1},{9223372036854775807,NULL}}''']),
    ('oid[]', ARRAY['NULL', '''{1259}''', '''{}''', '''{NULL}''', '''{0,4294967295}''']),
    ('text[]', ARRAY['NULL', '''{customer}''', '''{}''', '''{NULL}''', '''{{"",x},{NULL,y}}''']),
    ('crm.import_order_line', ARRAY['NULL', 'ROW(1,1,''O'',''2024-01-01'',''C'',''N'',''P'',''Cup'',1,1,''Eire'',''IE'')'])
) AS v (type_name, expressions)
CROSS JOIN LATERAL unnest(v.expressions) WITH ORDINALITY AS e (expression, place);

-- Left out: makers of demo data, which make as much as they are asked for.
CREATE TEMP TABLE callable AS
SELECT p.oid, p.oid::regprocedure::text AS signature, format('%I.%I', n.nspname, p.proname) AS name,
    p.prorettype = 'trigger'::regtype AS is_trigger,
    ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n) ORDER BY n) AS types
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname IN ('crm', 'crm_bi', 'crm_state') AND p.prokind = 'f'
    AND p.proname NOT IN ('_demo_parties', '_demo_products', '_demo_business', '_demo_stage');
SELECT is_empty($$
    SELECT DISTINCT t FROM callable AS c CROSS JOIN LATERAL unnest(c.types) AS t
    WHERE t NOT IN (SELECT s.type_name FROM sample AS s WHERE s.type_name <> 'crm.import_order_line')
        AND t <> 'crm.import_order_line'
$$, 'there are values of every type of argument');

CREATE FUNCTION pg_temp.argument(of_type text, place bigint) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s::%s', s.expression, s.type_name) FROM sample AS s
    WHERE s.type_name = of_type AND s.place = argument.place
$$;
CREATE TEMP TABLE call AS
WITH argument AS (
    SELECT c.oid, a.n, a.type_name, (SELECT count(*) FROM sample AS s WHERE s.type_name = a.type_name) AS samples,
        (SELECT count(*) FROM sample AS s WHERE s.type_name = a.type_name AND NOT s.is_long) AS shorts
    FROM callable AS c
    CROSS JOIN LATERAL unnest(c.types) WITH ORDINALITY AS a (type_name, n)
), chosen AS (
    -- The k-th value of all arguments
    SELECT a.oid, 'all ' || k AS series, a.n, pg_temp.argument(a.type_name, k % a.samples + 1) AS value
    FROM argument AS a CROSS JOIN generate_series(0, 13) AS k
    UNION ALL
    -- Each value of one argument, the others NULL or ordinary
    SELECT a.oid, format('one %s %s %s', m.n, k, other), a.n,
        pg_temp.argument(a.type_name, CASE WHEN a.n = m.n THEN k ELSE other END)
    FROM argument AS a
    JOIN argument AS m ON m.oid = a.oid
    CROSS JOIN LATERAL generate_series(1, m.samples) AS k
    CROSS JOIN generate_series(1, 2) AS other
    UNION ALL
    -- Any value of each, in an order that follows from the seed
    SELECT a.oid, 'random ' || k, a.n, pg_temp.argument(a.type_name,
        1 + abs(hashtextextended(concat_ws(' ', a.oid::regprocedure, a.n, k, :'seed'), 0) % a.shorts))
    FROM argument AS a CROSS JOIN generate_series(1, :rounds) AS k
)
SELECT DISTINCT c.signature, CASE WHEN c.is_trigger THEN 'SELECT ' ELSE 'SELECT count(*), max(t::text) FROM ' END
    || format('%s(%s)', c.name, coalesce(s.arguments, '')) || CASE WHEN c.is_trigger THEN '' ELSE ' AS t' END AS statement
FROM callable AS c
LEFT JOIN (
    SELECT s.oid, string_agg(s.value, ', ' ORDER BY s.n) AS arguments FROM chosen AS s GROUP BY s.oid, s.series
) AS s ON s.oid = c.oid;

-- A name of a time zone is compared with all that there are: a long one takes its time.
DELETE FROM call WHERE statement ~ 'crm\.configure\(.*, repeat\([^)]*\)::text, [^,]*\) AS t$';
SELECT diag(format('%s calls of %s functions, seed %s', count(*), count(DISTINCT c.signature), :'seed')) FROM call AS c;
CREATE FUNCTION pg_temp.failure(statement text, OUT state text, OUT words text) LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE statement;
    RAISE EXCEPTION USING ERRCODE = 'UT000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    state := SQLSTATE;
    words := concat_ws(' ', SQLERRM, detail, hint);
END
$$;
CREATE TEMP TABLE called AS
SELECT c.signature, c.statement, f.state, char_length(f.words) AS length
FROM (SELECT c.* FROM call AS c ORDER BY c.statement) AS c
CROSS JOIN LATERAL pg_temp.failure(c.statement) AS f;

SELECT is_empty($$
    SELECT c.signature FROM callable AS c EXCEPT SELECT c.signature FROM called AS c
$$, 'every function is called');
SELECT is_empty($$
    SELECT c.state, c.statement FROM called AS c WHERE c.state ~ '^(XX|P0|38|40|53|55|57|58)' ORDER BY 1, 2 LIMIT 20
$$, 'and gives a value or an error of the client''s');
-- 39P01: triggers called by hand. 42704: a login that does not exist. 42…: names of tables as arguments of internal functions. 0A000: triggers in plpgsql.
SELECT is_empty($$
    SELECT c.state, c.statement FROM called AS c
    WHERE c.state <> 'UT000' AND c.state !~ '^(22|23|RM)' AND NOT (c.state IN ('39P01', '0A000') AND c.signature LIKE '%()')
        AND NOT (c.state IN ('42601', '42P01', '42703') AND c.signature ~ '^crm\._(check_exists|set_deleted|grant_column|erase_rows|erase_table)\(')
        AND NOT (c.state = '42704' AND c.signature ~ '^crm\.(_check_login|grant_role|revoke_role)\(')
    ORDER BY 1, 2 LIMIT 20
$$, 'which is one of bad data or of a rule');
SELECT is_empty($$
    SELECT c.length, c.state, c.statement FROM called AS c WHERE c.length > 800 ORDER BY 1 DESC, 3 LIMIT 20
$$, 'no error repeats an argument at length');
SELECT is(pg_temp.contents(), (SELECT b.contents FROM before AS b), 'nothing was written');
SELECT is_empty('SELECT * FROM crm.verify()', 'all that is kept is right');

SELECT * FROM finish();
ROLLBACK;
