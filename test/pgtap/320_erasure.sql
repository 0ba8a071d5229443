-- Erasing a person: a marker is planted in every column that an erasure touches, in every table, and is then looked
-- for in every row of every table.
BEGIN;
SELECT plan(33);
SET client_min_messages = warning;

\ir ../harness/erasure.sql

SELECT results_eq($$SELECT u.table_name, u.column_name FROM crm._unclassified_columns() AS u ORDER BY 1, 2$$,
    $$VALUES ('customer', 'nickname'), ('interaction', 'summary'), ('visit', 'report')$$,
    'columns of a user are found, those of the CRM are all classified');
SELECT matches((SELECT h.detail FROM crm._health_personal_data() AS h), 'interaction\.summary',
    'the health check names them');
SELECT FROM crm.classify_column('customer', 'nickname', 'name', 'replace');
SELECT FROM crm.classify_column('customer', 'shoe_size', 'custom', 'clear');
SELECT FROM crm.classify_column('interaction', 'summary', 'free_text', 'redact');
SELECT FROM crm.classify_column('visit', 'report', 'free_text', 'replace');
SELECT is((SELECT h.status FROM crm._health_personal_data() AS h), 'ok', 'classified, they are no warning any more');

-- Plants the marker: by ordinary updates, so that the audit sees it, where no guard refuses.
CREATE FUNCTION pg_temp.plant(customer bigint, marker text) RETURNS bigint LANGUAGE plpgsql AS $function$
DECLARE
    step record;
    planted bigint := 0;
    found_rows bigint;
    is_person boolean := (SELECT c.customer_type = 'individual' FROM crm.customer AS c WHERE c.customer_id = customer);
BEGIN
    FOR step IN SELECT * FROM crm._erasure_steps() AS s ORDER BY s.table_name = 'customer', s.table_name LOOP
        CONTINUE WHEN step.table_name = 'legal_hold';
        EXECUTE format('SET LOCAL session_replication_role = %s', CASE WHEN step.is_guarded THEN 'replica' ELSE 'origin' END);
        EXECUTE (
            SELECT format('UPDATE crm.%I AS t SET %s WHERE %s', step.table_name,
                string_agg(format('%I = %s', a.attname, CASE
                    WHEN a.attname = 'business_name' AND is_person THEN 'NULL'
                    WHEN a.attname = 'date_of_birth' THEN CASE WHEN is_person THEN '''1980-02-03''' ELSE 'NULL' END
                    WHEN a.atttypid = 'jsonb'::regtype THEN quote_literal(jsonb_build_object('a',
                        jsonb_build_array(marker, jsonb_build_object('b', marker))))
                    WHEN a.atttypid = 'integer'::regtype THEN '44'
                    ELSE quote_literal(marker) END), ', '), step.condition)
            FROM unnest(step.column_names) AS n (name)
            JOIN pg_attribute AS a ON a.attrelid = step.table_id AND a.attname = n.name)
        USING customer, crm._subject_leads(customer), '', '';
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        IF found_rows = 0 THEN
            RAISE EXCEPTION 'no row of % to plant a marker in', step.table_name;
        END IF;
        planted := planted + cardinality(step.column_names);
    END LOOP;
    SET LOCAL session_replication_role = origin;
    RETURN planted;
END
$function$;

-- Every table in which a text occurs in any row.
CREATE FUNCTION pg_temp.places(needle text) RETURNS SETOF text LANGUAGE plpgsql AS $function$
DECLARE
    relation record;
    hits bigint;
BEGIN
    FOR relation IN
        SELECT c.oid::regclass AS name FROM pg_class AS c
        WHERE c.relkind IN ('r', 'm') AND c.relnamespace::regnamespace::text IN ('crm', 'crm_state')
    LOOP
        EXECUTE format('SELECT count(*) FROM %s AS t WHERE position($1 IN t::text) > 0', relation.name)
        INTO hits USING needle;
        IF hits > 0 THEN
            RETURN NEXT relation.name::text;
        END IF;
    END LOOP;
END
$function$;

-- What reports show.
CREATE FUNCTION pg_temp.totals() RETURNS text LANGUAGE sql AS $function$
    SELECT md5(concat(
        (SELECT string_agg(s::text, '|' ORDER BY s::text) FROM crm.sales_by_category('2000-01-01', '2099-12-31') AS s),
        (SELECT string_agg(concat_ws(',', o.sales_order_id, o.order_date, o.total_amount, o.total_base, o.status), '|'
            ORDER BY o.sales_order_id) FROM crm.v_sales_order AS o),
        (SELECT string_agg(concat_ws(',', m.*), '|' ORDER BY m.customer_id) FROM crm.customer_metrics AS m),
        (SELECT string_agg(concat_ws(',', c.customer_id, c.region_id, c.country_code, c.signed_up_at, c.sales_rep_id,
            c.customer_type), '|' ORDER BY c.customer_id) FROM crm.customer AS c)))
