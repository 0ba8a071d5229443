-- The masked views of contacts and leads: the columns of the table, what is hidden as NULL, rows for marketing alone.
BEGIN;
SELECT plan(22);
SET client_min_messages = warning;

ALTER TABLE crm.lead ADD nickname text;
ALTER TABLE crm.contact ADD nickname text;
INSERT INTO crm.customer (customer_id, customer_type, business_name) VALUES (32401, 'business', 'Firm');
INSERT INTO crm.contact (contact_id, customer_id, first_name, last_name, title, email, phone, custom, external_source, external_id, nickname)
VALUES (32401, 32401, 'Ada', 'Hill', 'head', 'ada@hidden.example', 'hidden', '{"a": "hidden"}', 'shop', 'hidden', 'Ad');
INSERT INTO crm.lead (lead_id, company_name, first_name, last_name, email, phone, contact_info, source, custom, external_source, external_id, nickname)
VALUES (32401, 'Hull', 'Bo', 'Hull', 'bo@hidden.example', 'hidden', 'hidden', 'fair', '{"a": "hidden"}', 'shop', 'hidden', 'Bob');

SELECT results_eq(format($$
    SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attcollation FROM pg_attribute AS a
    WHERE a.attrelid = 'crm.v_%s_masked'::regclass AND a.attnum > 0 ORDER BY a.attnum
$$, v.name), format($$
    SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attcollation FROM pg_attribute AS a
    WHERE a.attrelid = 'crm.%s'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'nickname' ORDER BY a.attnum
$$, v.name), v.name || ': the columns of the table in its order, none that nobody has classified')
FROM (VALUES ('contact'), ('lead'), ('customer')) AS v (name);
-- By hand from docs/personal-data.md: the classes contact and custom are not for marketing.
SELECT results_eq($$
    SELECT jsonb_object_agg(e.key, e.value) - ARRAY['created_at', 'updated_at', 'created_by', 'updated_by', 'row_version']
    FROM crm.v_contact_masked AS m CROSS JOIN jsonb_each(to_jsonb(m)) AS e WHERE m.contact_id = 32401 AND e.value <> 'null'
$$, $$VALUES ('{"contact_id": 32401, "customer_id": 32401, "first_name": "Ada", "last_name": "Hill", "name": "Ada Hill",
    "name_key": "ada hill", "title": "head", "is_primary": false, "external_source": "shop"}'::jsonb)$$, 'what is shown of a contact');
SELECT results_eq($$
    SELECT jsonb_object_agg(e.key, e.value) - ARRAY['created_at', 'updated_at', 'created_by', 'updated_by', 'row_version', 'start_date']
    FROM crm.v_lead_masked AS m CROSS JOIN jsonb_each(to_jsonb(m)) AS e WHERE m.lead_id = 32401 AND e.value <> 'null'
$$, $$VALUES ('{"lead_id": 32401, "company_name": "Hull", "name_key": "hull", "first_name": "Bo", "last_name": "Hull",
    "status": "new", "source": "fair", "external_source": "shop"}'::jsonb)$$, 'what is shown of a lead');
SELECT FROM crm.classify_column('contact', 'nickname', 'name', 'clear');
SELECT FROM crm.classify_column('lead', 'nickname', 'name', 'clear');
SELECT results_eq('SELECT m.nickname FROM crm.v_contact_masked AS m WHERE m.contact_id = 32401 UNION ALL
    SELECT m.nickname FROM crm.v_lead_masked AS m WHERE m.lead_id = 32401', $$VALUES ('Ad'), ('Bob')$$, 'a column that was classified joins them');
SELECT FROM crm.classify_column('lead', 'nickname', 'contact', 'clear');
SELECT is((SELECT m.nickname FROM crm.v_lead_masked AS m WHERE m.lead_id = 32401), NULL, 'and is hidden again by another class');
SELECT is(col_description('crm.v_lead_masked'::regclass, a.attnum), 'Hidden here, always NULL.', 'its comment says so')
FROM pg_attribute AS a WHERE a.attrelid = 'crm.v_lead_masked'::regclass AND a.attname = 'email';
SELECT lives_ok($$SELECT crm._make_masked_view('product')$$, 'no other table gets such a view');
SELECT ok(to_regclass('crm.v_product_masked') IS NULL, 'as is to be seen');

-- Who sees rows ---------------------------------------------------------------------------------------------

CREATE FUNCTION pg_temp.seen(role text) RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
    found_rows text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    found_rows := concat_ws(',', (SELECT count(*) FROM crm.v_contact_masked AS m WHERE m.contact_id = 32401),
        (SELECT count(*) FROM crm.v_lead_masked AS m WHERE m.lead_id = 32401));
    RESET ROLE;
    RETURN found_rows;
EXCEPTION WHEN insufficient_privilege THEN
    RESET ROLE;
    RETURN 'refused';
END
$function$;
SELECT is(pg_temp.seen(v.role), v.wanted, format('%s: %s', v.role, v.wanted))
FROM (VALUES ('crm_admin', '1,1'), ('crm_marketing_manager', '1,1'), ('crm_marketing_analyst', '1,1'), ('crm_app', '0,0'),
    ('crm_sales_manager', 'refused'), ('crm_sales_rep', 'refused'), ('crm_support_agent', 'refused'), ('crm_bi', 'refused'),
    ('crm_auditor', 'refused')) AS v (role, wanted);
GRANT SELECT ON crm.v_contact_masked, crm.v_lead_masked TO crm_sales_rep;
SELECT is(pg_temp.seen('crm_sales_rep'), '0,0', 'granted to a rep all the same, they show no row');

-- Behind a pool marketing sees them by its token.
CREATE ROLE masked_amy LOGIN IN ROLE crm_marketing_manager;
INSERT INTO crm.staff (staff_id, first_name, last_name, email, db_role) VALUES
    (32401, 'Amy', 'Pell', 'amy@example.com', 'masked_amy');
SELECT FROM crm.set_token_key(sha256('masked'));
CREATE TEMP TABLE token AS SELECT s.db_role, crm.issue_token(s.staff_id) AS token FROM crm.staff AS s WHERE s.staff_id = 32401;
CREATE ROLE masked_pool LOGIN IN ROLE crm_app;
CREATE FUNCTION pg_temp.seen_by_token(login text) RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
    pass text := (SELECT t.token FROM token AS t WHERE t.db_role = login);
    found_rows text;
BEGIN
    SET LOCAL SESSION AUTHORIZATION masked_pool;
    PERFORM crm.begin_session(pass);
    found_rows := concat_ws(',', (SELECT count(*) FROM crm.v_contact_masked AS m WHERE m.contact_id = 32401),
        (SELECT count(*) FROM crm.v_lead_masked AS m WHERE m.lead_id = 32401));
    PERFORM crm.end_session();
    RESET SESSION AUTHORIZATION;
    RETURN found_rows;
END
$function$;
SELECT is(pg_temp.seen_by_token('masked_amy'), '1,1', 'by a token of marketing');

-- Deleted people are not shown --------------------------------------------------------------------------------

SELECT FROM crm.delete_contact(32401), crm.delete_lead(32401);
SELECT is(pg_temp.seen('crm_marketing_manager'), '0,0', 'whoever is deleted is not shown');

SELECT * FROM finish();
ROLLBACK;
