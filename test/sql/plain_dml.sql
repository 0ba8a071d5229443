-- Orders and stock by plain INSERT, UPDATE, DELETE, MERGE and COPY, as an ORM or an import sends them: the rules
-- hold without any function of the CRM. After each block, test/twin/orders.sql recomputes what triggers keep.
\getenv dir PG_ABS_SRCDIR
\set oracle :dir '/twin/orders.sql'
\set ECHO none
\i :oracle
\set ECHO all
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
BEGIN;
INSERT INTO crm.customer (customer_id, last_name) VALUES (7501, 'Plain'), (7502, 'Simple');
INSERT INTO crm.product_category (product_category_id, name) VALUES (7501, 'Plain goods');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
VALUES (7501, 'P1', 'Pan', 7501, 'EUR', 10, 1000, 900), (7502, 'P2', 'Pot', 7501, 'EUR', 20, 1000, 0),
    (7503, 'P3', 'Plate', 7501, 'EUR', 3.3333, 1000, 0);
CREATE TEMP VIEW orders AS
SELECT o.sales_order_id AS id, o.status, o.total_amount AS total,
    string_agg(format('%s:%sx%s', i.line_no, i.quantity, p.sku), ' ' ORDER BY i.line_no) AS lines
FROM crm.sales_order AS o
LEFT JOIN crm.order_item AS i USING (sales_order_id)
LEFT JOIN crm.product AS p USING (product_id)
WHERE o.customer_id IN (7501, 7502) GROUP BY 1 ORDER BY 1;
CREATE TEMP VIEW stock AS
SELECT string_agg(sku || ' ' || stock_quantity, ', ' ORDER BY product_id) AS stock
FROM crm.product WHERE product_category_id = 7501;

-- Several rows in one statement, lines of several orders mixed, RETURNING what was filled in.
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (7501, 7501), (7502, 7501), (7503, 7502)
RETURNING sales_order_id, status, currency_code, total_amount, row_version;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price)
VALUES (7503, 7503, 1, NULL), (7501, 7502, 2, NULL), (7502, 7501, 3, 9.99), (7501, 7501, 4, NULL), (7503, 7503, 5, 3)
RETURNING sales_order_id, line_no, customer_id, product_name, quantity, unit_price, line_total, line_base;
SELECT * FROM orders;
SELECT * FROM stock;
-- Header and lines in one statement.
WITH header AS (
    INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (7504, 7501), (7505, 7502) RETURNING sales_order_id
)
INSERT INTO crm.order_item (sales_order_id, product_id, quantity)
SELECT h.sales_order_id, p.product_id, 2 FROM header AS h, crm.product AS p WHERE p.product_id IN (7501, 7503)
ORDER BY 1, 2;
-- Statements without rows.
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) SELECT 7501, 7501, 1 WHERE false;
UPDATE crm.order_item SET quantity = 99 WHERE sales_order_id = 799999;
DELETE FROM crm.order_item WHERE sales_order_id = 799999;
SELECT * FROM order_difference;

-- Quantity, price, discount and product changed, alone and together, in one and in many rows.
UPDATE crm.order_item SET quantity = 6 WHERE sales_order_id = 7501 AND line_no = 1;
UPDATE crm.order_item SET quantity = quantity - 1, unit_price = 15, discount_rate = 0.1 WHERE sales_order_id = 7501 AND line_no = 1;
UPDATE crm.order_item SET product_id = 7503, quantity = 7 WHERE sales_order_id = 7501 AND line_no = 2;
SELECT line_no, product_id, product_name, quantity, unit_price, discount_rate, line_total FROM crm.order_item WHERE sales_order_id = 7501 ORDER BY 1;
UPDATE crm.order_item SET product_id = 7502, product_name = 'Pot with lid', unit_price = 25 WHERE sales_order_id = 7502;
SELECT product_id, product_name, unit_price FROM crm.order_item WHERE sales_order_id = 7502;
SELECT * FROM orders;
SELECT * FROM stock;
-- Two lines exchange their products in one statement; all lines of all orders get another one each.
UPDATE crm.order_item SET product_id = 7501 + 7503 - product_id WHERE sales_order_id = 7504;
UPDATE crm.order_item AS i SET quantity = i.quantity * 2, unit_price = p.price
FROM crm.product AS p WHERE p.product_id = i.product_id AND i.sales_order_id BETWEEN 7501 AND 7505;
SELECT * FROM orders;
SELECT * FROM stock;
SELECT * FROM order_difference;

