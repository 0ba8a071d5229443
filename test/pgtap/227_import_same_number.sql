-- One number for an invoice and a return, in one batch, in two, in either order and twice: nothing is dropped
-- silently. Each line is booked or tells why not.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(9);

CREATE FUNCTION pg_temp.import(lines text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
    result text;
BEGIN
    INSERT INTO crm.import_batch (source, file_name) VALUES ('b25', 'lines.csv') RETURNING import_batch_id INTO id;
    -- order_ref:product:quantity:price
    INSERT INTO crm.import_order_line (import_batch_id, line_no, order_ref, order_date, customer_ref, country_code,
        product_ref, product_name, quantity, unit_price)
    SELECT id, l.n, p.part[1], '2024-02-03', '7', 'IE', p.part[2], p.part[2], p.part[3]::bigint, p.part[4]::numeric
    FROM regexp_split_to_table(lines, ' ') WITH ORDINALITY AS l (line, n)
    CROSS JOIN LATERAL string_to_array(l.line, ':') AS p (part);
    PERFORM FROM crm.prepare_import(id);
    INSERT INTO crm.stock_movement (product_id, quantity, reason)
    SELECT p.product_id, 1000, 'purchase' FROM crm.product AS p WHERE p.sku IN ('P1', 'P2') AND p.stock_quantity = 0;
    PERFORM FROM crm.import_orders(id);
    SELECT string_agg(concat_ws(' ', l.outcome, o.external_id, l.error), ', ' ORDER BY l.line_no) INTO result
    FROM crm.import_order_line AS l
    LEFT JOIN crm.sales_order AS o ON o.sales_order_id = l.sales_order_id
    WHERE l.import_batch_id = id;
    RETURN result;
END
$$;

SELECT is(pg_temp.import('25:P1:5:2 25:P2:1:-3'), 'sale 25, return 25/return', 'a sale and a return of one number in one batch');
SELECT is(pg_temp.import('26:P1:5:2'), 'sale 26', 'a sale first');
SELECT is(pg_temp.import('26:P1:1:-2'), 'error the order was imported from b25 before', 'and its return in a later batch tells that it is refused');
SELECT is(pg_temp.import('C26:P1:-1:2'), 'return C26', 'and is booked under a number of its own');
SELECT is(pg_temp.import('26:P1:5:2 28:P1:1:1'), 'error the order was imported from b25 before, sale 28',
    'the sale is not booked twice; what stands beside it is');
SELECT is(pg_temp.import('C27:P1:-1:2'), 'return C27', 'a return first');
SELECT is(pg_temp.import('C27:P1:1:2'), 'error the order was imported from b25 before',
    'then a sale of its number tells that it is taken');
SELECT is(pg_temp.import('29/return:P1:1:2 29:P1:2:2 29:P1:1:-2'),
    'error an order of this number and source was imported before, sale 29, return 29/return',
    'so does an order whose number another one took for its returns');
SELECT is((SELECT string_agg(concat_ws(' ', o.external_id, o.order_kind, o.total_amount), ', ' ORDER BY o.external_id COLLATE "C")
        FROM crm.sales_order AS o WHERE o.external_source = 'b25'),
    '25 sale 10.0000, 25/return return 3.0000, 26 sale 10.0000, 28 sale 1.0000, 29 sale 4.0000, 29/return return 2.0000, '
    'C26 return 2.0000, C27 return 2.0000', 'the orders are those that were told');

SELECT * FROM finish();
ROLLBACK;
