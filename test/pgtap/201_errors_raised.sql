-- Each code RM is raised by a statement, with the constraint of the catalogue, the table and column that it is
-- about, and a DETAIL and HINT where the client can act on them.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(147);

UPDATE crm.organization SET base_currency_code = 'EUR', time_zone = 'Europe/Berlin';
INSERT INTO crm.region (region_id, name, parent_region_id) VALUES (20001, 'Raised top', NULL), (20002, 'Raised below', 20001);
INSERT INTO crm.staff (staff_id, first_name, last_name, email) VALUES (20001, 'Ed', 'Raised', 'raised@example.com');
INSERT INTO crm.sales_rep (sales_rep_id) VALUES (20001);
INSERT INTO crm.customer (customer_id, last_name, deleted_at)
VALUES (20001, 'Raised', NULL), (20002, 'Gone', '2024-01-01');
INSERT INTO crm.contact (contact_id, customer_id, last_name) VALUES (20001, 20001, 'Raised');
INSERT INTO crm.product_category (product_category_id, name) VALUES (20001, 'Raised goods');
INSERT INTO crm.product
    (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, is_stocked, deleted_at)
VALUES (20001, 'RAISED-1', 'Cup', 20001, 'EUR', 9.5, 12, true, NULL),
    (20002, 'RAISED-2', 'Wrap', 20001, 'EUR', 2, 0, false, NULL),
    (20003, 'RAISED-3', 'Old', 20001, 'EUR', 1, 7, true, '2024-01-01');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, active)
VALUES (20004, 'RAISED-4', 'Over', 20001, 'EUR', 1, 7, false);

-- What a statement raises; none of its effects stays.
CREATE FUNCTION pg_temp.failure(
    statement text, OUT state text, OUT message text, OUT detail text, OUT hint text, OUT place text, OUT rule text)
    LANGUAGE plpgsql
AS $$
DECLARE
    schema_name text;
    table_name text;
    column_name text;
BEGIN
    EXECUTE statement;
    RAISE EXCEPTION USING ERRCODE = 'UT000', MESSAGE = 'nothing was raised';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT, schema_name = SCHEMA_NAME, table_name = TABLE_NAME,
        column_name = COLUMN_NAME, rule = CONSTRAINT_NAME;
    place := concat_ws('.', nullif(schema_name, ''), nullif(table_name, ''), nullif(column_name, ''));
END
$$;
CREATE TEMP TABLE raising (
    n integer GENERATED ALWAYS AS IDENTITY, state text, rule text, place text, message text, detail text, hint text,
    statement text);

-- Before any document is booked: the other branch of the base currency.
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('USD', '2024-01-01', 0.9);
SELECT is((f.state, f.place, f.detail, f.hint)::text,
    '(RM012,crm.organization.base_currency_code,"The rates of crm.exchange_rate convert to EUR.",'
    '"Delete them, change the base currency and enter the rates to the new one.")',
    'RM012: exchange rates are entered')
FROM pg_temp.failure($$SELECT FROM crm.configure(base_currency => 'GBP')$$) AS f;

INSERT INTO crm.sales_order (sales_order_id, customer_id, status) VALUES
    (20001, 20001, 'pending'), (20002, 20001, 'completed'), (20003, 20001, 'pending'), (20004, 20001, 'confirmed'),
    (20005, 20001, 'pending'), (20006, 20001, 'pending');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity)
VALUES (20001, 20001, 1), (20002, 20001, 2), (20003, 20001, 1), (20004, 20001, 3), (20006, 20002, 1);
SELECT FROM crm.cancel_order(20003);
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 20006;
SELECT FROM crm.return_order(20006);
SELECT FROM crm.place_order(20001, '[{"product_id": 20002, "quantity": 1}]', idempotency_key => 'raised');

