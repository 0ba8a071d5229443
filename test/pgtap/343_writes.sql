-- Writing past the policies: ON CONFLICT, MERGE, COPY, RETURNING and data-modifying CTEs, rows hung on customers out of
-- sight, rows moved there, TRUNCATE, REFERENCES, locks and sequences.
BEGIN;
\ir ../harness/attack.sql
SELECT plan(108);

CREATE TEMP TABLE before AS
SELECT to_jsonb(c) - 'updated_at' AS customer, (SELECT jsonb_agg(i) FROM crm.order_item AS i WHERE i.sales_order_id = 34002) AS items
FROM crm.customer AS c WHERE c.customer_id = 34002;

-- Rows hung on a customer out of sight are refused as those of one that is not there, word for word but for the key.
CREATE TEMP TABLE hung (place integer GENERATED ALWAYS AS IDENTITY, statement text);
INSERT INTO hung (statement) VALUES
    ('INSERT INTO crm.contact (customer_id, last_name) VALUES (?, ''x'')'),
    ('INSERT INTO crm.account (customer_id, contact_id, account_number, name, currency_code) VALUES (?, 34001, ''x'', ''x'', ''EUR'')'),
    ('INSERT INTO crm.account (customer_id, contact_id, account_number, name, currency_code) VALUES (34001, ?, ''x'', ''x'', ''EUR'')'),
    ('INSERT INTO crm.opportunity (customer_id, name, pipeline_id, pipeline_stage_id, win_probability, currency_code, expected_close, sales_rep_id) VALUES (?, ''x'', 34001, 34001, 0.5, ''EUR'', ''2030-01-01'', 34001)'),
    ('INSERT INTO crm.opportunity_item (customer_id, opportunity_id, line_no, product_id, quantity, unit_price) VALUES (34001, ?, 1, 34001, 1, 1)'),
    ('INSERT INTO crm.opportunity_contact (customer_id, opportunity_id, contact_id) VALUES (34001, ?, 34001)'),
    ('INSERT INTO crm.opportunity_contact (customer_id, opportunity_id, contact_id) VALUES (34001, 34001, ?)'),
    ('INSERT INTO crm.quote (customer_id, sales_rep_id, currency_code) VALUES (?, 34001, ''EUR'')'),
    ('INSERT INTO crm.quote (customer_id, sales_rep_id, currency_code, opportunity_id) VALUES (34001, 34001, ''EUR'', ?)'),
    ('INSERT INTO crm.quote (customer_id, sales_rep_id, currency_code, supersedes_quote_id) VALUES (34001, 34001, ''EUR'', ?)'),
    ('INSERT INTO crm.quote_item (customer_id, quote_id, line_no, product_id, product_name, quantity, price) VALUES (34001, ?, 1, 34001, ''x'', 1, 1)'),
    ('INSERT INTO crm.sales_order (customer_id) VALUES (?)'),
    ('INSERT INTO crm.sales_order (customer_id, sales_rep_id) VALUES (?, 34001)'),
    ('INSERT INTO crm.sales_order (customer_id, account_id) VALUES (34001, ?)'),
    ('INSERT INTO crm.sales_order (customer_id, opportunity_id) VALUES (34001, ?)'),
    ('INSERT INTO crm.sales_order (customer_id, quote_id) VALUES (34001, ?)'),
    ('INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (?, 34001, 1)'),
    ('INSERT INTO crm.shipment_tracking (sales_order_id, tracking_number, courier) VALUES (?, ''x'', ''x'')'),
    ('INSERT INTO crm.tracking_event (shipment_tracking_id, status, event_at) VALUES (?, ''in_transit'', now())'),
    ('INSERT INTO crm.support_ticket (customer_id, issue) VALUES (?, ''x'')'),
    ('INSERT INTO crm.support_ticket (customer_id, issue, sales_order_id) VALUES (34001, ''x'', ?)'),
    ('INSERT INTO crm.support_ticket (customer_id, issue, parent_ticket_id) VALUES (34001, ''x'', ?)'),
    ('INSERT INTO crm.ticket_response (customer_id, support_ticket_id, message) VALUES (34001, ?, ''x'')'),
    ('INSERT INTO crm.interaction (customer_id, interaction_type_id) SELECT ?, min(t.interaction_type_id) FROM crm.interaction_type AS t'),
    ('INSERT INTO crm.interaction (customer_id, interaction_type_id, opportunity_id) SELECT 34001, min(t.interaction_type_id), ? FROM crm.interaction_type AS t'),
    ('INSERT INTO crm.interaction_rep (customer_id, interaction_id, sales_rep_id) VALUES (34001, ?, 34001)'),
    ('INSERT INTO crm.follow_up (customer_id, sales_rep_id, scheduled_date, activity_details) VALUES (?, 34001, ''2030-01-01'', ''x'')'),
    ('INSERT INTO crm.follow_up (lead_id, sales_rep_id, scheduled_date, activity_details) VALUES (?, 34001, ''2030-01-01'', ''x'')'),
    ('INSERT INTO crm.feedback (customer_id, rating) VALUES (?, 5)'),
    ('INSERT INTO crm.feedback (customer_id, rating, sales_order_id) VALUES (34001, 5, ?)'),
    ('INSERT INTO crm.consent (customer_id, purpose, channel, source, lawful_basis, given_at) VALUES (?, ''marketing'', ''email'', ''x'', ''consent'', now())'),
    ('UPDATE crm.contact SET customer_id = ? WHERE contact_id = 34001'),
    ('UPDATE crm.sales_order SET customer_id = ? WHERE sales_order_id = 34001'),
    ('UPDATE crm.order_item SET sales_order_id = ? WHERE sales_order_id = 34001'),
    ('UPDATE crm.opportunity SET customer_id = ? WHERE opportunity_id = 34001'),
    ('UPDATE crm.follow_up SET customer_id = ? WHERE follow_up_id = 34001'),
    ('UPDATE crm.follow_up SET lead_id = ? WHERE follow_up_id = 34001'),
    ('UPDATE crm.interaction SET customer_id = ? WHERE interaction_id = 34001'),
    ('UPDATE crm.support_ticket SET customer_id = ? WHERE support_ticket_id = 34001'),
    ('UPDATE crm.lead SET status = ''converted'', converted_at = now(), converted_customer_id = ? WHERE lead_id = 34001'),
    ('SELECT crm.place_order(?, ''[{"product_id": 34001, "quantity": 1}]'')'),
    ('SELECT crm.cancel_order(?)'),
    ('SELECT crm.return_order(?)'),
    ('SELECT crm.customer_profile(?)'),
    ('SELECT crm.interaction_history(?)'),
    ('SELECT crm.delete_customer(?)'),
    ('SELECT crm.delete_contact(?)'),
    ('SELECT crm.delete_lead(?)'),
    ('SELECT crm.delete_opportunity(?)'),
    ('SELECT crm.record_consent(?, ''marketing'', ''email'', ''x'')'),
    ('SELECT crm.has_consent(?, ''marketing'', ''email'')');
