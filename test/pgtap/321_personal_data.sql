-- The registry of personal data, what follows from its classes, the answer to an access request, and consent.
BEGIN;
SELECT plan(56);
SET client_min_messages = warning;

-- The registry ----------------------------------------------------------------------------------------------

SELECT is_empty($$
    SELECT c.oid::regclass, a.attname
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace::regnamespace::text IN ('crm', 'crm_state')
        AND (a.atttypid IN ('text'::regtype, 'jsonb'::regtype) OR a.attname = 'date_of_birth')
        AND NOT EXISTS (
            SELECT FROM crm.pii_registry AS r
            WHERE (r.schema_name, r.table_name, r.column_name) = (c.relnamespace::regnamespace::text, c.relname, a.attname))
$$, 'every text and jsonb column is classified');
SELECT is_empty($$
    SELECT r.schema_name, r.table_name, r.column_name FROM crm.pii_registry AS r
    WHERE NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = to_regclass(format('%I.%I', r.schema_name, r.table_name)) AND a.attname = r.column_name
            AND NOT a.attisdropped)
$$, 'no column is classified that there is not');
SELECT is_empty($$
    SELECT r.table_name, r.column_name FROM crm.pii_registry AS r
    WHERE r.action = 'keep' AND r.class IN ('name', 'contact', 'address', 'birth', 'free_text', 'custom')
$$, 'an erasure keeps no column of a personal class');
SELECT is_empty($$
    SELECT r.table_name, r.column_name FROM crm.pii_registry AS r
    WHERE r.schema_name = 'crm' AND r.action <> 'keep'
        AND r.table_name NOT IN (SELECT s.table_name FROM crm._subject_tables() AS s)
$$, 'what an erasure is to change stands in a table that it reaches');
SELECT is_empty($$
    SELECT r.table_name, r.column_name FROM crm.pii_registry AS r
    WHERE r.schema_name = 'crm' AND r.action <> 'keep' AND r.table_name <> 'audit_log'
        AND crm._check_action(format('crm.%I', r.table_name)::regclass, r.column_name, r.action) IS NULL
$$, 'every action fits its column');
SELECT lives_ok('SELECT crm.install()', 'installing anew');
UPDATE crm.pii_registry SET class = 'free_text' WHERE (table_name, column_name) = ('campaign', 'goals');
DELETE FROM crm.pii_registry WHERE (table_name, column_name) = ('campaign', 'name');
SELECT FROM crm.install();
SELECT results_eq($$SELECT r.column_name, r.class FROM crm.pii_registry AS r
    WHERE r.table_name = 'campaign' AND r.column_name IN ('goals', 'name') ORDER BY 1$$,
    $$VALUES ('goals', 'free_text'), ('name', 'none')$$, 'brings back what is missing and leaves what a DBA changed');

-- Classifying -----------------------------------------------------------------------------------------------

ALTER TABLE crm.customer ADD loyalty_no text, ADD points integer NOT NULL DEFAULT 0;
SELECT throws_ok($$SELECT FROM crm.classify_column('nothing', 'x', 'none', 'keep')$$, '22023', NULL, 'an unknown table');
SELECT throws_ok($$SELECT FROM crm.classify_column('customer', 'x', 'none', 'keep')$$, '22023', NULL, 'an unknown column');
SELECT throws_ok($$SELECT FROM crm.classify_column('customer', 'loyalty_no', 'secret', 'keep')$$, '22023', NULL,
    'an unknown class');
SELECT throws_ok($$SELECT FROM crm.classify_column('customer', 'loyalty_no', 'none', 'burn')$$, '22023', NULL,
    'an unknown action');
SELECT throws_ok($$SELECT FROM crm.classify_column('customer', 'points', 'none', 'clear')$$, '22023', NULL,
    'a required number cannot be cleared');
SELECT throws_ok($$SELECT FROM crm.classify_column('customer', 'region_id', 'none', 'clear')$$, '22023', NULL,
    'nor can a foreign key');