-- Message, detail and hint are patterns; NULL where there is nothing to say.
INSERT INTO raising (state, rule, place, message, detail, hint, statement) VALUES
    -- Stock: 6 cups are left
    ('RM001', 'product_stock_quantity_check', 'crm.product.stock_quantity', 'product 20001$', '^6 in stock, 7 needed\.$',
        '^At most 6 more', $$SELECT FROM crm.place_order(20001, '[{"product_id": 20001, "quantity": 7}]')$$),
    ('RM001', 'product_stock_quantity_check', 'crm.product.stock_quantity', 'product 20001$', '^6 in stock, 7 needed\.$',
        'receive_stock', $$INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (20005, 20001, 7)$$),
    ('RM001', 'product_stock_quantity_check', 'crm.product.stock_quantity', 'product 20001$', '^6 in stock, 7 needed\.$',
        'receive_stock', $$SELECT FROM crm.adjust_stock(20001, -7)$$),
    ('RM001', 'product_stock_quantity_check', 'crm.product.stock_quantity', 'product 20001$', '^6 in stock, 9 needed\.$',
        'receive_stock', $$UPDATE crm.order_item SET quantity = 10 WHERE sales_order_id = 20001$$),
    -- Status
    ('RM002', 'sales_order_status_transition_check', 'crm.sales_order.status', '20002 cannot go from completed to canceled',
        NULL, 'crm.order_status_transition', $$SELECT FROM crm.cancel_order(20002)$$),
    ('RM002', 'sales_order_status_transition_check', 'crm.sales_order.status', '20003 cannot go from canceled to pending',
        NULL, 'crm.order_status_transition', $$UPDATE crm.sales_order SET status = 'pending' WHERE sales_order_id = 20003$$),
    ('RM002', '', 'crm.sales_order.status', '20001 .* status pending', NULL, 'cancel a pending one',
        $$SELECT FROM crm.return_order(20001)$$),
    ('RM002', '', 'crm.sales_order.status', '20003 .* status canceled', NULL, 'confirmed, shipped or completed',
        $$SELECT FROM crm.return_order(20003)$$),
    -- Versions
    ('RM003', '', 'crm.customer.row_version', 'changed meanwhile', 'is 1, the update was made for 7', '^Read the row again',
        $$UPDATE crm.customer SET first_name = 'X', row_version = 7 WHERE customer_id = 20001$$),
    ('RM003', '', 'crm.sales_order.row_version', 'changed meanwhile', 'was made for 0', '^Read the row again',
        $$UPDATE crm.sales_order SET ship_to_city = 'X', row_version = 0 WHERE sales_order_id = 20001$$),
    -- Idempotency
    ('RM004', '', '', 'used for another order', '^It placed order \d+\.$', 'new key', $$SELECT FROM crm.place_order(20001,
        '[{"product_id": 20002, "quantity": 2}]', idempotency_key => 'raised')$$),
    -- Rates
    ('RM010', 'exchange_rate_missing_check', 'crm.exchange_rate.rate_to_base', 'for GBP$', 'crm.exchange_rate',
        '^Insert a rate', $$INSERT INTO crm.sales_order (customer_id, currency_code) VALUES (20001, 'GBP')$$),
    ('RM010', 'exchange_rate_missing_check', 'crm.exchange_rate.rate_to_base', 'for USD$', 'on or before the day',
        'that day or an earlier one',
        $$INSERT INTO crm.sales_order (customer_id, currency_code, order_date) VALUES (20001, 'USD', '2023-12-31')$$),
    ('RM010', 'exchange_rate_missing_check', 'crm.exchange_rate.rate_to_base', 'for GBP$', 'crm.exchange_rate',
        '^Insert a rate', $$INSERT INTO crm.campaign (name, campaign_type, start_date, budget, currency_code)
        VALUES ('Raised', 'mailing', '2024-01-01', 1, 'GBP')$$),
    -- Deleted records
    ('RM011', '', 'crm.sales_order.customer_id', 'customer 20002 is deleted', NULL, 'crm.restore_customer\(\)',
        $$SELECT FROM crm.place_order(20002, '[{"product_id": 20001, "quantity": 1}]')$$),
    ('RM011', '', 'crm.sales_order.customer_id', 'customer 20002 is deleted', NULL, 'crm.restore_customer\(\)',
        $$INSERT INTO crm.sales_order (customer_id) VALUES (20002)$$),
    ('RM011', '', 'crm.sales_order.customer_id', 'customer 20002 is deleted', NULL, 'crm.restore_customer\(\)',
        $$UPDATE crm.sales_order SET customer_id = 20002 WHERE sales_order_id = 20001$$),
    ('RM011', '', 'crm.contact.customer_id', 'customer 20002 is deleted', NULL, 'crm.restore_customer\(\)',
        $$INSERT INTO crm.contact (customer_id, last_name) VALUES (20002, 'Raised')$$),
    ('RM011', '', 'crm.contact.customer_id', 'customer 20002 is deleted', NULL, 'crm.restore_customer\(\)',
        $$UPDATE crm.contact SET customer_id = 20002 WHERE contact_id = 20001$$),
    ('RM011', '', 'crm.order_item.product_id', 'product 20003 is deleted', NULL, 'crm.restore_product\(\)',
        $$SELECT FROM crm.place_order(20001, '[{"product_id": 20003, "quantity": 1}]')$$),
    ('RM011', '', 'crm.order_item.product_id', 'product 20003 is deleted', NULL, 'crm.restore_product\(\)',
        $$UPDATE crm.order_item SET product_id = 20003 WHERE sales_order_id = 20001$$),
    ('RM011', 'order_item_active_check', 'crm.order_item.product_id', 'product 20004 is not offered', '^Its active is false\.$',
        'set active to true', $$SELECT FROM crm.place_order(20001, '[{"product_id": 20004, "quantity": 1}]')$$),
    -- What is fixed
    ('RM012', 'order_item_frozen_check', 'crm.order_item', 'lines of order 20002', 'completed or canceled',
        'crm.return_order\(\)', $$UPDATE crm.order_item SET quantity = 1 WHERE sales_order_id = 20002$$),
    ('RM012', 'order_item_frozen_check', 'crm.order_item', 'lines of order 20003', 'completed or canceled',
        'another order', $$INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (20003, 20001, 1)$$),
    ('RM012', 'order_item_frozen_check', 'crm.order_item', 'lines of order 20002', 'completed or canceled',
        'another order', $$DELETE FROM crm.order_item WHERE sales_order_id = 20002$$),
    ('RM012', 'sales_order_frozen_check', 'crm.sales_order.status', 'order 20004', NULL, 'crm.cancel_order\(\)',
        $$DELETE FROM crm.sales_order WHERE sales_order_id = 20004$$),
    ('RM012', '', 'crm.organization.base_currency_code', 'amounts are booked', 'orders with amounts in EUR',
        'currency_code of their own', $$SELECT FROM crm.configure(base_currency => 'GBP')$$),
    -- Lines
    ('RM013', '', '', 'at least one item', NULL, 'product_id', $$SELECT FROM crm.place_order(20001, '[]')$$),
    ('RM013', 'sales_order_lines_check', 'crm.sales_order.status', 'order 20005 has no lines', NULL, 'crm.order_item',
        $$UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 20005$$),
    ('RM013', 'sales_order_lines_check', 'crm.order_item', 'order 20004 needs', 'Only a pending order',
        'crm.cancel_order\(\)', $$DELETE FROM crm.order_item WHERE sales_order_id = 20004$$),
    ('RM013', 'sales_order_unreturned_check', 'crm.sales_order.returns_order_id', 'nothing of order 20006 is left to return',
        NULL, 'returns_order_id 20006', $$SELECT FROM crm.return_order(20006)$$),
    -- Returns
    ('RM014', 'order_item_return_check', 'crm.order_item.quantity', 'product 20001 .* order 20002', '^2 sold, 3 returned\.$',
        'at most what was sold', $$SELECT FROM crm.return_order(20002, '[{"product_id": 20001, "quantity": 3}]')$$),
    ('RM014', 'sales_order_returned_check', 'crm.sales_order.status', 'order 20006 cannot be canceled', NULL,
        'Cancel the return first', $$UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 20006$$),
    ('RM014', 'sales_order_returned_check', 'crm.sales_order.returns_order_id', 'order 20003 is canceled',
        'gave its goods back', NULL,
        $$INSERT INTO crm.sales_order (sales_order_id, customer_id, order_kind, returns_order_id)
            VALUES (20009, 20001, 'return', 20003);
        INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (20009, 20001, 1)$$),
    -- Columns that clients don't write
    ('RM015', '', 'crm.sales_order.total_amount', 'kept by the lines', NULL, 'crm.order_item',
        $$INSERT INTO crm.sales_order (customer_id, total_amount) VALUES (20001, 5)$$),
    ('RM015', '', 'crm.sales_order.total_base', 'cannot be changed', NULL, 'lines of the order',
        $$UPDATE crm.sales_order SET total_base = 5 WHERE sales_order_id = 20001$$),
    ('RM015', '', 'crm.order_item.line_base', 'kept by crm', NULL, 'Leave it out',
        $$INSERT INTO crm.order_item (sales_order_id, product_id, quantity, line_base) VALUES (20001, 20002, 1, 2)$$),
    ('RM015', '', 'crm.order_item.line_base', 'cannot be changed', NULL, 'at the rate of the order',
        $$UPDATE crm.order_item SET line_base = 5 WHERE sales_order_id = 20001$$),
    ('RM015', '', 'crm.sales_order.order_kind', 'cannot be changed', NULL, 'place another',
        $$UPDATE crm.sales_order SET order_kind = 'return' WHERE sales_order_id = 20001$$),
    ('RM015', '', 'crm.customer.customer_id', 'key of customer', NULL, 'Insert a new row',
        $$UPDATE crm.customer SET customer_id = 20099 WHERE customer_id = 20001$$),
    ('RM015', 'product_is_stocked_check', 'crm.product.is_stocked', 'product 20001 is on orders', NULL, 'active to false',
        $$UPDATE crm.product SET is_stocked = false WHERE product_id = 20001$$),
    ('RM015', '', 'crm.v_sales_rep.name', 'column name of view v_sales_rep', NULL, 'first_name and last_name',
        $$UPDATE crm.v_sales_rep SET name = 'X' WHERE sales_rep_id = 20001$$),
    -- Trees
    ('RM016', '', 'crm.region.parent_region_id', 'region 20001', NULL, 'not below it',
        $$UPDATE crm.region SET parent_region_id = 20002 WHERE region_id = 20001$$),
    ('RM016', '', 'crm.staff.manager_id', 'staff 20001', NULL, 'not below it',
        $$INSERT INTO crm.staff (staff_id, first_name, last_name, email, manager_id)
            VALUES (20002, 'A', 'B', 'b@example.com', 20001);
        UPDATE crm.staff SET manager_id = 20002 WHERE staff_id = 20001$$),
    -- Ledgers and histories
    ('RM017', '', 'crm.order_item', 'order_item cannot be truncated', 'follow from its rows', 'DELETE',
        $$TRUNCATE crm.order_item CASCADE$$),
    ('RM017', '', 'crm.stock_movement', 'cannot be changed or deleted', NULL, 'a further row',
        $$UPDATE crm.stock_movement SET quantity = 1$$),
    ('RM017', '', 'crm.order_status_history', 'cannot be changed or deleted', NULL, '^The history .* change that\.$',
        $$DELETE FROM crm.order_status_history$$),
    ('RM017', '', 'crm.order_status_history', 'written by triggers only', NULL, 'Change the record',
        $$INSERT INTO crm.order_status_history (customer_id, sales_order_id, to_status) VALUES (20001, 20001, 'shipped')$$),
    ('RM017', 'stock_movement_reason_check', 'crm.stock_movement.reason', 'reason "sale"', NULL, 'purchase',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (20001, -1, 'sale')$$),
    -- Contacts
    ('RM018', 'contact_individual_check', 'crm.contact.customer_id', 'customer 20001', NULL, 'business',
        $$INSERT INTO crm.contact (customer_id, last_name) VALUES (20001, 'Second')$$),
    -- Sessions of pooled logins
    ('RM020', '', '', '^session token refused$', 'the form crm1\.KEY', 'log says more', $$SELECT crm.begin_session('crm1')$$),
    ('RM021', '', '', 'had its session already', '^A session lasts for one', 'another transaction',
        $$SELECT crm.set_token_key(sha256('raised')); SELECT crm.begin_session(crm.issue_token(20001));
        SELECT crm.begin_session(crm.issue_token(20001))$$),
    -- Rows that leave the sight of their caller
    ('RM022', '', 'crm.customer', 'customer 20001 would leave your sight', 'Neither its sales rep', 'crm\.reassign_customer\(\)',
        $$CREATE ROLE raised_rep; GRANT crm_sales_rep TO raised_rep;
        UPDATE crm.staff SET db_role = 'raised_rep' WHERE staff_id = 20001;
        UPDATE crm.customer SET sales_rep_id = 20001 WHERE customer_id = 20001; SET LOCAL ROLE raised_rep;
        UPDATE crm.customer SET sales_rep_id = NULL WHERE customer_id = 20001$$),
    -- Versions of tables and library
    ('RM019', '', '', 'tables are of crm 0\.0\.1', NULL, 'crm\.migrate\(\)',
        $$INSERT INTO crm.schema_version (version, script_checksum) VALUES ('0.0.1', 'x'); SELECT crm.install()$$),
    ('RM019', '', '', 'no migration from version 0\.0\.1', NULL, 'Install the files',
        $$INSERT INTO crm.schema_version (version, script_checksum) VALUES ('0.0.1', 'x'); SELECT crm.migrate()$$),
    -- Erasure
    ('RM023', 'legal_hold_erasure_check', 'crm.legal_hold', 'customer 20001 is under', NULL, 'crm\.legal_hold',
        $$INSERT INTO crm.legal_hold (customer_id, reason) VALUES (20001, 'file');
        SELECT FROM crm.erase_customer(20001, 'request')$$),
    ('RM023', 'sales_order_erasure_check', 'crm.sales_order', 'customer 20001 has open', '20001, 20004', 'cancel',
        $$SELECT FROM crm.erase_customer(20001, 'request')$$);