SELECT is(replace(pg_temp.told('atk_ann', replace(h.statement, '?', '34002')), '34002', 'N'),
    replace(pg_temp.told('atk_ann', replace(h.statement, '?', '99999')), '99999', 'N'), 'no difference: ' || h.statement)
FROM hung AS h ORDER BY h.place;
SELECT is((SELECT string_agg(h.statement, '; ') FROM hung AS h
    WHERE h.statement !~ 'has_consent' AND pg_temp.attempt('atk_ann', replace(h.statement, '?', '34002')) NOT IN ('42501', '23503', '22023')),
    NULL, 'each is refused for what it refers to');
SELECT is((SELECT string_agg(h.statement, '; ') FROM hung AS h
    WHERE pg_temp.attempt('atk_adm', replace(h.statement, '?', '34001')) !~ '^(done|23505|RM)'), NULL,
    'with a key that is in sight each is a sound statement');
SELECT matches(pg_temp.attempt('atk_ann', v.statement), '^(42501|23503|22023)$', 'refused: ' || v.statement)
FROM (VALUES
    ('INSERT INTO crm.contact (customer_id, last_name) VALUES (34002, ''x'')'),
    ('INSERT INTO crm.sales_order (customer_id, sales_rep_id) VALUES (34002, 34001)'),
    ('INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (34002, 34001, 1)'),
    ('INSERT INTO crm.sales_order (customer_id, order_kind, returns_order_id) VALUES (34001, ''return'', 34002)'),
    ('INSERT INTO crm.follow_up (lead_id, sales_rep_id, scheduled_date, activity_details) VALUES (34002, 34001, ''2030-01-01'', ''x'')'),
    ('INSERT INTO crm.support_ticket (customer_id, issue) VALUES (34002, ''x'')'),
    ('SELECT crm.delete_customer(34002)'),
    ('SELECT crm.place_order(34002, ''[{"product_id": 34001, "quantity": 1}]'')')
) AS v (statement);
SELECT is(pg_temp.seen('atk_ann', 'SELECT crm.has_consent(34002, ''marketing'', ''email'')'), 'rows: false', 'consent of a customer out of sight is none');