SELECT throws_ok($$SELECT FROM crm.classify_column(NULL, NULL, NULL, NULL)$$, '22023', NULL, 'NULL is refused');
SELECT throws_ok(format('SELECT FROM crm.classify_column(%L, %L, ''contact'', ''delete'')', v.table_name, v.column_name), '22023',
    format('action delete does not fit column %s', v.column_name), 'rows that others need are not deleted: ' || v.table_name)
FROM (VALUES ('customer', 'email'), ('contact', 'email'), ('support_ticket', 'issue')) AS v (table_name, column_name);
SELECT lives_ok($$SELECT FROM crm.classify_column('interaction', 'details', 'free_text', 'delete')$$, 'others can be');
SELECT lives_ok($$SELECT FROM crm.classify_column('interaction', 'details', 'free_text', 'clear')$$, 'or not any more');
SELECT throws_ok(format('SELECT FROM crm.classify_column(%L, %L, ''contact'', ''clear'')', v.table_name, v.column_name), '22023', NULL,
    'not a column to be classified: ' || v.what)
FROM (VALUES ('crm.customer', 'email', 'a name with a schema'), ('v_customer', 'email', 'a view'), ('customer', 'ctid', 'a system column'),
    ('Customer', 'email', 'another case'), ('customer', ' email', 'a blank')) AS v (table_name, column_name, what);

-- What marketing sees ---------------------------------------------------------------------------------------

CREATE TEMP TABLE made AS
SELECT c.customer_id FROM crm.customer AS c WHERE false;
WITH added AS (
    INSERT INTO crm.customer (first_name, last_name, email, phone, street, postal_code, city, country_code, date_of_birth,
        custom, loyalty_no)
    VALUES ('Ada', 'Hill', 'ada@example.com', '0123', '1 Main St', 'D01', 'Dublin', 'IE', '1980-02-03', '{"a": 1}', 'L1')
    RETURNING customer_id
)
INSERT INTO made SELECT a.customer_id FROM added AS a;
GRANT SELECT ON made TO PUBLIC;
SELECT results_eq($$
    SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = 'crm.v_customer_masked'::regclass AND a.attnum > 0
    ORDER BY a.attnum
$$, $$
    SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = 'crm.customer'::regclass AND a.attnum > 0
        AND a.attname NOT IN ('loyalty_no', 'points') ORDER BY a.attnum
$$, 'v_customer_masked has the columns of customer in its order, and none that nobody has classified');
SELECT FROM crm.classify_column('customer', 'loyalty_no', 'none', 'clear');
SELECT FROM crm.classify_column('customer', 'points', 'custom', 'keep');
SELECT FROM crm.classify_column('customer', 'city', 'address', 'clear');
SELECT results_eq($$
    SELECT m.name, m.city, m.country_code, m.email, m.email_key, m.phone, m.phone_key, m.street, m.postal_code,
        m.date_of_birth, m.custom, m.external_id, m.loyalty_no, m.points
    FROM crm.v_customer_masked AS m JOIN made USING (customer_id)
$$, $$VALUES ('Ada Hill', NULL::text, 'IE', NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
    NULL::date, NULL::jsonb, NULL::text, 'L1', NULL::integer)$$, 'it shows the classes that marketing may see');
CREATE FUNCTION pg_temp.seen(role text) RETURNS bigint LANGUAGE plpgsql AS $function$
DECLARE
    found_rows bigint;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    SELECT count(*) INTO found_rows FROM crm.v_customer_masked AS m JOIN made USING (customer_id);
    RESET ROLE;
    RETURN found_rows;
END
$function$;
SELECT results_eq($$
    SELECT r.name, pg_temp.seen(r.name) FROM (VALUES ('crm_admin'), ('crm_marketing_analyst'), ('crm_marketing_manager'))
        AS r (name)
$$, $$VALUES ('crm_admin', 1::bigint), ('crm_marketing_analyst', 1), ('crm_marketing_manager', 1)$$,
    'marketing and crm_admin read it');
