-- Moves of the status that a DBA added: whatever they are, a canceled order holds no stock, every other one does.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(63);

INSERT INTO crm.customer (customer_id, last_name) VALUES (22301, 'Moved'), (22302, 'Gone');
INSERT INTO crm.product_category (product_category_id, name) VALUES (22301, 'Moved');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
VALUES (22301, 'MOVES-1', 'Cup', 22301, 'EUR', 1, 100), (22302, 'MOVES-2', 'Pot', 22301, 'EUR', 1, 10);

SELECT throws_ok($$INSERT INTO crm.order_status_transition (from_status, to_status, restocks) VALUES ('shipped', 'canceled', false)$$,
    '428C9', NULL, 'whether a move restocks is not for the table to say');
INSERT INTO crm.order_status_transition (from_status, to_status)
SELECT f.status, t.status
FROM unnest(ARRAY['pending', 'confirmed', 'shipped', 'completed', 'canceled']) AS f (status)
CROSS JOIN unnest(ARRAY['pending', 'confirmed', 'shipped', 'completed', 'canceled']) AS t (status)
WHERE f.status <> t.status
ON CONFLICT DO NOTHING;
SELECT set_eq($$SELECT m.to_status, m.restocks FROM crm.order_status_transition AS m$$,
    $$VALUES ('canceled', true), ('pending', false), ('confirmed', false), ('shipped', false), ('completed', false)$$,
    'into canceled restocks, no other move does');

-- All walks of two moves, of a sale of 5 and of a return of 3.
CREATE FUNCTION pg_temp.stock_of(kind text, statuses text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    new_id bigint;
    result bigint[] := '{}';
    before bigint := (SELECT p.stock_quantity FROM crm.product AS p WHERE p.product_id = 22301);
    target text;
BEGIN
    INSERT INTO crm.sales_order (customer_id, order_kind, status) VALUES (22301, kind, statuses[1])
    RETURNING sales_order_id INTO new_id;
    INSERT INTO crm.order_item (sales_order_id, product_id, quantity)
    VALUES (new_id, 22301, CASE kind WHEN 'sale' THEN 5 ELSE 3 END);
    FOREACH target IN ARRAY statuses LOOP
        UPDATE crm.sales_order SET status = target WHERE sales_order_id = new_id;
        result := result || (SELECT p.stock_quantity - before FROM crm.product AS p WHERE p.product_id = 22301);
    END LOOP;
    RETURN result::text;
END
$$;
CREATE TEMP TABLE walk AS
SELECT k.kind, ARRAY[a.status, b.status, c.status] AS statuses
FROM unnest(ARRAY['sale', 'return']) AS k (kind)
CROSS JOIN unnest(ARRAY['pending', 'shipped', 'completed', 'canceled']) AS a (status)
CROSS JOIN unnest(ARRAY['pending', 'shipped', 'canceled']) AS b (status)
CROSS JOIN unnest(ARRAY['pending', 'completed', 'canceled']) AS c (status)
WHERE a.status <> b.status AND b.status <> c.status;
SELECT is(pg_temp.stock_of(w.kind, w.statuses), (
    SELECT array_agg(CASE WHEN s.status = 'canceled' THEN 0 WHEN w.kind = 'sale' THEN -5 ELSE 3 END ORDER BY s.n)::text
    FROM unnest(w.statuses) WITH ORDINALITY AS s (status, n)), format('%s %s', w.kind, w.statuses))
FROM walk AS w ORDER BY w.kind, w.statuses;
SELECT is_empty('SELECT * FROM crm.verify()', 'all that is kept is right');

-- What a move out of canceled needs
INSERT INTO crm.sales_order (sales_order_id, customer_id, status)
VALUES (22301, 22301, 'shipped'), (22302, 22301, 'pending'), (22303, 22302, 'pending'), (22304, 22301, 'canceled'),
    (22305, 22301, 'confirmed');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity)
