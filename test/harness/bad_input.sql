-- What the pgTAP files about bad input share: records to work on, and what a statement does to them.
-- They are included within a transaction that is rolled back.
SET LOCAL client_min_messages = warning;
UPDATE crm.organization SET base_currency_code = 'EUR', time_zone = 'Europe/Berlin';
INSERT INTO crm.region (region_id, name, parent_region_id)
VALUES (21001, 'Bad North', NULL), (21002, 'Bad Coast', 21001);
INSERT INTO crm.customer (customer_id, customer_type, first_name, last_name, business_name, email, deleted_at)
VALUES (21001, 'individual', 'Ada', 'Bad', NULL, 'ada@example.com', NULL),
    (21002, 'business', NULL, NULL, 'Bad Ltd', NULL, NULL),
    (21003, 'individual', NULL, 'Gone', NULL, NULL, '2024-01-01');
INSERT INTO crm.contact (contact_id, customer_id, last_name, email, is_primary)
VALUES (21001, 21001, 'Bad', 'ada@example.com', true);
INSERT INTO crm.product_category (product_category_id, name) VALUES (21001, 'Bad goods');
INSERT INTO crm.product
    (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level, is_stocked, deleted_at)
VALUES (21001, 'BAD-1', 'Cup', 21001, 'EUR', 9.5, 100, 5, true, NULL),
    (21002, 'BAD-2', 'Wrap', 21001, 'EUR', 2, 0, 0, false, NULL),
    (21003, 'BAD-3', 'Old', 21001, 'EUR', 1, 7, 0, true, '2024-01-01');
-- 21002: 2 of its 5 cups came back. 21003: canceled. 21005: without lines.
INSERT INTO crm.sales_order (sales_order_id, customer_id, status)
VALUES (21001, 21001, 'pending'), (21002, 21001, 'completed'), (21003, 21001, 'pending'),
    (21004, 21002, 'confirmed'), (21005, 21001, 'pending'), (21006, 21001, 'completed');
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity)
VALUES (21001, 1, 21001, 3), (21002, 1, 21001, 5), (21003, 1, 21001, 2), (21004, 1, 21002, 4), (21006, 1, 21001, 5);
DO $$
BEGIN
    PERFORM FROM crm.cancel_order(21003, 'changed his mind');
    PERFORM FROM crm.return_order(21002, '[{"product_id": 21001, "quantity": 2}]');
    PERFORM FROM crm.add_event_consumer('bad consumer');
END
$$;

-- Number of rows of each table, stock and totals, as one text.
CREATE FUNCTION pg_temp.contents() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    relation text;
    rows bigint;
    result text := '';
BEGIN
    FOR relation IN
        SELECT c.oid::regclass::text FROM pg_class AS c
        WHERE c.relkind = 'r' AND c.relnamespace IN ('crm'::regnamespace, 'crm_state'::regnamespace)
        ORDER BY 1
    LOOP
        EXECUTE 'SELECT count(*) FROM ' || relation INTO rows;
        result := result || ' ' || rows;
    END LOOP;
    RETURN concat_ws(' ', result,
        (SELECT string_agg(p.product_id || ':' || p.stock_quantity, ' ' ORDER BY p.product_id) FROM crm.product AS p),
        (SELECT string_agg(o.sales_order_id || ':' || o.status || ':' || o.total_amount || ':' || o.total_base, ' '
            ORDER BY o.sales_order_id) FROM crm.sales_order AS o));
END
$$;
CREATE TEMP TABLE before AS SELECT pg_temp.contents() AS contents;

-- The SQLSTATE and constraint of a statement that a role runs; 00000 if it succeeds, then it is taken back.
-- Tells besides what the statement left behind: other data, or triggers that let pass what they must not.
CREATE FUNCTION pg_temp.outcome(statement text, as_role text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    rule text;
    probe text;
BEGIN
    BEGIN
        PERFORM set_config('role', as_role, true);
        EXECUTE statement;
        RAISE EXCEPTION USING ERRCODE = 'UT000';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, rule = CONSTRAINT_NAME;
    END;
    FOREACH probe IN ARRAY ARRAY[
        'INSERT INTO crm.order_status_history (customer_id, sales_order_id, to_status) VALUES (21001, 21001, ''x'')',
        'INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, 1, ''sale'')',
        'UPDATE crm.sales_order SET total_amount = 1 WHERE sales_order_id = 21001',
        'UPDATE crm.order_item SET quantity = 1 WHERE sales_order_id = 21002']
    LOOP
        BEGIN
            EXECUTE probe;
            rule := rule || ' then allowed: ' || probe;
        EXCEPTION WHEN SQLSTATE 'RM000' THEN NULL;
        END;
    END LOOP;
    IF pg_temp.contents() <> (SELECT b.contents FROM before AS b) THEN
        rule := rule || ' and something was written';
    END IF;
    RETURN btrim(CASE state WHEN 'UT000' THEN '00000' ELSE state END || ' ' || rule);
END
$$;

-- The statements to try, with what they are to end in.
CREATE TEMP TABLE bad (n integer GENERATED ALWAYS AS IDENTITY, as_role text, wanted text, statement text);
