-- Movements of stock that a client writes: who wrote them is for crm to say, and what orders write is theirs alone.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(8);

INSERT INTO crm.product_category (product_category_id, name) VALUES (22001, 'Moved');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
VALUES (22001, 'MOVED-1', 'Cup', 22001, 'EUR', 1, 10);
INSERT INTO crm.customer (customer_id, last_name) VALUES (22001, 'Moved');
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (22001, 22001);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (22001, 1, 22001, 4);

SET LOCAL ROLE crm_admin;
INSERT INTO crm.stock_movement (product_id, quantity, reason, moved_at, note, created_by)
VALUES (22001, 5, 'purchase', '2020-01-01 12:00+00', 'by name', 'somebody else'),
    (22001, -2, 'adjust', now(), 'by default', DEFAULT);
SELECT results_eq(
    $$SELECT m.note, m.created_by, m.moved_at = '2020-01-01 12:00+00' FROM crm.stock_movement AS m
        WHERE m.product_id = 22001 AND m.note IS NOT NULL ORDER BY m.note$$,
    $$VALUES ('by default', 'crm_admin', false), ('by name', 'crm_admin', true)$$,
    'the author is who wrote the row, whatever the row says; its time is kept');
SELECT is((SELECT p.stock_quantity FROM crm.product AS p WHERE p.product_id = 22001), 9::bigint, 'the stock follows');

-- A client cannot write into the account of an order, under whatever reason.
SELECT throws_ok(format($$INSERT INTO crm.stock_movement (product_id, quantity, reason, sales_order_id, line_no)
    VALUES (22001, 1, %L, 22001, 1)$$, r.reason), r.state, NULL, format('reason %s names no order', r.reason))
FROM (VALUES ('cancel', 'RM017'), ('adjust', '23514'), ('theft', '23514')) AS r (reason, state);

-- What orders write is untouched by the rules for clients.
SELECT set_eq(
    $$SELECT m.reason, m.quantity, m.line_no FROM crm.stock_movement AS m WHERE m.sales_order_id = 22001$$,
    $$VALUES ('sale', -4::bigint, 1)$$, 'an order has its own movements only');
RESET ROLE;
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || statement;
END
$$;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT ok(bool_or(p.line ~ 'stock_movement_sales_order_id_idx'), 'an index leads to the movements of an order')
FROM pg_temp.plan_of('SELECT FROM crm.stock_movement WHERE sales_order_id = 22001') AS p (line);
RESET enable_seqscan;
RESET enable_bitmapscan;
SELECT is_empty('SELECT * FROM crm.verify()', 'all that is kept is right');

SELECT * FROM finish();
ROLLBACK;
