-- Orders from placing to completion: what is filled in, every move of status, history and events, frozen lines,
-- bad input. Totals and stock are compared with test/twin/orders.sql, which recomputes them from the lines.
\getenv dir PG_ABS_SRCDIR
\set oracle :dir '/twin/orders.sql'
\set ECHO none
\i :oracle
\set ECHO all
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
SET DateStyle = 'ISO, YMD';
BEGIN;
INSERT INTO crm.region (region_id, name) VALUES (7001, 'Lifecycle North'), (7002, 'Lifecycle South');
INSERT INTO crm.region_coverage (country_code, state, region_id) VALUES ('ZZ', '', 7001), ('ZZ', 'Low', 7002);
INSERT INTO crm.staff (staff_id, first_name, last_name, email)
VALUES (7001, 'Rita', 'Rep', 'rita@lifecycle.example'), (7002, 'Ron', 'Rep', 'ron@lifecycle.example');
INSERT INTO crm.sales_rep (sales_rep_id) VALUES (7001), (7002);
INSERT INTO crm.campaign (campaign_id, name, campaign_type, start_date, currency_code, fx_rate_to_base)
VALUES (7001, 'Lifecycle spring', 'email', '2026-01-01', 'EUR', 1);
INSERT INTO crm.customer (customer_id, first_name, last_name, street, city, state, postal_code, country_code, sales_rep_id)
VALUES (7001, 'Ann', 'Able', 'Main Street 1', 'Lowtown', 'Low', '12345', 'ZZ', 7001),
    (7002, NULL, 'Baker', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO crm.customer (customer_id, last_name, deleted_at) VALUES (7003, 'Gone', '2026-01-01');
INSERT INTO crm.product_category (product_category_id, name) VALUES (7001, 'Lifecycle goods');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
VALUES (7001, 'L1', 'Lamp', 7001, 'EUR', 19.99, 100), (7002, 'L2', 'Ladder', 7001, 'EUR', 0.3333, 1000);
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, is_stocked)
VALUES (7003, 'L3', 'Assembly', 7001, 'EUR', 50, false);
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, deleted_at)
VALUES (7004, 'L4', 'Legacy', 7001, 'EUR', 1, '2026-01-01');

-- What an order takes over from its customer and the organisation, and what is left as given.
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (7001, 7001), (7002, 7002);
INSERT INTO crm.sales_order (sales_order_id, customer_id, sales_rep_id, region_id, ship_to_city, order_date)
VALUES (7003, 7001, 7002, 7001, 'Elsewhere', '2026-02-03 04:05:06+00');
SELECT sales_order_id, sales_rep_id, region_id, ship_to_name, ship_to_street, ship_to_city, ship_to_state,
    ship_to_postal_code, ship_to_country_code
FROM crm.sales_order WHERE sales_order_id BETWEEN 7001 AND 7003 ORDER BY 1;
SELECT sales_order_id, order_date = now() AS today, order_kind, status, currency_code, fx_rate_to_base, total_amount,
    total_base, campaign_id, created_by = SESSION_USER AS mine, row_version
FROM crm.sales_order WHERE sales_order_id BETWEEN 7001 AND 7003 ORDER BY 1;

-- What a line takes over. 3 x 19.99 = 59.97; 7 x 0.3333 x 0.85 = 1.983135, rounded to 1.9831.
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, discount_rate)
VALUES (7001, 7001, 3, 0), (7001, 7002, 7, 0.15);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity, unit_price, product_name)
VALUES (7001, 10, 7003, 1, 45, 'Assembly at home');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7001, 7003, 1);
SELECT line_no, customer_id, product_id, product_name, quantity, unit_price, discount_rate, line_total, line_base
FROM crm.order_item WHERE sales_order_id = 7001 ORDER BY 1;
-- 59.97 + 1.9831 + 45 + 50
SELECT total_amount, total_base, row_version FROM crm.sales_order WHERE sales_order_id = 7001;
-- A later price or name changes no line.
UPDATE crm.product SET price = 25, name = 'Big lamp' WHERE product_id = 7001;
SELECT product_name, unit_price FROM crm.order_item WHERE sales_order_id = 7001 AND line_no = 1;
SELECT product_id, stock_quantity FROM crm.product WHERE product_id BETWEEN 7001 AND 7003 ORDER BY 1;
SELECT * FROM order_difference;

-- The same through the function, with everything given.
SELECT customer_id, sales_rep_id, region_id, campaign_id, order_date, status, currency_code, total_amount
FROM crm.place_order(customer_id => 7001, sales_rep_id => 7002, campaign_id => 7001,
    order_date => '2026-03-01 12:00+00', items => '[
    {"product_id": 7001, "quantity": 2, "unit_price": 9.5, "discount_rate": 0.1},
    {"product_id": 7002, "quantity": 3}, {"quantity": 1, "product_id": 7001, "unit_price": null}]');