-- Lines that move: to another number, another order, the order of another customer; an order without lines stays.
UPDATE crm.order_item SET line_no = line_no + 10 WHERE sales_order_id = 7501;
UPDATE crm.order_item SET sales_order_id = 7502, line_no = 20 WHERE sales_order_id = 7501 AND line_no = 11;
UPDATE crm.order_item SET sales_order_id = 7501 WHERE sales_order_id = 7503;
SELECT sales_order_id, line_no, customer_id FROM crm.order_item WHERE sales_order_id IN (7501, 7502) ORDER BY 1, 2;
SELECT * FROM orders;
SELECT * FROM stock;
SELECT count(*) FROM crm.stock_movement WHERE sales_order_id = 7503 AND reason = 'cancel';
UPDATE crm.order_item SET sales_order_id = 799999 WHERE sales_order_id = 7502 AND line_no = 20;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM order_difference;
-- An order moves to another customer with its lines and its history; nothing else moves.
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 7504;
UPDATE crm.sales_order SET customer_id = 7502 WHERE sales_order_id = 7504;
SELECT DISTINCT customer_id FROM crm.order_item WHERE sales_order_id = 7504;
SELECT customer_id, from_status, to_status FROM crm.order_status_history WHERE sales_order_id = 7504;
UPDATE crm.order_item SET customer_id = 7501 WHERE sales_order_id = 7504;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (customer_id, sales_order_id, product_id, quantity) VALUES (7501, 7504, 7501, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM stock;

-- Upserts: one statement inserts some lines and changes others; the trigger of each sees its own rows.
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity)
VALUES (7505, 1, 7501, 10), (7505, 2, 7503, 20), (7505, 3, 7502, 30), (7505, 4, 7502, 40)
ON CONFLICT (sales_order_id, line_no) DO UPDATE SET quantity = excluded.quantity, product_id = excluded.product_id;
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (7505, 1, 7501, 500), (7505, 5, 7501, 1)
ON CONFLICT DO NOTHING;
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (7505, 1, 7501, 7), (7505, 1, 7501, 8)
ON CONFLICT (sales_order_id, line_no) DO UPDATE SET quantity = excluded.quantity;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (7505, 1, 7501, 7), (7505, 2, 7503, 8)
ON CONFLICT (sales_order_id, line_no) DO UPDATE SET quantity = excluded.quantity WHERE order_item.line_no = 2;
SELECT * FROM orders WHERE id = 7505;
SELECT * FROM stock;
-- Orders of another system are booked once, however often they are sent.
INSERT INTO crm.sales_order (customer_id, external_source, external_id) VALUES (7501, 'shop', 'S-1'), (7501, 'shop', 'S-2');
INSERT INTO crm.sales_order (customer_id, external_source, external_id) VALUES (7501, 'shop', 'S-1'), (7502, 'shop', 'S-3')
ON CONFLICT (external_source, external_id) DO NOTHING;
INSERT INTO crm.sales_order (customer_id, external_source, external_id, ship_to_city) VALUES (7501, 'shop', 'S-2', 'Bremen')
ON CONFLICT (external_source, external_id) DO UPDATE SET ship_to_city = excluded.ship_to_city;
SELECT external_id, customer_id, ship_to_city, row_version FROM crm.sales_order WHERE external_source = 'shop' ORDER BY 1;
DELETE FROM crm.sales_order WHERE external_source = 'shop';
-- MERGE inserts, changes and deletes at once.
MERGE INTO crm.order_item AS i
USING (VALUES (7505, 1, 7501, 11), (7505, 3, 7502, 0), (7505, 9, 7503, 9)) AS v (sales_order_id, line_no, product_id, quantity)
ON i.sales_order_id = v.sales_order_id AND i.line_no = v.line_no
WHEN MATCHED AND v.quantity = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET quantity = v.quantity
WHEN NOT MATCHED THEN INSERT (sales_order_id, line_no, product_id, quantity) VALUES (v.sales_order_id, v.line_no, v.product_id, v.quantity);
SELECT * FROM orders WHERE id = 7505;
SELECT * FROM stock;
SELECT * FROM order_difference;

