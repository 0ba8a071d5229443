-- The audit: who changed which row, and how, for every operation and every way to write. Random rows against an audit
-- in plain SQL are in test/pgtap/245_audit_twin.sql, rights in 246_audit_rights.sql.
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET application_name = 'regress_audit';
BEGIN;
SELECT max(audit_log_id) AS before FROM crm.audit_log \gset
-- What was logged since the last look, in the order of the log.
CREATE TEMP TABLE looked (at bigint);
INSERT INTO looked VALUES (:before);
CREATE FUNCTION pg_temp.news() RETURNS TABLE (what text, row_id bigint, row_key jsonb, customer bigint, old jsonb, new jsonb)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT l.table_name || ' ' || l.operation, l.row_id, l.row_key, l.customer_id,
        l.old_values - 'signed_up_at',
        l.new_values - 'signed_up_at' - 'order_date'
    FROM crm.audit_log AS l WHERE l.audit_log_id > (SELECT at FROM looked) ORDER BY l.audit_log_id;
    UPDATE looked SET at = (SELECT max(l.audit_log_id) FROM crm.audit_log AS l);
END $$;

-- Insert, update, delete: values without NULLs, then what differs, then what was there. Generated columns, created_*,
-- updated_* and row_version are in none of them.
INSERT INTO crm.region (region_id, name) VALUES (9101, 'Audited');
INSERT INTO crm.customer (customer_id, last_name, email, region_id, custom)
VALUES (9101, 'One', 'one@example.org', 9101, '{"size": 7.50, "tags": ["a", null]}'), (9102, 'Two', NULL, 9101, DEFAULT);
SELECT * FROM pg_temp.news();
UPDATE crm.customer SET email = NULL, phone = '+49 1', last_name = 'Changed' WHERE customer_id = 9101;
SELECT * FROM pg_temp.news();
UPDATE crm.customer SET custom = '{"size": 8}' WHERE customer_id = 9102;
DELETE FROM crm.customer WHERE customer_id = 9102;
SELECT * FROM pg_temp.news();
-- Nothing changed, or nothing that counts: no entry. No row, no entry either.
UPDATE crm.customer SET last_name = last_name, row_version = row_version WHERE customer_id = 9101;
UPDATE crm.customer SET last_name = 'Nobody' WHERE customer_id = 9199;
DELETE FROM crm.customer WHERE customer_id = 9199;
INSERT INTO crm.customer (last_name) SELECT 'Nobody' WHERE false;
SELECT * FROM pg_temp.news();
-- NULL and the empty text differ, so do false and NULL.
UPDATE crm.customer SET phone = NULL, street = '' WHERE customer_id = 9101;
SELECT * FROM pg_temp.news();

-- A key of several columns, and one that is no number.
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('USD', '2001-02-03', 1.25);
UPDATE crm.exchange_rate SET rate_to_base = 1.5 WHERE rate_date = '2001-02-03';
SELECT * FROM pg_temp.news();

-- What the CRM keeps itself (totals, stock) is not logged as a change of the record; a client's own change of stock is.
INSERT INTO crm.product_category (product_category_id, name) VALUES (9101, 'Audited');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
VALUES (9101, 'A1', 'Apple', 9101, 'EUR', 2, 100, 0), (9102, 'A2', 'Pear', 9101, 'EUR', 3, 100, 0);
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (9101, 9101);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (9101, 1, 9101, 5), (9101, 2, 9102, 1);
SELECT what, row_id, row_key, customer, new - ARRAY['custom', 'ship_to_name'] AS new FROM pg_temp.news();
UPDATE crm.product SET stock_quantity = 90 WHERE product_id = 9102;
SELECT * FROM pg_temp.news();
-- The same where a DBA's trigger makes totals and stock be written by UPDATE, and changes a column beside.
ALTER TABLE crm.product ADD COLUMN moves integer DEFAULT 0;
CREATE FUNCTION public.count_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.moves := NEW.moves + 1; RETURN NEW; END $$;
CREATE TRIGGER user_moves BEFORE UPDATE ON crm.product FOR EACH ROW WHEN (NEW.product_id OPERATOR(pg_catalog.=) 9101) EXECUTE FUNCTION public.count_moves();
CREATE FUNCTION public.do_nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER user_total AFTER UPDATE ON crm.sales_order FOR EACH ROW EXECUTE FUNCTION public.do_nothing();
UPDATE crm.order_item SET quantity = quantity + 1 WHERE sales_order_id = 9101;
SELECT * FROM pg_temp.news();
SELECT total_amount FROM crm.sales_order WHERE sales_order_id = 9101;
SELECT product_id, stock_quantity FROM crm.product WHERE product_category_id = 9101 ORDER BY 1;
DROP TRIGGER user_moves ON crm.product;
DROP TRIGGER user_total ON crm.sales_order;

