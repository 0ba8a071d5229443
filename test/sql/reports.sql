-- Reports in a world small enough to add up by hand. New York's days, a fiscal year from April.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
SET DateStyle = 'ISO, YMD';
BEGIN;
-- Customers that other tests left do not count.
SELECT crm.delete_customer(c.customer_id, 'not of this world') FROM crm.customer AS c WHERE c.deleted_at IS NULL \g /dev/null
-- Nothing sold yet: no rows, or zeros where days are asked for.
SELECT (SELECT count(*) FROM crm.sales_by_region()) AS region, (SELECT count(*) FROM crm.sales_by_product()) AS product,
    (SELECT count(*) FROM crm.sales_by_rep()) AS rep, (SELECT count(*) FROM crm.sales_by_period('month')) AS period,
    (SELECT count(*) FROM crm.top_products()) AS top, (SELECT count(*) FROM crm.rising_products()) AS rising,
    (SELECT count(*) FROM crm.v_product_trend) AS trend, (SELECT count(*) FROM crm.sales_performance()) AS performance,
    (SELECT count(*) FROM crm.customer_counts()) AS customers, (SELECT count(*) FROM crm.inventory_report()) AS inventory;
SELECT * FROM crm.sales_by_period('quarter', '2024-02-10', '2024-04-05');

SELECT time_zone, fiscal_year_start_month FROM crm.configure(time_zone => 'America/New_York', fiscal_year_start_month => 4);
CREATE ROLE reports_ann LOGIN;
GRANT crm_sales_rep TO reports_ann;
CREATE ROLE reports_zoe LOGIN;
GRANT crm_sales_manager TO reports_zoe;
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('USD', '2001-01-01', 0.5);
INSERT INTO crm.region (region_id, name) VALUES (40001, 'North'), (40002, 'South');
INSERT INTO crm.staff (staff_id, first_name, last_name, email, db_role, manager_id)
VALUES (40001, 'Zoe', 'Chief', 'zoe@reports.example', 'reports_zoe', NULL), (40002, 'Ann', 'North', 'ann@reports.example', 'reports_ann', 40001),
    (40003, 'Bob', 'South', 'bob@reports.example', NULL, 40001);
INSERT INTO crm.sales_manager (sales_manager_id) VALUES (40001);
INSERT INTO crm.sales_rep (sales_rep_id, region_id) VALUES (40002, 40001), (40003, 40002);
INSERT INTO crm.customer (customer_id, last_name, region_id, sales_rep_id)
VALUES (40001, 'Northman', 40001, 40002), (40003, 'Nowhere', NULL, NULL), (40004, 'Gone', 40002, 40003);
INSERT INTO crm.customer (customer_id, customer_type, business_name, region_id, sales_rep_id)
VALUES (40002, 'business', 'South & Co', 40002, 40003);
SELECT customer_id FROM crm.delete_customer(40004);
INSERT INTO crm.product_category (product_category_id, name) VALUES (40001, 'Reports');
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, stock_quantity, is_stocked)
VALUES (40001, 'R-1', 'Tea', 40001, 10, 1000, true), (40002, 'R-2', 'Cup', 40001, 4, 1000, true), (40003, 'R-3', 'Help', 40001, 10, 0, false);

-- North belongs to Ann, South to Bob.
--   1  North  2024-03-31            2 tea 20, 5 cups 20    last day of the fiscal year
--   2  South  2024-04-01 00:00      3 tea 30               first moment of the next
--   3  North  2024-03-31 23:59:59   1 cup 4                which is April in UTC
--   4  North  2024-04-15            1 tea back, -10
--   5  South  2024-04-02            100 tea, canceled, so nothing
--   6  South  2024-05-10            3 tea for 30 dollars, 15
--   7  North  2023-04-05            4 tea 40
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind, currency_code)
VALUES (40001, 40001, '2024-03-31 16:00+00', 'sale', NULL), (40002, 40002, '2024-04-01 04:00:00+00', 'sale', NULL),
    (40003, 40001, '2024-04-01 03:59:59+00', 'sale', NULL), (40004, 40001, '2024-04-15 16:00+00', 'return', NULL),
    (40005, 40002, '2024-04-02 16:00+00', 'sale', NULL), (40006, 40002, '2024-05-10 16:00+00', 'sale', 'USD'),
    (40007, 40001, '2023-04-05 16:00+00', 'sale', NULL);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price)
VALUES (40001, 40001, 2, NULL), (40001, 40002, 5, NULL), (40002, 40001, 3, NULL), (40003, 40002, 1, NULL),
    (40004, 40001, 1, NULL), (40005, 40001, 100, NULL), (40006, 40001, 3, 10), (40007, 40001, 4, NULL);
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 40005;

-- One row a line but for the canceled order, with its sign and New York's day.
SELECT sales_day, sales_order_id, line_no, region_id, sales_rep_id, product_id, order_kind, quantity, revenue_base
FROM crm.v_sales_line ORDER BY sales_order_id, line_no;