-- ON CONFLICT, MERGE, RETURNING, CTE
SELECT is(pg_temp.attempt('atk_ann', v.statement), v.wanted, v.statement)
FROM (VALUES
    ('INSERT INTO crm.customer (customer_id, last_name, region_id) VALUES (34002, ''x'', 34001) ON CONFLICT (customer_id) DO UPDATE SET city = ''x''', '42501'),
    ('INSERT INTO crm.customer (customer_id, last_name, region_id) VALUES (34002, ''x'', 34001) ON CONFLICT (customer_id) DO UPDATE SET region_id = 34001 RETURNING email', '42501'),
    ('INSERT INTO crm.customer (customer_id, last_name, region_id) VALUES (34002, ''x'', 34001) ON CONFLICT DO NOTHING RETURNING email', 'done 0'),
    ('INSERT INTO crm.contact (contact_id, customer_id, last_name) VALUES (34002, 34001, ''x'') ON CONFLICT (contact_id) DO UPDATE SET customer_id = 34001', '42501'),
    ('INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (34002, 34001) ON CONFLICT (sales_order_id) DO UPDATE SET status = ''canceled''', '42501'),
    ('INSERT INTO crm.customer (last_name, region_id) VALUES (''x'', 34002)', '42501'),
    ('INSERT INTO crm.customer (last_name, region_id) VALUES (''x'', 34002) RETURNING *', '42501'),
    ('MERGE INTO crm.customer AS c USING (SELECT 34002 AS id) AS s ON c.customer_id = s.id WHEN MATCHED THEN UPDATE SET city = ''x''', 'done 0'),
    ('MERGE INTO crm.customer AS c USING (SELECT 34002 AS id) AS s ON c.customer_id = s.id WHEN NOT MATCHED THEN INSERT (customer_id, last_name, region_id) VALUES (s.id, ''x'', 34001)', '23505'),
    ('MERGE INTO crm.customer AS c USING (SELECT 34001 AS id) AS s ON c.customer_id = s.id WHEN MATCHED THEN UPDATE SET region_id = 34002', 'RM022'),
    ('MERGE INTO crm.order_item AS i USING (SELECT 34002 AS id) AS s ON i.sales_order_id = s.id WHEN MATCHED THEN DELETE', 'done 0'),
    ('WITH u AS (UPDATE crm.customer SET city = ''x'' WHERE customer_id = 34002 RETURNING email) SELECT * FROM u', 'done 0'),
    ('WITH d AS (DELETE FROM crm.order_item WHERE sales_order_id = 34002 RETURNING *) SELECT * FROM d', 'done 0'),
    ('WITH i AS (INSERT INTO crm.contact (customer_id, last_name) SELECT customer_id, ''x'' FROM crm.customer RETURNING contact_id) SELECT * FROM i', 'done 1'),
    ('UPDATE crm.customer SET city = ''x'' WHERE customer_id IN (34001, 34002)', 'done 1'),
    ('UPDATE crm.customer AS c SET city = s.email FROM crm.contact AS s WHERE s.customer_id = 34002', 'done 0'),
    ('DELETE FROM crm.sales_order WHERE sales_order_id = 34002', 'done 0'),
    ('DELETE FROM crm.customer WHERE customer_id = 34001', '42501'),
    ('UPDATE crm.customer SET region_id = 34002 WHERE customer_id = 34001', 'RM022'),
    ('UPDATE crm.customer SET deleted_at = now() WHERE customer_id = 34001', '42501'),
    ('SELECT FROM crm.customer WHERE customer_id = 34002 FOR UPDATE', 'done 0'),
    ('TABLE crm_state.idempotency', '42501')
) AS v (statement, wanted);

