-- Functions: SECURITY DEFINER ones one by one with traps first in search_path, trigger functions called directly, EXECUTE
-- for PUBLIC, objects of the CRM in the hands of others, event triggers, large objects, NOTIFY and the server's own doors.
BEGIN;
\ir ../harness/attack.sql
\ir ../harness/hostile.sql

-- Every function that is not of a trigger, with arguments that lead into it: keys that are there, a role, a word, null.
CREATE TEMP TABLE target AS
SELECT p.oid AS id, p.oid::regprocedure::text AS name, p.proname::text, p.prosecdef, p.prorettype = 'trigger'::regtype AS is_trigger,
    format('SELECT * FROM %s(%s) LIMIT 3', p.oid::regproc, (
        SELECT string_agg(CASE
            WHEN p.proname IN ('_progress') THEN (ARRAY['''install''', '''starting''', '0', '1'])[a.place]
            WHEN p.proname = 'place_order' AND a.place = 4 THEN 'NULL'
            WHEN p.proname = 'record_consent' AND a.place = 7 THEN '''2026-01-01'''
            WHEN a.id = 'bigint'::regtype THEN '34001'
            WHEN a.id = 'text'::regtype THEN quote_literal(CASE
                WHEN p.proname ~ 'role' AND a.place = 1 THEN 'atk_ann' WHEN p.proname ~ 'role' THEN 'crm_sales_rep'
                WHEN p.proname = 'erd' THEN 'sales' WHEN p.proname = 'period' THEN 'last_quarter'
                WHEN p.proname ~ 'consent' THEN (ARRAY['', 'marketing', 'email', 'form', '', '', '', 'consent', '1'])[a.place]
                WHEN p.proname = 'classify_column' THEN (ARRAY['customer', 'city', 'area', 'keep'])[a.place]
                WHEN p.proname = 'configure' THEN (ARRAY['Attack', 'EUR', 'UTC'])[a.place]
                WHEN a.place = 1 THEN 'customer' ELSE 'open' END)
            WHEN a.id = 'jsonb'::regtype THEN '''[{"product_id": 34001, "quantity": 1}]'''
            WHEN a.id = 'boolean'::regtype THEN 'false'
            WHEN a.id = 'integer'::regtype THEN '5'
            WHEN a.id = 'date'::regtype THEN '''2026-01-01'''
            WHEN a.id = 'interval'::regtype THEN '''5 minutes'''
            WHEN a.id = 'oid'::regtype THEN '''crm.contact''::regclass'
            WHEN a.id = 'bigint[]'::regtype THEN '''{34001}'''
            WHEN a.id = 'text[]'::regtype THEN '''{crm_admin}'''
            WHEN a.id = 'bytea'::regtype THEN quote_literal('\x' || repeat('5b', 32))
            ELSE 'NULL' END || '::' || format_type(a.id, NULL), ', ' ORDER BY a.place)
        FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (id, place))) AS call
FROM pg_proc AS p
WHERE p.pronamespace = 'crm'::regnamespace;

SELECT plan((
    SELECT 64 + 2 * count(*) FILTER (WHERE t.is_trigger)::integer + count(*) FILTER (WHERE NOT t.is_trigger
        AND t.proname NOT IN ('install', 'migrate', 'load_demo') AND t.proname !~ '^_demo')::integer
    FROM target AS t));

SELECT count(*) AS keys FROM crm.set_token_key(decode(repeat('5a', 32), 'hex'))
\gset
-- Traps -----------------------------------------------------------------------------------------------------

-- What a statement raises with the traps first in search_path, warnings of traps included: they are errors here.
CREATE OR REPLACE FUNCTION hostile.sprung(name pg_catalog.text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HOST0', MESSAGE = name;
END $$;
CREATE FUNCTION pg_temp.trapped(statement text) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    caught text;
BEGIN
    PERFORM set_config('search_path', 'hostile, pg_catalog', true);
    EXECUTE statement;
    RAISE EXCEPTION USING ERRCODE = 'YYYYY', MESSAGE = 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS caught = RETURNED_SQLSTATE;
    PERFORM set_config('search_path', 'pg_catalog', true);
    RETURN CASE caught WHEN 'YYYYY' THEN 'done' WHEN 'HOST0' THEN 'trap: ' || SQLERRM ELSE caught END;
END $$;
SELECT matches(pg_temp.trapped(v.statement), '^trap: ', v.statement || ' springs a trap')
FROM (VALUES ('SELECT 1 + 1'), ('SELECT lower(v.a) FROM (VALUES (''A'')) AS v (a)'), ('SELECT format(''a'', ''b''::pg_catalog.text)'), ('SELECT count(*) FROM pg_catalog.pg_class'),
    ('SELECT FROM customer'), ('SELECT FROM pg_roles'), ('DO ''BEGIN PERFORM now(); END''')) AS v (statement);
SELECT doesnt_match(pg_temp.trapped(t.call), '^trap: |^XX', t.name || CASE WHEN t.prosecdef THEN ', SECURITY DEFINER,' ELSE '' END || ' is not trapped')
FROM target AS t
WHERE NOT t.is_trigger AND t.proname NOT IN ('install', 'migrate', 'load_demo') AND t.proname !~ '^_demo'
ORDER BY t.name;
SELECT is((SELECT string_agg(t.name, ', ') FROM target AS t WHERE t.proname IN ('place_order', 'delete_customer', 'export_customer', 'find_customers',
        'customer_profile', 'health', 'verify', 'my_regions', 'has_consent', 'record_consent', 'classify_column', 'sync_sequences', 'erd',
        'issue_token', 'grant_role', 'cancel_order', 'interaction_history', 'erase_customer', 'row_history', 'reassign_lead', 'configure')
    AND pg_temp.trapped(t.call) NOT IN ('done', 'RM023', '22023')), NULL, 'the calls lead into the functions');
-- The triggers of each table, by statements without operators of their own
SELECT is(pg_temp.trapped(v.statement), 'done', v.statement)
FROM (VALUES
    ('INSERT INTO crm.customer (last_name, country_code, email) VALUES (''x'', ''NO'', ''a@b.example'')'),
    ('UPDATE crm.customer SET city = ''x'', phone = ''1'''),
    ('INSERT INTO crm.contact (customer_id, last_name) VALUES (34001, ''x'')'),
    ('UPDATE crm.contact SET last_name = ''y'''),
    ('INSERT INTO crm.lead (company_name, region_id) VALUES (''x'', 34001)'),
    ('UPDATE crm.lead SET phone = ''1'', region_id = 34002'),
    ('UPDATE crm.opportunity SET amount = 5'),
    ('INSERT INTO crm.sales_order (customer_id) VALUES (34001)'),
    ('INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (34001, 34001, 1)'),
    ('UPDATE crm.order_item SET quantity = 4'),
    ('DELETE FROM crm.order_item'),
    ('UPDATE crm.sales_order SET status = ''confirmed'''),
    ('UPDATE crm.sales_order SET status = ''canceled'''),
    ('UPDATE crm.product SET price = 11'),
    ('INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (34001, 5, ''purchase'')'),
    ('INSERT INTO crm.tracking_event (shipment_tracking_id, status, event_at) VALUES (34001, ''in_transit'', ''2026-01-01'')'),
    ('UPDATE crm.shipment_tracking SET courier = ''x'''),
    ('INSERT INTO crm.support_ticket (customer_id, issue) VALUES (34001, ''x'')'),
    ('UPDATE crm.support_ticket SET priority = priority'),
    ('INSERT INTO crm.business_holiday SELECT * FROM crm.business_holiday LIMIT 0'),
    ('UPDATE crm.staff SET last_name = ''x'''),
    ('UPDATE crm.region SET name = ''x'' WHERE false'),
    ('UPDATE crm.region SET parent_region_id = NULL'),
    ('INSERT INTO crm.region (name, parent_region_id) VALUES (''x'', 34001)'),
    ('INSERT INTO crm.common_issue (knowledge_base_id, issue_title, solution_details) SELECT knowledge_base_id, ''x'', ''x'' FROM crm.knowledge_base'),
    ('DELETE FROM crm.follow_up'),
    ('DELETE FROM crm.feedback')
) AS v (statement);

-- Triggers and rights ---------------------------------------------------------------------------------------

CREATE SCHEMA atk_plant AUTHORIZATION atk_adm;
CREATE TABLE atk_plant.mine (customer_id bigint PRIMARY KEY);
ALTER TABLE atk_plant.mine OWNER TO atk_adm;
SELECT matches(pg_temp.attempt('postgres', format('SELECT %s', t.name)), '^(0A000|39P01|22023)$', t.name || ' called as a function')
FROM target AS t WHERE t.is_trigger ORDER BY t.name;
SELECT is(pg_temp.attempt('atk_adm', format('CREATE TRIGGER t AFTER INSERT ON atk_plant.mine EXECUTE FUNCTION %s', t.name)), '42501',
    t.name || ' on a table of the administrator''s')
FROM target AS t WHERE t.is_trigger ORDER BY t.name;
SELECT is((SELECT string_agg(t.name, ', ') FROM target AS t WHERE t.prosecdef AND has_function_privilege('atk_eve', t.id, 'EXECUTE')
    AND t.proname <> '_event_era'), NULL, 'a login without a role may call no SECURITY DEFINER function, but for the number of the era');
SELECT is((SELECT string_agg(pg_temp.attempt('atk_eve', t.call), ', ') FROM target AS t WHERE t.proname IN ('version', 'health', 'place_order')
    AND pg_temp.attempt('atk_eve', t.call) <> '42501'), NULL, 'nor reach the schema');
SELECT is(pg_temp.attempt(v.role_name, v.statement), v.wanted, format('%s: %s', v.role_name, v.statement))
FROM (VALUES
    ('atk_adm', 'ALTER TABLE crm.customer DISABLE ROW LEVEL SECURITY', '42501'),
    ('atk_adm', 'ALTER TABLE crm.customer NO FORCE ROW LEVEL SECURITY', '42501'),
    ('atk_adm', 'DROP POLICY customer_select_rep ON crm.customer', '42501'),
    ('atk_adm', 'CREATE POLICY p ON crm.customer USING (true)', '42501'),
    ('atk_adm', 'ALTER TABLE crm.customer OWNER TO atk_adm', '42501'),
    ('atk_adm', 'ALTER TABLE crm.customer DISABLE TRIGGER ALL', '42501'),
    ('atk_adm', 'ALTER FUNCTION crm.delete_customer(bigint, text) RESET ALL', '42501'),
    ('atk_adm', 'CREATE OR REPLACE FUNCTION crm.version() RETURNS text LANGUAGE sql AS ''SELECT 1''', '42501'),
    ('atk_adm', 'CREATE FUNCTION crm.mine() RETURNS text LANGUAGE sql AS ''SELECT ''''a''''''', '42501'),
    ('atk_adm', 'CREATE OPERATOR crm.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = int8eq)', '42501'),
    ('atk_adm', 'CREATE TABLE crm.mine (a bigint)', '42501'),
    ('atk_adm', 'CREATE RULE r AS ON SELECT TO crm.customer DO INSTEAD NOTHING', '42501'),
    ('atk_adm', 'CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION crm._stamp()', '42501'),
    ('atk_adm', 'GRANT crm_owner TO atk_adm', '42501'),
    ('atk_adm', 'GRANT SELECT ON crm.customer TO atk_eve', 'done 0'),
    ('atk_adm', 'DROP EXTENSION crm CASCADE', '42501'),
    ('atk_adm', 'SELECT crm.install()', '42501'),
    ('atk_adm', 'SELECT crm.migrate()', '42501'),
    ('atk_adm', 'SET LOCAL session_replication_role = replica', '42501'),
    ('atk_adm', 'CREATE FUNCTION atk_plant.c() RETURNS bigint LANGUAGE c AS ''crm'', ''crm_issue_token''', '42501'),
    ('atk_adm', 'LOAD ''crm''', '42501'),
    ('atk_ann', 'CREATE FUNCTION pg_temp.leakproof(text) RETURNS boolean LEAKPROOF LANGUAGE sql AS ''SELECT true''', '42501'),
    ('atk_ann', 'SELECT lo_import(''/etc/passwd'')', '42501'),
    ('atk_ann', 'SELECT pg_read_file(''postgresql.conf'')', '42501'),
    ('atk_ann', 'SELECT FROM pg_authid', '42501'),
    ('atk_ann', 'SELECT FROM pg_largeobject', '42501')
) AS v (role_name, statement, wanted)
WHERE v.statement !~ '^GRANT SELECT';
-- A grant without the right to is a warning, and no right
SELECT is(has_table_privilege('atk_eve', 'crm.customer', 'SELECT'), false, 'nobody but the owner grants');
SELECT is((SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc AS p WHERE p.pronamespace = 'crm'::regnamespace AND p.prosrc ~* 'notify'), NULL,
    'no function in SQL sends a NOTIFY: what C sends is tested in test/sql/stock_alert.sql');

SELECT * FROM finish();
ROLLBACK;