-- Lines keep the order of the items: 2 x 9.5 x 0.9 = 17.1, 3 x 0.3333 = 0.9999, 1 x 25.
SELECT i.line_no, i.product_id, i.quantity, i.unit_price, i.discount_rate, i.line_total
FROM crm.order_item AS i JOIN crm.sales_order AS o USING (sales_order_id)
WHERE o.campaign_id = 7001 ORDER BY 1;

-- Nothing is written by what is refused.
CREATE TEMP TABLE before AS
SELECT (SELECT count(*) FROM crm.sales_order) AS orders, (SELECT count(*) FROM crm.order_item) AS lines,
    (SELECT count(*) FROM crm.stock_movement) AS movements, (SELECT sum(stock_quantity) FROM crm.product) AS stock;
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 500}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7001, '[{"product_id": 7002, "quantity": 1}, {"product_id": 7001, "quantity": 60}, {"product_id": 7001, "quantity": 60}]');
SELECT crm.place_order(799999, '[{"product_id": 7001, "quantity": 1}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7003, '[{"product_id": 7001, "quantity": 1}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7001, '[{"product_id": 799999, "quantity": 1}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7001, '[{"product_id": 7004, "quantity": 1}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7001, '[]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7001, '{"product_id": 7001, "quantity": 1}');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7001, NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 1}, 7]');
SELECT crm.place_order(7001, '[{"product_id": 7001}]');
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 0}]');
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": -1}]');
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 1.5}]');
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 9223372036854775808}]');
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 1e300}]');
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": "2"}]');
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 1, "price": 2}]');
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 1, "unit_price": -1}]');
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 1, "discount_rate": 10}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7001, '[{"product_id": 7003, "quantity": 1099511627776, "unit_price": 99999999999999}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 1}]', sales_rep_id => 799999);
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT crm.place_order(7001, '[{"product_id": 7003, "quantity": 1000000000000, "unit_price": 2}]');
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 1}]', order_date => 'infinity');
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM before EXCEPT
SELECT (SELECT count(*) FROM crm.sales_order), (SELECT count(*) FROM crm.order_item),
    (SELECT count(*) FROM crm.stock_movement), (SELECT sum(stock_quantity) FROM crm.product);

-- Every move of status is tried from every status and compared with the table of moves. Each is made on an
-- order of its own with 2 lamps; a move into canceled has to give them back, no other may.
CREATE FUNCTION pg_temp.try_move(start text, target text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    new_id bigint;
    stock bigint;
    gained bigint;
BEGIN
    INSERT INTO crm.sales_order (customer_id, status) VALUES (7001, start) RETURNING sales_order_id INTO new_id;
    INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (new_id, 7001, 2);
    SELECT p.stock_quantity INTO stock FROM crm.product AS p WHERE p.product_id = 7001;
    UPDATE crm.sales_order SET status = target WHERE sales_order_id = new_id;
    SELECT p.stock_quantity - stock INTO gained FROM crm.product AS p WHERE p.product_id = 7001;
    RETURN CASE WHEN gained = 0 THEN 'moved' ELSE format('moved, %s back', gained) END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE TEMP TABLE tried AS
SELECT f.status AS from_status, t.status AS to_status, pg_temp.try_move(f.status, t.status) AS result
FROM unnest(ARRAY['pending', 'confirmed', 'shipped', 'completed', 'canceled', 'lost']) AS t (status)
CROSS JOIN unnest(ARRAY['pending', 'confirmed', 'shipped', 'completed', 'canceled']) AS f (status);
SELECT from_status, string_agg(to_status || ': ' || result, ', ' ORDER BY to_status) AS moves
FROM tried GROUP BY 1 ORDER BY 1;
SELECT t.* FROM tried AS t
LEFT JOIN crm.order_status_transition AS m USING (from_status, to_status)
WHERE t.result <> CASE WHEN t.to_status = 'lost' THEN '23514' WHEN t.from_status = t.to_status THEN 'moved'
    WHEN m.restocks THEN 'moved, 2 back' WHEN NOT m.restocks THEN 'moved' ELSE 'RM002' END;
SELECT * FROM order_difference;
-- History and events of a whole life; the note is what the change was made with.
SET LOCAL crm.change_note = 'paid';
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 7001;
SET LOCAL crm.change_note = '';
UPDATE crm.sales_order SET status = 'shipped', ship_to_city = 'Hightown' WHERE sales_order_id = 7001;
UPDATE crm.sales_order SET status = 'shipped' WHERE sales_order_id = 7001;
UPDATE crm.sales_order SET status = 'completed' WHERE sales_order_id = 7001;
SELECT customer_id, from_status, to_status, note, changed_by = SESSION_USER AS mine, changed_at = now() AS today
FROM crm.order_status_history WHERE sales_order_id = 7001 ORDER BY order_status_history_id;
SELECT event_type, customer_id, payload FROM crm.event
WHERE table_name = 'sales_order' AND row_id = 7001 ORDER BY event_id;
-- Who writes the history by hand is refused.
INSERT INTO crm.order_status_history (customer_id, sales_order_id, to_status) VALUES (7001, 7001, 'pending');
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.order_status_history SET note = 'never' WHERE sales_order_id = 7001;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM crm.order_status_history WHERE sales_order_id = 7001;
\echo :LAST_ERROR_SQLSTATE

-- The lines of a completed or canceled order are frozen.
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7001, 7002, 1);
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.order_item SET quantity = 1 WHERE sales_order_id = 7001 AND line_no = 1;
DELETE FROM crm.order_item WHERE sales_order_id = 7001 AND line_no = 1;
UPDATE crm.order_item SET sales_order_id = 7002 WHERE sales_order_id = 7001 AND line_no = 1;
SELECT crm.cancel_order(7001);
\echo :LAST_ERROR_SQLSTATE
DELETE FROM crm.sales_order WHERE sales_order_id = 7001;
\echo :LAST_ERROR_SQLSTATE

