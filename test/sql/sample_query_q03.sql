-- Sample query 3, customers who have not made a purchase in the last year: crm.customers_without_purchase() by
-- hand and against a query that collects who did buy.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
BEGIN;
SELECT time_zone FROM crm.configure(time_zone => 'America/New_York');
INSERT INTO crm.product_category (product_category_id, name) VALUES (6601, 'Q3 goods');
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, stock_quantity)
VALUES (6601, 'Q3-1', 'Thing', 6601, 10, 100000);
-- A year ago in New York, to the microsecond: now() stands still in a transaction.
CREATE TEMPORARY TABLE year_ago AS
SELECT (now() AT TIME ZONE 'America/New_York' - interval '1 year') AT TIME ZONE 'America/New_York' AS moment;
INSERT INTO crm.customer (customer_id, last_name, signed_up_at, is_anonymous)
SELECT v.customer_id, v.last_name, y.moment + v.signed_up, v.is_anonymous
FROM year_ago AS y, (VALUES
    (6601, 'Bought last month', interval '-5 years', false),
    (6602, 'Bought two years ago', '-5 years', false),
    (6603, 'Never bought, old', '-5 years', false),
    (6604, 'Never bought, new', '1 month', false),
    (6605, 'Bought exactly a year ago', '-5 years', false),
    (6606, 'Bought a moment earlier', '-5 years', false),
    (6607, 'Canceled last month', '-5 years', false),
    (6608, 'Returned last month', '-5 years', false),
    (6609, 'Deleted', '-5 years', false),
    (6610, 'Walk-in', '-5 years', true),
    (6611, 'Came over with old orders', '1 month', false),
    (6612, 'New, canceled only', '1 month', false),
    (6613, 'Signed up exactly a year ago', '0', false),
    (6614, 'Signed up a moment earlier', '-1 microsecond', false),
    (6615, 'Pending order', '-5 years', false)) AS v (customer_id, last_name, signed_up, is_anonymous);
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind)
SELECT v.sales_order_id, v.customer_id, y.moment + v.ordered, v.order_kind
FROM year_ago AS y, (VALUES
    (6601, 6601, interval '11 months', 'sale'), (6602, 6601, '-3 years', 'sale'),
    (6603, 6602, '-1 year', 'sale'), (6604, 6602, '-3 years', 'sale'),
    (6605, 6605, '0', 'sale'), (6606, 6606, '-1 microsecond', 'sale'),
    (6607, 6607, '11 months', 'sale'), (6608, 6608, '-1 year', 'sale'), (6609, 6608, '11 months', 'return'),
    (6610, 6610, '-1 year', 'sale'), (6611, 6611, '-1 year', 'sale'), (6612, 6612, '11 months', 'sale'),
    (6615, 6615, '11 months', 'sale')) AS v (sales_order_id, customer_id, ordered, order_kind);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity)
SELECT o.sales_order_id, 6601, 1 FROM crm.sales_order AS o WHERE o.sales_order_id BETWEEN 6601 AND 6615;
UPDATE crm.sales_order SET status = CASE WHEN sales_order_id IN (6607, 6612) THEN 'canceled' ELSE 'completed' END
WHERE sales_order_id BETWEEN 6601 AND 6614;
SELECT customer_id FROM crm.delete_customer(6609);
-- Expected: 6602, 6603, 6606, 6607, 6608, 6611, 6614.
SELECT f.customer_id, f.name, f.last_order_at = o.order_date AS last_order_is_right
FROM crm.customers_without_purchase() AS f
LEFT JOIN crm.sales_order AS o ON o.sales_order_id =
    CASE f.customer_id WHEN 6602 THEN 6603 WHEN 6606 THEN 6606 WHEN 6608 THEN 6608 WHEN 6611 THEN 6611 END
WHERE f.customer_id BETWEEN 6601 AND 6615
ORDER BY f.customer_id;
-- Half a year: 6604 and 6612 signed up eleven months ago, 6605 and 6613 a year ago; the others as before.
SELECT f.customer_id FROM crm.customers_without_purchase(since => '6 months') AS f
WHERE f.customer_id BETWEEN 6601 AND 6615;
-- Two years and a half: those who never bought and have been there so long.
SELECT f.customer_id FROM crm.customers_without_purchase(since => interval '30 months') AS f
WHERE f.customer_id BETWEEN 6601 AND 6615;
SELECT f.* FROM crm.customers_without_purchase(after_id => 6613, page_size => 1) AS f
WHERE f.customer_id <> 6614 OR f.signed_up_at <> (SELECT y.moment - interval '1 microsecond' FROM year_ago AS y);

