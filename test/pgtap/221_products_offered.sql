-- A product that is not offered any more (active is false) or deleted is not sold anew; what was sold stays as it
-- is, can be changed, canceled and returned, and a past sale can be entered.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(22);

INSERT INTO crm.product_category (product_category_id, name) VALUES (22101, 'Offered');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
VALUES (22101, 'OFFER-1', 'Over', 22101, 'EUR', 1, 100), (22102, 'OFFER-2', 'Live', 22101, 'EUR', 1, 100),
    (22104, 'OFFER-4', 'Gone', 22101, 'EUR', 1, 100);
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, is_stocked)
VALUES (22103, 'OFFER-3', 'Advice', 22101, 'EUR', 1, false);
INSERT INTO crm.customer (customer_id, last_name) VALUES (22101, 'Offered');
INSERT INTO crm.sales_order (sales_order_id, customer_id)
VALUES (22101, 22101), (22102, 22101), (22103, 22101), (22104, 22101), (22105, 22101);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity)
SELECT o.sales_order_id, 1, p.product_id, 5
FROM crm.sales_order AS o JOIN (VALUES (22101, 22101), (22102, 22101), (22103, 22102), (22104, 22103), (22105, 22104))
    AS p (sales_order_id, product_id) USING (sales_order_id);
UPDATE crm.product SET active = false WHERE product_id IN (22101, 22103);
SELECT FROM crm.delete_product(22104);

-- Not anew
SELECT throws_ok(s.statement, 'RM011', s.message, s.what)
FROM (VALUES
    ($$SELECT FROM crm.place_order(22101, '[{"product_id": 22102, "quantity": 1}, {"product_id": 22101, "quantity": 1}]')$$,
        'product 22101 is not offered any more', 'not in a new order'),
    ($$SELECT FROM crm.place_order(22101, '[{"product_id": 22103, "quantity": 1}]')$$,
        'product 22103 is not offered any more', 'nor without stock'),
    ($$INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (22103, 22101, 1)$$,
        'product 22101 is not offered any more', 'nor on an order that is open'),
    ($$UPDATE crm.order_item SET product_id = 22101 WHERE sales_order_id = 22103$$,
        'product 22101 is not offered any more', 'nor instead of another'),
    ($$UPDATE crm.order_item SET sales_order_id = 22103, line_no = 2 WHERE sales_order_id = 22101$$,
        'product 22101 is not offered any more', 'nor moved to another order'),
    ($$INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (22103, 22104, 1)$$,
        'product 22104 is deleted', 'a deleted one neither'),
    ($$SELECT FROM crm.place_order(22101, '[{"product_id": 22101, "quantity": 1000000}]')$$,
        'product 22101 is not offered any more', 'which is said before that there is too little of it')
) AS s (statement, message, what);
SELECT is((SELECT sum(p.stock_quantity) FROM crm.product AS p WHERE p.product_id BETWEEN 22101 AND 22104), 280::numeric,
    'nothing was taken');

-- What was sold before
SELECT lives_ok($$UPDATE crm.order_item SET quantity = 7 WHERE sales_order_id = 22101$$, 'more on a line that has it');
SELECT lives_ok($$UPDATE crm.order_item SET line_no = 9 WHERE sales_order_id = 22101$$, 'another number of the line');
SELECT is((SELECT p.stock_quantity FROM crm.product AS p WHERE p.product_id = 22101), 88::bigint, 'takes what it says');
SELECT lives_ok($$UPDATE crm.sales_order SET status = 'completed' WHERE sales_order_id IN (22101, 22104, 22105)$$,
    'past orders go their way');
SELECT is((SELECT o.status FROM crm.cancel_order(22102) AS o), 'canceled', 'are canceled');
SELECT is((SELECT o.order_kind FROM crm.return_order(22101, '[{"product_id": 22101, "quantity": 3}]') AS o), 'return',
    'and returned');
SELECT is((SELECT o.total_amount FROM crm.return_order(22105) AS o), 5.0000, 'a deleted product''s too');
SELECT is((SELECT o.total_amount FROM crm.return_order(22104) AS o), 5.0000, 'and what keeps no stock');
SELECT is((SELECT p.stock_quantity FROM crm.product AS p WHERE p.product_id = 22101), 96::bigint, 'their stock comes back');

-- A past sale of what was offered then
SELECT lives_ok($$INSERT INTO crm.sales_order (sales_order_id, customer_id, status, order_date)
    VALUES (22106, 22101, 'completed', '2020-01-01');
    INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (22106, 22101, 6), (22106, 22103, 1)$$,
    'a past sale is entered as completed');
SELECT is((SELECT p.stock_quantity FROM crm.product AS p WHERE p.product_id = 22101), 90::bigint, 'and takes its stock');
UPDATE crm.product SET active = true WHERE product_id = 22101;
SELECT lives_ok($$SELECT FROM crm.place_order(22101, '[{"product_id": 22101, "quantity": 1}]')$$, 'offered again, it is sold');

-- Returns of a deleted customer
SELECT FROM crm.delete_customer(22101);
SELECT is((SELECT o.order_kind FROM crm.return_order(22106, '[{"product_id": 22101, "quantity": 6}]') AS o), 'return',
    'what a deleted customer bought comes back');
SELECT is_empty('SELECT * FROM crm.verify()', 'all that is kept is right');

SELECT * FROM finish();
ROLLBACK;