SELECT throws_ok($$SELECT pg_temp.seen('crm_sales_rep')$$, '42501', NULL, 'a rep does not');
GRANT SELECT ON crm.v_customer_masked TO crm_sales_rep;
SELECT is(pg_temp.seen('crm_sales_rep'), 0::bigint, 'and sees no row when it is granted to him all the same');
UPDATE crm.customer AS c SET deleted_at = now() FROM made AS m WHERE m.customer_id = c.customer_id;
SELECT is(pg_temp.seen('crm_marketing_manager'), 0::bigint, 'deleted customers are not shown');
UPDATE crm.customer AS c SET deleted_at = NULL FROM made AS m WHERE m.customer_id = c.customer_id;

-- Access requests -------------------------------------------------------------------------------------------

INSERT INTO crm.contact (customer_id, last_name, email) SELECT m.customer_id, 'Hill', 'ada@example.com' FROM made AS m;
INSERT INTO crm.lead (company_name, email) VALUES ('Hill', 'ADA@example.com'), ('Hull', 'hull@example.com');
WITH person AS (
    INSERT INTO crm.staff (first_name, last_name, email) VALUES ('Rae', 'Pell', 'rae@example.com') RETURNING staff_id
), rep AS (
    INSERT INTO crm.sales_rep (sales_rep_id) SELECT p.staff_id FROM person AS p RETURNING sales_rep_id
)
INSERT INTO crm.follow_up (lead_id, sales_rep_id, scheduled_date, activity_details)
SELECT l.lead_id, r.sales_rep_id, now(), 'call' FROM crm.lead AS l, rep AS r WHERE l.company_name = 'Hill';
SELECT FROM made AS m, crm.record_consent(m.customer_id, 'newsletter', 'email', 'form');
SET LOCAL ROLE crm_admin;
CREATE TEMP TABLE export AS SELECT crm.export_customer(m.customer_id) AS document FROM made AS m;
RESET ROLE;
SELECT results_eq($$
    SELECT s.table_name, jsonb_array_length(e.document -> s.table_name)::bigint
    FROM export AS e CROSS JOIN crm._subject_tables() AS s WHERE e.document ? s.table_name AND s.table_name <> 'audit_log'
    ORDER BY 1
$$, $$VALUES ('consent', 1::bigint), ('contact', 1), ('customer', 1), ('customer_metrics', 1), ('event', 2),
    ('follow_up', 1), ('lead', 1)$$, 'an export holds the rows of every table that hang on the customer');
