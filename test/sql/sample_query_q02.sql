-- Sample query 2, total sales by product category for the last quarter: crm.sales_by_category() by hand and
-- against sums over the lines; crm.period().
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
SET DateStyle = 'ISO, YMD';
BEGIN;
SELECT time_zone FROM crm.configure(time_zone => 'America/New_York');
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('USD', '2001-01-01', 0.333);
INSERT INTO crm.customer (customer_id, last_name) VALUES (6501, 'Shopper'), (6502, 'Leaver');
INSERT INTO crm.product_category (product_category_id, name, parent_category_id)
VALUES (6501, 'Q2 books', NULL), (6502, 'Q2 comics', 6501), (6503, 'Q2 pens', NULL), (6504, 'Q2 unsold', NULL);
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, stock_quantity)
VALUES (6501, 'Q2-1', 'Novel', 6501, 10, 100000), (6502, 'Q2-2', 'Comic', 6502, 4, 100000),
    (6503, 'Q2-3', 'Pen', 6503, 1.5, 100000), (6504, 'Q2-4', 'Dust', 6504, 1, 100000);

-- The first quarter of 2008 as New York counts days; by hand:
--   books   2 x 10 + 1 x 10 - 1 x 10 (returned) = 2 units, 20
--   comics  5 x 4 at half price = 5 units, 10; not under books
--   pens    100 in dollars at 0.333, 1 dollar each = 33.3
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind, currency_code)
VALUES (6501, 6501, '2008-01-01 05:00+00', 'sale', NULL), (6502, 6501, '2008-04-01 03:59:59+00', 'sale', NULL),
    (6503, 6501, '2008-02-01', 'return', NULL), (6504, 6502, '2008-02-02', 'sale', 'USD'),
    (6505, 6501, '2008-02-03', 'sale', NULL), (6506, 6501, '2008-01-01 04:59:59+00', 'sale', NULL),
    (6507, 6501, '2008-04-01 04:00:00+00', 'sale', NULL);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price, discount_rate)
VALUES (6501, 6501, 2, NULL, 0), (6501, 6502, 5, NULL, 0.5), (6502, 6501, 1, NULL, 0), (6503, 6501, 1, NULL, 0),
    (6504, 6503, 100, 1, 0), (6505, 6504, 7, NULL, 0), (6506, 6501, 1000, NULL, 0), (6507, 6501, 1000, NULL, 0);
UPDATE crm.sales_order SET status = CASE sales_order_id WHEN 6505 THEN 'canceled' WHEN 6501 THEN 'completed'
    ELSE 'confirmed' END WHERE sales_order_id IN (6501, 6502, 6503, 6505);
-- Neither the deleted customer nor the deleted product takes the sales away.
SELECT customer_id FROM crm.delete_customer(6502);
SELECT product_id FROM crm.delete_product(6503);
SELECT * FROM crm.sales_by_category(from_date => '2008-01-01', to_date => '2008-03-31');
-- One day; an open end; a period without sales; a category whose sales went back entirely stays, with 0.
SELECT category_name, quantity, revenue_base FROM crm.sales_by_category('2008-03-31', '2008-03-31');
SELECT category_name, quantity, revenue_base FROM crm.sales_by_category(to_date => '2008-01-31');
SELECT category_name, quantity, revenue_base FROM crm.sales_by_category('2001-01-01', '2001-12-31');
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind)
VALUES (6511, 6501, '2009-01-01 12:00', 'sale'), (6512, 6501, '2009-01-02 12:00', 'return');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (6511, 6502, 3), (6512, 6502, 3);
SELECT category_name, quantity, revenue_base FROM crm.sales_by_category('2009-01-01', '2009-12-31');
-- A product that changes its category takes its past along.
UPDATE crm.product SET product_category_id = 6501 WHERE product_id = 6502;
SELECT category_name, quantity, revenue_base FROM crm.sales_by_category('2008-01-01', '2008-03-31');

-- Without arguments: the last full calendar quarter of the organisation, whatever day it is. One unit more at
-- each edge outside would show.
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date)
SELECT 6520 + e.n, 6501, (date_trunc('quarter', now() AT TIME ZONE 'America/New_York') - e.back) AT TIME ZONE 'America/New_York'
        - e.before
FROM (VALUES (1, interval '3 months', interval '0'), (2, interval '0', interval '1 microsecond'),
    (3, interval '3 months', interval '1 microsecond'), (4, interval '0', interval '0')) AS e (n, back, before);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price)