-- 300 made-up customers with 0 to 5 orders.
INSERT INTO crm.customer (customer_id, last_name, signed_up_at, deleted_at)
SELECT 6700 + n, 'Made ' || n, now() - (n * 37 % 900) * interval '1 day', CASE WHEN n % 17 = 0 THEN now() END
FROM generate_series(1, 300) AS n;
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind)
SELECT 10000 + n * 10 + k, 6700 + n, now() - (n * 53 % 700 + k * 100) * interval '1 day' - interval '1 hour',
    CASE WHEN (n + k) % 5 = 0 THEN 'return' ELSE 'sale' END
FROM generate_series(1, 300) AS n, generate_series(1, n % 6) AS k
WHERE n % 17 > 0;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity)
SELECT o.sales_order_id, 6601, 1 FROM crm.sales_order AS o WHERE o.sales_order_id BETWEEN 10000 AND 13999;
UPDATE crm.sales_order SET status = CASE WHEN sales_order_id % 4 = 0 THEN 'canceled' ELSE 'completed' END
WHERE sales_order_id BETWEEN 10000 AND 13999 AND sales_order_id % 7 > 0;
CREATE TEMPORARY VIEW expected AS
SELECT c.customer_id, c.name, c.customer_type, c.email, c.phone, c.region_id, c.sales_rep_id, c.signed_up_at,
    s.last_order_at
FROM crm.customer AS c
LEFT JOIN (
    SELECT o.customer_id, max(o.order_date) AS last_order_at
    FROM crm.sales_order AS o
    WHERE o.status IN ('pending', 'confirmed', 'shipped', 'completed') AND o.order_kind <> 'return'
    GROUP BY o.customer_id
) AS s ON s.customer_id = c.customer_id
WHERE c.deleted_at IS NULL AND c.is_anonymous IS FALSE
    AND c.customer_id NOT IN (
        SELECT o.customer_id FROM crm.sales_order AS o, year_ago AS y
        WHERE o.status <> 'canceled' AND o.order_kind = 'sale' AND o.order_date >= y.moment)
    AND (s.customer_id IS NOT NULL OR c.signed_up_at < (SELECT y.moment FROM year_ago AS y));
CREATE TEMPORARY TABLE found AS SELECT * FROM crm.customers_without_purchase(page_size => 40);
DO $do$
DECLARE
    added bigint := 40;
BEGIN
    WHILE added = 40 LOOP
        INSERT INTO found SELECT f.* FROM crm.customers_without_purchase(
            after_id => (SELECT max(f.customer_id) FROM found AS f), page_size => 40) AS f;
        GET DIAGNOSTICS added = ROW_COUNT;
    END LOOP;
END
$do$;
SELECT count(*) FILTER (WHERE last_order_at IS NULL) > 20 AS many_never_bought, count(*) > 50 AS many
FROM found WHERE customer_id BETWEEN 6701 AND 7000;
SELECT count(*) AS too_many FROM (SELECT * FROM found EXCEPT ALL SELECT * FROM expected) AS d;
SELECT count(*) AS missing FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM found) AS d;
SELECT count(*) AS differences FROM (
    (SELECT * FROM crm.customers_without_purchase(page_size => NULL) EXCEPT ALL SELECT * FROM expected)
    UNION ALL
    (SELECT * FROM expected EXCEPT ALL SELECT * FROM crm.customers_without_purchase(page_size => NULL))) AS d;

-- Errors.
SELECT customer_id FROM crm.customers_without_purchase(since => '0');
\echo :LAST_ERROR_SQLSTATE
SELECT customer_id FROM crm.customers_without_purchase(since => '-1 year');
SELECT customer_id FROM crm.customers_without_purchase(since => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT customer_id FROM crm.customers_without_purchase(since => '900000 years');
\echo :LAST_ERROR_SQLSTATE
SELECT customer_id FROM crm.customers_without_purchase(page_size => 5000);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