SELECT is((SELECT e.document #>> '{customer,0,date_of_birth}' FROM export AS e), '1980-02-03', 'with their values');
SELECT is_empty($$
    SELECT t.key FROM export AS e, jsonb_each(e.document) AS t, jsonb_array_elements(t.value) AS r
    WHERE r ?| ARRAY['created_by', 'updated_by', 'login']
$$, 'but without the names of staff');
SELECT throws_ok($$SELECT crm.export_customer(-1)$$, '22023', NULL, 'an unknown customer is told');
SELECT throws_ok($$SELECT crm.export_customer(1)$$, '42501', NULL, 'only crm_admin exports')
FROM set_config('role', 'crm_sales_manager', true);
RESET ROLE;

-- Consent ---------------------------------------------------------------------------------------------------

SELECT throws_ok($$UPDATE crm.consent SET purpose = 'x'$$, 'RM017', NULL, 'a declaration cannot be changed');
SELECT throws_ok($$DELETE FROM crm.consent$$, 'RM017', NULL, 'nor deleted');
SELECT throws_ok($$SELECT FROM made AS m, crm.record_consent(m.customer_id, 'newsletter', 'email', 'form', NULL)$$,
    '22004', NULL, 'nor be neither given nor withdrawn');

-- A firm with a contact of its own; the person of above has one too
WITH firm AS (
    INSERT INTO crm.customer (customer_id, customer_type, business_name) VALUES (3211, 'business', 'Firm') RETURNING customer_id
)
INSERT INTO crm.contact (contact_id, customer_id, last_name) SELECT 3211, f.customer_id, 'Cole' FROM firm AS f;
SELECT FROM crm.record_consent(3211, ' Newsletter', 'EMAIL', 'form', contact_id => 3211);
SELECT results_eq($$SELECT c.purpose, c.channel FROM crm.consent AS c WHERE c.customer_id = 3211$$,
    $$VALUES ('newsletter', 'email')$$, 'purpose and channel have one spelling');
SELECT ok(crm.has_consent(3211, 'newsletter', 'email', 3211) AND crm.has_consent(3211, 'NEWSLETTER ', 'Email', 3211),
    'however they are written');
SELECT FROM crm.record_consent(3211, 'NewsLetter', 'email', 'call', is_given => false, contact_id => 3211);
SELECT ok(NOT crm.has_consent(3211, 'newsletter', 'email', 3211), 'so that a withdrawal meets what was given');
SELECT ok(crm.has_consent(m.customer_id, 'newsletter', 'email')
    AND crm.has_consent(m.customer_id, 'newsletter', 'email', (SELECT min(c.contact_id) FROM crm.contact AS c WHERE c.customer_id = m.customer_id))
    AND NOT crm.has_consent(m.customer_id, 'newsletter', 'email', 3211) AND NOT crm.has_consent(m.customer_id, 'newsletter', 'email', -1),
    'the contact of an individual is himself, somebody else''s is not') FROM made AS m;
SELECT is(concat(crm.has_consent(NULL, 'newsletter', 'email'), crm.has_consent(m.customer_id, NULL, 'email'),
    crm.has_consent(m.customer_id, 'newsletter', NULL), crm.has_consent(m.customer_id, 'newsletter', 'email', at => NULL),
    crm.has_consent(-1, 'newsletter', 'email'), crm.has_consent(m.customer_id, 'nothing', 'email')), 'ffffff',
    'nothing known is no consent') FROM made AS m;
SELECT throws_ok(format('INSERT INTO crm.consent (customer_id, purpose, channel, given_at, source) VALUES (3211, %L, %L, now(), %L)',
    v.purpose, v.channel, v.source), '23514', NULL, 'refused: ' || v.what)
FROM (VALUES ('', 'email', 'form', 'no purpose'), ('newsletter', E'\u00A0', 'form', 'no channel'), ('newsletter', 'email', ' ', 'no source'),
    ('Newsletter', 'email', 'form', 'a capital'), ('newsletter', 'email ', 'form', 'a blank')) AS v (purpose, channel, source, what);
SELECT throws_ok($$SELECT FROM crm.record_consent(3211, ' ', 'email', 'form')$$, '23514', NULL, 'a blank purpose by the function');
SELECT throws_ok($$SELECT FROM crm.record_consent(3211, 'newsletter', 'email', 'form', declared_at => now() + interval '2 days')$$, '22023',
    NULL, 'a declaration of the future');
SELECT throws_ok($$SELECT FROM crm.record_consent(3211, 'newsletter', 'email', 'form', declared_at => 'infinity')$$, '23514', NULL,
    'or of no day');
SELECT throws_ok($$SELECT crm.export_customer(NULL)$$, '22023', NULL, 'an export of nobody');

-- Who may call what
CREATE FUNCTION pg_temp.state_of(role_name text, statement text) RETURNS text LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role_name);
    EXECUTE statement;
    RESET ROLE;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$function$;
SELECT is(string_agg(r.name, ' ' ORDER BY r.name) FILTER (WHERE pg_temp.state_of(r.name, v.statement) = 'done'), v.callers, 'who may: ' || v.statement)
FROM (VALUES
    ('SELECT crm.export_customer(3211)', 'crm_admin'),
    ('SELECT FROM crm.classify_column(''customer'', ''email'', ''contact'', ''clear'')', 'crm_admin'),
    ('SELECT crm.has_consent(3211, ''newsletter'', ''email'')',
        'crm_admin crm_app crm_marketing_analyst crm_marketing_manager crm_sales_manager crm_sales_rep crm_support_agent'),
    ('SELECT FROM crm.record_consent(3211, ''newsletter'', ''email'', ''form'')', 'crm_admin crm_marketing_manager crm_support_agent')
) AS v (statement, callers)
CROSS JOIN unnest(ARRAY['crm_admin', 'crm_app', 'crm_auditor', 'crm_bi', 'crm_marketing_analyst', 'crm_marketing_manager',
    'crm_sales_manager', 'crm_sales_rep', 'crm_support_agent']) AS r (name)
GROUP BY v.statement, v.callers;

SELECT * FROM finish();
ROLLBACK;
