-- Bad arguments of the functions: each gets its code, nothing is written, the session goes on.
BEGIN;
SELECT plan(366);
\ir ../harness/bad_input.sql

-- Items of crm.place_order() ---------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('SELECT FROM crm.place_order(21001, %L)', a.argument)
FROM (VALUES
    ('RM013', ARRAY[
        $$[]$$]),
    ('22023', ARRAY[
        $${}$$, $$null$$, $$1$$, $$"x"$$, $$true$$, $$[1]$$, $$["x"]$$, $$[null]$$, $$[[]]$$, $$[{}]$$,
        $$[[{"product_id":21001,"quantity":1}]]$$, $${"product_id":21001,"quantity":1}$$,
        $$[{"product_id":21001}]$$, $$[{"quantity":1}]$$, $$[{"product_id":21001,"quantity":0}]$$,
        $$[{"product_id":21001,"quantity":-1}]$$, $$[{"product_id":21001,"quantity":1.5}]$$,
        $$[{"product_id":21001,"quantity":"2"}]$$, $$[{"product_id":21001,"quantity":true}]$$,
        $$[{"product_id":21001,"quantity":[1]}]$$, $$[{"product_id":21001,"quantity":{"a":1}}]$$,
        $$[{"product_id":21001,"quantity":9223372036854775808}]$$, $$[{"product_id":21001,"quantity":1e100}]$$,
        $$[{"product_id":21001,"quantity":1e-9}]$$, $$[{"product_id":1e300,"quantity":1}]$$,
        $$[{"product_id":-21001,"quantity":1}]$$, $$[{"product_id":0,"quantity":1}]$$,
        $$[{"product_id":"21001","quantity":1}]$$, $$[{"product_id":21001,"quantity":1,"unit_price":-1}]$$,
        $$[{"product_id":21001,"quantity":1,"unit_price":"9"}]$$,
        $$[{"product_id":21001,"quantity":1,"unit_price":1e15}]$$,
        $$[{"product_id":21001,"quantity":1,"discount_rate":1.5}]$$,
        $$[{"product_id":21001,"quantity":1,"discount_rate":-0.1}]$$,
        $$[{"product_id":21001,"quantity":1,"discount_rate":"10%"}]$$,
        $$[{"product_id":21001,"quantity":1,"price":9}]$$, $$[{"product_id":21001,"quantity":1,"":9}]$$,
        $$[{"Product_id":21001,"quantity":1}]$$,
        $$[{"product_id":21001,"quantity":1},{"product_id":21001,"quantity":1},{"product_id":21001}]$$]),
    ('22004', ARRAY[
        $$[{"product_id":null,"quantity":1}]$$, $$[{"product_id":21001,"quantity":null}]$$]),
    ('00000', ARRAY[
        $$[{"product_id":21001,"quantity":2.0}]$$, $$[{"product_id":21001,"quantity":1,"unit_price":null}]$$,
        $$[{"product_id":21001,"quantity":1,"unit_price":0.00001}]$$,
        $$[{"product_id":21001,"quantity":1,"discount_rate":1}]$$,
        $$[{"product_id":21001,"quantity":1,"quantity":2}]$$]),
    ('RM001 product_stock_quantity_check', ARRAY[
        $$[{"product_id":21001,"quantity":1e2}]$$, $$[{"product_id":21001,"quantity":9999999999}]$$,
        $$[{"product_id":21001,"quantity":60},{"product_id":21001,"quantity":60}]$$]),
    -- The limit of quantities, prices, lines and orders is 10^12.
    ('22023', ARRAY[
        $$[{"product_id":21001,"quantity":1099511627776}]$$, $$[{"product_id":21001,"quantity":1000000000001}]$$,
        $$[{"product_id":21001,"quantity":9223372036854775807}]$$,
        $$[{"product_id":21002,"quantity":1,"unit_price":1000000000000.0001}]$$,
        $$[{"product_id":21002,"quantity":99999999999999,"unit_price":99999999999999}]$$,
        $$[{"product_id":21002,"quantity":9223372036854775807},{"product_id":21002,"quantity":9223372036854775807}]$$]),
    ('23514 order_item_value_check', ARRAY[
        $$[{"product_id":21002,"quantity":1000000000000}]$$]),
    ('22023', ARRAY[
        $$[{"product_id":21002,"quantity":1000000000000,"unit_price":1000000000000,"discount_rate":1}]$$,
        $$[{"product_id":21002,"quantity":1000000000000,"unit_price":1.0001}]$$]),
    ('23514 sales_order_total_amount_check', ARRAY[
        $$[{"product_id":21002,"quantity":1,"unit_price":1e12},{"product_id":21002,"quantity":1,"unit_price":0.0001}]$$]),
    ('00000', ARRAY[
        $$[{"product_id":21002,"quantity":1000000000000,"unit_price":1}]$$,
        $$[{"product_id":21002,"quantity":1,"unit_price":1e12}]$$,
        $$[{"product_id":21002,"quantity":1000000000000,"unit_price":0},{"product_id":21002,"quantity":1000000000000,"unit_price":0}]$$]),
    ('23503 order_item_product_id_fkey', ARRAY[
        $$[{"product_id":999999,"quantity":1}]$$]),
    ('RM011', ARRAY[
        $$[{"product_id":21003,"quantity":1}]$$]),
    ('22P02', ARRAY[
        $$[$$, $$$$, $$not json$$, $$[{"product_id":21001,"quantity":NaN}]$$,
        $$[{"product_id":21001,"quantity":Infinity}]$$, $$[{"product_id":21001 "quantity":1}]$$,
        $$[{"product_id":21001,"quantity":1}]x$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '22P05', $$SELECT FROM crm.place_order(21001, E'["\\u0000"]')$$),
    ('crm_admin', '22P02', $$SELECT FROM crm.place_order(21001, E'["\\ud800"]')$$),
    ('crm_admin', '22023', $$SELECT FROM crm.place_order(21001,
            jsonb_build_array(jsonb_build_object('product_id', 21001, 'quantity', 1, repeat('k', 1000000), 1)))$$),
    ('crm_admin', '22023', $$SELECT FROM crm.place_order(21001,
            jsonb_build_array(jsonb_build_object('product_id', 21001, 'quantity', 1, repeat('ä', 31), 1)))$$),
    ('crm_admin', '22023', $$SELECT FROM crm.place_order(21001,
            jsonb_build_array(jsonb_build_object('product_id', 21001, 'quantity', 1, E'\x01\n"', 1)))$$),
    ('crm_admin', '22023', $$SELECT FROM crm.place_order(21001,
            jsonb_build_array(jsonb_build_object('product_id', 21001, 'quantity', repeat('9', 1000000))))$$),
    ('crm_admin', '22023', $$SELECT FROM crm.place_order(21001,
            jsonb_build_array(jsonb_build_object('product_id', 21001, 'quantity', repeat('9', 100000)::numeric)))$$),
    ('crm_admin', '00000', $$SELECT FROM crm.place_order(21001, 
            (SELECT jsonb_agg(jsonb_build_object('product_id', 21002, 'quantity', 1))
            FROM generate_series(1, 10000)))$$),
    ('crm_admin', '22023', $$SELECT FROM crm.place_order(21001, 
            (SELECT jsonb_agg(jsonb_build_object('product_id', 21002, 'quantity', CASE WHEN g < 10000 THEN 1 ELSE 0 END))
            FROM generate_series(1, 10000) g))$$),
    ('crm_admin', '22023', $$SELECT FROM crm.place_order(21001, (repeat('[', 1000) || repeat(']', 1000))::jsonb)$$),
    ('crm_admin', '54001',
        $$SELECT FROM crm.place_order(21001, (repeat('[', 1000000) || repeat(']', 1000000))::jsonb)$$),
    ('crm_admin', '22023',
        $$SELECT FROM crm.place_order(21001, (repeat('{"a":', 1000) || '1' || repeat('}', 1000))::jsonb)$$),
    ('crm_admin', '22023',
        $$SELECT FROM crm.place_order(21001, ('[{"product_id":21001,"quantity":' || repeat('[', 5000) || repeat(']', 5000) || '}]')::jsonb)$$),
    ('crm_admin', '22023', $$SELECT FROM crm.place_order(21001,
        jsonb_build_array(jsonb_build_object('product_id', 21001, 'quantity', 1, 'x' || repeat('ä', 40), 1)))$$);

-- Its other arguments ----------------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '22004', $$SELECT FROM crm.place_order(NULL, NULL)$$),
    ('crm_admin', '22004', $$SELECT FROM crm.place_order(21001, NULL)$$),
    ('crm_admin', '22004', $$SELECT FROM crm.place_order(NULL, '[{"product_id":21001,"quantity":1}]')$$),
    ('crm_admin', '23503 sales_order_customer_id_fkey',
        $$SELECT FROM crm.place_order(999999, '[{"product_id":21001,"quantity":1}]')$$),
    ('crm_admin', '23503 sales_order_customer_id_fkey',
        $$SELECT FROM crm.place_order(-1, '[{"product_id":21001,"quantity":1}]')$$),
    ('crm_admin', 'RM011', $$SELECT FROM crm.place_order(21003, '[{"product_id":21001,"quantity":1}]')$$),
    ('crm_admin', '23503 sales_order_sales_rep_id_fkey',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', sales_rep_id => 999999)$$),
    ('crm_admin', '23503 sales_order_campaign_id_fkey',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', campaign_id => 999999)$$),
    ('crm_admin', '23514 sales_order_finite_check',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', order_date => 'infinity')$$),
    ('crm_admin', '23514 sales_order_finite_check',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', order_date => '-infinity')$$),
    ('crm_admin', '23514 sales_order_finite_check',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', order_date => 'infinity', idempotency_key => 'k')$$),
    ('crm_admin', '00000',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', order_date => '4714-11-24 00:00+00 BC')$$),
    ('crm_admin', '00000',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', order_date => '294276-12-31 23:59:59+00')$$),
    ('crm_admin', '22008',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', order_date => '294277-01-01')$$),
    ('crm_admin', '22008',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', order_date => '2024-02-30')$$),
    ('crm_admin', '22007',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', order_date => 'yesterdayish')$$),
    ('crm_admin', '00000',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', order_date => '4714-11-24 00:00+00 BC', idempotency_key => 'k')$$),
    ('crm_admin', '22023',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', idempotency_key => '')$$),
    ('crm_admin', '22023',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', idempotency_key => '   ')$$),
    ('crm_admin', '22023',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', idempotency_key => repeat('k', 201))$$),
    ('crm_admin', '22023',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', idempotency_key => repeat('k', 1000000))$$),
    ('crm_admin', 'RM004',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', idempotency_key => 'k');
        SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":2}]', idempotency_key => 'k')$$),
    ('crm_admin', 'RM004',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":1}]', idempotency_key => 'k');
        SELECT FROM crm.place_order(21002, '[{"product_id":21001,"quantity":1}]', idempotency_key => 'k')$$),
    ('crm_admin', '00000',
        $$SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":60}]', idempotency_key => 'k');
        SELECT FROM crm.place_order(21001, '[{"product_id":21001,"quantity":60}]', idempotency_key => 'k')$$);

-- crm.cancel_order() -----------------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '22004', $$SELECT FROM crm.cancel_order(NULL)$$),
    ('crm_admin', '22023', $$SELECT FROM crm.cancel_order(0)$$),
    ('crm_admin', '22023', $$SELECT FROM crm.cancel_order(9223372036854775807)$$),
    ('crm_admin', 'RM002 sales_order_status_transition_check', $$SELECT FROM crm.cancel_order(21002)$$),
    ('crm_admin', '00000', $$SELECT FROM crm.cancel_order(21003)$$),
    ('crm_admin', 'RM013 sales_order_lines_check', $$SELECT FROM crm.cancel_order(21005)$$),
    ('crm_admin', '22023', $$SELECT FROM crm.cancel_order(21001, repeat('x', 1000000))$$),
    ('crm_admin', '22023', $$SELECT FROM crm.cancel_order(21001, repeat('x', 1001))$$),
    ('crm_admin', '00000', $$SELECT FROM crm.cancel_order(21001, repeat('x', 1000))$$),
    ('crm_admin', '00000', $$SELECT FROM crm.cancel_order(21001, E'\x01\x1f')$$),
    ('crm_admin', '00000', $$SELECT FROM crm.cancel_order(21001, '')$$);

-- crm.return_order() -----------------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '22004', $$SELECT FROM crm.return_order(NULL)$$),
    ('crm_admin', '22023', $$SELECT FROM crm.return_order(-5)$$),
    ('crm_admin', 'RM002', $$SELECT FROM crm.return_order(21001)$$),
    ('crm_admin', 'RM002', $$SELECT FROM crm.return_order(21003)$$),
    ('crm_admin', 'RM013', $$SELECT FROM crm.return_order(21002, '[]')$$),
    ('crm_admin', '22023', $$SELECT FROM crm.return_order(21002, '{}')$$),
    ('crm_admin', '22023', $$SELECT FROM crm.return_order(21002, 'null')$$),
    ('crm_admin', 'RM014 order_item_return_check',
        $$SELECT FROM crm.return_order(21002, '[{"product_id":21001,"quantity":4}]')$$),
    ('crm_admin', 'RM014 order_item_return_check',
        $$SELECT FROM crm.return_order(21002, '[{"product_id":21001,"quantity":3},{"product_id":21001,"quantity":1}]')$$),
    ('crm_admin', '22023',
        $$SELECT FROM crm.return_order(21002, '[{"product_id":21001,"quantity":9223372036854775807}]')$$),
    ('crm_admin', 'RM014 order_item_return_check',
        $$SELECT FROM crm.return_order(21002, '[{"product_id":21001,"quantity":9999999999},{"product_id":21001,"quantity":9999999999}]')$$),
    ('crm_admin', 'RM014 order_item_return_check',
        $$SELECT FROM crm.return_order(21002, '[{"product_id":21002,"quantity":1}]')$$),
    ('crm_admin', '23503 order_item_product_id_fkey',
        $$SELECT FROM crm.return_order(21002, '[{"product_id":999999,"quantity":1}]')$$),
    ('crm_admin', '22023', $$SELECT FROM crm.return_order(21002, '[{"product_id":21001,"quantity":0}]')$$),
    ('crm_admin', '22023',
        $$SELECT FROM crm.return_order(21002, '[{"product_id":21001,"quantity":1,"unit_price":-1}]')$$),
    ('crm_admin', 'RM002',
        $$SELECT FROM crm.return_order((SELECT o.sales_order_id FROM crm.sales_order o WHERE o.returns_order_id = 21002))$$),
    ('crm_admin', 'RM013 sales_order_unreturned_check', $$SELECT FROM crm.return_order(21004);
        SELECT FROM crm.return_order(21004)$$);

-- crm.receive_stock() and crm.adjust_stock() -----------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('SELECT FROM crm.%s', a.argument)
FROM (VALUES
    ('22004', ARRAY[
        $$receive_stock(NULL, NULL)$$, $$receive_stock(21001, NULL)$$, $$adjust_stock(NULL, NULL)$$,
        $$adjust_stock(21001, NULL)$$, $$receive_stock(NULL, 5)$$, $$adjust_stock(NULL, 5)$$]),
    ('22023', ARRAY[
        $$receive_stock(21001, 0)$$, $$receive_stock(21001, -1)$$, $$receive_stock(21001, -101)$$,
        $$receive_stock(21001, '-9223372036854775808')$$, $$adjust_stock(21001, 0)$$]),
    ('23503 stock_movement_product_id_fkey', ARRAY[
        $$receive_stock(999999, 5)$$, $$adjust_stock(999999, 5)$$]),
    ('23514 stock_movement_quantity_check', ARRAY[
        $$receive_stock(21001, 9223372036854775807)$$, $$adjust_stock(21001, 9223372036854775807)$$,
        $$receive_stock(21001, 1000000000001)$$, $$adjust_stock(21001, -1000000000001)$$,
        $$adjust_stock(21001, '-9223372036854775808')$$]),
    ('23514 product_stock_quantity_check', ARRAY[
        $$receive_stock(21001, 1000000000000)$$, $$adjust_stock(21001, 1000000000000)$$]),
    ('42883', ARRAY[
        $$receive_stock(21001, 9223372036854775808)$$, $$receive_stock(21001, 1.5)$$,
        $$adjust_stock(21001, 9223372036854775808)$$, $$adjust_stock(21001, 1.5)$$]),
    ('22P02', ARRAY[
        $$receive_stock(21001, '2x')$$, $$receive_stock(21001, 'NaN')$$, $$adjust_stock(21001, '2x')$$,
        $$adjust_stock(21001, 'NaN')$$]),
    ('23514 product_is_stocked_check', ARRAY[
        $$receive_stock(21002, 5)$$, $$adjust_stock(21002, 5)$$]),
    ('00000', ARRAY[
        $$receive_stock(21003, 5)$$, $$receive_stock(21001, 1, E'\x01')$$, $$adjust_stock(21001, -1)$$,
        $$adjust_stock(21003, 5)$$, $$adjust_stock(21001, 1, E'\x01')$$]),
    ('23514 stock_movement_length_check', ARRAY[
        $$receive_stock(21001, 1, repeat('x', 1000000))$$, $$adjust_stock(21001, 1, repeat('x', 1000000))$$]),
    ('RM001 product_stock_quantity_check', ARRAY[
        $$adjust_stock(21001, -101)$$, $$adjust_stock(21001, -1000000000000)$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);

-- Deleting and restoring -------------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('SELECT FROM crm.%s', a.argument)
FROM (VALUES
    ('22023', ARRAY[
        $$delete_customer(NULL)$$, $$delete_contact(NULL)$$, $$delete_lead(NULL)$$, $$delete_opportunity(NULL)$$,
        $$delete_product(NULL)$$, $$restore_customer(NULL)$$, $$restore_contact(NULL)$$, $$restore_lead(NULL)$$,
        $$restore_opportunity(NULL)$$, $$restore_product(NULL)$$, $$delete_customer(0)$$, $$delete_contact(0)$$,
        $$delete_lead(0)$$, $$delete_opportunity(0)$$, $$delete_product(0)$$, $$restore_customer(0)$$,
        $$restore_contact(0)$$, $$restore_lead(0)$$, $$restore_opportunity(0)$$, $$restore_product(0)$$,
        $$delete_customer(-1)$$, $$delete_contact(-1)$$, $$delete_lead(-1)$$, $$delete_opportunity(-1)$$,
        $$delete_product(-1)$$, $$restore_customer(-1)$$, $$restore_contact(-1)$$, $$restore_lead(-1)$$,
        $$restore_opportunity(-1)$$, $$restore_product(-1)$$, $$delete_customer(9223372036854775807)$$,
        $$delete_contact(9223372036854775807)$$, $$delete_lead(9223372036854775807)$$,
        $$delete_opportunity(9223372036854775807)$$, $$delete_product(9223372036854775807)$$,
        $$restore_customer(9223372036854775807)$$, $$restore_contact(9223372036854775807)$$,
        $$restore_lead(9223372036854775807)$$, $$restore_opportunity(9223372036854775807)$$,
        $$restore_product(9223372036854775807)$$]),
    ('22P02', ARRAY[
        $$delete_customer('x')$$, $$delete_contact('x')$$, $$delete_lead('x')$$, $$delete_opportunity('x')$$,
        $$delete_product('x')$$, $$restore_customer('x')$$, $$restore_contact('x')$$, $$restore_lead('x')$$,
        $$restore_opportunity('x')$$, $$restore_product('x')$$]),
    ('42883', ARRAY[
        $$delete_customer(1.5)$$, $$delete_contact(1.5)$$, $$delete_lead(1.5)$$, $$delete_opportunity(1.5)$$,
        $$delete_product(1.5)$$, $$restore_customer(1.5)$$, $$restore_contact(1.5)$$, $$restore_lead(1.5)$$,
        $$restore_opportunity(1.5)$$, $$restore_product(1.5)$$, $$delete_customer(9223372036854775808)$$,
        $$delete_contact(9223372036854775808)$$, $$delete_lead(9223372036854775808)$$,
        $$delete_opportunity(9223372036854775808)$$, $$delete_product(9223372036854775808)$$,
        $$restore_customer(9223372036854775808)$$, $$restore_contact(9223372036854775808)$$,
        $$restore_lead(9223372036854775808)$$, $$restore_opportunity(9223372036854775808)$$,
        $$restore_product(9223372036854775808)$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '22023', $$SELECT FROM crm.delete_customer(21001, repeat('x', 1000000))$$),
    ('crm_admin', '22023', $$SELECT FROM crm.delete_contact(21001, repeat('x', 1000000))$$),
    ('crm_admin', '22023', $$SELECT FROM crm.delete_product(21001, repeat('x', 1000000))$$);

-- crm.find_customers() ---------------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('SELECT FROM crm.find_customers(%s)', a.argument)
FROM (VALUES
    ('22023', ARRAY[
        $$page_size => 0$$, $$page_size => -1$$, $$page_size => 1001$$, $$page_size => NULL$$,
        $$page_size => 2147483647$$, $$after_id => 5$$, $$region => 'Nowhere'$$, $$region => ''$$,
        $$region => 'bad north'$$, $$customer_type => 'x'$$, $$customer_type => ''$$, $$phone => ''$$,
        $$phone => 'abc'$$, $$phone => '+'$$, $$region => repeat('x', 1000000)$$,
        $$customer_type => repeat('x', 1000000)$$]),
    ('00000', ARRAY[
        $$after_name => 'a', after_id => NULL$$, $$country_code => 'zz'$$, $$query => repeat('x', 1000000)$$,
        $$email => repeat('x', 1000000)$$, $$city => repeat('x', 1000000)$$, $$state => repeat('x', 1000000)$$,
        $$phone => repeat('9', 1000000)$$, $$country_code => repeat('x', 1000000)$$,
        $$after_name => repeat('x', 1000000)$$, $$query => '%'$$, $$query => E'\x01'$$, $$query => ''$$,
        $$after_name => '', after_id => -9223372036854775807$$]),
    ('42883', ARRAY[
        $$nonsense => 1$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);

-- Reports, settings, events, imports -------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('SELECT FROM crm.%s', a.argument)
FROM (VALUES
    ('22023', ARRAY[
        $$customers_in_region(NULL)$$, $$customers_in_region('')$$, $$customers_in_region('Nowhere')$$,
        $$customers_in_region(repeat('x', 1000000))$$, $$customers_in_region('Bad North', page_size => 0)$$,
        $$customers_in_region('Bad North', page_size => 1001)$$, $$sales_by_category('2024-02-01', '2024-01-01')$$,
        $$customers_without_purchase(NULL)$$, $$customers_without_purchase('0')$$,
        $$customers_without_purchase('-1 day')$$, $$customers_without_purchase(page_size => -5)$$,
        $$campaign_effectiveness(NULL)$$, $$campaign_effectiveness(0)$$, $$interaction_history(NULL)$$,
        $$interaction_history(999999)$$, $$interaction_history(21001, page_size => 0)$$,
        $$interaction_history(21001, before_id => 5)$$, $$period(NULL)$$, $$period('')$$,
        $$period('next_century')$$, $$period(repeat('x', 1000000))$$, $$configure(name => ' ')$$,
        $$configure(name => repeat('x', 1000000))$$, $$configure(base_currency => 'X')$$,
        $$configure(time_zone => 'Nowhere')$$, $$configure(time_zone => '+05')$$,
        $$configure(fiscal_year_start_month => 0)$$, $$configure(fiscal_year_start_month => 13)$$,
        $$add_event_consumer(NULL)$$, $$add_event_consumer(' ')$$, $$read_events(NULL)$$, $$read_events('nobody')$$,
        $$read_events('bad consumer', 0)$$, $$read_events('bad consumer', NULL)$$,
        $$read_events('bad consumer', 100001)$$, $$ack_events('bad consumer', NULL)$$,
        $$ack_events('bad consumer', -1)$$, $$ack_events('nobody', 1)$$, $$import_orders(999999)$$,
        $$import_orders(1, 0)$$, $$import_orders(1, 100, 'canceled')$$,
        $$import_orders(1, 100, repeat('x', 1000000))$$, $$prepare_import(999999)$$, $$load_demo(0)$$,
        $$load_demo('NaN')$$, $$load_demo(1e100)$$, $$configure(time_zone => repeat('x', 10000))$$,
        $$configure(base_currency => repeat('x', 1000000))$$, $$read_events(repeat('x', 1000000))$$,
        $$ack_events(repeat('x', 1000000), 1)$$]),
    ('00000', ARRAY[
        $$sales_by_category('infinity', 'infinity')$$, $$sales_by_category('-infinity', 'infinity')$$,
        $$sales_by_category('infinity', NULL)$$, $$customers_without_purchase('6000 years')$$,
        $$interaction_history(21001, before => 'infinity')$$,
        $$interaction_history(21001, before => '4714-11-24 00:00+00 BC')$$,
        $$interaction_history(21001, before => '294276-12-31 23:59:59+00')$$]),
    ('22008', ARRAY[
        $$sales_by_category('4714-11-24 BC', '5874897-12-31')$$, $$sales_by_category('4714-11-24 BC', NULL)$$,
        $$sales_by_category('2024-13-01')$$, $$customers_without_purchase('178000000 years')$$,
        $$customers_without_purchase('-178000000 years')$$, $$customers_without_purchase('7000 years')$$]),
    ('22007', ARRAY[
        $$customers_without_purchase('forever')$$]),
    ('RM012', ARRAY[
        $$configure(base_currency => 'USD')$$]),
    ('23514 event_consumer_length_check', ARRAY[
        $$add_event_consumer(repeat('x', 1000000))$$]),
    ('23000', ARRAY[
        $$load_demo(1)$$]),
    ('42883', ARRAY[
        $$place_order(customer => 1)$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '22023', $$SELECT crm.customer_profile(NULL)$$),
    ('crm_admin', '22023', $$SELECT crm.customer_profile(0)$$),
    ('crm_admin', '22023', $$SELECT crm.customer_profile(999999)$$),
    ('crm_admin', '22P02', $$SELECT crm.customer_profile('x')$$),
    ('crm_admin', '22023', $$SELECT crm.erd('nowhere')$$),
    ('crm_admin', '22023', $$SELECT crm.erd(repeat('x', 1000000))$$),
    ('crm_admin', '22023', $$SELECT crm._progress('nothing', 'x', 1, 1)$$),
    ('crm_admin', '22023', $$SELECT crm._progress(repeat('x', 1000000), 'x', 1, 1)$$);

-- Outcomes --------------------------------------------------------------------------------------------------

SELECT is(pg_temp.outcome(b.statement, b.as_role), b.wanted, left(regexp_replace(b.statement, '\s+', ' ', 'g'), 150))
FROM bad AS b
ORDER BY b.n;
SELECT is_empty($$
    SELECT b.wanted, b.statement FROM bad AS b
    WHERE b.wanted <> '00000' AND b.wanted !~ '^(2200[378]|2202[13]|22004|22P0[25]|42[0-9A-Z]{3}|54001|0A000)( |$)'
        AND NOT EXISTS (
            SELECT FROM crm.error_catalog AS c
            WHERE c.sqlstate = left(b.wanted, 5) AND (c.constraint_name = substr(b.wanted, 7)
                OR c.sqlstate IN ('23503', '23505') AND c.constraint_name = ''))
$$, 'rules that refuse are in the catalogue');

-- DETAIL tells a program which item it was.
CREATE FUNCTION pg_temp.detail(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || detail;
END
$$;
SELECT is(pg_temp.detail(format('SELECT FROM crm.%s', c.call)), c.wanted, c.call)
FROM (VALUES
    ($$place_order(21001, '[{"product_id":21001,"quantity":1},{"product_id":21001,"quantity":null},1]')$$,
        '22004 Position 2 of 3 in items, counted from 1.'),
    ($$place_order(21001, '[{"product_id":21001,"quantity":1},{"product_id":21001,"quantity":1},1]')$$,
        '22023 Position 3 of 3 in items, counted from 1.'),
    ($$place_order(21001, '[{"product_id":21001,"quantity":2,"unit_price":1e12}]', idempotency_key => 'd')$$,
        '22023 Position 1 of 1 in items, counted from 1.'),
    ($$return_order(21002, '[{"product_id":21001,"quantity":1},{"product_id":21001}]')$$,
        '22023 Position 2 of 2 in items, counted from 1.'),
    ($$cancel_order(21001, repeat('x', 1001))$$, '22023 The reason has 1001.')
) AS c (call, wanted);

-- What the client sent is shown in part only, cut between characters.
CREATE FUNCTION pg_temp.message(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;
SELECT is(pg_temp.message($$SELECT FROM crm.place_order(21001,
        jsonb_build_array(jsonb_build_object('product_id', 21001, 'quantity', 1, 'x' || repeat('ä', 40), 1)))$$),
    format('item 1: unknown key "x%s..."', repeat('ä', 29)), 'a long key of an item');
SELECT is(pg_temp.message($$SELECT FROM crm.place_order(21001,
        jsonb_build_array(jsonb_build_object('product_id', 21001, 'quantity', repeat('9', 1000)::numeric)))$$),
    format('item 1: quantity must be a whole number from 1 to 1000000000000, not %s...', repeat('9', 60)),
    'a long number');

-- The session goes on as if nothing had been.
SELECT is((SELECT o.total_amount FROM crm.place_order(21001, '[{"product_id": 21001, "quantity": 2}]') AS o), 19.0000,
    'then an order is placed');
SELECT is((SELECT p.stock_quantity FROM crm.product AS p WHERE p.product_id = 21001), 87::bigint, 'and takes its stock');
SELECT is_empty('SELECT * FROM crm.verify()', 'all that is kept is right');

SELECT * FROM finish();
ROLLBACK;