$function$;

CREATE TEMP TABLE subject AS
SELECT v.name, pg_temp.add_customer(v.customer_type) AS customer_id,
    (100000000000 + floor(random() * 899999999999)::bigint)::text AS digits
FROM (VALUES ('person', 'individual'), ('firm', 'business'), ('other', 'business')) AS v (name, customer_type);
SELECT diag(format('markers: %s', string_agg(s.digits, ', '))) FROM subject AS s;
SELECT cmp_ok(pg_temp.plant(s.customer_id, format('mk%s@x.y', s.digits)), '>', 60::bigint, 'markers are planted: ' || s.name)
FROM subject AS s ORDER BY s.name;
-- From here on an address would lead to no region.
DELETE FROM crm.region_coverage;
-- Two who share the address of the person's contact: a lead of nobody, which goes, and one of another customer.
UPDATE crm.contact AS c SET email = 'shared@x.y' FROM subject AS s
WHERE s.name = 'person' AND c.customer_id = s.customer_id;
INSERT INTO crm.lead (company_name, email) SELECT 'Mx' || s.digits, 'SHARED@x.y' FROM subject AS s WHERE s.name = 'person';
INSERT INTO crm.lead (company_name, email, status, converted_at, converted_customer_id)
SELECT 'Kept firm', 'shared@x.y', 'converted', now(), s.customer_id FROM subject AS s WHERE s.name = 'other';

SELECT is_empty($$
    SELECT s.name, e.table_name FROM subject AS s CROSS JOIN crm._erasure_steps() AS e
    WHERE e.table_name <> 'legal_hold' AND format('crm.%s', e.table_name) NOT IN (SELECT p FROM pg_temp.places(s.digits) AS p)
$$, 'the marker stands in every table that an erasure touches');
SELECT ok('crm.audit_log' IN (SELECT p FROM pg_temp.places(s.digits) AS p), 'the audit holds the marker of ' || s.name)
FROM subject AS s WHERE s.name <> 'other' ORDER BY s.name;

CREATE TEMP TABLE before AS
SELECT pg_temp.totals() AS totals, md5(crm.export_customer(s.customer_id)::text) AS other
FROM subject AS s WHERE s.name = 'other';
CREATE TEMP TABLE version_before AS
SELECT c.customer_id, c.row_version FROM crm.customer AS c JOIN subject AS s USING (customer_id);

-- What is refused -------------------------------------------------------------------------------------------

CREATE FUNCTION pg_temp.id(name text) RETURNS bigint LANGUAGE sql STABLE AS
$$SELECT s.customer_id FROM subject AS s WHERE s.name = $1$$;

INSERT INTO crm.legal_hold (customer_id, reason) VALUES (pg_temp.id('person'), 'file 12');
SELECT throws_ok($$SELECT FROM crm.erase_customer(pg_temp.id('person'), 'request 1')$$, 'RM023', NULL,
    'a legal hold wins');
DELETE FROM crm.legal_hold;
SAVEPOINT open_order;
SELECT FROM crm.place_order(pg_temp.id('person'),
    (SELECT jsonb_build_array(jsonb_build_object('product_id', f.product_id, 'quantity', 1)) FROM fixture AS f));
SELECT throws_ok($$SELECT FROM crm.erase_customer(pg_temp.id('person'), 'request 1')$$, 'RM023', NULL,
    'open orders stand against it');
ROLLBACK TO open_order;
SELECT throws_ok($$SELECT FROM crm.erase_customer(-1, 'request 1')$$, '22023', NULL, 'an unknown customer is told');
SELECT throws_ok($$SELECT FROM crm.erase_customer(pg_temp.id('person'), ' ')$$, '22023', NULL, 'a reason is needed');
SELECT throws_ok($$SELECT FROM crm.erase_customer(pg_temp.id('person'), NULL)$$, '22023', NULL, 'NULL is no reason');

-- Erasing ---------------------------------------------------------------------------------------------------

GRANT SELECT ON subject TO PUBLIC;
SELECT throws_ok($$SELECT FROM crm.erase_customer(1, 'request 1'); SELECT FROM crm.replay_erasures()$$, '42501', NULL,
    'who may sell may not erase')
FROM set_config('role', 'crm_sales_manager', true);
SET LOCAL ROLE crm_admin;
CREATE TEMP TABLE report AS SELECT * FROM crm.erase_customer(pg_temp.id('person'), 'request 1');
RESET ROLE;
SELECT is_empty($$SELECT p FROM subject AS s, pg_temp.places(s.digits) AS p WHERE s.name = 'person'$$,
    'nothing of the person is left in any table');
