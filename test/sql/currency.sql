-- Currencies: the rate of the day, frozen with the order; prices converted into the order's currency; each line
-- rounded in both currencies. Amounts are recomputed with rates read straight from crm.exchange_rate.
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
SELECT base_currency_code, time_zone FROM crm.organization;
INSERT INTO crm.customer (customer_id, last_name) VALUES (7401, 'Traveler');
INSERT INTO crm.product_category (product_category_id, name) VALUES (7401, 'Currency goods');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
VALUES (7401, 'C1', 'Clock', 7401, 'EUR', 19.99, 1000), (7402, 'C2', 'Candle', 7401, 'GBP', 7.5, 1000),
    (7403, 'C3', 'Chopsticks', 7401, 'JPY', 333, 1000);
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base)
VALUES ('GBP', '2025-12-31', 1.15), ('GBP', '2026-01-10', 1.1789), ('GBP', '2026-01-20', 1.2),
    ('JPY', '2025-01-01', 0.0061234567), ('USD', '2026-01-01', 0.9);

-- The latest rate on or before the day of the order, as the organisation counts days.
INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, order_date)
VALUES (7401, 7401, 'GBP', '2026-01-09 23:59:59+00'), (7402, 7401, 'GBP', '2026-01-10 00:00:00+00'),
    (7403, 7401, 'GBP', '2026-01-19 12:00+00'), (7404, 7401, 'GBP', '2030-01-01'), (7405, 7401, NULL, '2026-01-10'),
    (7406, 7401, 'EUR', '1999-01-01'), (7407, 7401, 'JPY', '2026-01-10');
SELECT sales_order_id, currency_code, order_date, fx_rate_to_base FROM crm.sales_order
WHERE customer_id = 7401 ORDER BY 1;
SELECT o.sales_order_id, o.fx_rate_to_base, r.rate_to_base
FROM crm.sales_order AS o
LEFT JOIN LATERAL (
    SELECT r.rate_to_base FROM crm.exchange_rate AS r
    WHERE r.currency_code = o.currency_code AND r.rate_date <= (o.order_date AT TIME ZONE 'UTC')::date
    ORDER BY r.rate_date DESC LIMIT 1
) AS r ON true
WHERE o.customer_id = 7401 AND o.fx_rate_to_base IS DISTINCT FROM CASE o.currency_code WHEN 'EUR' THEN 1 ELSE r.rate_to_base END;
UPDATE crm.organization SET time_zone = 'Asia/Tokyo';
INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, order_date)
VALUES (7408, 7401, 'GBP', '2026-01-09 14:59:59+00'), (7409, 7401, 'GBP', '2026-01-09 15:00:00+00');
SELECT sales_order_id, fx_rate_to_base FROM crm.sales_order WHERE sales_order_id IN (7408, 7409) ORDER BY 1;
UPDATE crm.organization SET time_zone = 'UTC';

-- No rate, no order: before the first day, and for a currency without rates. A rate of one's own is taken.
INSERT INTO crm.sales_order (customer_id, currency_code, order_date) VALUES (7401, 'GBP', '2025-12-30');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (customer_id, currency_code) VALUES (7401, 'CHF');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (customer_id, currency_code) VALUES (7401, 'XXX');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, order_date, fx_rate_to_base)
VALUES (7410, 7401, 'CHF', '2026-02-01', 1.05);
\set VERBOSITY terse
INSERT INTO crm.sales_order (customer_id, currency_code, fx_rate_to_base) VALUES (7401, 'CHF', 0);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.sales_order (customer_id, currency_code, fx_rate_to_base) VALUES (7401, 'CHF', 'NaN');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('CHF', '2026-01-01', -1);
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default

-- A price is converted through the base currency at the product's rate of the day and the order's frozen rate.
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity, discount_rate)
SELECT o.sales_order_id, p.product_id - 7400, p.product_id, 3, 0.05
FROM crm.sales_order AS o CROSS JOIN crm.product AS p
WHERE o.customer_id = 7401 AND o.sales_order_id NOT IN (7406, 7410) AND p.product_category_id = 7401;
-- 7401 in pounds: 19.99 / 1.15 = 17.3826; 7.50 as it is; 333 x 0.0061234567 / 1.15 = 1.7731.
-- 7405 in euros:  19.99; 7.50 x 1.1789 = 8.84175, rounded 8.8418; 333 x 0.0061234567 = 2.0391.
-- 7407 in yen:    19.99 / 0.0061234567 = 3264.4960; 7.50 x 1.1789 / 0.0061234567 = 1443.9148; 333.
SELECT sales_order_id, product_id, unit_price, line_total, line_base FROM crm.order_item
WHERE sales_order_id IN (7401, 7405, 7407) ORDER BY 1, 2;
SELECT i.sales_order_id, i.product_id, i.unit_price, e.price
FROM crm.order_item AS i
JOIN crm.sales_order AS o USING (sales_order_id)
JOIN crm.product AS p USING (product_id)
CROSS JOIN LATERAL (
    SELECT round(CASE p.currency_code WHEN o.currency_code THEN p.price
        WHEN 'EUR' THEN p.price / o.fx_rate_to_base
        ELSE p.price * r.rate_to_base / o.fx_rate_to_base END, 4) AS price
    FROM (SELECT) AS always
    LEFT JOIN LATERAL (
        SELECT r.rate_to_base FROM crm.exchange_rate AS r
        WHERE r.currency_code = p.currency_code AND r.rate_date <= (o.order_date AT TIME ZONE
            CASE WHEN o.sales_order_id IN (7408, 7409) THEN 'Asia/Tokyo' ELSE 'UTC' END)::date
        ORDER BY r.rate_date DESC LIMIT 1) AS r ON true
) AS e
WHERE o.customer_id = 7401 AND i.unit_price IS DISTINCT FROM e.price;
-- The order's rate may be one's own while the product's is that of the day; a product without a rate needs a price.
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (7410, 1, 7402, 2);
SELECT unit_price, line_total, line_base FROM crm.order_item WHERE sales_order_id = 7410;
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (7406, 1, 7402, 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity, unit_price) VALUES (7406, 1, 7402, 1, 8);
SELECT total_amount, total_base FROM crm.sales_order WHERE sales_order_id = 7406;