-- A line that moves is one that went and one that came; the history of an order's lines has both.
UPDATE crm.order_item SET line_no = 7 WHERE sales_order_id = 9101 AND line_no = 2;
SELECT what, row_id, row_key, old ->> 'quantity' AS old, new ->> 'quantity' AS new FROM pg_temp.news();
SELECT operation, row_key ->> 'line_no' AS line, old_values ->> 'quantity' AS old, new_values ->> 'quantity' AS new
FROM crm.row_history('order_item', 9101);
-- A cascade is logged as well: deleting an order deletes its lines.
SAVEPOINT s;
DELETE FROM crm.order_item WHERE sales_order_id = 9101;
DELETE FROM crm.sales_order WHERE sales_order_id = 9101;
SELECT what, row_id, row_key FROM pg_temp.news();
ROLLBACK TO s;

-- Columns that users add are covered at once, whatever their type; long values are cut.
ALTER TABLE crm.customer ADD COLUMN seats integer[], ADD COLUMN photo bytea, ADD COLUMN about text, ADD COLUMN opens time;
UPDATE crm.customer SET seats = '{1,2}', photo = '\x00ff', about = 'short', opens = '09:30' WHERE customer_id = 9101;
SELECT * FROM pg_temp.news();
UPDATE crm.customer SET photo = decode(repeat('ab', 5000), 'hex'), about = repeat('long ', 4000),
    seats = array_fill(1, ARRAY[30000]), custom = jsonb_build_object('a', repeat('b', 9000)) WHERE customer_id = 9101;
SELECT e.key, octet_length(e.value), regexp_replace(e.value, '^(.{12}).*(.{16}\(.{20}).*(.)$', '\1~\2~\3') AS beginning_and_end
FROM (SELECT new AS v FROM pg_temp.news()) AS n, jsonb_each_text(n.v) AS e ORDER BY 1;
SELECT encode(sha256(decode(repeat('ab', 5000), 'hex')), 'hex') AS photo, encode(sha256(convert_to(repeat('long ', 4000), 'UTF8')), 'hex') AS about;
ALTER TABLE crm.customer DROP COLUMN seats, DROP COLUMN photo;
UPDATE crm.customer SET about = 'short again', custom = '{}' WHERE customer_id = 9101;
SELECT what, new FROM pg_temp.news();
ALTER TABLE crm.customer DROP COLUMN about, DROP COLUMN opens;

-- COPY, ON CONFLICT, MERGE, a writing WITH.
COPY crm.region (region_id, name, parent_region_id) FROM stdin;
9102	Copied	9101
9103	Copied too	9101
\.
INSERT INTO crm.region (region_id, name) VALUES (9103, 'Again'), (9104, 'New')
ON CONFLICT (region_id) DO UPDATE SET name = 'Upserted';
INSERT INTO crm.region (region_id, name) VALUES (9104, 'Never') ON CONFLICT DO NOTHING;
MERGE INTO crm.region AS r USING (VALUES (9102, 'Merged'), (9103, NULL), (9105, 'Merged in')) AS s (id, name) ON r.region_id = s.id
WHEN MATCHED AND s.name IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET name = s.name
WHEN NOT MATCHED THEN INSERT (region_id, name) VALUES (s.id, s.name);
WITH gone AS (DELETE FROM crm.region WHERE region_id = 9105 RETURNING name)
UPDATE crm.region SET name = gone.name FROM gone WHERE region_id = 9104;
SELECT what, row_id, old, new FROM pg_temp.news() ORDER BY row_id, what;

-- TRUNCATE: refused where other state follows, logged where not.
TRUNCATE crm.order_item;
TRUNCATE crm.feedback, crm.quota;
SELECT what, row_id, row_key, old, new FROM pg_temp.news() ORDER BY 1;

