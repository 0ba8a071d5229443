-- Returns: orders of kind return that bring goods of a sale back, by function and by plain INSERT. They add
-- stock and count negatively; no more comes back than was sold. test/twin/orders.sql recomputes totals and stock.
\getenv dir PG_ABS_SRCDIR
\set oracle :dir '/twin/orders.sql'
\set ECHO none
\i :oracle
\set ECHO all
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
BEGIN;
INSERT INTO crm.region (region_id, name) VALUES (7301, 'Returns region');
INSERT INTO crm.staff (staff_id, first_name, last_name, email) VALUES (7301, 'Rea', 'Rep', 'rea@returns.example');
INSERT INTO crm.sales_rep (sales_rep_id) VALUES (7301);
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('SEK', '2026-01-01', 0.0877);
INSERT INTO crm.customer (customer_id, last_name, region_id, sales_rep_id) VALUES (7301, 'Keeper', 7301, 7301), (7302, 'Other', NULL, NULL);
INSERT INTO crm.product_category (product_category_id, name) VALUES (7301, 'Return goods');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
VALUES (7301, 'R1', 'Rope', 7301, 'EUR', 3, 100, 85), (7302, 'R2', 'Rug', 7301, 'EUR', 80, 100, 0);
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, is_stocked)
VALUES (7303, 'R3', 'Repair', 7301, 'EUR', 20, false);
-- A sale with two lines of one product at different prices, in a currency of its own.
INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, order_date) VALUES (7301, 7301, 'SEK', '2026-02-01');
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity, unit_price, discount_rate)
VALUES (7301, 1, 7301, 4, 30, 0), (7301, 2, 7302, 2, 800, 0.25), (7301, 3, 7301, 6, 25.5, 0.1), (7301, 4, 7303, 1, 200, 0);
CREATE TEMP VIEW lines AS
SELECT o.sales_order_id, o.order_kind, o.status, i.line_no, i.product_id, i.quantity, i.unit_price, i.discount_rate,
    i.line_total, i.line_base
FROM crm.order_item AS i JOIN crm.sales_order AS o USING (sales_order_id)
WHERE o.customer_id IN (7301, 7302) ORDER BY o.sales_order_id, i.line_no;
CREATE TEMP VIEW stock AS SELECT product_id, stock_quantity FROM crm.product WHERE product_id IN (7301, 7302) ORDER BY 1;
SELECT * FROM stock;

-- A pending sale is canceled, not returned.
SELECT crm.return_order(7301);
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.sales_order SET status = 'shipped' WHERE sales_order_id = 7301;

-- The units go back at what they were sold for, those of the first line first: of 5 ropes 4 at 30 and 1 at
-- 25.5 less 10 percent. 120 + 22.95 + 600 = 742.95 kronor, at 0.0877 line by line.
UPDATE crm.exchange_rate SET rate_to_base = 0.09 WHERE currency_code = 'SEK';
UPDATE crm.customer SET region_id = NULL, sales_rep_id = NULL WHERE customer_id = 7301;
CREATE TEMP TABLE first_return AS
SELECT * FROM crm.return_order(7301, '[{"product_id": 7301, "quantity": 5}, {"product_id": 7302, "quantity": 1}]');
SELECT customer_id, order_kind, returns_order_id, status, region_id, sales_rep_id, currency_code, fx_rate_to_base,
    total_amount, total_base
FROM first_return;
SELECT l.product_id, l.quantity, l.unit_price, l.discount_rate, l.line_total, l.line_base
FROM lines AS l JOIN first_return AS r USING (sales_order_id) ORDER BY l.product_id, l.unit_price DESC;
SELECT * FROM stock;
SELECT product_id, quantity, reason FROM crm.stock_movement AS m JOIN first_return AS r USING (sales_order_id)
ORDER BY product_id, quantity;
-- The next return goes on where the first one ended, at a price of its own if one is given.
SELECT total_amount, total_base FROM crm.return_order(7301, '[{"product_id": 7301, "quantity": 2}]');
SELECT total_amount, total_base FROM crm.return_order(7301, '[{"product_id": 7301, "quantity": 1, "unit_price": 10, "discount_rate": 0}]');

