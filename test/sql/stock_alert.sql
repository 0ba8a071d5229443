-- Stock: its ledger, what may be booked by hand, and alerts of low stock, which open and close once a
-- crossing, whatever moved the stock or the level. test/twin/orders.sql recomputes all of it.
\getenv dir PG_ABS_SRCDIR
\set oracle :dir '/twin/orders.sql'
\set ECHO none
\i :oracle
\set ECHO all
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
BEGIN;
INSERT INTO crm.customer (customer_id, last_name) VALUES (7201, 'Shopper');
INSERT INTO crm.product_category (product_category_id, name) VALUES (7201, 'Alert goods');
-- Alerts and events of the products of this test, as they came.
CREATE TEMP VIEW alerts AS
SELECT p.product_id, p.stock_quantity AS stock, p.reorder_level AS level,
    (SELECT string_agg(format('%s/%s%s', a.stock_quantity, a.reorder_level, CASE WHEN a.cleared_at IS NULL THEN ' open' END), ', '
        ORDER BY a.stock_alert_id) FROM crm.stock_alert AS a WHERE a.product_id = p.product_id) AS alerts,
    (SELECT string_agg(format('%s at %s', substr(e.event_type, 7), e.payload ->> 'stock_quantity'), ', ' ORDER BY e.event_id)
        FROM (SELECT * FROM crm.event AS e
            WHERE e.table_name = 'product' AND e.row_id = p.product_id AND e.event_type LIKE 'stock.%'
            ORDER BY e.event_id DESC LIMIT 2) AS e) AS last_events
FROM crm.product AS p WHERE p.product_id BETWEEN 7201 AND 7299 ORDER BY p.product_id;

-- A new product's stock is its opening movement; one that is low from the start has an alert. Level 0 means
-- that none is wanted; what keeps no stock, is not offered or deleted has none.
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level, active, deleted_at)
VALUES (7201, 'A1', 'Anvil', 7201, 'EUR', 10, 12, 10, true, NULL),
    (7202, 'A2', 'Axe', 7201, 'EUR', 10, 10, 10, true, NULL),
    (7203, 'A3', 'Awl', 7201, 'EUR', 10, 0, 0, true, NULL),
    (7204, 'A4', 'Arrow', 7201, 'EUR', 10, 3, 10, false, NULL),
    (7205, 'A5', 'Amulet', 7201, 'EUR', 10, 3, 10, true, now()),
    (7206, 'A6', 'Apron', 7201, 'EUR', 10, 0, 5, true, NULL);
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, reorder_level, is_stocked)
VALUES (7207, 'A7', 'Advice', 7201, 'EUR', 10, 10, false);
SELECT * FROM alerts;
SELECT product_id, quantity, reason, sales_order_id, line_no, note, created_by = SESSION_USER AS mine
FROM crm.stock_movement WHERE product_id BETWEEN 7201 AND 7299 ORDER BY stock_movement_id;
SELECT * FROM order_difference;

-- 12 to 11: above the level. 11 to 10: a crossing. Further down: no second one. Up to 10: still low. 11: cleared.
SELECT total_amount FROM crm.place_order(7201, '[{"product_id": 7201, "quantity": 1}]');
SELECT * FROM alerts WHERE product_id = 7201;
SELECT total_amount FROM crm.place_order(7201, '[{"product_id": 7201, "quantity": 1}]');
SELECT * FROM alerts WHERE product_id = 7201;
SELECT total_amount FROM crm.place_order(7201, '[{"product_id": 7201, "quantity": 2}, {"product_id": 7201, "quantity": 3}]');
SELECT quantity, reason, note FROM crm.receive_stock(7201, 5, 'delivery 1');
SELECT * FROM alerts WHERE product_id = 7201;
SELECT quantity, reason, note FROM crm.receive_stock(product_id => 7201, quantity => 1);
SELECT * FROM alerts WHERE product_id = 7201;
-- A second crossing is a second alert; the first one stays as it was.
SELECT quantity, reason, note FROM crm.adjust_stock(7201, -9, 'broken');
SELECT * FROM alerts WHERE product_id = 7201;
SELECT count(*) FILTER (WHERE cleared_at IS NULL) AS open, count(*) AS all,
    bool_and(raised_at <= coalesce(cleared_at, raised_at)) AS in_order
