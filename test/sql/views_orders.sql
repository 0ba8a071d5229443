-- What v_sales_order and low_stock show of sales, returns and cancellations, against the rows below.
\set VERBOSITY terse
SET client_min_messages = warning;
SET TimeZone = 'UTC';
BEGIN;
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('USD', '2023-01-01', 0.9);
INSERT INTO crm.region (region_id, name) VALUES (8001, 'Views North');
INSERT INTO crm.v_sales_rep (sales_rep_id, first_name, last_name, email, region_id)
VALUES (8001, 'Rita', 'Rep', 'rita@views.example', 8001);
INSERT INTO crm.campaign (campaign_id, name, campaign_type, start_date, currency_code, fx_rate_to_base)
VALUES (8001, 'Views spring', 'email', '2024-01-01', 'EUR', 1);
INSERT INTO crm.customer (customer_id, first_name, last_name, region_id, region_is_manual, sales_rep_id) VALUES
    (8001, 'Vera', 'Viewer', 8001, true, 8001),
    (8002, 'Dora', 'Deleted', 8001, true, 8001);
INSERT INTO crm.product_category (product_category_id, name) VALUES (8001, 'Views things');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
VALUES
    (8001, 'V1', 'View one', 8001, 'EUR', 10, 100, 0),
    (8002, 'V2', 'View two', 8001, 'EUR', 2.5, 20, 15),
    (8003, 'V3', 'View three', 8001, 'EUR', 1, 5, 0);

-- An order that is confirmed, shipped in two parcels and completed
INSERT INTO crm.sales_order (sales_order_id, customer_id, campaign_id, order_date) VALUES (8001, 8001, 8001, '2024-03-01');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (8001, 8001, 3), (8001, 8002, 4);
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 8001;
UPDATE crm.sales_order SET status = 'shipped' WHERE sales_order_id = 8001;
INSERT INTO crm.shipment_tracking (shipment_tracking_id, customer_id, sales_order_id, tracking_number, courier) VALUES
    (8001, 8001, 8001, 'T-1', 'Slow Mail'),
    (8002, 8001, 8001, 'T-2', 'Fast Mail');
UPDATE crm.sales_order SET status = 'completed' WHERE sales_order_id = 8001;
-- One that is canceled
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date) VALUES (8002, 8001, '2024-03-02');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (8002, 8001, 50);
SELECT status FROM crm.cancel_order(8002, 'changed his mind');
-- A return of a part of the first
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind, returns_order_id, status, currency_code)
VALUES (8003, 8001, '2024-03-03', 'return', 8001, 'confirmed', 'EUR');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) VALUES (8003, 8001, 1, 10);
-- One in another currency, loaded as shipped
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, status, currency_code)
VALUES (8004, 8001, '2024-03-04', 'shipped', 'USD');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price, discount_rate) VALUES (8004, 8002, 3, 10, 0.5);
-- One of a customer who is deleted later
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date) VALUES (8005, 8002, '2024-03-05');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (8005, 8003, 2);
UPDATE crm.customer SET deleted_at = now() WHERE customer_id = 8002;

SELECT sales_order_id, customer_name, order_kind, status, counts, currency_code, total_amount, total_base, net_base
FROM crm.v_sales_order WHERE customer_id IN (8001, 8002) ORDER BY sales_order_id;
SELECT sales_order_id, sales_rep_name, region_name, campaign_name, returns_order_id, tracking_number, courier
FROM crm.v_sales_order WHERE customer_id IN (8001, 8002) ORDER BY sales_order_id;

-- Revenue: the view against a sum over the lines.
SELECT sum(v.net_base) AS view, (
    SELECT sum(i.line_base * CASE o.order_kind WHEN 'sale' THEN 1 ELSE -1 END)
    FROM crm.order_item i JOIN crm.sales_order o USING (sales_order_id)
    WHERE o.customer_id IN (8001, 8002) AND o.status <> 'canceled') AS lines
FROM crm.v_sales_order v WHERE v.customer_id IN (8001, 8002);

-- The history: the creation, then each change in order.
SELECT v.sales_order_id, h.n, h.step ->> 'from_status' AS from_status, h.step ->> 'to_status' AS to_status,
    h.step ->> 'note' AS note, h.step ->> 'changed_by' = current_user AS by_me,
    (h.step ->> 'changed_at')::timestamptz = now() AS now