-- An order needs a line to leave pending, and keeps one.
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 7002;
\echo :LAST_ERROR_SQLSTATE
SELECT crm.cancel_order(7002);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7002, 7001, 1), (7002, 7002, 1);
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 7002;
DELETE FROM crm.order_item WHERE sales_order_id = 7002;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM crm.order_item WHERE sales_order_id = 7002 AND line_no = 1;
DELETE FROM crm.order_item WHERE sales_order_id = 7002 AND line_no = 2;
\echo :LAST_ERROR_SQLSTATE
-- All lines may be exchanged in one statement.
WITH gone AS (DELETE FROM crm.order_item WHERE sales_order_id = 7002 RETURNING sales_order_id)
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) SELECT sales_order_id, 5, 7001, 4 FROM gone;
SELECT line_no, product_id, quantity FROM crm.order_item WHERE sales_order_id = 7002;

-- Canceling gives the stock back once, whoever repeats it.
SELECT stock_quantity FROM crm.product WHERE product_id = 7001;
SELECT status, total_amount FROM crm.cancel_order(7002, 'changed his mind');
SELECT status, total_amount FROM crm.cancel_order(7002, 'again');
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 7002;
SELECT stock_quantity FROM crm.product WHERE product_id = 7001;
SELECT from_status, to_status, note FROM crm.order_status_history WHERE sales_order_id = 7002 ORDER BY order_status_history_id;
SELECT current_setting('crm.change_note') = '' AS note_is_gone;
SELECT crm.cancel_order(799999);
\echo :LAST_ERROR_SQLSTATE
SELECT crm.cancel_order(NULL);
\echo :LAST_ERROR_SQLSTATE

-- A pending order without lines can be deleted, one with lines only with them.
DELETE FROM crm.sales_order WHERE sales_order_id = 7003;
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (7004, 7001);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7004, 7001, 5);
DELETE FROM crm.sales_order WHERE sales_order_id = 7004;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM crm.order_item WHERE sales_order_id = 7004;
DELETE FROM crm.sales_order WHERE sales_order_id = 7004;
SELECT sales_order_id FROM crm.sales_order WHERE sales_order_id IN (7003, 7004);
SELECT quantity, reason, line_no FROM crm.stock_movement WHERE sales_order_id = 7004 ORDER BY stock_movement_id;

-- What follows from the lines or was fixed with the order cannot be written.
INSERT INTO crm.sales_order (customer_id, total_amount) VALUES (7001, 5);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (sales_order_id, customer_id, total_amount, total_base) VALUES (7005, 7001, 0, 0);
UPDATE crm.sales_order SET total_amount = 5 WHERE sales_order_id = 7005;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.sales_order SET total_base = 5 WHERE sales_order_id = 7005;
UPDATE crm.sales_order SET currency_code = 'USD' WHERE sales_order_id = 7005;
UPDATE crm.sales_order SET fx_rate_to_base = 2 WHERE sales_order_id = 7005;
UPDATE crm.sales_order SET order_kind = 'return' WHERE sales_order_id = 7005;
UPDATE crm.sales_order SET sales_order_id = 7006 WHERE sales_order_id = 7005;
\echo :LAST_ERROR_SQLSTATE
-- An ORM that writes all columns back as it read them changes nothing.
UPDATE crm.sales_order SET total_amount = total_amount, currency_code = currency_code, status = status,
    sales_order_id = sales_order_id, order_kind = order_kind WHERE sales_order_id = 7005;
