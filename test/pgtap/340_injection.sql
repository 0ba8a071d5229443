-- Injection: SQL in each text argument of each function that a client may call, and in the names of columns, tables
-- and roles that a DBA makes. A sequence counts what got to run; it keeps its count whatever is rolled back.
BEGIN;
\ir ../harness/attack.sql

CREATE TEMP SEQUENCE atk_hit;
GRANT ALL ON SEQUENCE pg_temp.atk_hit TO PUBLIC;
CREATE FUNCTION pg_temp.hits() RETURNS boolean LANGUAGE sql AS 'SELECT is_called FROM pg_temp.atk_hit';

CREATE TEMP TABLE payload (text text);
INSERT INTO payload VALUES
    ('x''; SELECT nextval(''pg_temp.atk_hit''); --'),
    ('x'' OR nextval(''pg_temp.atk_hit'') > 0 OR ''a'' = '''),
    ('x"; SELECT nextval(''pg_temp.atk_hit''); --'),
    ('customer; SELECT nextval(''pg_temp.atk_hit''); --'),
    ('customer WHERE nextval(''pg_temp.atk_hit'') > 0 --'),
    ('(SELECT nextval(''pg_temp.atk_hit''))'),
    ('x$function$; SELECT nextval(''pg_temp.atk_hit''); $function$'),
    (E'x\\''; SELECT nextval(''pg_temp.atk_hit''); --'),
    ('%1$s%I%L%s'), ('"'), (''''), (E'\\'), ('$$'), ('/*'), (E'a\nb'), ('customer_id'), ('pg_class'), ('crm_state.token_key');

-- Functions with their argument of type text, text[] or jsonb, and the least role that may call them.
CREATE TEMP TABLE target AS
SELECT p.oid AS id, p.oid::regprocedure::text AS name, t.place, t.type_id, p.pronargs,
    (SELECT r.rolname FROM pg_roles AS r
        WHERE r.rolname IN ('atk_ann', 'atk_pool', 'atk_aud', 'atk_adm') AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
        ORDER BY array_position(ARRAY['atk_ann', 'atk_aud', 'atk_adm']::name[], r.rolname) LIMIT 1) AS role_name
FROM pg_proc AS p
CROSS JOIN LATERAL unnest(p.proargtypes::oid[]) WITH ORDINALITY AS t (type_id, place)
WHERE p.pronamespace = 'crm'::regnamespace AND t.type_id IN ('text'::regtype, 'text[]'::regtype, 'jsonb'::regtype);
-- The pooled login has no rights but by SET ROLE.
UPDATE target AS t SET role_name = 'crm_app' WHERE t.role_name IS NULL AND has_function_privilege('crm_app', t.id, 'EXECUTE');

-- Calls a function with the payload in one place and something harmless in the others; the SQLSTATE or 'done n'.
CREATE FUNCTION pg_temp.inject(called target, payload text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.attempt(called.role_name, format('SELECT * FROM %s(%s) LIMIT 5', called.id::regproc, (
        SELECT string_agg(CASE
            WHEN a.place = called.place AND a.type_id = 'text[]'::regtype THEN quote_literal(ARRAY[payload]) || '::text[]'
            WHEN a.place = called.place AND a.type_id = 'jsonb'::regtype THEN
                quote_literal(jsonb_build_array(jsonb_build_object('product_id', payload, payload, 1))) || '::jsonb'
            WHEN a.place = called.place THEN quote_literal(payload) || '::text'
            WHEN a.type_id = 'bigint'::regtype THEN '34001::bigint'
            WHEN a.type_id = 'text'::regtype THEN quote_literal(CASE a.place WHEN 1 THEN 'customer' ELSE 'city' END)
            ELSE 'NULL::' || format_type(a.type_id, NULL) END, ', ' ORDER BY a.place)
        FROM unnest((SELECT p.proargtypes::oid[] FROM pg_proc AS p WHERE p.oid = called.id)) WITH ORDINALITY AS a (type_id, place))))
$$;

SELECT plan((
    SELECT 27 + count(*)::integer FROM target AS t WHERE t.role_name IS NOT NULL
));
SELECT is(pg_temp.attempt('atk_eve', (SELECT p.text FROM payload AS p LIMIT 1)), '42601', 'a payload alone is no statement');
SELECT cmp_ok((SELECT count(DISTINCT t.name) FROM target AS t WHERE t.role_name IS NOT NULL), '>=', 30::bigint, 'functions are found');
-- Refusals of SQL itself (class 42 but for missing rights and objects named by an argument) would mean that the text became SQL.
SELECT is((
    SELECT string_agg(DISTINCT r.state || ' for ' || r.text, '; ')
    FROM (SELECT p.text, pg_temp.inject(t, p.text) AS state FROM payload AS p) AS r
    WHERE r.state IN ('42601', '42P01', '42703', '42883', '42804', '42712', '42P02', 'XX000', '2201B')
            -- There the name of a table is the argument, and is quoted.
            AND NOT (t.name ~ '^crm._check_exists' AND r.state = '42P01')
        OR pg_temp.hits()
), NULL, format('%s, argument %s, as %s: no text becomes SQL', t.name, t.place, t.role_name))
FROM target AS t
WHERE t.role_name IS NOT NULL
ORDER BY t.name, t.place;
SELECT is(pg_temp.hits(), false, 'nothing that was injected ran');

-- Names that a DBA gives ------------------------------------------------------------------------------------

\set column_name 'x", nextval(''pg_temp.atk_hit'') AS "y%s$$'
\set table_name 'x" AS t, nextval(''pg_temp.atk_hit'') AS "y%I'
\set role_name 'x"; GRANT crm_admin TO atk_eve; --'
ALTER TABLE crm.customer ADD COLUMN :"column_name" text;
SET LOCAL ROLE crm_owner;
CREATE TABLE crm.:"table_name" (:"column_name" bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES crm.customer, remark text);
RESET ROLE;
INSERT INTO crm.:"table_name" VALUES (1, 34002, 'Geheim');
UPDATE crm.customer SET :"column_name" = 'Geheim' WHERE customer_id = 34002;
SELECT lives_ok(format('SELECT crm.classify_column(''customer'', %L, ''free_text'', ''redact'')', :'column_name'),
    'a column with SQL as its name is classified');
SELECT lives_ok(format('SELECT crm.classify_column(%L, %L, %L, %L)', :'table_name', v.name, v.class, v.action), 'so is ' || v.what)
FROM (VALUES ('remark', 'a table', 'free_text', 'redact'), ('customer_id', 'its key', 'none', 'keep')) AS v (name, what, class, action);
SELECT throws_ok(format('SELECT crm.classify_column(''customer'', %L, ''free_text'', ''redact'')', :'column_name' || 'z'), '22023', NULL,
    'one that is not there is an unknown column');
SELECT is(crm.export_customer(34002)::text ~ 'Geheim', true, 'the person is exported') ;
SELECT lives_ok(format('SELECT * FROM %s', v.call), v.call)
FROM (VALUES ('crm.health()'), ('crm.verify()'), ('crm.check_cardinality()'), ('crm.erd()'), ('crm._policy_problems()'),
    ('crm._unclassified_columns()'), ('crm.sync_sequences()'), ('crm.v_customer_masked LIMIT 1'), ('crm._make_masked_view(''customer'')')) AS v (call);
SELECT lives_ok('SELECT crm.delete_customer(34002)', 'the customer is deleted');
SELECT lives_ok('SELECT crm.restore_customer(34002)', 'and restored');
SELECT count(*) AS canceled FROM crm.cancel_order(34002)
\gset
SELECT lives_ok('SELECT * FROM crm.erase_customer(34002, ''asked for'')', 'and erased');
SELECT is((SELECT count(*) FROM crm.customer AS c WHERE c.customer_id = 34002 AND to_jsonb(c)::text ~ 'Geheim'), 0::bigint,
    'the erasure reaches the column');
CREATE ROLE :"role_name" LOGIN;
SELECT lives_ok(format('SELECT crm.grant_role(%L, ''crm_sales_rep'', 34002)', :'role_name'), 'a login with SQL as its name gets a role');
SELECT lives_ok(format('SELECT crm.revoke_role(%L, ''crm_sales_rep'')', :'role_name'), 'and loses it');
SELECT is(pg_has_role('atk_eve', 'crm_admin', 'MEMBER'), false, 'nobody else got one');
SELECT is(pg_temp.hits(), false, 'no name ran as SQL');

-- The same payloads on a function that splices its argument: the test sees both kinds of failure.
CREATE FUNCTION pg_temp.careless(argument text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ''' || argument || '''';
END $$;
INSERT INTO target VALUES ('pg_temp.careless(text)'::regprocedure, 'careless', 1, 'text'::regtype, 1, 'atk_adm');
SELECT is((SELECT bool_or(pg_temp.inject(t, p.text) = '42601') FROM payload AS p), true, 'a careless function is found by its errors')
FROM target AS t WHERE t.name = 'careless';
SELECT is(pg_temp.hits(), true, 'and by what runs');

SELECT * FROM finish();
ROLLBACK;