-- COPY, with and without what triggers fill in.
COPY crm.sales_order (sales_order_id, customer_id, order_date, status) FROM stdin;
7511	7501	2026-01-02 03:04:05+00	confirmed
7512	7502	2026-01-02 03:04:05+00	completed
\.
COPY crm.order_item (sales_order_id, product_id, quantity, unit_price, discount_rate) FROM stdin WITH (FORMAT csv);
7511,7501,3,,0
7512,7502,4,19.5,0.05
7511,7503,5,,0.1
\.
COPY crm.stock_movement (product_id, quantity, reason, note) FROM stdin WITH (FORMAT csv, HEADER);
product_id,quantity,reason,note
7501,100,purchase,by COPY
7502,-50,adjust,by COPY
\.
COPY crm.order_item (sales_order_id, product_id, quantity) FROM stdin;
7511	7501	1
7511	7502	5000
\.
SELECT * FROM orders WHERE id IN (7511, 7512);
SELECT * FROM stock;
SELECT * FROM order_difference;

-- Deleting lines, by a join too, and what cannot go.
DELETE FROM crm.order_item WHERE sales_order_id = 7511 AND line_no = 1;
WITH gone AS (
    DELETE FROM crm.order_item AS i USING crm.product AS p
    WHERE p.product_id = i.product_id AND p.sku = 'P2' AND i.sales_order_id IN (7502, 7505) RETURNING i.*
)
SELECT sales_order_id, line_no, quantity FROM gone ORDER BY 1, 2;
DELETE FROM crm.order_item WHERE sales_order_id IN (7511, 7502);
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY sqlstate
DELETE FROM crm.product WHERE product_id = 7501;
\set VERBOSITY default
DELETE FROM crm.customer WHERE customer_id = 7501;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE crm.order_item;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE crm.sales_order CASCADE;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM orders;
SELECT * FROM stock;
SELECT * FROM order_difference;

-- What is rolled back, to a savepoint or by a caught error, leaves no trace.
SAVEPOINT here;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7501, 7501, 100), (7501, 7502, 100);
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 7505;
ROLLBACK TO here;
DO $$
BEGIN
    INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7501, 7501, 100);
    INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7501, 7502, 100000);
EXCEPTION WHEN SQLSTATE 'RM001' THEN
    UPDATE crm.order_item SET quantity = 1 WHERE sales_order_id = 7501 AND line_no = 2;
END $$;
SELECT * FROM orders WHERE id IN (7501, 7505);
SELECT * FROM stock;
-- After an error inside a trigger's own write, the next write of a client is one again.
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (7521, 7501);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) VALUES (7521, 7501, 1, 1000000000000), (7521, 7501, 1, 1000000000000);
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.sales_order SET total_amount = 7 WHERE sales_order_id = 7521;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.product SET stock_quantity = stock_quantity + 1 WHERE product_id = 7501;
SELECT quantity, reason FROM crm.stock_movement WHERE product_id = 7501 ORDER BY stock_movement_id DESC LIMIT 1;
SELECT * FROM order_difference;

-- A prepared statement and a cursor; the same statements for one row and for hundreds.
PREPARE add_line(bigint, bigint, bigint) AS INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES ($1, $2, $3);
EXECUTE add_line(7521, 7501, 1);
EXECUTE add_line(7521, 7502, 2);
DECLARE line CURSOR FOR SELECT * FROM crm.order_item WHERE sales_order_id = 7521 ORDER BY line_no FOR UPDATE;
MOVE 2 FROM line;
UPDATE crm.order_item SET quantity = 20 WHERE CURRENT OF line;
CLOSE line;
SELECT * FROM orders WHERE id = 7521;
INSERT INTO crm.sales_order (sales_order_id, customer_id) SELECT n, 7501 + n % 2 FROM generate_series(7601, 7800) AS n;
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity)
SELECT n, k, 7501 + (n + k) % 3, 1 + k % 2 FROM generate_series(7601, 7800) AS n, generate_series(1, 3) AS k;
UPDATE crm.order_item SET quantity = quantity + 1 WHERE sales_order_id BETWEEN 7601 AND 7800 AND line_no = 1;
UPDATE crm.sales_order SET status = CASE sales_order_id % 3 WHEN 0 THEN 'canceled' WHEN 1 THEN 'confirmed' ELSE 'shipped' END
WHERE sales_order_id BETWEEN 7601 AND 7800;
DELETE FROM crm.order_item WHERE sales_order_id BETWEEN 7601 AND 7800 AND line_no = 2 AND sales_order_id % 3 = 1;
SELECT status, count(*), sum(total_amount) FROM crm.sales_order WHERE sales_order_id BETWEEN 7601 AND 7800 GROUP BY 1 ORDER BY 1;
SELECT * FROM stock;
SELECT * FROM order_difference;

