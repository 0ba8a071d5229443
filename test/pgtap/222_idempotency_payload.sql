-- The same order under the same key is the same order, however its payload is written down; another one is refused.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(17);

INSERT INTO crm.customer (customer_id, last_name) VALUES (22201, 'Repeated');
INSERT INTO crm.product_category (product_category_id, name) VALUES (22201, 'Repeated');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
VALUES (22201, 'REPEAT-1', 'Cup', 22201, 'EUR', 2, 100);

CREATE TEMP TABLE first_order AS
SELECT o.sales_order_id FROM crm.place_order(22201,
    '[{"product_id": 22201, "quantity": 2, "unit_price": 0.1, "discount_rate": 0.5}, {"product_id": 22201, "quantity": 1}]',
    order_date => '2024-03-31 12:00+02', idempotency_key => 'payload') AS o;

SELECT is((SELECT o.sales_order_id FROM crm.place_order(22201, s.items::jsonb, order_date => s.at::timestamptz,
    idempotency_key => 'payload') AS o), (SELECT f.sales_order_id FROM first_order AS f), s.what)
FROM (VALUES
    ('[{"product_id": 22201, "quantity": 2, "unit_price": 0.1, "discount_rate": 0.5}, {"product_id": 22201, "quantity": 1}]',
        '2024-03-31 12:00+02', 'letter by letter'),
    ('[{"product_id": 22201, "quantity": 2, "unit_price": 0.10, "discount_rate": 0.5000}, {"product_id": 22201, "quantity": 1}]',
        '2024-03-31 12:00+02', '0.10 is 0.1'),
    ('[{"product_id": 22201.0, "quantity": 2.00, "unit_price": 1e-1, "discount_rate": 5e-1}, {"product_id": 22201, "quantity": 1}]',
        '2024-03-31 12:00+02', 'so are other ways to write a number'),
    ('[{"discount_rate": 0.5, "unit_price": 0.1, "quantity": 2, "product_id": 22201}, {"quantity": 1, "product_id": 22201}]',
        '2024-03-31 12:00+02', 'the order of keys does not matter'),
    ('[{"product_id": 22201, "quantity": 2, "unit_price": 0.1, "discount_rate": 0.5}, {"product_id": 22201, "quantity": 1, '
        '"unit_price": null, "discount_rate": 0}]', '2024-03-31 12:00+02', 'nor a default that is spelled out'),
    ('[{"product_id": 22201, "quantity": 2, "unit_price": 0.1, "discount_rate": 0.5}, {"product_id": 22201, "quantity": 1}]',
        '2024-03-31 10:00:00.000+00', 'nor the time zone of a time')
) AS s (items, at, what);

SELECT throws_ok(format($$SELECT FROM crm.place_order(22201, %L, order_date => %L, idempotency_key => 'payload')$$, s.items, s.at),
    'RM004', NULL, s.what)
FROM (VALUES
    ('[{"product_id": 22201, "quantity": 1}, {"product_id": 22201, "quantity": 2, "unit_price": 0.1, "discount_rate": 0.5}]',
        '2024-03-31 12:00+02', 'lines in another order are another order'),
    ('[{"product_id": 22201, "quantity": 2, "unit_price": 0.11, "discount_rate": 0.5}, {"product_id": 22201, "quantity": 1}]',
        '2024-03-31 12:00+02', 'so is another price'),
    ('[{"product_id": 22201, "quantity": 2, "unit_price": 0.1, "discount_rate": 0.5}, {"product_id": 22201, "quantity": 1, "unit_price": 2}]',
        '2024-03-31 12:00+02', 'and a price instead of the product''s'),
    ('[{"product_id": 22201, "quantity": 2, "unit_price": 0.1, "discount_rate": 0.5}, {"product_id": 22201, "quantity": 1}]',
        '2024-03-31 12:01+02', 'and another time'),
    ('[{"product_id": 22201, "quantity": 2, "unit_price": 0.1}, {"product_id": 22201, "quantity": 1}]',
        '2024-03-31 12:00+02', 'and no discount')
) AS s (items, at, what);
SELECT throws_ok($$SELECT FROM crm.place_order(22201, '[{"product_id": 22201, "quantity": 0}]', idempotency_key => 'payload')$$,
    '22023', NULL, 'bad items are refused before the key is looked at');

SELECT is((SELECT count(*) FROM crm.sales_order AS o WHERE o.customer_id = 22201), 1::bigint, 'there is one order');
SELECT is((SELECT o.total_amount FROM crm.sales_order AS o WHERE o.customer_id = 22201), 2.1000, 'of the first payload');
SELECT is((SELECT p.stock_quantity FROM crm.product AS p WHERE p.product_id = 22201), 97::bigint, 'which took its stock once');
SELECT throws_ok($$SELECT crm._order_payload('[{"product_id": 1}]')$$, '22023', NULL, 'the payload is checked as the items are');
SELECT is(crm._order_payload('[{"product_id": 1, "quantity": 2}]'), '[[1, 2, null, 0]]'::jsonb, 'and says what is asked for');

SELECT * FROM finish();
ROLLBACK;