-- North: sales 1, 3, 7; 2 + 5 + 1 - 1 + 4 = 11 units; 20 + 20 + 4 - 10 + 40 = 74.
-- South: sales 2, 6; 3 + 3 = 6 units; 30 + 15 = 45. The reps have the same.
SELECT * FROM crm.sales_by_region();
SELECT * FROM crm.v_sales_by_region ORDER BY region_id;
SELECT * FROM crm.sales_by_rep();
SELECT * FROM crm.v_sales_by_rep ORDER BY sales_rep_id;
-- Tea: sales 1, 2, 6, 7; 2 + 3 - 1 + 3 + 4 = 11 units; 20 + 30 - 10 + 15 + 40 = 95. Cup: 1, 3; 5 + 1 units; 24.
SELECT * FROM crm.sales_by_product();
SELECT * FROM crm.v_sales_by_product ORDER BY product_id;
-- One day is from midnight to midnight in New York: sales 1 and 3 (8 units, 44), then sale 2 (3 units, 30).
SELECT * FROM crm.sales_by_region('2024-03-31', '2024-03-31');
SELECT * FROM crm.sales_by_region('2024-04-01', '2024-04-01');
-- Open ends: until March 44 + 40 = 84; from April South 45, North only the return.
SELECT * FROM crm.sales_by_rep(to_date => '2024-03-31');
SELECT * FROM crm.sales_by_rep('2024-04-01');

-- March 1, 3: 44. April 2 less 4: 1 sale, 3 - 1 units, 30 - 10 = 20. May 6: 15.
SELECT * FROM crm.sales_by_period('month', '2024-03-01', '2024-05-31');
-- A cut period holds what lies between; an empty one is 0.
SELECT * FROM crm.sales_by_period('month', '2024-01-20', '2024-04-14');
-- Fiscal years: 7, 1, 3 make 84, then 2, 4, 6 make 35; together 119, as by region. Open ends are the first and last sale.
SELECT * FROM crm.sales_by_period('fiscal_year');
SELECT * FROM crm.sales_by_period('fiscal_quarter', '2024-01-01', '2024-06-30');
SELECT * FROM crm.sales_by_period('year', '2023-01-01', '2024-12-31');
SELECT * FROM crm.sales_by_period('week', '2024-03-25', '2024-04-07');
SELECT * FROM crm.sales_by_period('day', '2024-03-30', '2024-04-02');

SELECT * FROM crm.top_products();
-- On 31 March: 6 cups in 2 sales, 2 tea in 1.
SELECT rank, product_name, quantity FROM crm.top_products('2024-03-31', '2024-03-31', by => 'quantity');
SELECT rank, product_name, order_count FROM crm.top_products('2024-03-31', '2024-03-31', 1, 'orders');
-- 20 + 4 = 24 of cups and 20 of tea by revenue
SELECT rank, product_name, revenue_base FROM crm.top_products('2024-03-31', '2024-03-31');

-- Tea: March 20 against 0; April 30 - 10 = 20 against 20, and 40 of last year: half; May 15 against 20: a quarter less.
SELECT * FROM crm.product_trend(40001, '2024-03-01', '2024-05-31');
-- The same months of the view; of the months before, only April 2023 had any.
SELECT month_start, revenue_base, previous_revenue_base, change_base, last_year_revenue_base, last_year_change_base
FROM crm.v_product_trend WHERE product_id = 40001 ORDER BY month_start;
-- Four days of April against four of March, none, and of April 2023: the sale of 5 April 2023 is beyond; with 5 it is not.
SELECT first_day, last_day, revenue_base, previous_revenue_base, last_year_revenue_base FROM crm.product_trend(40001, '2024-04-01', '2024-04-04');
SELECT first_day, last_day, revenue_base, previous_revenue_base, last_year_revenue_base FROM crm.product_trend(40001, '2024-04-01', '2024-04-05');
-- The fiscal year from April: 2 - 1 + 3 = 5 units, 30 - 10 + 15 = 35 until 10 May, against 40 until 10 May 2023.
SELECT quantity, revenue_base, previous_revenue_base, last_year_revenue_base, last_year_change_rate
FROM crm.product_trend(40001, '2024-04-01', NULL, 'fiscal_year');

-- The last 30 days and the 30 before, each from its first to its last day; 60 days ago is beyond.
--   jars  6 + 4 = 10 now, 2 + 1 = 3 before, at 5: 50 against 15, a rise of 35, 35 / 15 = 2.3333
--   pots  5 now, 10 before, which is no rise; lids  1 at 7 now, none before
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, stock_quantity)
VALUES (40004, 'R-4', 'Jar', 40001, 5, 116), (40005, 'R-5', 'Pot', 40001, 3, 17), (40006, 'R-6', 'Lid', 40001, 7, 1),
    (40007, 'R-7', 'Old', 40001, 1, 5);
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date)
SELECT 40100 + d.days, 40003, ((now() AT TIME ZONE 'America/New_York')::date - d.days)::timestamp AT TIME ZONE 'America/New_York'
FROM unnest(ARRAY[0, 29, 30, 59, 60]) AS d (days);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity)
VALUES (40100, 40004, 6), (40129, 40004, 4), (40130, 40004, 2), (40159, 40004, 1), (40160, 40004, 100),
    (40100, 40005, 5), (40130, 40005, 10), (40100, 40006, 1), (40100, 40007, 4);