-- Values that are refused.
\set VERBOSITY terse
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7521, 7501, 0);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7521, 7501, -1);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7521, 7501, 9999999999);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7521, 7501, 9223372036854775807);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7521, 7501, 'NaN');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) VALUES (7521, 7501, 1, 'NaN');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) VALUES (7521, 7501, 1, 'Infinity');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) VALUES (7521, 7501, 1, -0.01);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, discount_rate) VALUES (7521, 7501, 1, 1.01);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, discount_rate) VALUES (7521, 7501, 1, NULL);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7521, 7501, NULL);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7521, NULL, 1);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (NULL, 7501, 1);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (799999, 7501, 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7521, 799999, 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (7521, 2147483647, 7503, 1), (7521, NULL, 7503, 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, product_name, quantity) VALUES (7521, 7501, repeat('x', 201), 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (customer_id) VALUES (NULL);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (customer_id, order_date) VALUES (7501, '-infinity');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (customer_id, order_date) VALUES (7501, NULL);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (customer_id, status) VALUES (7501, 'new');
INSERT INTO crm.sales_order (customer_id, order_kind) VALUES (7501, 'gift');
\set VERBOSITY default
SELECT * FROM orders WHERE id = 7521;

-- row_version: the one that was read, or that plus one, is taken; another is a conflict. Totals, stock and rows
-- written back as they were do not raise it; what a client sends for the shared columns is not taken over.
SELECT row_version FROM crm.sales_order WHERE sales_order_id = 7521;
UPDATE crm.sales_order SET ship_to_city = 'Cork', row_version = 1 WHERE sales_order_id = 7521 RETURNING row_version;
UPDATE crm.sales_order SET ship_to_city = 'Galway', row_version = row_version + 1 WHERE sales_order_id = 7521 RETURNING row_version;
UPDATE crm.sales_order SET ship_to_city = 'Dublin', row_version = 1 WHERE sales_order_id = 7521;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.sales_order SET ship_to_city = 'Dublin', row_version = 5 WHERE sales_order_id = 7521;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.sales_order SET ship_to_city = 'Dublin' WHERE sales_order_id = 7521 RETURNING row_version;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7521, 7501, 1);
UPDATE crm.sales_order SET ship_to_city = ship_to_city, row_version = 1 WHERE sales_order_id = 7521 RETURNING row_version;
UPDATE crm.sales_order SET created_by = 'somebody', created_at = '2000-01-01', updated_by = 'else', updated_at = '2000-01-01'
WHERE sales_order_id = 7521 RETURNING row_version, created_by = SESSION_USER AS by_me, created_at = now() AS today;
UPDATE crm.sales_order SET ship_to_city = NULL, created_by = 'somebody', updated_by = 'else', updated_at = '2000-01-01'
WHERE sales_order_id = 7521 RETURNING row_version, created_by = SESSION_USER AS by_me, updated_by = SESSION_USER AS again, updated_at = now() AS today;
INSERT INTO crm.sales_order (sales_order_id, customer_id, created_by, updated_by, row_version) VALUES (7522, 7501, 'somebody', 'else', 77)
RETURNING row_version, created_by = SESSION_USER AS by_me, updated_by = SESSION_USER AS again;
-- A status sent with a stale version moves nothing.
UPDATE crm.sales_order SET status = 'canceled', row_version = 1 WHERE sales_order_id = 7521;
\echo :LAST_ERROR_SQLSTATE
SELECT status FROM crm.sales_order WHERE sales_order_id = 7521;
-- Products: a changed price raises the version, the stock alone does not; both in one UPDATE count once.
UPDATE crm.product SET price = 11, row_version = 1 WHERE product_id = 7503 RETURNING row_version;
UPDATE crm.product SET stock_quantity = stock_quantity + 5, row_version = 1 WHERE product_id = 7503 RETURNING row_version;
UPDATE crm.product SET stock_quantity = stock_quantity + 5, price = 12, row_version = 2 WHERE product_id = 7503 RETURNING row_version;
UPDATE crm.product SET price = 13, row_version = 1 WHERE product_id = 7503;
\echo :LAST_ERROR_SQLSTATE

SELECT * FROM order_difference;
SELECT * FROM crm.verify();
ROLLBACK;