FROM crm.stock_alert WHERE product_id = 7201;
-- Opened and closed within one statement is no crossing.
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7201, 20, 'purchase');
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7201, -15, 'adjust'), (7201, 15, 'adjust');
SELECT * FROM alerts WHERE product_id = 7201;

-- Canceling, returning and deleting lines move the stock back above the level.
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (7201, 7201), (7202, 7201);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (7201, 1, 7201, 13), (7202, 1, 7201, 1);
SELECT * FROM alerts WHERE product_id = 7201;
DELETE FROM crm.order_item WHERE sales_order_id = 7202;
UPDATE crm.order_item SET quantity = 12 WHERE sales_order_id = 7201;
SELECT * FROM alerts WHERE product_id = 7201;
UPDATE crm.order_item SET quantity = 14 WHERE sales_order_id = 7201;
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 7201;
SELECT * FROM alerts WHERE product_id = 7201;

-- The level moves, the product leaves the range, comes back, is deleted and restored.
UPDATE crm.product SET reorder_level = 30 WHERE product_id = 7201;
UPDATE crm.product SET reorder_level = 0 WHERE product_id = 7201;
UPDATE crm.product SET reorder_level = 30 WHERE product_id = 7201;
UPDATE crm.product SET active = false WHERE product_id = 7201;
UPDATE crm.product SET reorder_level = 31, active = true WHERE product_id = 7201;
UPDATE crm.product SET deleted_at = now() WHERE product_id = 7201;
UPDATE crm.product SET deleted_at = NULL WHERE product_id = 7201;
SELECT * FROM alerts WHERE product_id = 7201;
SELECT event_type FROM crm.event WHERE table_name = 'product' AND row_id = 7201 AND event_type LIKE 'product.%' ORDER BY event_id;

-- An app may write the stock itself; the ledger gets the difference.
UPDATE crm.product SET stock_quantity = 40 WHERE product_id = 7201;
UPDATE crm.product SET stock_quantity = stock_quantity - 5, reorder_level = 35, price = 11 WHERE product_id = 7201;
SELECT quantity, reason FROM crm.stock_movement WHERE product_id = 7201 ORDER BY stock_movement_id DESC LIMIT 2;
SELECT * FROM alerts WHERE product_id = 7201;
-- One statement over many products: each gets its own.
UPDATE crm.product SET stock_quantity = CASE product_id WHEN 7202 THEN 11 WHEN 7203 THEN 5 WHEN 7204 THEN 1 ELSE 4 END,
    reorder_level = CASE product_id WHEN 7206 THEN 3 ELSE reorder_level END
WHERE product_id BETWEEN 7202 AND 7206;
SELECT * FROM alerts;
SELECT product_id, quantity, reason FROM crm.stock_movement
WHERE product_id BETWEEN 7202 AND 7206 AND reason = 'adjust' ORDER BY 1;
-- Writing back what was read, or another column, moves nothing.
UPDATE crm.product SET stock_quantity = stock_quantity, name = 'Axe, big' WHERE product_id = 7202;
SELECT count(*) FROM crm.stock_movement WHERE product_id = 7202;
SELECT * FROM order_difference;