CREATE TEMP TABLE seen AS
SELECT r.n, regexp_replace(r.statement, '\s+', ' ', 'g') AS statement, r.state AS wanted_state, r.rule AS wanted_rule, r.place AS wanted_place,
    r.message AS wanted_message, r.detail AS wanted_detail, r.hint AS wanted_hint, f.*
FROM raising AS r
CROSS JOIN LATERAL pg_temp.failure(r.statement) AS f;
SELECT is(concat_ws(' ', s.state, s.rule, s.place), concat_ws(' ', s.wanted_state, s.wanted_rule, s.wanted_place),
    format('%s: %s', s.wanted_state, left(s.statement, 70)))
FROM seen AS s ORDER BY s.n;
SELECT matches(s.message, s.wanted_message, format('%s: message of %s', s.wanted_state, left(s.statement, 60)))
FROM seen AS s ORDER BY s.n;
SELECT is_empty($$
    SELECT s.statement, s.detail FROM seen AS s
    WHERE s.detail !~ s.wanted_detail OR s.detail <> '' AND (s.wanted_detail IS NULL OR s.detail !~ '^([A-Z0-9]|crm\.).*\.$')
$$, 'the details, sentences all of them');
SELECT is_empty($$
    SELECT s.statement, s.hint FROM seen AS s
    WHERE s.hint !~ s.wanted_hint OR s.hint <> '' AND (s.wanted_hint IS NULL OR s.hint !~ '^[A-Z].*\.$')
$$, 'the hints, sentences all of them');
SELECT is_empty($$
    SELECT s.statement, s.message FROM seen AS s WHERE s.message !~ '^[a-z]' OR s.message ~ '[.\n]$'
$$, 'messages begin in lower case and have no full stop');
-- Names and addresses stay out of what may end in a log.
SELECT is_empty($$
    SELECT s.statement FROM seen AS s WHERE concat(s.message, s.detail, s.hint) ~ '(Raised|Gone|Cup|Wrap|RAISED)'
$$, 'no message shows what a record holds');
SELECT set_eq($$
    SELECT s.state, s.rule FROM seen AS s WHERE s.rule <> ''
$$, $$
    SELECT c.sqlstate, c.constraint_name FROM crm.error_catalog AS c
    WHERE c.sqlstate LIKE 'RM%' AND c.constraint_name <> ''
$$, 'every rule of class RM in the catalogue was raised');
SELECT set_eq($$SELECT s.state FROM seen AS s$$,
    $$SELECT c.sqlstate FROM crm.error_catalog AS c WHERE c.sqlstate LIKE 'RM%'$$, 'and every code');