VALUES (6521, 6504, 1, 1), (6522, 6504, 10, 1), (6523, 6504, 100, 1), (6524, 6504, 1000, 1);
SELECT category_name, quantity, revenue_base FROM crm.sales_by_category() WHERE category_name LIKE 'Q2 %';
SELECT s.category_name, s.quantity
FROM crm.period('last_quarter') AS p, crm.sales_by_category(p.from_date, p.to_date) AS s
WHERE s.category_name LIKE 'Q2 %';

-- 400 made-up orders of 1 to 4 lines over two years, against sums over the lines alone.
INSERT INTO crm.product_category (product_category_id, name)
SELECT 6510 + n, 'Q2 made ' || n FROM generate_series(0, 6) AS n;
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, stock_quantity)
SELECT 6510 + n, 'Q2-M' || n, 'Made ' || n, 6510 + n % 7, 1 + n * 0.37, 1000000 FROM generate_series(0, 29) AS n;
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind, currency_code)
SELECT 7000 + n, 6501, timestamptz '2010-01-01 04:30+00' + n * interval '44 hours',
    CASE WHEN n % 9 = 0 THEN 'return' ELSE 'sale' END, CASE WHEN n % 4 = 0 THEN 'USD' END
FROM generate_series(1, 400) AS n;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, discount_rate)
SELECT 7000 + n, 6510 + (n * 7 + l * 11) % 30, 1 + (n + l) % 5, (n % 3) * 0.1
FROM generate_series(1, 400) AS n, generate_series(1, 1 + n % 4) AS l;
UPDATE crm.sales_order SET status = CASE WHEN sales_order_id % 10 = 0 THEN 'canceled' ELSE 'completed' END
WHERE sales_order_id BETWEEN 7001 AND 7400 AND sales_order_id % 5 = 0;
CREATE FUNCTION pg_temp.expected(from_date date, to_date date)
RETURNS TABLE (product_category_id bigint, category_name text, quantity bigint, revenue_base numeric)
LANGUAGE sql STABLE AS $function$
    WITH line AS (
        SELECT k.product_category_id, k.name, (o.order_date AT TIME ZONE g.time_zone)::date AS sales_day,
            i.quantity * s.sign AS quantity,
            s.sign * round(round(i.quantity * i.unit_price * (1 - i.discount_rate), 4) * o.fx_rate_to_base, 4) AS base
        FROM crm.order_item AS i
        JOIN crm.sales_order AS o USING (sales_order_id)
        JOIN (VALUES ('sale', 1), ('return', -1)) AS s (order_kind, sign) USING (order_kind)
        JOIN crm.product AS p USING (product_id)
        JOIN crm.product_category AS k USING (product_category_id)
        CROSS JOIN crm.organization AS g
        WHERE o.status IN ('pending', 'confirmed', 'shipped', 'completed')
    )
    SELECT l.product_category_id, l.name, sum(l.quantity)::bigint, sum(l.base)
    FROM line AS l
    WHERE l.sales_day BETWEEN coalesce(expected.from_date, '-infinity') AND coalesce(expected.to_date, 'infinity')
    GROUP BY l.product_category_id, l.name
$function$;
SELECT v.from_date, v.to_date,
    (SELECT count(*) FROM crm.sales_by_category(v.from_date, v.to_date) AS f WHERE f.category_name LIKE 'Q2 made%') AS rows,
    (SELECT count(*) FROM (SELECT * FROM crm.sales_by_category(v.from_date, v.to_date)
        EXCEPT ALL SELECT * FROM pg_temp.expected(v.from_date, v.to_date)) AS d) AS too_many,
    (SELECT count(*) FROM (SELECT * FROM pg_temp.expected(v.from_date, v.to_date)
        EXCEPT ALL SELECT * FROM crm.sales_by_category(v.from_date, v.to_date)) AS d) AS missing
FROM (VALUES (date '2010-01-01', date '2010-03-31'), ('2010-04-01', '2010-06-30'), ('2011-03-12', '2011-03-14'),
    ('2010-11-06', '2010-11-08'), (NULL, '2010-12-31'), ('2011-01-01', NULL), ('-infinity', 'infinity')) AS v (from_date, to_date)
ORDER BY v.from_date, v.to_date;
SELECT count(*) AS rows, bool_and(f.revenue_base <= f.before) AS best_first
FROM (SELECT f.revenue_base, lag(f.revenue_base, 1, 'Infinity'::numeric) OVER () AS before
    FROM crm.sales_by_category('2010-01-01', '2011-12-31') AS f) AS f;

-- Errors.
SELECT * FROM crm.sales_by_category('2008-02-01', '2008-01-31');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.sales_by_category('2008-02-30', '2008-03-31');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
