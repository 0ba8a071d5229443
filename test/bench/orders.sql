-- Cost of an order of 3 lines (two INSERTs, one transaction) as CPU time of the backend, per order:
--   bare    the same tables with the same keys, checks and indexes, triggers of the CRM switched off;
--           the client sends every column itself
--   ledger  bare, and the client also inserts the three movements of stock
--   crm     all triggers: completing, stamping, totals, stock, its ledger, alerts
-- Rounds alternate within one run; only their ratio means something. Needs a superuser, since the CPU time
-- is read from the kernel's schedstat of the backend.
\set ON_ERROR_STOP 1
\set QUIET 1
\pset footer off
SET client_min_messages = warning;
SET synchronous_commit = off;
SET jit = off;

INSERT INTO crm.region (name) VALUES ('Bench');
INSERT INTO crm.customer (last_name, region_id) SELECT 'Customer ' || i, 1 FROM generate_series(1, 10000) AS i;
INSERT INTO crm.product_category (name) VALUES ('Bench');
INSERT INTO crm.product (sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
SELECT 'P' || i, 'Product ' || i, 1, 'EUR', 12.34, 1000000000, 50 FROM generate_series(1, 20000) AS i;
VACUUM ANALYZE crm.customer;
VACUUM ANALYZE crm.product;

CREATE SCHEMA bench;
CREATE TABLE bench.round (variant text, round integer, cpu_us numeric);

CREATE FUNCTION bench.cpu_ns() RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric
$$;

-- Random customer and three ascending products, skewed to the first ones, the same for every variant.
CREATE TABLE bench.basket AS
SELECT n, 1 + (n * 7919 % 10000) AS customer_id, p.products
FROM generate_series(1, 20000) AS n
CROSS JOIN LATERAL (
    SELECT array_agg(d.product_id ORDER BY d.product_id) AS products
    FROM (
        SELECT DISTINCT 1 + floor(20000 * power((hashint8extended(n, k) & 1048575) / 1048576.0, 6))::bigint
            AS product_id
        FROM generate_series(1, 12) AS k
        LIMIT 3
    ) AS d
) AS p
WHERE cardinality(p.products) = 3;
CREATE UNIQUE INDEX ON bench.basket (n);

CREATE PROCEDURE bench.triggers(switch text) LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['sales_order', 'order_item', 'product', 'stock_movement'] LOOP
        EXECUTE format('ALTER TABLE crm.%I %s TRIGGER USER', t, switch);
    END LOOP;
END $$;

-- What a client with prepared statements sends, as psql commands: one file per variant and round.
CREATE FUNCTION bench.session(variant text, round integer, orders integer) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT line FROM (
        SELECT 0 AS n, unnest(ARRAY[
            'SET synchronous_commit = off;',
            CASE WHEN variant = 'crm' THEN
                'PREPARE o(bigint) AS INSERT INTO crm.sales_order (customer_id) VALUES ($1) RETURNING sales_order_id;'
            ELSE
                'PREPARE o(bigint) AS INSERT INTO crm.sales_order (customer_id, region_id, currency_code, fx_rate_to_base, '
                'ship_to_name) VALUES ($1, 1, ''EUR'', 1, ''Customer'') RETURNING sales_order_id;'
            END,
            CASE WHEN variant = 'crm' THEN
                'PREPARE l(bigint, bigint, bigint, bigint, bigint) AS INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity, unit_price) '
                'VALUES ($2, 1, $3, 2, 12.34), ($2, 2, $4, 2, 12.34), ($2, 3, $5, 2, 12.34);'
            ELSE
                'PREPARE l(bigint, bigint, bigint, bigint, bigint) AS INSERT INTO crm.order_item (customer_id, sales_order_id, line_no, product_id, '
                'product_name, quantity, unit_price, line_base) VALUES '
                '($1, $2, 1, $3, ''Product'', 2, 12.34, 24.68), ($1, $2, 2, $4, ''Product'', 2, 12.34, 24.68), '
                '($1, $2, 3, $5, ''Product'', 2, 12.34, 24.68);'
            END,
            'PREPARE m(bigint, bigint, bigint, bigint) AS INSERT INTO crm.stock_movement (product_id, quantity, reason, sales_order_id, line_no) VALUES '
            '($2, -2, ''sale'', $1, 1), ($3, -2, ''sale'', $1, 2), ($4, -2, ''sale'', $1, 3);']) AS line
        UNION ALL
        SELECT b.n, unnest(ARRAY[
            CASE WHEN b.n = first THEN 'SELECT bench.cpu_ns() AS started \gset' END,
            'BEGIN;',
            format('EXECUTE o(%s) \gset', b.customer_id),
            format('EXECUTE l(%s, :sales_order_id, %s, %s, %s);', b.customer_id, b.products[1], b.products[2],
                b.products[3]),
            CASE WHEN variant = 'ledger' THEN
                format('EXECUTE m(:sales_order_id, %s, %s, %s);', b.products[1], b.products[2], b.products[3]) END,
            'COMMIT;'])
        FROM (SELECT 1 + (round * orders) % 15000 AS first) AS f
        JOIN bench.basket AS b ON b.n BETWEEN f.first AND f.first + orders - 1
        UNION ALL
        SELECT 2000000000, format('INSERT INTO bench.round VALUES (%L, %s, (bench.cpu_ns() - :started) / 1000 / '
            '%s);', variant, round, orders)
    ) AS s WHERE line IS NOT NULL ORDER BY n
$$;
