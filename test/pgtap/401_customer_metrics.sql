-- The figures of customers follow from their orders through random changes of all kinds, against the independent
-- definition in test/twin/orders.sql; a figure that is changed by hand is noticed.
BEGIN;
SELECT plan(11);
\ir ../twin/orders.sql

INSERT INTO crm.region (region_id, name) VALUES (40101, 'Metrics');
INSERT INTO crm.product_category (product_category_id, name) VALUES (40101, 'Metrics');
INSERT INTO crm.product (product_id, sku, name, price, stock_quantity, product_category_id)
SELECT 40100 + i, 'METRICS-' || i, 'Product ' || i, 10 * i, 100000, 40101 FROM generate_series(1, 4) AS i;
INSERT INTO crm.customer (customer_id, last_name, region_id, is_anonymous)
SELECT 40100 + i, 'Customer ' || i, 40101, i = 5 FROM generate_series(1, 5) AS i;
SELECT set_config('TimeZone', 'UTC', true);

-- A known case first, counted by hand: two sales on one day, one the day before, one canceled, one return.
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date) VALUES
    (40101, 40101, '2026-03-10 10:00'), (40102, 40101, '2026-03-10 12:00'), (40103, 40101, '2026-03-09 12:00'),
    (40104, 40101, '2026-03-11 12:00');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity)
VALUES (40101, 40101, 2), (40102, 40101, 3), (40103, 40102, 1), (40104, 40104, 1);
SELECT is((SELECT (m.order_count, m.order_day_count, m.net_revenue, m.average_order_value, m.last_order_at)::text
    FROM crm.customer_metrics AS m WHERE m.customer_id = 40101),
    '(4,3,110.0000,27.5000,"2026-03-11 12:00:00+00")', 'four sales on three days');
SELECT crm.cancel_order(40104, 'changed their mind') \g /dev/null
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 40102;
SELECT crm.return_order(40102, '[{"product_id": 40101, "quantity": 1}]') \g /dev/null
SELECT is((SELECT (m.order_count, m.order_day_count, m.canceled_order_count, m.returned_order_count, m.net_revenue,
        m.last_order_at)::text FROM crm.customer_metrics AS m WHERE m.customer_id = 40101),
    '(3,2,1,1,60.0000,"2026-03-10 12:00:00+00")', 'less the canceled one and what came back');
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (40105, 40102);
SELECT is((SELECT m.order_count FROM crm.customer_metrics AS m WHERE m.customer_id = 40102), 0::bigint,
    'an order without lines does not count yet');
SELECT throws_ok('INSERT INTO crm.sales_order (customer_id, line_count) VALUES (40102, 1)', 'RM015', NULL,
    'the number of lines is not for clients');
SELECT throws_ok('UPDATE crm.sales_order SET line_count = 7 WHERE sales_order_id = 40101', 'RM015', NULL, 'nor later');

-- Random changes; what is refused (frozen, returned, empty) changes nothing.
CREATE FUNCTION pg_temp.random_change() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    some_order bigint := (SELECT o.sales_order_id FROM crm.sales_order AS o WHERE o.customer_id BETWEEN 40101 AND 40105 ORDER BY random() LIMIT 1);
    some_customer bigint := 40101 + floor(random() * 5);
    some_product bigint := 40101 + floor(random() * 4);
    some_date timestamptz := '2026-01-01'::timestamptz + random() * interval '90 days';
BEGIN
    CASE floor(random() * 9)
        WHEN 0, 1 THEN
            INSERT INTO crm.sales_order (customer_id, order_date) VALUES (some_customer, some_date) RETURNING sales_order_id INTO some_order;
            INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (some_order, some_product, 1 + floor(random() * 5));
        WHEN 2 THEN INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (some_order, some_product, 1);
        WHEN 3 THEN DELETE FROM crm.order_item WHERE sales_order_id = some_order;
        WHEN 4 THEN UPDATE crm.order_item SET quantity = 1 + floor(random() * 9), unit_price = 5 WHERE sales_order_id = some_order;
        WHEN 5 THEN UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = some_order;
        WHEN 6 THEN UPDATE crm.sales_order SET order_date = some_date WHERE sales_order_id = some_order;
        WHEN 7 THEN UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = some_order;
        ELSE UPDATE crm.sales_order SET customer_id = some_customer WHERE sales_order_id = some_order;
    END CASE;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT setseed(0.4) \g /dev/null
CREATE TEMP TABLE outcome AS SELECT pg_temp.random_change() AS result FROM generate_series(1, 1500);
ANALYZE crm.customer, crm.customer_metrics, crm.sales_order, crm.order_item, crm.product, crm.stock_movement, crm.order_status_history, outcome;
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE result = 'done'), '>', 700::bigint, 'most random changes are allowed');
SELECT is_empty('SELECT * FROM order_difference', 'the figures follow, by an independent count');
SELECT is_empty('SELECT * FROM crm.verify()', 'and by crm.verify()');

-- A walk-in customer who gets a name, and the other way round.
UPDATE crm.customer SET is_anonymous = NOT is_anonymous WHERE customer_id IN (40104, 40105);
SELECT is_empty('SELECT * FROM order_difference', 'also of a walk-in customer that became a known one');
UPDATE crm.sales_order SET customer_id = 40101 WHERE customer_id = 40105;
UPDATE crm.sales_order SET order_date = order_date - interval '1 year' WHERE customer_id = 40101;
SELECT is_empty('SELECT * FROM order_difference', 'and after statements that change many orders');

UPDATE crm.customer_metrics SET net_revenue = net_revenue + 1 WHERE customer_id = 40101;
SELECT isnt_empty('SELECT * FROM crm.verify()', 'a wrong figure is found');
SELECT * FROM finish();
ROLLBACK;
