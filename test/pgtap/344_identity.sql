-- Identity and plans: forged settings, SET ROLE, RESET ROLE and SET SESSION AUTHORIZATION around tokens, row_security = off,
-- and plans that one role made and another one runs: prepared statements, cursors, functions, generic plans.
-- Settings that are forged before the library is loaded need new connections: test/t/100_session.pl.
BEGIN;
\ir ../harness/attack.sql
SELECT plan(66);
SELECT crm.set_token_key(decode(repeat('5a', 32), 'hex')) AS key_id
\gset
SELECT crm.issue_token(34001) AS ann_token, crm.issue_token(34002) AS bob_token
\gset
\set rows 'SELECT customer_id FROM crm.customer WHERE customer_id > 34000 ORDER BY 1'

-- Settings name nobody.
SELECT is(pg_temp.attempt('atk_pin', format('SET LOCAL crm.%s = ''34001''', v.name)), '42602', format('crm.%s cannot be set', v.name))
FROM (VALUES ('staff_id'), ('my_staff_id'), ('session'), ('token'), ('login'), ('role'), ('person'), ('regions'), ('identity')) AS v (name);
SELECT is(pg_temp.attempt('atk_pin', 'SELECT set_config(''crm.staff_id'', ''34001'', true)'), '42602', 'nor by set_config()');
SELECT is(pg_temp.seen('atk_pin', v.query), v.wanted, 'without a token: ' || v.query)
FROM (VALUES (:'rows', 'rows: '), ('SELECT crm.my_staff_id() IS NULL', 'rows: true'), ('SELECT crm.has_session()', 'rows: false'),
    ('SELECT crm.app_sees(ARRAY[''crm_admin''])', 'rows: false'), ('SELECT crm.app_sees_all_sales()', 'rows: false'),
    ('SELECT crm.app_team()', 'rows: {}'), ('SELECT crm.app_regions()', 'rows: {}'),
    ('SELECT set_config(''request.jwt.claims'', ''{"sub": "34001"}'', true) FROM crm.customer', 'rows: ')) AS v (query, wanted);
SELECT is(pg_temp.attempt('atk_pin', v.statement), v.wanted, 'without a token: ' || v.statement)
FROM (VALUES ('INSERT INTO crm.customer (last_name) VALUES (''x'')', '42501'), ('UPDATE crm.customer SET city = ''x''', 'done 0'),
    ('SELECT crm.issue_token(34001)', '42501'), ('SELECT crm.set_token_key(decode(repeat(''00'', 32), ''hex''))', '42501'),
    ('SELECT crm.token_keys()', '42501'), ('SELECT crm.retire_token_key(1)', '42501')) AS v (statement, wanted);

-- As the pooled login
SAVEPOINT authorization_test;
SET SESSION AUTHORIZATION atk_pool;
\set ON_ERROR_STOP off
\set VERBOSITY sqlstate
SAVEPOINT s;
SET ROLE atk_adm;
\set state1 :SQLSTATE
ROLLBACK TO s;
SET ROLE crm_owner;
\set state2 :SQLSTATE
ROLLBACK TO s;
-- It has no right of its own, not even to begin.
SELECT crm.begin_session(:'ann_token');
\set state3 :SQLSTATE
ROLLBACK TO s;
SELECT FROM crm.customer;
\set state4 :SQLSTATE
ROLLBACK TO s;
\set ON_ERROR_STOP on
\set VERBOSITY default
SET ROLE crm_app;
SELECT crm.begin_session(:'ann_token') AS person
\gset
SELECT string_agg(c.customer_id::text, ',' ORDER BY c.customer_id) AS with_token FROM crm.customer AS c WHERE c.customer_id > 34000
\gset
RESET ROLE;
SELECT coalesce(has_schema_privilege('crm', 'USAGE'), false) AS after_reset
\gset
SET ROLE crm_app;
SELECT count(*) AS back FROM crm.customer AS c WHERE c.customer_id > 34000
\gset
\set ON_ERROR_STOP off
\set VERBOSITY sqlstate
SAVEPOINT s;
SELECT crm.begin_session(:'bob_token');
\set state5 :SQLSTATE
ROLLBACK TO s;
\set ON_ERROR_STOP on
\set VERBOSITY default
SELECT crm.end_session();
SELECT count(*) AS ended FROM crm.customer AS c WHERE c.customer_id > 34000
\gset
RESET SESSION AUTHORIZATION;
SELECT is(:'state1'::text, '42501', 'SET ROLE to somebody else is refused');
SELECT is(:'state2'::text, '42501', 'SET ROLE to the owner as well');
SELECT is(:'state3'::text, '42501', 'a NOINHERIT login cannot begin a session with its own rights');
SELECT is(:'state4'::text, '42501', 'nor read');
SELECT is(:'with_token'::text, '34001', 'with a token it sees what the person sees');
SELECT is(:'after_reset'::text, 'f', 'after RESET ROLE it has no rights again');
SELECT is(:'back'::text, '1', 'the session is still that of its person for the role that began it');
SELECT is(:'state5'::text, 'RM021', 'another person cannot take the session over');
SELECT is(:'ended'::text, '0', 'a session that ended shows nothing');
ROLLBACK TO authorization_test;