VALUES (22301, 22302, 6), (22302, 22302, 4), (22303, 22301, 1), (22305, 22301, 4);
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_kind, returns_order_id, status)
VALUES (22306, 22301, 'return', 22305, 'confirmed');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (22306, 22301, 3);
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id IN (22301, 22303, 22306);
SELECT FROM crm.place_order(22301, '[{"product_id": 22302, "quantity": 1}]');
SELECT throws_ok($$UPDATE crm.sales_order SET status = 'shipped' WHERE sales_order_id = 22301$$, 'RM001',
    'insufficient stock of product 22302', 'stock that is there');
UPDATE crm.product SET active = false WHERE product_id = 22302;
SELECT FROM crm.receive_stock(22302, 10);
SELECT throws_ok($$UPDATE crm.sales_order SET status = 'shipped' WHERE sales_order_id = 22301$$, 'RM011',
    'product 22302 is not offered any more', 'a product that is offered');
UPDATE crm.product SET active = true WHERE product_id = 22302;
SELECT FROM crm.delete_customer(22302);
SELECT throws_ok($$UPDATE crm.sales_order SET status = 'pending' WHERE sales_order_id = 22303$$, 'RM011',
    'customer 22302 is deleted', 'a customer who is not deleted');
SELECT throws_ok($$UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 22304$$, 'RM013',
    'order 22304 has no lines and cannot leave canceled', 'lines');
SELECT lives_ok($$UPDATE crm.sales_order SET status = 'pending' WHERE sales_order_id = 22304$$, 'which pending does without');
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_kind, returns_order_id) VALUES (22307, 22301, 'return', 22305);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (22307, 22301, 2);
SELECT throws_ok($$UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 22306$$, 'RM014',
    'more of product 22301 is returned than order 22305 sold', 'of a return, that so much is left to return');
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 22307;
SELECT lives_ok($$UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 22306$$, 'as after the other return is canceled');
SELECT throws_ok($$UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 22305$$, 'RM014',
    NULL, 'its sale cannot be canceled then');
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 22306;
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 22305;
SELECT throws_ok($$UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 22306$$, 'RM014',
    'order 22305 is canceled and cannot be returned', 'and a return of a canceled sale stays canceled');

-- In and out in one statement: what one gives back the other takes.
UPDATE crm.product SET stock_quantity = 0 WHERE product_id = 22302;
SELECT throws_ok($$UPDATE crm.sales_order SET status = CASE sales_order_id WHEN 22301 THEN 'pending' ELSE 'canceled' END
    WHERE sales_order_id IN (22301, 22302)$$, 'RM001', NULL, '4 come back, 6 are needed');
SELECT FROM crm.adjust_stock(22302, 2);
SELECT lives_ok($$UPDATE crm.sales_order SET status = CASE sales_order_id WHEN 22301 THEN 'pending' ELSE 'canceled' END
    WHERE sales_order_id IN (22301, 22302)$$, '4 come back, 2 are there, 6 are needed');
SELECT is((SELECT p.stock_quantity FROM crm.product AS p WHERE p.product_id = 22302), 0::bigint, 'and none is left');

-- Back in pending, its lines can be changed; it can be canceled but not deleted: its history stays.
SELECT lives_ok($$UPDATE crm.order_item SET quantity = 5 WHERE sales_order_id = 22301$$, 'its lines can be changed');
SELECT lives_ok($$DELETE FROM crm.order_item WHERE sales_order_id = 22301$$, 'and taken out');
SELECT throws_ok($$DELETE FROM crm.sales_order WHERE sales_order_id = 22301$$, 'RM012',
    'order 22301 was past pending and cannot be deleted', 'the order stays');
SELECT throws_ok($$DELETE FROM crm.sales_order WHERE sales_order_id = 22305$$, 'RM012',
    'order 22305 is past pending and cannot be deleted', 'as one that is past pending does');
SELECT lives_ok($$INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (22308, 22301);
    DELETE FROM crm.sales_order WHERE sales_order_id = 22308$$, 'one that was never more than pending goes');
SELECT is_empty('SELECT * FROM crm.verify()', 'all that is kept is right');

SELECT * FROM finish();
ROLLBACK;