SELECT row_version FROM crm.sales_order WHERE sales_order_id = 7005;

-- Orders that were finished elsewhere: a completed one takes its lines in one statement and its stock, a
-- canceled one takes lines and no stock.
INSERT INTO crm.sales_order (sales_order_id, customer_id, status, order_date)
VALUES (7007, 7001, 'completed', '2025-01-01'), (7008, 7001, 'canceled', '2025-01-01');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7007, 7001, 1), (7007, 7002, 2), (7008, 7001, 3);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7007, 7001, 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7008, 7001, 1);
SELECT sales_order_id, total_amount FROM crm.sales_order WHERE sales_order_id IN (7007, 7008) ORDER BY 1;
SELECT sales_order_id, product_id, quantity, reason FROM crm.stock_movement
WHERE sales_order_id IN (7007, 7008) ORDER BY 1, 2;

-- A move of one's own that gives stock back, and one that takes it again.
INSERT INTO crm.order_status_transition (from_status, to_status) VALUES ('shipped', 'canceled'), ('canceled', 'pending');
INSERT INTO crm.sales_order (sales_order_id, customer_id, status) VALUES (7009, 7001, 'shipped');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7009, 7001, 6);
SELECT stock_quantity FROM crm.product WHERE product_id = 7001;
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 7009;
SELECT stock_quantity FROM crm.product WHERE product_id = 7001;
UPDATE crm.sales_order SET status = 'pending' WHERE sales_order_id = 7009;
SELECT stock_quantity FROM crm.product WHERE product_id = 7001;

-- Many orders in one statement: one that may not move stops all, and each kind of move is judged by itself.
INSERT INTO crm.sales_order (sales_order_id, customer_id) SELECT n, 7001 FROM generate_series(7101, 7104) AS n;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) SELECT n, 7001, 1 FROM generate_series(7101, 7103) AS n;
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id BETWEEN 7101 AND 7104;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id BETWEEN 7101 AND 7102;
UPDATE crm.sales_order SET status = CASE sales_order_id WHEN 7101 THEN 'shipped' WHEN 7102 THEN 'canceled' ELSE 'completed' END
WHERE sales_order_id BETWEEN 7101 AND 7103;
SELECT o.sales_order_id, o.status, string_agg(h.from_status || '>' || h.to_status, ' ' ORDER BY h.order_status_history_id) AS history
FROM crm.sales_order AS o JOIN crm.order_status_history AS h USING (sales_order_id)
WHERE o.sales_order_id BETWEEN 7101 AND 7104 GROUP BY 1 ORDER BY 1;

-- Idempotency keys: the same order again, another payload refused, keys of nothing refused.
CREATE TEMP TABLE first_call AS
SELECT sales_order_id FROM crm.place_order(7001, '[{"product_id": 7001, "quantity": 2}]', idempotency_key => 'lifecycle-1');
SELECT sales_order_id = (SELECT f.sales_order_id FROM first_call AS f) AS the_same, status, total_amount
FROM crm.place_order(7001, '[{"quantity": 2, "product_id": 7001}]', idempotency_key => 'lifecycle-1');
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = (SELECT sales_order_id FROM first_call);
SELECT sales_order_id = (SELECT f.sales_order_id FROM first_call AS f) AS the_same, status
FROM crm.place_order(7001, '[{"product_id": 7001, "quantity": 2}]', idempotency_key => 'lifecycle-1');
SELECT count(*) AS lines, sum(i.quantity) AS units FROM crm.order_item AS i
WHERE i.sales_order_id = (SELECT f.sales_order_id FROM first_call AS f);
\set VERBOSITY terse
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 3}]', idempotency_key => 'lifecycle-1');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7002, '[{"product_id": 7001, "quantity": 2}]', idempotency_key => 'lifecycle-1');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 3}]', idempotency_key => ' ');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 3}]', idempotency_key => repeat('x', 201));
-- A key whose order was refused is free again.
SELECT crm.place_order(7001, '[{"product_id": 7001, "quantity": 3000}]', idempotency_key => 'lifecycle-2');
\echo :LAST_ERROR_SQLSTATE
SELECT total_amount FROM crm.place_order(7001, '[{"product_id": 7001, "quantity": 3}]', idempotency_key => 'lifecycle-2');

SELECT * FROM order_difference;
SELECT * FROM crm.verify();
ROLLBACK;