-- Base amounts are rounded line by line: three lines of 0.003 at 1.1789 are 3 x 0.0035, not 0.0106 as if rounded
-- once. Their sum is the order's, whatever the lines are grouped by.
INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, order_date) VALUES (7411, 7401, 'GBP', '2026-01-10');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) SELECT 7411, 7402, 1, 0.003 FROM generate_series(1, 3);
SELECT total_amount, total_base, round(total_amount * fx_rate_to_base, 4) AS rounded_once
FROM crm.sales_order WHERE sales_order_id = 7411;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price, discount_rate)
VALUES (7411, 7402, 7, 0.3333, 0.3333), (7411, 7402, 1, 0.0001, 0.5), (7411, 7402, 1, 0.0001, 0.4), (7411, 7403, 1, 12345678.9012, 0.0001);
SELECT line_no, quantity, unit_price, discount_rate, line_total, line_base FROM crm.order_item
WHERE sales_order_id = 7411 AND line_no > 3 ORDER BY 1;

-- line_base is not for an app to write, and later rates change nothing that was booked.
UPDATE crm.order_item SET line_base = 1 WHERE sales_order_id = 7411 AND line_no = 1;
CREATE TEMP TABLE booked AS
SELECT o.sales_order_id, o.fx_rate_to_base, o.total_amount, o.total_base FROM crm.sales_order AS o WHERE o.customer_id = 7401;
UPDATE crm.exchange_rate SET rate_to_base = rate_to_base * 2;
DELETE FROM crm.exchange_rate WHERE currency_code = 'JPY';
UPDATE crm.sales_order SET order_date = '2025-12-31', ship_to_city = 'London' WHERE sales_order_id = 7402;
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 7403;
SELECT o.sales_order_id, o.fx_rate_to_base, o.total_amount, o.total_base FROM crm.sales_order AS o WHERE o.customer_id = 7401
EXCEPT SELECT * FROM booked;
-- A changed line of an old order keeps the order's rate.
UPDATE crm.order_item SET quantity = 10 WHERE sales_order_id = 7402 AND product_id = 7402;
SELECT quantity, unit_price, line_total, line_base FROM crm.order_item WHERE sales_order_id = 7402 AND product_id = 7402;
UPDATE crm.order_item SET unit_price = NULL WHERE sales_order_id = 7402 AND product_id = 7401;
SELECT quantity, unit_price, line_total, line_base FROM crm.order_item WHERE sales_order_id = 7402 AND product_id = 7401;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7407, 7403, 1);
SELECT unit_price, line_base FROM crm.order_item WHERE sales_order_id = 7407 AND product_id = 7403 ORDER BY line_no DESC LIMIT 1;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (7402, 7403, 1);
\echo :LAST_ERROR_SQLSTATE
-- Currency and rate are fixed with the order.
UPDATE crm.sales_order SET currency_code = 'EUR' WHERE sales_order_id = 7402;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.sales_order SET fx_rate_to_base = 1 WHERE sales_order_id = 7402;
\echo :LAST_ERROR_SQLSTATE

-- A return takes the sale's currency and rate, also where the rate is gone.
UPDATE crm.sales_order SET status = 'shipped' WHERE sales_order_id = 7407;
SELECT currency_code, fx_rate_to_base, total_amount = (SELECT o.total_amount FROM crm.sales_order AS o WHERE o.sales_order_id = 7407) AS all_of_it,
    total_base = (SELECT o.total_base FROM crm.sales_order AS o WHERE o.sales_order_id = 7407) AS all_of_it_in_base
FROM crm.return_order(7407);

-- The function books in the base currency; it converts prices as lines do. 19.99 + 7.50 x 2.4 + 5.
SELECT currency_code, fx_rate_to_base, total_amount, total_base
FROM crm.place_order(7401, '[{"product_id": 7401, "quantity": 1}, {"product_id": 7402, "quantity": 1}, {"product_id": 7403, "quantity": 1, "unit_price": 5}]',
    order_date => '2026-02-01');
SELECT crm.place_order(7401, '[{"product_id": 7403, "quantity": 1}]');
\echo :LAST_ERROR_SQLSTATE

-- Filled values have the type of their columns, so that a dump of them can be read again: a price that is too
-- large in the order's currency is refused even where the discount makes the line free.
SELECT DISTINCT scale(fx_rate_to_base) FROM crm.sales_order WHERE customer_id = 7401;
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('CLP', '2026-01-01', 0.0000000001), ('KWD', '2026-01-01', 9999999999);
INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, order_date)
VALUES (7412, 7401, 'CLP', '2026-02-01'), (7413, 7401, 'KWD', '2026-02-01');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, discount_rate) VALUES (7412, 7401, 1, 1);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price, discount_rate) VALUES (7412, 7401, 1, 99999, 1);
UPDATE crm.product SET price = 19999 WHERE product_id = 7401;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, discount_rate) VALUES (7412, 7401, 1, 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) VALUES (7413, 7401, 1, 20000);
\echo :LAST_ERROR_SQLSTATE
SELECT sales_order_id, line_no, unit_price, line_total, line_base FROM crm.order_item WHERE sales_order_id IN (7412, 7413) ORDER BY 1, 2;

SELECT * FROM order_difference;
SELECT * FROM crm.verify();
ROLLBACK;