CREATE TEMP TABLE report_firm AS SELECT * FROM crm.erase_customer(pg_temp.id('firm'), 'request 2');
SELECT is_empty($$SELECT p FROM subject AS s, pg_temp.places(s.digits) AS p WHERE s.name = 'firm'$$,
    'nothing of the firm is left in any table');
SELECT is((SELECT b.totals FROM before AS b), pg_temp.totals(), 'totals, orders, regions and dates are as before');
SELECT is_empty('SELECT * FROM crm.verify()', 'what is kept up to date agrees with what it follows from');
SELECT is(md5(crm.export_customer(pg_temp.id('other'))::text), (SELECT b.other FROM before AS b),
    'all that is known of another customer is as before');
SELECT is_empty($$
    SELECT e.table_name, n.name FROM crm._erasure_steps() AS e CROSS JOIN unnest(e.column_names) AS n (name)
    WHERE e.table_name <> 'legal_hold'
    EXCEPT
    SELECT r.table_name, r.column_name FROM (SELECT * FROM report UNION ALL SELECT * FROM report_firm) AS r
$$, 'the reports name every column that was changed');
SELECT results_eq($$SELECT r.row_count FROM report AS r WHERE (r.table_name, r.column_name) = ('follow_up', 'activity_details')$$,
    'VALUES (2::bigint)', 'the report counts rows, those of leads included');
SELECT results_eq($$
    SELECT c.name, c.email, c.phone_key, c.custom::text, c.date_of_birth, c.shoe_size, c.nickname, c.deleted_at,
        (SELECT r.name FROM crm.region AS r WHERE r.region_id = c.region_id)
    FROM crm.customer AS c WHERE c.customer_id = pg_temp.id('person')
$$, $$VALUES ('erased', NULL::text, NULL::text, '{}', NULL::date, NULL::integer, 'erased', NULL::timestamptz, 'Erasure west')$$,
    'the customer stays, with region and without a name');
SELECT ok(c.row_version > v.row_version, 'an update that was prepared before is refused as outdated')
FROM crm.customer AS c JOIN version_before AS v USING (customer_id) WHERE c.customer_id = pg_temp.id('person');
SELECT results_eq($$
    SELECT a.account_number = 'erased-' || a.account_id, t.tracking_number = 'erased-' || t.shipment_tracking_id
    FROM crm.account AS a JOIN crm.shipment_tracking AS t USING (customer_id) WHERE a.customer_id = pg_temp.id('firm')
$$, 'VALUES (true, true)', 'what is unique stays unique');
SELECT ok(NOT crm.has_consent(c.customer_id, 'newsletter', 'email', c.contact_id), 'no consent is left')
FROM crm.contact AS c WHERE c.customer_id = pg_temp.id('firm');
SELECT results_eq($$
    SELECT e.row_id, e.customer_id, e.payload::text FROM crm.event AS e WHERE e.event_type = 'customer.erased' ORDER BY 1
$$, $$SELECT s.customer_id, s.customer_id,
        jsonb_build_object('by', CASE s.name WHEN 'person' THEN 'crm_admin' ELSE SESSION_USER END)::text FROM subject AS s
    WHERE s.name <> 'other' ORDER BY 1$$, 'an event tells other programs');
SELECT results_eq($$SELECT l.customer_id, l.reason, l.erased_by FROM crm.erasure_log AS l ORDER BY 1$$,
    $$SELECT s.customer_id, CASE s.name WHEN 'person' THEN 'request 1' ELSE 'request 2' END,
        CASE s.name WHEN 'person' THEN 'crm_admin' ELSE SESSION_USER::text END COLLATE "default"
    FROM subject AS s WHERE s.name <> 'other' ORDER BY 1$$, 'the erasures are logged by their keys');
SELECT is_empty($$SELECT * FROM crm.erase_customer(pg_temp.id('person'), 'request 1')$$, 'a second time changes nothing');
SELECT is((SELECT count(*) FROM crm.erasure_log), 2::bigint, 'nor does it log anything');

-- A backup is restored: the data are back, the log is a copy.
SELECT cmp_ok(pg_temp.plant(s.customer_id, format('mk%s@x.y', s.digits)), '>', 60::bigint, 'the data are back')
FROM subject AS s WHERE s.name = 'firm';
SELECT results_eq($$SELECT r.customer_id, r.row_count > 30 FROM crm.replay_erasures(ARRAY[pg_temp.id('firm'), -1]) AS r$$,
    $$SELECT pg_temp.id('firm'), true$$, 'erasures are replayed, whoever is gone left out');
SELECT is_empty($$SELECT p FROM subject AS s, pg_temp.places(s.digits) AS p WHERE s.name = 'firm'$$,
    'and nothing is left again');

SELECT * FROM finish();
ROLLBACK;
