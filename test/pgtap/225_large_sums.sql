-- The sums of the largest amounts that there may be: more than numeric(18,4) holds, and still shown.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(7);

UPDATE crm.organization SET base_currency_code = 'EUR';
INSERT INTO crm.product_category (product_category_id, name) VALUES (22501, 'Large');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, is_stocked)
VALUES (22501, 'LARGE-1', 'Advice', 22501, 'EUR', 1, false);
INSERT INTO crm.customer (customer_id, last_name) VALUES (22501, 'Large'), (22502, 'Small');
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date)
SELECT 22500 + g, 22501, '2024-05-05' FROM generate_series(1, 120) AS g;
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity)
SELECT o.sales_order_id, 1, 22501, 1000000000000 FROM crm.sales_order AS o WHERE o.customer_id = 22501;
INSERT INTO crm.opportunity (customer_id, name, pipeline_id, pipeline_stage_id, win_probability, expected_close, amount, currency_code)
SELECT 22501, 'Large ' || g, s.pipeline_id, s.pipeline_stage_id, 0.5, '2030-01-01', 1000000000000, 'EUR'
FROM generate_series(1, 120) AS g
CROSS JOIN LATERAL (SELECT s.pipeline_id, s.pipeline_stage_id FROM crm.pipeline_stage AS s
    ORDER BY s.pipeline_id, s.pipeline_stage_id LIMIT 1) AS s;

SELECT is((SELECT v.net_revenue FROM crm.v_customer_360 AS v WHERE v.customer_id = 22501), 120000000000000.0000,
    'v_customer_360 sums 120 orders of 10^12');
SELECT is((SELECT v.open_opportunity_base FROM crm.v_customer_360 AS v WHERE v.customer_id = 22501), 120000000000000.0000,
    'and as many opportunities');
SELECT is((SELECT (v.net_revenue, v.open_opportunity_base)::text FROM crm.v_customer_360 AS v WHERE v.customer_id = 22502),
    '(0.0000,0.0000)', 'nothing is 0 with the digits of an amount');
SELECT is((SELECT s.revenue_base FROM crm.sales_by_category('2024-05-01', '2024-05-31') AS s WHERE s.product_category_id = 22501),
    120000000000000.0000, 'sales_by_category() sums them');
SELECT lives_ok('SELECT crm.customer_profile(22501)', 'customer_profile() shows the customer');
SELECT is_empty('SELECT * FROM crm.verify()', 'crm.verify() sums them');

-- One order of more than 10^12 is refused with its number, however far beyond the sums it is.
SELECT throws_ok($$INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price)
    SELECT 22501, 22501, 1, 1000000000000 FROM generate_series(1, 1000)$$, '23514',
    'order 22501 would come to more than 1000000000000', '1000 lines of 10^12 on one order');

SELECT * FROM finish();
ROLLBACK;