UPDATE crm.product SET active = false WHERE product_id = 40007;
SELECT * FROM crm.rising_products() WHERE product_id <> 40007;
SELECT rank, product_name, change_base FROM crm.rising_products(2);

-- Stock is 116 - 113 = 3 jars, 17 - 15 = 2 pots, no lid, 1 old. In 30 days, lead 10 and cover 20:
--   jars  10 sold, 0.3333 a day, 3 / 0.3333 = 9 days, 10 / 13 = 0.7692, 10 - 3 = 7 to order
--   pots  5 sold, 2 / 0.1667 = 12 days, 5 / 7 = 0.7143, 5 - 2 = 3;  lids  1 sold, 0 days, all, 1
--   old   4 sold, 1 left, 4 / 5 = 0.8, 1 / 0.1333 = 7.5 days, no longer offered, so 0
--   tea   1000 - 2 - 3 + 1 - 3 - 4 = 989, cups 1000 - 6 = 994, none sold in these days
SELECT * FROM crm.inventory_report(30, 10, 20);
-- Parts of a unit are ordered whole: 10 x 31 / 30 - 3 = 7.33 and 5 x 31 / 30 - 2 = 3.17 make 8 and 4.
SELECT product_name, reorder_quantity FROM crm.inventory_report(30, lead_days => 11, cover_days => 20) WHERE product_id IN (40004, 40005);

-- Last month: Ann sold 8 and took 2 back, 60 of a quota of 120. Bob sold 3, 30; his quota of 80 is for twice as many days.
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind)
SELECT 40200 + v.n, v.customer_id, (CASE WHEN v.at_end THEN p.to_date ELSE p.from_date END)::timestamp AT TIME ZONE 'America/New_York', v.kind
FROM crm.period('last_month') AS p,
    (VALUES (1, 40001, false, 'sale'), (2, 40001, true, 'return'), (3, 40002, true, 'sale')) AS v (n, customer_id, at_end, kind);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (40201, 40003, 8), (40202, 40003, 2), (40203, 40003, 3);
INSERT INTO crm.quota (sales_rep_id, product_category_id, valid_from, valid_to, amount)
SELECT v.rep, v.category, p.from_date, p.from_date + v.times * (p.to_date + 1 - p.from_date), v.amount
FROM crm.period('last_month') AS p, (VALUES (40002, NULL, 1, 120), (40003, NULL, 2, 80), (40003, 40001, 1, 5000)) AS v (rep, category, times, amount);
-- Attainment 60 / 120 = 0.5 and 30 / 40 = 0.75; of the team 90 / 160 = 0.5625.
SELECT * FROM crm.sales_performance('last_month');
-- This month Ann has no quota, so neither attainment nor place.
SELECT name, revenue_base, quota_base, attainment, attainment_rank FROM crm.sales_performance() WHERE staff_id = 40002;

SELECT * FROM crm.customer_counts();

-- A rep sees his own. Zoe, who has no superior, sees all.
SET ROLE reports_ann;
SELECT sales_rep_id, sales_rep_name, order_count, revenue_base FROM crm.sales_by_rep(to_date => '2024-12-31');
SELECT region_id, revenue_base FROM crm.sales_by_region(to_date => '2024-12-31');
SELECT level, name, revenue_base, quota_base, attainment, attainment_rank, revenue_rank FROM crm.sales_performance('last_month');
SELECT * FROM crm.customer_counts();
SELECT count(*) FROM crm.inventory_report();
RESET ROLE;
SET ROLE reports_zoe;
SELECT sales_rep_name, order_count, revenue_base FROM crm.sales_by_rep(to_date => '2024-12-31');
SELECT level, name, revenue_base, attainment FROM crm.sales_performance('last_month');
RESET ROLE;

-- A deleted product keeps its sales; only an administrator still sees its name.
SELECT product_id FROM crm.delete_product(40002);
SELECT product_id, product_name, revenue_base FROM crm.sales_by_product(to_date => '2024-12-31');
SET ROLE reports_zoe;
SELECT product_id, product_name, revenue_base FROM crm.sales_by_product(to_date => '2024-12-31');
RESET ROLE;

-- Errors
SELECT * FROM crm.sales_by_region('2024-02-01', '2024-01-31');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.sales_by_period('decade');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.sales_by_period(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.sales_by_period('day', '1900-01-01', '2024-01-01');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.top_products(by => 'colour');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.top_products(n => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.product_trend(49999);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.product_trend(40001, period => 'hour');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.rising_products(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.inventory_report(0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.inventory_report(lead_days => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.sales_performance('next_month');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