-- More than is left is refused, in whatever parts it comes, and nothing is written.
SELECT crm.return_order(7301, '[{"product_id": 7301, "quantity": 3}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.return_order(7301, '[{"product_id": 7301, "quantity": 1}, {"product_id": 7302, "quantity": 1}, {"product_id": 7301, "quantity": 2}]');
SELECT crm.return_order(7301, '[{"product_id": 7301, "quantity": 9999999999}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.return_order(7301, '[{"product_id": 799999, "quantity": 1}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.return_order(7301, '[]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.return_order(7301, '[{"product_id": 7301, "quantity": 0}]');
\echo :LAST_ERROR_SQLSTATE
SELECT crm.return_order(799999);
\echo :LAST_ERROR_SQLSTATE
SELECT crm.return_order(NULL);
SELECT * FROM stock;
-- Without items all the rest goes back: 2 ropes, 1 rug and the repair, which moves no stock.
SELECT total_amount FROM crm.return_order(7301);
SELECT * FROM stock;
SELECT crm.return_order(7301);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM order_difference;
-- What the sale brings in the end is what was not given back for: by hand, the one rope that went back for 10
-- instead of 22.95.
SELECT sum(CASE order_kind WHEN 'return' THEN -total_amount ELSE total_amount END) AS revenue
FROM crm.sales_order WHERE customer_id = 7301 AND status <> 'canceled';
SELECT sum(CASE order_kind WHEN 'return' THEN -1 ELSE 1 END * round(quantity * unit_price * (1 - discount_rate), 4)) AS revenue,
    sum(CASE order_kind WHEN 'return' THEN -quantity ELSE quantity END) AS units
FROM lines;

-- While a return stands, its sale cannot be canceled (here, with a move that would allow it); once the return is
-- canceled, the goods are out again and may come back again.
INSERT INTO crm.order_status_transition (from_status, to_status) VALUES ('shipped', 'canceled');
INSERT INTO crm.sales_order (sales_order_id, customer_id, status) VALUES (7310, 7302, 'shipped');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7310, 7302, 3);
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_kind, returns_order_id, status)
VALUES (7311, 7302, 'return', 7310, 'confirmed');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7311, 7302, 3);
SELECT crm.cancel_order(7310);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM stock;
SELECT status FROM crm.cancel_order(7311, 'not ours');
SELECT * FROM stock;
SELECT status FROM crm.cancel_order(7310);
SELECT * FROM stock;
-- A return cannot be canceled if its goods are sold again.
INSERT INTO crm.sales_order (sales_order_id, customer_id, status) VALUES (7312, 7302, 'shipped');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7312, 7302, 100);
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_kind, returns_order_id) VALUES (7313, 7302, 'return', 7312);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7313, 7302, 60);
SELECT total_amount FROM crm.place_order(7302, '[{"product_id": 7302, "quantity": 50}]');
SELECT crm.cancel_order(7313);
\echo :LAST_ERROR_SQLSTATE

-- Lines of a return by plain statements: added, raised, moved and lowered within what was sold.
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7313, 7302, 41);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7313, 7301, 1);
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.order_item SET quantity = 101 WHERE sales_order_id = 7313;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.order_item SET quantity = 100 WHERE sales_order_id = 7313;
UPDATE crm.order_item SET product_id = 7301 WHERE sales_order_id = 7313;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.order_item SET quantity = 55 WHERE sales_order_id = 7313;
SELECT quantity, reason FROM crm.stock_movement WHERE sales_order_id = 7313 ORDER BY stock_movement_id;
-- The sale's own lines cannot fall below what came back.
UPDATE crm.order_item SET quantity = 54 WHERE sales_order_id = 7312;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.order_item SET product_id = 7301 WHERE sales_order_id = 7312;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7312, 7301, 1);
DELETE FROM crm.order_item WHERE sales_order_id = 7312 AND product_id = 7302;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.order_item SET quantity = 55 WHERE sales_order_id = 7312 AND product_id = 7302;
SELECT * FROM stock;
SELECT * FROM order_difference;

-- What may be returned: a sale of the same customer, not a return, not a canceled sale.
INSERT INTO crm.sales_order (customer_id, order_kind, returns_order_id) VALUES (7302, 'return', 7313);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (customer_id, order_kind, returns_order_id) VALUES (7301, 'return', 7312);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (customer_id, order_kind, returns_order_id) VALUES (7302, 'return', 799999);
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
INSERT INTO crm.sales_order (customer_id, order_kind, returns_order_id) VALUES (7302, 'sale', 7312);
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_kind, returns_order_id) VALUES (7314, 7302, 'return', 7310);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7314, 7302, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT crm.return_order(7310);
\echo :LAST_ERROR_SQLSTATE
SELECT crm.return_order(7313);
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.sales_order SET returns_order_id = 7312 WHERE sales_order_id = 7314;
\echo :LAST_ERROR_SQLSTATE

-- A return whose sale is not known, and one of a product that is no longer sold.
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_kind, status) VALUES (7315, 7302, 'return', 'completed');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7315, 7301, 7);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7315, 7301, 1);
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.product SET deleted_at = now() WHERE product_id = 7301;
SELECT crm.place_order(7302, '[{"product_id": 7301, "quantity": 1}]');
\echo :LAST_ERROR_SQLSTATE
SELECT total_amount FROM crm.return_order(7312, '[{"product_id": 7301, "quantity": 1}]');
SELECT * FROM stock;
-- Returns have a life of statuses as well, with the same history.
UPDATE crm.sales_order SET status = 'completed' WHERE sales_order_id IN (SELECT sales_order_id FROM first_return);
SELECT h.from_status, h.to_status FROM crm.order_status_history AS h JOIN first_return AS r USING (sales_order_id);

SELECT * FROM order_difference;
SELECT * FROM crm.verify();
ROLLBACK;