-- A session belongs to the user that began it.
SAVEPOINT other_user;
SET LOCAL ROLE atk_pin;
SELECT crm.begin_session(:'bob_token') AS person
\gset
RESET ROLE;
SELECT is(pg_temp.seen('atk_pin', :'rows'), 'rows: 34002', 'the pooled login sees as the person');
SELECT is(pg_temp.seen('atk_ann', :'rows'), 'rows: 34001', 'another user sees as himself');
SELECT is(pg_temp.seen('atk_ann', 'SELECT crm.my_staff_id()'), 'rows: 34001', 'and acts as himself');
SELECT is(pg_temp.seen('crm_app', :'rows'), 'rows: ', 'the group role itself has no session');
SELECT is(crm.has_session(), false, 'nor has the superuser');
ROLLBACK TO other_user;
SELECT is(pg_temp.seen('atk_pin', :'rows'), 'rows: ', 'after a rollback nobody is there');

-- Tokens that are spoiled, of another key or of nobody
SELECT is(pg_temp.attempt('atk_pin', format('SELECT crm.begin_session(%L)', v.token)), 'RM020', 'refused: ' || v.what)
FROM (VALUES
    (left(:'ann_token', -1), 'a token cut short'),
    (replace(:'ann_token', '.34001.', '.34002.'), 'a token for somebody else'),
    (regexp_replace(:'ann_token', '^crm1\.\d+', 'crm1.999999'), 'another key'),
    (split_part(:'ann_token', '.', 1) || '.' || :'key_id' || '.34001.' || (extract(epoch FROM now())::bigint + 9999) || '.' || split_part(:'ann_token', '.', 5),
        'a later end'),
    (:'ann_token' || '; SELECT 1', 'a token with more behind it')) AS v (token, what);

-- row_security = off is an error, never a way past.
SAVEPOINT off;
SET LOCAL row_security = off;
SELECT is(pg_temp.attempt(v.role_name, v.statement), '42501', format('row_security = off, %s: %s', v.role_name, v.statement))
FROM (VALUES ('atk_ann', 'SELECT FROM crm.customer'), ('atk_ann', 'UPDATE crm.customer SET city = ''x'''), ('atk_adm', 'DELETE FROM crm.lead'),
    ('crm_owner', 'SELECT FROM crm.customer'), ('atk_ann', 'SELECT crm.place_order(34001, ''[{"product_id": 34001, "quantity": 1}]'')')) AS v (role_name, statement);
SELECT is(pg_temp.seen('atk_ann', 'SELECT crm.my_regions()'), 'rows: {34001}', 'who acts is known all the same');
SELECT matches(pg_temp.attempt('atk_ann', 'SELECT crm.delete_customer(34002)'), '^(22023|42501)$', 'definer functions do not see more');
ROLLBACK TO off;

-- Plans: made by a boss, run by a rep, and back
PREPARE by_boss AS SELECT string_agg(c.customer_id::text, ',' ORDER BY c.customer_id) AS keys FROM crm.customer AS c WHERE c.customer_id > $1;
CREATE FUNCTION pg_temp.cached() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT string_agg(c.customer_id::text, ',' ORDER BY c.customer_id) FROM crm.customer AS c WHERE c.customer_id > 34000);
END $$;
CREATE FUNCTION pg_temp.inlined() RETURNS SETOF bigint STABLE LANGUAGE sql AS 'SELECT c.customer_id FROM crm.customer AS c WHERE c.customer_id > 34000';
CREATE FUNCTION pg_temp.plans(role_name text, mode text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    prepared text;
    cached text;
    inlined text;
BEGIN
    PERFORM set_config('plan_cache_mode', mode, true);
    EXECUTE format('SET LOCAL ROLE %I', role_name);
    EXECUTE 'EXECUTE by_boss(34000)' INTO prepared;
    cached := pg_temp.cached();
    inlined := (SELECT string_agg(i.i::text, ',' ORDER BY i.i) FROM pg_temp.inlined() AS i (i));
    RESET ROLE;
    RETURN concat_ws(' ', prepared, cached, inlined);
END $$;
SELECT is(pg_temp.plans(v.role_name, m.mode), v.wanted, format('%s. %s, %s', v.place, v.role_name, m.mode))
FROM (VALUES ('force_generic_plan'), ('force_custom_plan')) AS m (mode)
CROSS JOIN (VALUES
    (1, 'atk_mia', '34001,34002 34001,34002 34001,34002'), (2, 'atk_ann', '34001 34001 34001'), (3, 'atk_bob', '34002 34002 34002'),
    (4, 'atk_mia', '34001,34002 34001,34002 34001,34002'), (5, 'atk_ann', '34001 34001 34001')) AS v (place, role_name, wanted)
ORDER BY m.mode, v.place;
-- A scope that changes is seen by the plan that is there.
UPDATE crm.sales_rep SET region_id = 34002 WHERE sales_rep_id = 34001;
SELECT is(pg_temp.plans('atk_ann', 'force_generic_plan'), '34002 34002 34002', 'a plan follows the region of its user');
UPDATE crm.sales_rep SET region_id = 34001 WHERE sales_rep_id = 34001;
REVOKE crm_sales_rep FROM atk_ann;
SELECT is(pg_temp.attempt('atk_ann', 'EXECUTE by_boss(34000)'), '42501', 'and the loss of his role');
GRANT crm_sales_rep TO atk_ann;
-- A cursor asks at its first row who acts; then it keeps what it has, whoever fetches.
SET LOCAL ROLE atk_ann;
DECLARE held CURSOR WITH HOLD FOR SELECT c.customer_id FROM crm.customer AS c WHERE c.customer_id > 34000;
FETCH FROM held
\gset held_
RESET ROLE;
MOVE ALL FROM held;
\set moved :ROW_COUNT
SELECT is(:held_customer_id, 34001, 'a cursor of the rep shows her row');
SELECT is(:moved, 0, 'and no more of them to a superuser');
SELECT is(pg_temp.seen('atk_mia', 'FETCH ALL FROM held'), 'rows: ', 'nor to her boss');

SELECT * FROM finish();
ROLLBACK;
