-- Products and categories: added, changed, deleted and restored; article numbers that are used again; the tree.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
SET DateStyle = 'ISO, YMD';
BEGIN;
-- Add.
INSERT INTO crm.product_category (product_category_id, name, parent_category_id)
VALUES (6201, 'Crud tools', NULL), (6202, 'Crud saws', 6201), (6203, 'Crud fretsaws', 6202), (6204, 'Crud toys', NULL);
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, cost, stock_quantity, reorder_level)
VALUES (6201, 'CRUD-S', ' Hand Saw ', 6202, 12.5, 8, 10, 3);
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, is_stocked)
VALUES (6202, 'CRUD-V', 'Sharpening', 6201, 'EUR', 5, false);
SELECT product_id, sku, name_key, currency_code, price, stock_quantity, is_stocked, active, row_version
FROM crm.product WHERE product_id IN (6201, 6202) ORDER BY 1;
SELECT quantity, reason FROM crm.stock_movement WHERE product_id = 6201;

-- Change; upsert by the key of another system.
UPDATE crm.product SET price = 13, product_category_id = 6203 WHERE product_id = 6201;
UPDATE crm.product_category SET name = 'Crud coping saws' WHERE product_category_id = 6203;
SELECT p.price, p.row_version, k.name, k.row_version AS category_version
FROM crm.product AS p JOIN crm.product_category AS k USING (product_category_id) WHERE p.product_id = 6201;
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, external_source, external_id)
VALUES (6203, 'CRUD-E', 'Extra', 6204, 1, 'erp', 'P-1')
ON CONFLICT (external_source, external_id) DO UPDATE SET price = excluded.price
RETURNING product_id, price;
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, external_source, external_id)
VALUES (6299, 'CRUD-E2', 'Extra', 6204, 2, 'erp', 'P-1')
ON CONFLICT (external_source, external_id) DO UPDATE SET price = excluded.price
RETURNING product_id, price;

-- Delete: the row stays and is out of use; an open alert is closed; the event carries the reason.
CREATE TEMPORARY TABLE place AS SELECT coalesce(max(event_id), 0) AS event_id FROM crm.event;
UPDATE crm.product SET stock_quantity = 2 WHERE product_id = 6201;
SELECT count(*) AS open_alerts FROM crm.stock_alert WHERE product_id = 6201 AND cleared_at IS NULL;
SELECT product_id, deleted_at = now() AS deleted_now, stock_quantity FROM crm.delete_product(6201, 'discontinued');
SELECT count(*) AS open_alerts FROM crm.stock_alert WHERE product_id = 6201 AND cleared_at IS NULL;
UPDATE crm.product SET deleted_at = '2026-01-01' WHERE product_id = 6201;
SELECT product_id, deleted_at FROM crm.delete_product(product_id => 6201);
INSERT INTO crm.customer (customer_id, last_name) VALUES (6201, 'Buyer');
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date) VALUES (6201, 6201, '2026-01-05');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (6201, 6201, 1);
\echo :LAST_ERROR_SQLSTATE

-- The article number is free for another product; the first one comes back only under another number.
INSERT INTO crm.product (product_id, sku, name, product_category_id, price) VALUES (6204, 'CRUD-S', 'Pull Saw', 6202, 20);
SELECT product_id FROM crm.restore_product(6201);
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.product SET sku = 'CRUD-S1' WHERE product_id = 6201;
SELECT product_id, sku, deleted_at FROM crm.restore_product(6201);
SELECT product_id, sku, deleted_at FROM crm.restore_product(6201);
SELECT count(*) AS open_alerts FROM crm.stock_alert WHERE product_id = 6201 AND cleared_at IS NULL;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (6201, 6201, 1);
SELECT product_name, unit_price, quantity FROM crm.order_item WHERE sales_order_id = 6201;
SELECT event_type, row_id, payload ->> 'note' AS note
FROM crm.event WHERE event_id > (SELECT p.event_id FROM place AS p) AND event_type LIKE 'product.%' ORDER BY event_id;
SELECT product_id FROM crm.delete_product(6298);
\echo :LAST_ERROR_SQLSTATE
SELECT product_id FROM crm.restore_product(NULL);

-- What was on an order keeps the name and price of that day.
UPDATE crm.product SET name = 'Panel Saw', price = 99 WHERE product_id = 6201;
SELECT product_name, unit_price FROM crm.order_item WHERE sales_order_id = 6201;

-- A real DELETE is for products without movements and lines.
\set VERBOSITY terse
DELETE FROM crm.product WHERE product_id = 6201;
\set VERBOSITY default
DELETE FROM crm.product WHERE product_id = 6202;
SELECT count(*) AS services_left FROM crm.product WHERE product_id = 6202;

-- What is refused.
\set VERBOSITY terse
INSERT INTO crm.product (sku, name, product_category_id, price) VALUES ('CRUD-S', 'Twin', 6202, 1);
INSERT INTO crm.product (sku, name, product_category_id, price) VALUES ('CRUD-N', 'Negative', 6202, -1);
INSERT INTO crm.product (sku, name, product_category_id, price) VALUES ('CRUD-N', 'No number', 6202, 'NaN');
INSERT INTO crm.product (sku, name, product_category_id, price) VALUES ('CRUD-N', 'Nowhere', 6298, 1);
INSERT INTO crm.product (sku, name, product_category_id, price, stock_quantity)
VALUES ('CRUD-N', 'In debt', 6202, 1, -1);
INSERT INTO crm.product (sku, name, product_category_id) VALUES ('CRUD-N', 'Priceless', 6202);
INSERT INTO crm.product (sku, name, product_category_id, currency_code, price) VALUES ('CRUD-N', 'Coin', 6202, 'XYZ', 1);
INSERT INTO crm.product (sku, name, product_category_id, price) VALUES (repeat('x', 1000000), 'Long', 6202, 1);

-- Categories: unique names, no cycles of whatever length, also within one statement; moving a branch is fine.
INSERT INTO crm.product_category (name) VALUES ('Crud tools');
UPDATE crm.product_category SET parent_category_id = 6201 WHERE product_category_id = 6201;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.product_category SET parent_category_id = 6203 WHERE product_category_id = 6201;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.product_category SET parent_category_id = CASE product_category_id WHEN 6204 THEN 6201 ELSE 6204 END
WHERE product_category_id IN (6201, 6204);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.product_category (product_category_id, name, parent_category_id)
VALUES (6205, 'Crud a', 6206), (6206, 'Crud b', 6205);
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.product_category SET parent_category_id = 6204 WHERE product_category_id = 6202;
WITH RECURSIVE tree AS (
    SELECT k.product_category_id, k.name AS path FROM crm.product_category AS k WHERE k.name IN ('Crud tools', 'Crud toys')
    UNION ALL
    SELECT k.product_category_id, t.path || ' > ' || k.name
    FROM tree AS t JOIN crm.product_category AS k ON k.parent_category_id = t.product_category_id
)
SELECT path FROM tree ORDER BY path COLLATE "C";

-- A category with products or with categories below it can't be deleted, also while its products are deleted.
DELETE FROM crm.product_category WHERE product_category_id = 6203;
SELECT product_id FROM crm.delete_product(6201);
DELETE FROM crm.product_category WHERE product_category_id = 6203;
DELETE FROM crm.product_category WHERE product_category_id = 6204;
DELETE FROM crm.product_category WHERE product_category_id = 6201;
SELECT product_category_id FROM crm.product_category WHERE product_category_id BETWEEN 6201 AND 6206 ORDER BY 1;
ROLLBACK;