FROM crm.v_sales_order v, jsonb_array_elements(v.order_history) WITH ORDINALITY AS h (step, n)
WHERE v.customer_id IN (8001, 8002) ORDER BY v.sales_order_id, h.n;
SELECT DISTINCT array(SELECT jsonb_object_keys(step) ORDER BY 1) FROM crm.v_sales_order, jsonb_array_elements(order_history) AS step
WHERE customer_id = 8001;

-- A shipment that was recorded later is the latest, whatever its key.
INSERT INTO crm.shipment_tracking (shipment_tracking_id, customer_id, sales_order_id, tracking_number, courier)
VALUES (7999, 8001, 8004, 'T-3', 'Slow Mail');
ALTER TABLE crm.shipment_tracking DISABLE TRIGGER shipment_tracking_stamp;
INSERT INTO crm.shipment_tracking (shipment_tracking_id, customer_id, sales_order_id, tracking_number, courier, created_at)
VALUES (8003, 8001, 8004, 'T-4', 'Slow Mail', now() - interval '1 day');
ALTER TABLE crm.shipment_tracking ENABLE TRIGGER shipment_tracking_stamp;
SELECT tracking_number FROM crm.v_sales_order WHERE sales_order_id = 8004;

-- An imported history that does not know how the order began
ALTER TABLE crm.order_status_history DISABLE TRIGGER USER;
INSERT INTO crm.order_status_history (customer_id, sales_order_id, from_status, to_status) VALUES (8001, 8004, NULL, 'shipped');
ALTER TABLE crm.order_status_history ENABLE TRIGGER USER;
SELECT h.step ->> 'from_status' AS from_status, h.step ->> 'to_status' AS to_status
FROM crm.v_sales_order v, jsonb_array_elements(v.order_history) WITH ORDINALITY AS h (step, n)
WHERE v.sales_order_id = 8004 ORDER BY h.n;

-- What is not asked for is not read.
CREATE FUNCTION pg_temp.tables_read(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
        RETURN QUERY SELECT m[1] FROM regexp_matches(line, 'Scan .*on (\w+)', 'g') AS m WHERE line !~ 'Bitmap Index Scan';
    END LOOP;
END
$$;
SELECT DISTINCT * FROM pg_temp.tables_read('SELECT region_id, sum(net_base) FROM crm.v_sales_order GROUP BY 1');

-- Low stock: what is at or below its level now, with today's stock.
SELECT sku, product_name, category_name, stock_quantity, reorder_level, since = now() AS now
FROM crm.low_stock WHERE product_id BETWEEN 8001 AND 8003 ORDER BY sku;
SELECT count(*) FROM crm.receive_stock(8002, 1, 'not enough');
SELECT sku, stock_quantity FROM crm.low_stock WHERE product_id BETWEEN 8001 AND 8003 ORDER BY sku;
SELECT product_id FROM crm.product p WHERE product_id BETWEEN 8001 AND 8003
    AND is_stocked AND active AND deleted_at IS NULL AND reorder_level > 0 AND stock_quantity <= reorder_level;
SELECT count(*) FROM crm.receive_stock(8002, 20, 'enough');
SELECT count(*) FROM crm.low_stock WHERE product_id BETWEEN 8001 AND 8003;

-- The view gives nobody more than the tables do.
CREATE ROLE regress_views_reader;
GRANT USAGE ON SCHEMA crm TO regress_views_reader;
GRANT SELECT ON crm.v_sales_order, crm.low_stock TO regress_views_reader;
SET LOCAL ROLE regress_views_reader;
SAVEPOINT s;
SELECT sales_order_id FROM crm.v_sales_order;
ROLLBACK TO s;
SELECT sku FROM crm.low_stock;
ROLLBACK TO s;
RESET ROLE;
-- Members of crm_admin read both.
SET LOCAL ROLE crm_admin;
SELECT count(*) FROM crm.v_sales_order WHERE customer_id = 8001;
SELECT count(*) >= 0 AS readable FROM crm.progress;
RESET ROLE;
ROLLBACK;