-- The ledger is not rewritten, and what orders write is theirs.
UPDATE crm.stock_movement SET quantity = 1 WHERE product_id = 7201;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM crm.stock_movement WHERE product_id = 7201;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE crm.stock_movement;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7201, 1, 'sale');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7201, 1, 'return');
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7201, 1, 'cancel');
\set VERBOSITY terse
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7201, 1, 'found');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7201, 0, 'adjust');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.stock_movement (product_id, quantity, reason, moved_at) VALUES (7201, 1, 'adjust', 'infinity');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (799999, 1, 'adjust');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7207, 1, 'purchase');
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.product SET stock_quantity = 1 WHERE product_id = 7207;
\echo :LAST_ERROR_SQLSTATE

-- Nothing takes more than there is.
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7203, 10, 'purchase'), (7203, -16, 'adjust');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7203, 10, 'purchase'), (7203, -15, 'adjust');
SELECT crm.adjust_stock(7203, -1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (7203, 1000000000000, 'purchase');
SELECT crm.receive_stock(7203, 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.stock_movement (product_id, quantity, reason)
VALUES (7204, 1000000000000, 'purchase'), (7204, 1000000000000, 'purchase');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.adjust_stock(7203, -1000000000000) IS NULL;
SELECT crm.receive_stock(7202, 0);
\echo :LAST_ERROR_SQLSTATE
SELECT crm.receive_stock(7202, -1);
SELECT crm.receive_stock(7202, NULL);
SELECT crm.receive_stock(NULL, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT crm.receive_stock(799999, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT crm.receive_stock(7207, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT crm.adjust_stock(7202, 0);
SELECT crm.adjust_stock(7202, NULL);
SELECT crm.adjust_stock(799999, 1);
\set VERBOSITY terse
SELECT crm.receive_stock(7202, 1, repeat('x', 1001));
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.product SET stock_quantity = -1 WHERE product_id = 7202;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.product (sku, name, product_category_id, currency_code, price, stock_quantity) VALUES ('A8', 'Abacus', 7201, 'EUR', 1, -1);
\set VERBOSITY default
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, is_stocked)
VALUES (7209, 'A9', 'Answer', 7201, 'EUR', 1, 1, false);
\echo :LAST_ERROR_SQLSTATE

-- Lines of what keeps no stock take nothing and raise nothing.
SELECT total_amount FROM crm.place_order(7201, '[{"product_id": 7207, "quantity": 1000000}]');
SELECT count(*) FROM crm.stock_movement WHERE product_id = 7207;

-- A product that is no longer stocked clears its alert, one that is stocked again has it back; not once it was
-- sold, when canceling an order would give back what it never took.
UPDATE crm.product SET is_stocked = false, reorder_level = 7 WHERE product_id = 7206;
UPDATE crm.product SET is_stocked = true WHERE product_id = 7206;
SELECT * FROM alerts WHERE product_id = 7206;
UPDATE crm.product SET is_stocked = true WHERE product_id = 7207;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.product SET is_stocked = NOT is_stocked WHERE product_id IN (7201, 7206);

-- Changes of stock are no changes of the record.
SELECT row_version FROM crm.product WHERE product_id = 7206;
SELECT quantity FROM crm.receive_stock(7206, 1);
UPDATE crm.product SET stock_quantity = 7 WHERE product_id = 7206;
SELECT row_version FROM crm.product WHERE product_id = 7206;

-- The list of what is low now, against the definition.
SELECT product_id, sku, product_name, category_name, stock_quantity, reorder_level FROM crm.low_stock
WHERE product_category_id = 7201 ORDER BY product_id;
SELECT p.product_id FROM crm.product AS p
WHERE p.is_stocked AND p.active AND p.deleted_at IS NULL AND p.reorder_level > 0 AND p.stock_quantity <= p.reorder_level
EXCEPT SELECT l.product_id FROM crm.low_stock AS l;
SELECT l.product_id FROM crm.low_stock AS l JOIN crm.product AS p USING (product_id)
WHERE NOT (p.is_stocked AND p.active AND p.deleted_at IS NULL AND p.reorder_level > 0 AND p.stock_quantity <= p.reorder_level);

SELECT * FROM order_difference;
SELECT * FROM crm.verify();
ROLLBACK;