-- COPY: out shows what SELECT shows, in is refused where policies apply, and files are not for clients.
SELECT is(pg_temp.attempt('atk_ann', v.statement), '42501', v.statement)
FROM (VALUES ('COPY crm.customer TO PROGRAM ''cat''', 1), ('COPY crm.customer TO ''/tmp/atk''', 2), ('COPY crm.customer FROM ''/etc/passwd''', 3),
    ('COPY crm.import_order_line FROM PROGRAM ''id''', 4)) AS v (statement, place)
ORDER BY v.place;
SET LOCAL ROLE atk_ann;
\set file `mktemp`
\o :file
COPY crm.customer (customer_id, email) TO STDOUT;
\o
\set copied `cat :'file'; rm -f :'file'`
SAVEPOINT copy;
\set ON_ERROR_STOP off
\set VERBOSITY sqlstate
COPY crm.customer (last_name, region_id) FROM STDIN;
x	34002
\.
\set state :SQLSTATE
\set ON_ERROR_STOP on
\set VERBOSITY default
ROLLBACK TO copy;
RESET ROLE;
SELECT is(:'copied'::text, E'34001\topen@atk.example', 'COPY TO shows the own rows alone');
SELECT is(:'state'::text, '0A000', 'COPY FROM is refused');

-- TRUNCATE, REFERENCES, TRIGGER, sequences, locks: outside of policies, so never granted.
SELECT is((SELECT string_agg(c.relname, ', ') FROM pg_class AS c
    WHERE c.relnamespace IN ('crm'::regnamespace, 'crm_bi'::regnamespace, 'crm_state'::regnamespace) AND c.relkind IN ('r', 'p')
        AND has_table_privilege(r.rolname, c.oid, 'TRUNCATE, TRIGGER')), NULL, format('%s: TRUNCATE and TRIGGER on nothing', r.rolname))
FROM pg_roles AS r WHERE r.rolname LIKE 'crm\_%' AND r.rolname <> 'crm_owner' AND r.rolname <> 'crm_bi' AND r.rolname <> 'crm_auditor'
ORDER BY r.rolname;
SELECT is(pg_temp.attempt(v.role_name, v.statement), v.wanted, format('%s: %s', v.role_name, v.statement))
FROM (VALUES
    ('atk_adm', 'TRUNCATE crm.customer CASCADE', '42501'),
    ('atk_biz', 'CREATE TEMP TABLE probe (id bigint REFERENCES crm.customer)', '42501'),
    ('atk_adm', 'CREATE TEMP TABLE probe (id bigint REFERENCES crm.customer)', '42P16'),
    ('atk_ann', 'CREATE TABLE public.probe (id bigint REFERENCES crm.customer)', '42501'),
    ('atk_ann', 'SELECT nextval(''crm.customer_customer_id_seq'')', '42501'),
    ('atk_ann', 'SELECT last_value FROM crm.sales_order_sales_order_id_seq', '42501'),
    ('atk_ann', 'SELECT setval(''crm.customer_customer_id_seq'', 1)', '42501'),
    ('atk_biz', 'LOCK TABLE crm.customer IN ACCESS EXCLUSIVE MODE', '42501'),
    ('atk_ann', 'LOCK TABLE crm.staff IN ROW EXCLUSIVE MODE', '42501')
) AS v (role_name, statement, wanted);
SELECT is((SELECT to_jsonb(c) - 'updated_at' FROM crm.customer AS c WHERE c.customer_id = 34002), b.customer, 'the customer out of sight is as before')
FROM before AS b;
SELECT is((SELECT jsonb_agg(i) FROM crm.order_item AS i WHERE i.sales_order_id = 34002), b.items, 'so is the order')
FROM before AS b;

SELECT * FROM finish();
ROLLBACK;