-- Rules with standard codes that only triggers know.
SELECT is((f.state, f.rule, f.place, f.message, f.hint)::text, t.wanted, regexp_replace(t.statement, '\s+', ' ', 'g'))
FROM (VALUES
    ($$INSERT INTO crm.customer (last_name, date_of_birth) VALUES ('X', '3000-01-01')$$,
        '(23514,customer_date_of_birth_check,crm.customer.date_of_birth,"date of birth lies in the future",'
        '"Check the year; the day counts in the time zone of the organisation.")'),
    ($$INSERT INTO crm.sales_order (customer_id, order_kind, returns_order_id)
        SELECT 20001, 'return', o.sales_order_id FROM crm.sales_order AS o WHERE o.returns_order_id = 20006$$,
        (SELECT format('(23514,sales_order_returns_check,crm.sales_order.returns_order_id,'
            '"order %s is a return and cannot be returned","Let returns_order_id name the sale.")', o.sales_order_id)
            FROM crm.sales_order AS o WHERE o.returns_order_id = 20006)),
    ($$UPDATE crm.customer SET row_version = NULL WHERE customer_id = 20001$$,
        '(23502,"",crm.customer.row_version,"null value in column ""row_version"" of relation ""customer"" violates '
        'not-null constraint","Leave row_version out, or send the one that was read.")'),
    ($$INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity)
        VALUES (20001, 2147483647, 20002, 1), (20001, NULL, 20002, 1)$$,
        '(23514,order_item_line_no_check,crm.order_item.line_no,"order 20001 has no next line number",'
        '"Give a line_no that is free.")'),
    ($$INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('EUR', '2024-01-01', 1.1)$$,
        '(23514,exchange_rate_rate_to_base_check,crm.exchange_rate.rate_to_base,"the rate of the base currency is 1",'
        '"The base currency needs no row; give rates of the other currencies.")'),
    ($$INSERT INTO crm.sales_order (customer_id, fx_rate_to_base) VALUES (20001, 1.1)$$,
        '(23514,sales_order_fx_rate_to_base_check,crm.sales_order.fx_rate_to_base,"the rate of the base currency is 1",'
        '"Leave fx_rate_to_base out, or give 1.")'),
    ($$INSERT INTO crm.campaign (name, campaign_type, start_date, currency_code, fx_rate_to_base)
        VALUES ('Raised', 'mailing', '2024-01-01', 'EUR', 0.9)$$,
        '(23514,campaign_fx_rate_to_base_check,crm.campaign.fx_rate_to_base,"the rate of the base currency is 1",'
        '"Leave fx_rate_to_base out, or give 1.")'),
    ($$INSERT INTO crm.stock_movement (product_id, quantity, reason, moved_at)
        VALUES (20001, 1, 'adjust', now() + interval '1 minute')$$,
        '(23514,stock_movement_moved_at_check,crm.stock_movement.moved_at,"the stock moves in the future",'
        '"Leave moved_at out, or give the time at which the goods moved.")'),
    ($$SELECT FROM crm.receive_stock(20001, 1000000000000)$$,
        '(23514,product_stock_quantity_check,crm.product.stock_quantity,'
        '"the stock of product 20001 would be above 1000000000000","Check the quantity for a slip of the keyboard.")'),
    ($$INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price)
        VALUES (20005, 20002, 1, 1000000000000), (20005, 20002, 1, 1)$$,
        '(23514,sales_order_total_amount_check,crm.sales_order.total_amount,'
        '"order 20005 would come to more than 1000000000000",'
        '"Check the quantities and prices of the lines, or split the order.")'),
    ($$INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, fx_rate_to_base)
        VALUES (20009, 20001, 'USD', 1000);
        INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) VALUES (20009, 20002, 1, 1000000001)$$,
        '(23514,order_item_line_base_check,crm.order_item.line_base,'
        '"a line of order 20009 comes to more than 1000000000000 in base currency",'
        '"Check quantity, price and the order''s fx_rate_to_base, or split the line.")'),
    ($$DELETE FROM crm.organization$$,
        '(23514,organization_organization_id_check,crm.organization,"the organisation cannot be deleted",'
        '"Change it with crm.configure().")'),
    ($$DELETE FROM crm.customer WHERE customer_id = 20001$$,
        '(23503,sales_order_customer_id_fkey,crm.sales_order,"customer 20001 is in use and cannot be deleted",'
        '"Take it out of use with crm.delete_customer(customer_id, reason).")'),
    ($$DELETE FROM crm.product WHERE product_id = 20001$$,
        '(23503,stock_movement_product_id_fkey,crm.stock_movement,"product 20001 is in use and cannot be deleted",'
        '"Take it out of use with crm.delete_product(product_id, reason).")'),
    ($$SELECT FROM crm.receive_stock(20002, 1)$$,
        '(23514,product_is_stocked_check,crm.product.is_stocked,"product 20002 keeps no stock",'
        '"Set is_stocked to true first, or leave its stock alone.")'),
    ($$SELECT FROM crm.receive_stock(20099, 1)$$,
        '(23503,stock_movement_product_id_fkey,crm.stock_movement.product_id,"product 20099 does not exist","")'),
    ($$SELECT FROM crm.place_order(20099, '[{"product_id": 20001, "quantity": 1}]')$$,
        '(23503,sales_order_customer_id_fkey,crm.sales_order.customer_id,"customer 20099 does not exist","")'),
    ($$SELECT FROM crm.place_order(20001, '[{"product_id": 20099, "quantity": 1}]')$$,
        '(23503,order_item_product_id_fkey,crm.order_item.product_id,"product 20099 does not exist","")'),
    ($$INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (20099, 20001, 1)$$,
        '(23503,order_item_customer_id_sales_order_id_fkey,crm.order_item.sales_order_id,"order 20099 does not exist","")'),
    ($$INSERT INTO crm.sales_order (customer_id, order_kind, returns_order_id) VALUES (20001, 'return', 20099)$$,
        '(23503,sales_order_customer_id_returns_order_id_fkey,crm.sales_order.returns_order_id,'
        '"order 20099 does not exist","")'),
    ($$INSERT INTO crm.business_calendar (business_calendar_id, name, time_zone) VALUES (20001, 'Raised', 'UTC');
        INSERT INTO crm.business_hours (business_calendar_id, iso_weekday, opens_at, closes_at)
        VALUES (20001, 1, '09:00', '12:00'), (20001, 1, '11:00', '17:00')$$,
        '(23514,business_hours_overlap_check,crm.business_hours,"business hours of calendar 20001 overlap on weekday 1",'
        '"One stretch may begin when the other ends, not before.")'),
    ($$UPDATE crm.organization SET time_zone = 'Europe/Berln'$$,
        '(22023,"",crm.organization.time_zone,"time zone ''Europe/Berln'' is not known to the server",'
        '"SELECT name FROM pg_timezone_names lists those that are.")'),
    ($$SELECT FROM crm.cancel_order(20099)$$,
        '(22023,"",crm.sales_order.sales_order_id,"order 20099 does not exist","Look it up in crm.sales_order.")'),
    ($$SELECT FROM crm.delete_customer(20099)$$,
        '(22023,"",crm.customer.customer_id,"customer 20099 does not exist","Look it up in crm.customer.")'),
    ($$SELECT FROM crm.customers_in_region('raised top')$$,
        '(22023,"",crm.region.name,"region ''raised top'' does not exist","Did you mean ''Raised top''?")')
) AS t (statement, wanted)
CROSS JOIN LATERAL pg_temp.failure(t.statement) AS f;

SELECT is_empty('SELECT * FROM crm.verify()', 'none of the refused statements left anything behind');
SELECT * FROM finish();
ROLLBACK;