-- Rolled back means not logged, also in part.
SAVEPOINT s;
UPDATE crm.region SET name = 'Undone' WHERE region_id = 9101;
ROLLBACK TO s;
DO $$
BEGIN
    BEGIN
        UPDATE crm.region SET name = 'Undone, too' WHERE region_id = 9101;
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
    UPDATE crm.region SET name = 'Done' WHERE region_id = 9101;
END $$;
SELECT * FROM pg_temp.news();

-- Who: the login, the role that it set, the person; not the owner of a SECURITY DEFINER function.
INSERT INTO crm.staff (staff_id, first_name, last_name, email, db_role)
VALUES (9101, 'Rita', 'Rep', 'rita@example.org', 'regress_audit_rep');
INSERT INTO crm.sales_rep (sales_rep_id, region_id) VALUES (9101, 9101);
CREATE ROLE regress_audit_rep LOGIN IN ROLE crm_sales_rep;
CREATE ROLE regress_audit_dba LOGIN IN ROLE crm_admin, regress_audit_rep;
CREATE FUNCTION public.as_owner() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
    $$UPDATE crm.customer SET city = 'Bonn' WHERE customer_id = 9101$$;
CREATE FUNCTION pg_temp.who() RETURNS TABLE (login text, role text, staff bigint, application text, what text)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT l.login, l.role, l.staff_id, l.application, l.table_name || ' ' || l.operation
    FROM crm.audit_log AS l WHERE l.audit_log_id > (SELECT at FROM looked) ORDER BY l.audit_log_id;
    UPDATE looked SET at = (SELECT max(l.audit_log_id) FROM crm.audit_log AS l);
END $$;
UPDATE looked SET at = (SELECT max(l.audit_log_id) FROM crm.audit_log AS l);
SET LOCAL SESSION AUTHORIZATION regress_audit_rep;
SELECT status, total_amount FROM crm.place_order(9101, '[{"product_id": 9101, "quantity": 1}]');
SELECT public.as_owner();
SET application_name = 'postgres';
SET crm.change_note = 'login postgres';
UPDATE crm.customer SET city = 'Mainz' WHERE customer_id = 9101;
SET LOCAL SESSION AUTHORIZATION regress_audit_dba;
SET application_name = '';
UPDATE crm.customer SET city = 'Trier' WHERE customer_id = 9101;
SET LOCAL ROLE regress_audit_rep;
UPDATE crm.customer SET city = 'Worms' WHERE customer_id = 9101;
SET LOCAL ROLE crm_admin;
UPDATE crm.customer SET city = 'Speyer' WHERE customer_id = 9101;
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.who();
-- The times are of now, the transaction is this one.
SELECT DISTINCT transaction_id = pg_current_xact_id()::text::bigint AS this, logged_at BETWEEN now() AND clock_timestamp() AS now
FROM crm.audit_log WHERE audit_log_id > :before;

-- The entry point of erasure: only the named columns, of this customer's entries about this table.
SELECT crm._redact_audit(9101, 'customer', ARRAY['last_name', 'email', 'phone']);
SELECT crm._redact_audit(9101, 'customer', ARRAY['last_name', 'email', 'phone']);
SELECT operation, old_values - 'custom' AS old, new_values - ARRAY['custom', 'signed_up_at', 'about'] AS new
FROM crm.row_history('customer', 9101) WHERE coalesce(old_values, new_values) ?| ARRAY['email', 'phone', 'city'] ORDER BY audit_log_id;
SELECT new_values ->> 'last_name' AS other_customer FROM crm.row_history('customer', 9102) WHERE operation = 'insert';
SELECT crm._redact_audit(0, 'region', ARRAY['name'], ARRAY[9104]);
SELECT row_id, operation, new_values FROM crm.audit_log WHERE table_name = 'region' AND row_id IN (9102, 9104) ORDER BY audit_log_id;

-- What a DBA adds to the log has its say: a CHECK there is enforced, a trigger fires.
ALTER TABLE crm.audit_log ADD CONSTRAINT user_check CHECK (new_values OPERATOR(pg_catalog.->>) 'name' OPERATOR(pg_catalog.<>) 'forbidden') NOT VALID;
UPDATE crm.region SET name = 'forbidden' WHERE region_id = 9101;
UPDATE crm.region SET name = 'allowed' WHERE region_id = 9101;
SELECT login = SESSION_USER AS login, role = CURRENT_USER AS role, application, operation, row_id, old_values, new_values
FROM crm.row_history('region', 9101) LIMIT 1;
SELECT * FROM crm.verify();
ROLLBACK;
RESET application_name;
