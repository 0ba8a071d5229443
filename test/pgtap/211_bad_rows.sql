-- Bad rows by plain INSERT, UPDATE, DELETE and TRUNCATE:
-- each gets its code, nothing is written, the session goes on.
BEGIN;
SELECT plan(382);
\ir ../harness/bad_input.sql

-- Customers --------------------------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('INSERT INTO crm.customer (last_name, %s', a.argument)
FROM (VALUES
    ('23514 customer_name_check', ARRAY[
        $$business_name) VALUES ('Bad', 'Bad Ltd')$$]),
    ('23514 customer_email_check', ARRAY[
        $$email) VALUES ('Bad', 'ada')$$, $$email) VALUES ('Bad', '@')$$, $$email) VALUES ('Bad', 'a@b@c')$$,
        $$email) VALUES ('Bad', 'a b@example.com')$$, $$email) VALUES ('Bad', E'a@example.com\n')$$,
        $$email) VALUES ('Bad', '')$$]),
    ('23514 customer_length_check', ARRAY[
        $$email) VALUES ('Bad', repeat('a', 320) || '@b')$$]),
    ('23514 customer_country_code_check', ARRAY[
        $$country_code) VALUES ('Bad', 'de')$$, $$country_code) VALUES ('Bad', 'DEU')$$,
        $$country_code) VALUES ('Bad', 'D')$$, $$country_code) VALUES ('Bad', '')$$,
        $$country_code) VALUES ('Bad', E'DE\n')$$]),
    ('23514 customer_date_of_birth_check', ARRAY[
        $$date_of_birth) VALUES ('Bad', '3000-01-01')$$, $$date_of_birth) VALUES ('Bad', 'infinity')$$,
        $$date_of_birth) VALUES ('Bad', '5874897-12-31')$$]),
    ('23514 customer_finite_check', ARRAY[
        $$date_of_birth) VALUES ('Bad', '-infinity')$$, $$signed_up_at) VALUES ('Bad', 'infinity')$$]),
    ('00000', ARRAY[
        $$date_of_birth) VALUES ('Bad', '4714-11-24 BC')$$,
        $$signed_up_at) VALUES ('Bad', '294276-12-31 23:59:59+00')$$,
        $$custom) VALUES ('Bad', jsonb_build_object('k', repeat('x', 1000000)))$$,
        $$name_key) VALUES ('Bad', DEFAULT)$$, $$created_by, row_version) VALUES ('Bad', 'somebody', 77)$$]),
    ('23502', ARRAY[
        $$signed_up_at) VALUES ('Bad', NULL)$$, $$custom) VALUES ('Bad', NULL)$$,
        $$is_anonymous) VALUES ('Bad', NULL)$$]),
    ('23514 customer_service_class_check', ARRAY[
        $$service_class) VALUES ('Bad', 'gold')$$]),
    ('23514 customer_custom_check', ARRAY[
        $$custom) VALUES ('Bad', '[]')$$, $$custom) VALUES ('Bad', 'null')$$]),
    ('23514 customer_external_check', ARRAY[
        $$external_source) VALUES ('Bad', 'shop')$$, $$external_id) VALUES ('Bad', '1')$$]),
    ('23514 customer_external_check', ARRAY[
        $$external_source, external_id) VALUES ('Bad', 'shop', '1 ')$$, $$external_source, external_id) VALUES ('Bad', E'\tshop', '1')$$]),
    ('23514 customer_email_check', ARRAY[
        $$email) VALUES ('Bad', ' ada@example.com')$$, $$email) VALUES ('Bad', 'ada@example.com ')$$]),
    ('23505 customer_external_key', ARRAY[
        $$external_source, external_id) VALUES ('Bad', 'shop', '1'), ('Bad', 'shop', '1')$$]),
    ('23503 customer_region_id_fkey', ARRAY[
        $$region_id) VALUES ('Bad', 999999)$$]),
    ('23503 customer_sales_rep_id_fkey', ARRAY[
        $$sales_rep_id) VALUES ('Bad', 999999)$$]),
    ('23503 customer_acquisition_campaign_id_fkey', ARRAY[
        $$acquisition_campaign_id) VALUES ('Bad', 999999)$$]),
    ('428C9', ARRAY[
        $$name) VALUES ('Bad', 'Bad')$$]),
    ('42703', ARRAY[
        $$nonsense) VALUES ('Bad', 1)$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('UPDATE crm.customer SET %s', a.argument)
FROM (VALUES
    ('RM015', ARRAY[
        $$customer_id = 21099 WHERE customer_id = 21001$$]),
    ('RM003', ARRAY[
        $$last_name = 'New', row_version = 99 WHERE customer_id = 21001$$,
        $$last_name = 'New', row_version = 0 WHERE customer_id = 21001$$,
        $$last_name = 'New', row_version = -1 WHERE customer_id = 21001$$,
        $$last_name = 'New', row_version = 9223372036854775807 WHERE customer_id = 21001$$]),
    ('23502', ARRAY[
        $$last_name = 'New', row_version = NULL WHERE customer_id = 21001$$, $$row_version = NULL WHERE customer_id = 21001$$]),
    ('23514 customer_name_check', ARRAY[
        $$last_name = NULL WHERE customer_id = 21001$$, $$customer_type = 'business' WHERE customer_id = 21001$$,
        $$customer_type = 'individual' WHERE customer_id = 21002$$]),
    ('428C9', ARRAY[
        $$name = 'x' WHERE customer_id = 21001$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '23514 customer_name_check', $$INSERT INTO crm.customer DEFAULT VALUES$$),
    ('crm_admin', '23514 customer_name_check', $$INSERT INTO crm.customer (last_name) VALUES (NULL)$$),
    ('crm_admin', '23514 customer_name_check', $$INSERT INTO crm.customer (last_name) VALUES ('')$$),
    ('crm_admin', '23514 customer_name_check', $$INSERT INTO crm.customer (last_name) VALUES ('    ')$$),
    ('crm_admin', '23514 customer_name_check', $$INSERT INTO crm.customer (first_name) VALUES ('Ada')$$),
    ('crm_admin', '23514 customer_name_check',
        $$INSERT INTO crm.customer (customer_type, last_name) VALUES ('business', 'Bad')$$),
    ('crm_admin', '23514 customer_name_check',
        $$INSERT INTO crm.customer (customer_type, business_name) VALUES ('business', ' ')$$),
    ('crm_admin', '23514 customer_name_check', $$INSERT INTO crm.customer (last_name) VALUES (E'\t\r\n')$$),
    ('crm_admin', '23514 customer_name_check', $$INSERT INTO crm.customer (last_name) VALUES (E' \u00A0\u3000')$$),
    ('crm_admin', '23514 customer_name_check', $$UPDATE crm.customer SET last_name = E'\u2003' WHERE customer_id = 21001$$),
    ('crm_admin', '23514 customer_name_check', $$UPDATE crm.customer SET business_name = E'\u200B' WHERE customer_id = 21002$$),
    ('crm_admin', '23514 customer_finite_check', $$UPDATE crm.customer SET deleted_at = 'infinity' WHERE customer_id = 21001$$),
    ('crm_admin', '23514 customer_finite_check',
        $$INSERT INTO crm.customer (last_name, deleted_at) VALUES ('Bad', '-infinity')$$),
    ('crm_admin', '23514 customer_customer_type_check',
        $$INSERT INTO crm.customer (customer_type, last_name) VALUES ('company', 'Bad')$$),
    ('crm_admin', '23502', $$INSERT INTO crm.customer (customer_type, last_name) VALUES (NULL, 'Bad')$$),
    ('crm_admin', '23514 customer_birth_individual_check',
        $$INSERT INTO crm.customer (customer_type, business_name, date_of_birth) VALUES ('business', 'Bad', '2000-01-01')$$),
    ('crm_admin', '23505 customer_pkey',
        $$INSERT INTO crm.customer (customer_id, last_name) VALUES (21001, 'Bad')$$),
    ('crm_admin', '23502', $$INSERT INTO crm.customer (customer_id, last_name) VALUES (NULL, 'Bad')$$),
    ('crm_admin', '23503 sales_order_customer_id_fkey', $$DELETE FROM crm.customer WHERE customer_id = 21002$$),
    ('crm_admin', '23503 sales_order_customer_id_fkey', $$DELETE FROM crm.customer WHERE customer_id IN (21002, 21003)$$);

-- Contacts ---------------------------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('INSERT INTO crm.contact (%s', a.argument)
FROM (VALUES
    ('RM018 contact_individual_check', ARRAY[
        $$customer_id, last_name) VALUES (21001, 'Second')$$]),
    ('23503 contact_customer_id_fkey', ARRAY[
        $$customer_id, last_name) VALUES (999999, 'Bad')$$]),
    ('23502', ARRAY[
        $$customer_id, last_name) VALUES (NULL, 'Bad')$$, $$customer_id, last_name) VALUES (21002, NULL)$$]),
    ('23514 contact_email_check', ARRAY[
        $$customer_id, last_name, email) VALUES (21002, 'Bad', 'nobody')$$]),
    ('23505 contact_email_key', ARRAY[
        $$customer_id, last_name, email) VALUES (21002, 'Bad', 'a@b'), (21002, 'Bad', 'A@B')$$]),
    ('23505 contact_primary_key', ARRAY[
        $$customer_id, last_name, is_primary) VALUES (21002, 'Bad', true), (21002, 'Bad', true)$$]),
    ('23514 contact_length_check', ARRAY[
        $$customer_id, last_name) VALUES (21002, repeat('x', 1000000))$$]),
    ('RM011', ARRAY[
        $$customer_id, last_name) VALUES (21003, 'Bad')$$, $$customer_id, last_name) VALUES (21002, 'Bad'), (21003, 'Bad')$$]),
    ('23514 contact_last_name_check', ARRAY[
        $$customer_id, last_name) VALUES (21002, '')$$, $$customer_id, last_name) VALUES (21002, E'\n\u2029')$$]),
    ('23514 contact_finite_check', ARRAY[
        $$customer_id, last_name, deleted_at) VALUES (21002, 'Bad', 'infinity')$$]),
    ('23514 contact_custom_check', ARRAY[
        $$customer_id, last_name, custom) VALUES (21002, 'Bad', '1')$$]),
    ('23514 contact_external_check', ARRAY[
        $$customer_id, last_name, external_id) VALUES (21002, 'Bad', '1')$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', 'RM015', $$UPDATE crm.contact SET contact_id = 5 WHERE contact_id = 21001$$),
    ('crm_admin', '23503 contact_customer_id_fkey',
        $$UPDATE crm.contact SET customer_id = 999999 WHERE contact_id = 21001$$),
    ('crm_admin', 'RM011', $$UPDATE crm.contact SET customer_id = 21003 WHERE contact_id = 21001$$),
    ('crm_admin', '23514 contact_finite_check', $$UPDATE crm.contact SET deleted_at = '-infinity' WHERE contact_id = 21001$$),
    ('crm_admin', 'RM003', $$UPDATE crm.contact SET last_name = 'x', row_version = 7 WHERE contact_id = 21001$$);

-- Products and categories ------------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('INSERT INTO crm.product (sku, name, product_category_id, currency_code, price) VALUES (%s)', a.argument)
FROM (VALUES
    ('23514 product_name_check', ARRAY[
        $$'X', E'\t', 21001, 'EUR', 1$$, $$E'\u00A0', 'X', 21001, 'EUR', 1$$, $$'', 'X', 21001, 'EUR', 1$$]),
    ('23514 product_price_check', ARRAY[
        $$'X', 'X', 21001, 'EUR', 1000000000000.0001$$, $$'X', 'X', 21001, 'EUR', -1$$, $$'X', 'X', 21001, 'EUR', 'NaN'$$]),
    ('22003', ARRAY[
        $$'X', 'X', 21001, 'EUR', 'Infinity'$$, $$'X', 'X', 21001, 'EUR', 1e15$$]),
    ('23502', ARRAY[
        $$'X', 'X', 21001, 'EUR', NULL$$]),
    ('22P02', ARRAY[
        $$'X', 'X', 21001, 'EUR', 'cheap'$$]),
    ('23514 product_sku_check', ARRAY[
        $$' X', 'X', 21001, 'EUR', 1$$, $$'X ', 'X', 21001, 'EUR', 1$$, $$E'X\n', 'X', 21001, 'EUR', 1$$]),
    ('00000', ARRAY[
        $$'X Y', ' X ', 21001, 'EUR', 1$$]),
    ('23503 product_currency_code_fkey', ARRAY[
        $$'X', 'X', 21001, 'eur', 1$$, $$'X', 'X', 21001, 'XXX', 1$$]),
    ('23503 product_product_category_id_fkey', ARRAY[
        $$'X', 'X', 999999, 'EUR', 1$$]),
    ('23505 product_sku_key', ARRAY[
        $$'BAD-1', 'X', 21001, 'EUR', 1$$]),
    ('00000', ARRAY[
        $$'BAD-3', 'X', 21001, 'EUR', 1$$]),
    ('23514 product_length_check', ARRAY[
        $$repeat('x', 1000000), 'X', 21001, 'EUR', 1$$, $$'X', repeat('x', 1000000), 21001, 'EUR', 1$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('INSERT INTO crm.product (sku, name, product_category_id, currency_code, price, %s)', a.argument)
FROM (VALUES
    ('23514 product_length_check', ARRAY[
        $$description) VALUES ('X', 'X', 21001, 'EUR', 1, repeat('x', 1000000)$$]),
    ('23514 product_stock_quantity_check', ARRAY[
        $$stock_quantity) VALUES ('X', 'X', 21001, 'EUR', 1, -1$$,
        $$stock_quantity) VALUES ('X', 'X', 21001, 'EUR', 1, 1000000000001$$]),
    ('23514 product_finite_check', ARRAY[
        $$deleted_at) VALUES ('X', 'X', 21001, 'EUR', 1, 'infinity'$$]),
    ('22003', ARRAY[
        $$stock_quantity) VALUES ('X', 'X', 21001, 'EUR', 1, 9223372036854775808$$]),
    ('23514 product_is_stocked_check', ARRAY[
        $$stock_quantity, is_stocked) VALUES ('X', 'X', 21001, 'EUR', 1, 5, false$$]),
    ('23514 product_reorder_level_check', ARRAY[
        $$reorder_level) VALUES ('X', 'X', 21001, 'EUR', 1, -1$$]),
    ('23514 product_cost_check', ARRAY[
        $$cost) VALUES ('X', 'X', 21001, 'EUR', 1, 'NaN'$$]),
    ('23514 product_custom_check', ARRAY[
        $$custom) VALUES ('X', 'X', 21001, 'EUR', 1, '"x"'$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '23502', $$INSERT INTO crm.product DEFAULT VALUES$$),
    ('crm_admin', '00000',
        $$INSERT INTO crm.product (sku, name, product_category_id, price) VALUES ('X', 'X', 21001, 1)$$),
    ('crm_admin', '23514 product_stock_quantity_check',
        $$UPDATE crm.product SET stock_quantity = -1 WHERE product_id = 21001$$),
    ('crm_admin', '23502', $$UPDATE crm.product SET stock_quantity = NULL WHERE product_id = 21001$$),
    ('crm_admin', '23514 product_is_stocked_check',
        $$UPDATE crm.product SET stock_quantity = 5 WHERE product_id = 21002$$),
    ('crm_admin', 'RM015 product_is_stocked_check',
        $$UPDATE crm.product SET is_stocked = false WHERE product_id = 21001$$),
    ('crm_admin', 'RM015 product_is_stocked_check',
        $$UPDATE crm.product SET is_stocked = true WHERE product_id = 21002$$),
    ('crm_admin', 'RM015', $$UPDATE crm.product SET product_id = 5 WHERE product_id = 21001$$),
    ('crm_admin', '23514 product_price_check', $$UPDATE crm.product SET price = -1 WHERE product_id = 21001$$),
    ('crm_admin', 'RM003', $$UPDATE crm.product SET price = 5, row_version = 12 WHERE product_id = 21001$$),
    ('crm_admin', '23503 stock_movement_product_id_fkey', $$DELETE FROM crm.product WHERE product_id = 21001$$),
    ('crm_admin', '23514 product_category_own_parent_check',
        $$UPDATE crm.product_category SET parent_category_id = 21001 WHERE product_category_id = 21001$$),
    ('crm_admin', 'RM016',
        $$WITH x AS (INSERT INTO crm.product_category (product_category_id, name, parent_category_id) VALUES (21002, 'Below', 21001) RETURNING 1) SELECT * FROM x;
        UPDATE crm.product_category SET parent_category_id = 21002 WHERE product_category_id = 21001$$),
    ('crm_admin', '23514 product_finite_check', $$UPDATE crm.product SET deleted_at = '-infinity' WHERE product_id = 21001$$),
    ('crm_admin', '23514 product_stock_quantity_check',
        $$UPDATE crm.product SET stock_quantity = 1000000000001 WHERE product_id = 21001$$),
    ('crm_admin', '23514 product_category_name_check', $$INSERT INTO crm.product_category (name) VALUES (E' \t ')$$),
    ('crm_admin', '23505 product_category_name_key',
        $$INSERT INTO crm.product_category (name) VALUES ('Bad goods')$$);

-- Orders -----------------------------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('UPDATE crm.sales_order SET %s', a.argument)
FROM (VALUES
    ('RM015', ARRAY[
        $$sales_order_id = 5 WHERE sales_order_id = 21001$$, $$total_amount = 0 WHERE sales_order_id = 21001$$,
        $$total_base = NULL WHERE sales_order_id = 21001$$, $$fx_rate_to_base = 2 WHERE sales_order_id = 21001$$,
        $$currency_code = 'USD' WHERE sales_order_id = 21001$$,
        $$order_kind = 'return' WHERE sales_order_id = 21001$$,
        $$returns_order_id = 21002 WHERE sales_order_id = 21001$$]),
    ('RM002 sales_order_status_transition_check', ARRAY[
        $$status = 'pending' WHERE sales_order_id = 21003$$, $$status = 'confirmed' WHERE sales_order_id = 21003$$,
        $$status = 'canceled' WHERE sales_order_id = 21002$$]),
    ('RM013 sales_order_lines_check', ARRAY[
        $$status = 'confirmed' WHERE sales_order_id = 21005$$]),
    ('23514 sales_order_status_check', ARRAY[
        $$status = 'lost' WHERE sales_order_id = 21001$$,
        $$status = repeat('x', 1000000) WHERE sales_order_id = 21001$$]),
    ('23502', ARRAY[
        $$status = NULL WHERE sales_order_id = 21001$$, $$customer_id = NULL WHERE sales_order_id = 21001$$]),
    ('23503 sales_order_customer_id_fkey', ARRAY[
        $$customer_id = 999999 WHERE sales_order_id = 21001$$]),
    ('RM011', ARRAY[
        $$customer_id = 21003 WHERE sales_order_id = 21001$$, $$customer_id = 21003$$]),
    ('RM003', ARRAY[
        $$ship_to_city = 'x', row_version = 99 WHERE sales_order_id = 21001$$]),
    ('23514 sales_order_finite_check', ARRAY[
        $$order_date = 'infinity' WHERE sales_order_id = 21001$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('INSERT INTO crm.sales_order (%s', a.argument)
FROM (VALUES
    ('23502', ARRAY[
        $$customer_id) VALUES (NULL)$$, $$customer_id, order_date) VALUES (21001, NULL)$$]),
    ('23503 sales_order_customer_id_fkey', ARRAY[
        $$customer_id) VALUES (999999)$$, $$customer_id) VALUES (9223372036854775807)$$]),
    ('RM011', ARRAY[
        $$customer_id) VALUES (21003)$$]),
    ('22003', ARRAY[
        $$customer_id) VALUES (9223372036854775808)$$,
        $$customer_id, currency_code, fx_rate_to_base) VALUES (21001, 'USD', 'Infinity')$$]),
    ('23514 sales_order_finite_check', ARRAY[
        $$customer_id, order_date) VALUES (21001, 'infinity')$$]),
    ('RM010 exchange_rate_missing_check', ARRAY[
        $$customer_id, order_date, currency_code) VALUES (21001, 'infinity', 'USD')$$,
        $$customer_id, order_date, currency_code) VALUES (21001, '4714-11-24 00:00+00 BC', 'USD')$$,
        $$customer_id, currency_code) VALUES (21001, 'USD')$$,
        $$customer_id, currency_code) VALUES (21001, 'nothing')$$]),
    ('22008', ARRAY[
        $$customer_id, order_date, currency_code) VALUES (21001, '294276-12-31 23:59:59+00', 'USD')$$]),
    ('23503 sales_order_currency_code_fkey', ARRAY[
        $$customer_id, currency_code, fx_rate_to_base) VALUES (21001, 'XXX', 1)$$]),
    ('23514 sales_order_currency_code_check', ARRAY[
        $$customer_id, currency_code, fx_rate_to_base) VALUES (21001, 'nothing', 1)$$]),
    ('23514 sales_order_fx_rate_to_base_check', ARRAY[
        $$customer_id, currency_code, fx_rate_to_base) VALUES (21001, 'USD', 0)$$,
        $$customer_id, currency_code, fx_rate_to_base) VALUES (21001, 'USD', -1)$$,
        $$customer_id, currency_code, fx_rate_to_base) VALUES (21001, 'USD', 'NaN')$$]),
    ('23514 sales_order_status_check', ARRAY[
        $$customer_id, status) VALUES (21001, 'lost')$$]),
    ('23514 sales_order_order_kind_check', ARRAY[
        $$customer_id, order_kind) VALUES (21001, 'gift')$$]),
    ('23514 sales_order_returns_check', ARRAY[
        $$customer_id, returns_order_id) VALUES (21001, 21002)$$]),
    ('23503 sales_order_customer_id_returns_order_id_fkey', ARRAY[
        $$customer_id, order_kind, returns_order_id) VALUES (21002, 'return', 21002)$$,
        $$customer_id, order_kind, returns_order_id) VALUES (21001, 'return', 999999)$$,
        $$customer_id, order_kind, returns_order_id) VALUES (21001, 'return', 0)$$]),
    ('RM015', ARRAY[
        $$customer_id, total_amount) VALUES (21001, 5)$$, $$customer_id, total_base) VALUES (21001, 'NaN')$$]),
    ('23503 sales_order_region_id_fkey', ARRAY[
        $$customer_id, region_id) VALUES (21001, 999999)$$]),
    ('23514 sales_order_ship_to_country_code_check', ARRAY[
        $$customer_id, ship_to_country_code) VALUES (21001, 'Germany')$$]),
    ('23514 sales_order_length_check', ARRAY[
        $$customer_id, ship_to_street) VALUES (21001, repeat('x', 1000000))$$,
        $$customer_id, external_source, external_id) VALUES (21001, 'shop', repeat('x', 1000000))$$]),
    ('23503 sales_order_customer_id_account_id_fkey', ARRAY[
        $$customer_id, account_id) VALUES (21001, 999999)$$]),
    ('23503 sales_order_customer_id_quote_id_fkey', ARRAY[
        $$customer_id, quote_id) VALUES (21001, 999999)$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '23502', $$INSERT INTO crm.sales_order DEFAULT VALUES$$),
    ('crm_admin', '23514 sales_order_returns_check',
        $$INSERT INTO crm.sales_order (customer_id, order_kind, returns_order_id)
            SELECT 21001, 'return', sales_order_id FROM crm.sales_order WHERE returns_order_id = 21002$$),
    ('crm_admin', 'RM012 sales_order_frozen_check', $$DELETE FROM crm.sales_order WHERE sales_order_id = 21004$$),
    ('crm_admin', 'RM012 sales_order_frozen_check', $$DELETE FROM crm.sales_order WHERE sales_order_id = 21003$$),
    ('crm_admin', '23503 order_item_customer_id_sales_order_id_fkey',
        $$DELETE FROM crm.sales_order WHERE sales_order_id = 21001$$);

-- Lines of orders --------------------------------------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES %s', a.argument)
FROM (VALUES
    ('23502', ARRAY[
        $$(NULL, 21001, 1)$$, $$(21001, NULL, 1)$$, $$(21001, 21001, NULL)$$]),
    ('23503 order_item_customer_id_sales_order_id_fkey', ARRAY[
        $$(999999, 21001, 1)$$]),
    ('23503 order_item_product_id_fkey', ARRAY[
        $$(21001, 999999, 1)$$]),
    ('RM011', ARRAY[
        $$(21001, 21003, 1)$$]),
    ('23514 order_item_quantity_check', ARRAY[
        $$(21001, 21001, 0)$$, $$(21001, 21001, -1)$$, $$(21001, 21001, 1000000000001)$$,
        $$(21001, 21001, 1099511627776)$$, $$(21001, 21002, 9223372036854775807), (21001, 21002, 9223372036854775807)$$,
        $$(21001, 21001, -9223372036854775808)$$, $$(21001, 21001, 9223372036854775807)$$]),
    ('23514 order_item_value_check', ARRAY[
        $$(21001, 21002, 1000000000000)$$]),
    ('22003', ARRAY[
        $$(21001, 21001, 9223372036854775808)$$]),
    ('22P02', ARRAY[
        $$(21001, 21001, '1.5')$$, $$(21001, 21001, 'NaN')$$]),
    ('0A000', ARRAY[
        $$(21001, 21001, 'NaN'::numeric)$$]),
    ('RM001 product_stock_quantity_check', ARRAY[
        $$(21001, 21001, 9999999999)$$, $$(21001, 21001, 60), (21001, 21001, 60)$$]),
    ('RM012 order_item_frozen_check', ARRAY[
        $$(21002, 21001, 1)$$, $$(21003, 21001, 1)$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('UPDATE crm.order_item SET %s', a.argument)
FROM (VALUES
    ('23514 order_item_quantity_check', ARRAY[
        $$quantity = 0 WHERE sales_order_id = 21001$$, $$quantity = 1000000000001 WHERE sales_order_id = 21001$$]),
    ('23514 order_item_line_no_check', ARRAY[
        $$line_no = 0 WHERE sales_order_id = 21001$$, $$line_no = -2147483648 WHERE sales_order_id = 21001$$]),
    ('23514 order_item_product_name_check', ARRAY[
        $$product_name = E'\t\n' WHERE sales_order_id = 21001$$]),
    ('23502', ARRAY[
        $$quantity = NULL WHERE sales_order_id = 21001$$, $$product_id = NULL WHERE sales_order_id = 21001$$,
        $$product_name = NULL WHERE sales_order_id = 21001$$]),
    ('RM001 product_stock_quantity_check', ARRAY[
        $$quantity = 9999999999 WHERE sales_order_id = 21001$$]),
    ('RM012 order_item_frozen_check', ARRAY[
        $$quantity = 6 WHERE sales_order_id = 21002$$, $$quantity = 1 WHERE sales_order_id = 21003$$]),
    ('23514 order_item_unit_price_check', ARRAY[
        $$unit_price = 'NaN' WHERE sales_order_id = 21001$$]),
    ('RM015', ARRAY[
        $$line_base = 1 WHERE sales_order_id = 21001$$, $$line_base = line_base + 0.0001, quantity = 2 WHERE sales_order_id = 21001$$]),
    ('00000', ARRAY[
        $$line_base = line_base, quantity = 2 WHERE sales_order_id = 21001$$]),
    ('428C9', ARRAY[
        $$line_total = 1 WHERE sales_order_id = 21001$$]),
    ('23503 order_item_customer_id_sales_order_id_fkey', ARRAY[
        $$customer_id = 21002 WHERE sales_order_id = 21001$$,
        $$sales_order_id = 999999 WHERE sales_order_id = 21001$$]),
    ('23505 order_item_pkey', ARRAY[
        $$sales_order_id = 21003 WHERE sales_order_id = 21001$$]),
    ('RM013 sales_order_lines_check', ARRAY[
        $$sales_order_id = 21001, line_no = 9 WHERE sales_order_id = 21004$$]),
    ('23503 order_item_product_id_fkey', ARRAY[
        $$product_id = 999999 WHERE sales_order_id = 21001$$]),
    ('RM011', ARRAY[
        $$product_id = 21003 WHERE sales_order_id = 21001$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', v.wanted, format('INSERT INTO crm.order_item (%s', a.argument)
FROM (VALUES
    ('23502', ARRAY[
        $$sales_order_id, product_id, quantity, discount_rate) VALUES (21001, 21001, 1, NULL)$$]),
    ('RM001 product_stock_quantity_check', ARRAY[
        $$sales_order_id, product_id, quantity) SELECT 21001, 21001, 1 FROM generate_series(1, 200)$$]),
    ('23514 order_item_unit_price_check', ARRAY[
        $$sales_order_id, product_id, quantity, unit_price) VALUES (21001, 21001, 1, -1)$$,
        $$sales_order_id, product_id, quantity, unit_price) VALUES (21001, 21001, 1, 'NaN')$$,
        $$sales_order_id, product_id, quantity, unit_price) VALUES (21001, 21001, 1, 1000000000000.0001)$$,
        $$sales_order_id, product_id, quantity, unit_price) VALUES (21001, 21001, 2, 99999999999999)$$]),
    ('23514 order_item_quantity_check', ARRAY[
        $$sales_order_id, product_id, quantity, unit_price) VALUES (21001, 21001, 9223372036854775807, 0)$$]),
    ('23514 order_item_value_check', ARRAY[
        $$sales_order_id, product_id, quantity, unit_price) VALUES (21001, 21002, 2, 500000000000.0001)$$]),
    ('23514 sales_order_total_amount_check', ARRAY[
        $$sales_order_id, product_id, quantity, unit_price) VALUES (21001, 21002, 1, 1000000000000)$$,
        $$sales_order_id, product_id, quantity, unit_price) SELECT 21005, 21002, 1, 10000000000 FROM generate_series(1, 101)$$,
        $$sales_order_id, product_id, quantity, unit_price) SELECT 21005, 21002, 1, 1000000000000 FROM generate_series(1, 1000)$$,
        $$sales_order_id, product_id, quantity, unit_price) SELECT 21001 + 4 * (g % 2), 21002, 1, 1000000000000 FROM generate_series(1, 1900) AS g$$]),
    ('23514 order_item_line_no_check', ARRAY[
        $$sales_order_id, line_no, product_id, quantity) VALUES (21001, 0, 21001, 1)$$,
        $$sales_order_id, line_no, product_id, quantity) VALUES (21001, -1, 21001, 1)$$]),
    ('22003', ARRAY[
        $$sales_order_id, product_id, quantity, unit_price) VALUES (21001, 21001, 1, 'Infinity')$$,
        $$sales_order_id, product_id, quantity, unit_price) VALUES (21001, 21001, 1, '-Infinity')$$,
        $$sales_order_id, product_id, quantity, discount_rate) VALUES (21001, 21001, 1, 1000)$$,
        $$sales_order_id, line_no, product_id, quantity) VALUES (21001, 2147483648, 21001, 1)$$]),
    ('23514 order_item_discount_rate_check', ARRAY[
        $$sales_order_id, product_id, quantity, discount_rate) VALUES (21001, 21001, 1, 1.5)$$,
        $$sales_order_id, product_id, quantity, discount_rate) VALUES (21001, 21001, 1, -0.1)$$,
        $$sales_order_id, product_id, quantity, discount_rate) VALUES (21001, 21001, 1, 'NaN')$$]),
    ('23505 order_item_pkey', ARRAY[
        $$sales_order_id, line_no, product_id, quantity) VALUES (21001, 1, 21001, 1)$$]),
    ('23503 order_item_customer_id_sales_order_id_fkey', ARRAY[
        $$sales_order_id, customer_id, product_id, quantity) VALUES (21001, 21002, 21001, 1)$$]),
    ('428C9', ARRAY[
        $$sales_order_id, product_id, quantity, line_total) VALUES (21001, 21001, 1, 5)$$]),
    ('RM015', ARRAY[
        $$sales_order_id, product_id, quantity, line_base) VALUES (21001, 21001, 1, 5)$$,
        $$sales_order_id, product_id, quantity, line_base) VALUES (21001, 21001, 1, 'NaN')$$]),
    ('00000', ARRAY[
        $$sales_order_id, product_id, quantity, line_base) VALUES (21001, 21001, 1, 0), (21001, 21001, 1, DEFAULT), (21001, 21001, 1, NULL)$$,
        $$sales_order_id, line_no, product_id, quantity) VALUES (21001, 2147483647, 21001, 1)$$]),
    ('23514 order_item_line_no_check', ARRAY[
        $$sales_order_id, line_no, product_id, quantity) VALUES (21001, 2147483647, 21001, 1), (21001, NULL, 21001, 1)$$]),
    ('23514 order_item_length_check', ARRAY[
        $$sales_order_id, product_id, product_name, quantity) VALUES (21001, 21001, repeat('x', 1000000), 1)$$])
) AS v (wanted, arguments)
CROSS JOIN LATERAL unnest(v.arguments) AS a (argument);
INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '23502', $$INSERT INTO crm.order_item DEFAULT VALUES$$),
    ('crm_admin', '23514 order_item_line_no_check',
        $$INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (21001, 2147483647, 21001, 1);
        INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (21001, 21001, 1)$$),
    ('crm_admin', 'RM012 order_item_frozen_check', $$DELETE FROM crm.order_item WHERE sales_order_id = 21002$$),
    ('crm_admin', 'RM013 sales_order_lines_check', $$DELETE FROM crm.order_item WHERE sales_order_id = 21004$$),
    ('crm_admin', 'RM014 order_item_return_check',
        $$INSERT INTO crm.sales_order (sales_order_id, customer_id, order_kind, returns_order_id, status)
            VALUES (21010, 21001, 'return', 21002, 'confirmed');
        INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (21010, 21001, 4)$$),
    ('crm_admin', 'RM014 sales_order_returned_check',
        $$INSERT INTO crm.sales_order (sales_order_id, customer_id, order_kind, returns_order_id, status)
            VALUES (21010, 21001, 'return', 21003, 'confirmed');
        INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (21010, 21001, 1)$$);

-- Opportunities and quotes -----------------------------------------------------------------------------------

INSERT INTO crm.staff (staff_id, first_name, last_name, email) VALUES (21001, 'Bad', 'Rep', 'rep@example.com');
INSERT INTO crm.sales_rep (sales_rep_id) VALUES (21001);
INSERT INTO crm.opportunity (opportunity_id, customer_id, name, pipeline_id, pipeline_stage_id, win_probability, expected_close)
SELECT 21001, 21001, 'Bad deal', s.pipeline_id, s.pipeline_stage_id, 0.1, '2030-01-01' FROM crm.pipeline_stage AS s LIMIT 1;
INSERT INTO crm.quote (quote_id, customer_id, sales_rep_id) VALUES (21001, 21001, 21001);
UPDATE before SET contents = pg_temp.contents();
INSERT INTO bad (as_role, wanted, statement)
SELECT 'crm_admin', format('23514 %s_item_%s_check', d.document, coalesce(v.rule, d.price)),
    format('INSERT INTO crm.%1$s_item (customer_id, %1$s_id, product_id, %2$s line_no, quantity, %3$s, discount_rate) '
        'VALUES (21001, 21001, 21001, %4$s %5$s)', d.document, d.name_column, d.price, d.name_value, v.arguments)
FROM (VALUES ('opportunity', 'unit_price', '', ''), ('quote', 'price', 'product_name,', $$'Cup',$$)
) AS d (document, price, name_column, name_value)
CROSS JOIN (VALUES ('line_no', '0, 1, 1, 0'), ('line_no', '-1, 1, 1, 0'), ('quantity', '1, 0, 1, 0'),
    ('quantity', '1, 1000000000001, 1, 0'), ('quantity', '1, 9223372036854775807, 9.5, 0'),
    ('quantity', '1, -9223372036854775808, 9.5, 0'), (NULL, '1, 1, -1, 0'), (NULL, '1, 9, 99999999999999, 0'),
    (NULL, '1, 1, ''NaN'', 0'), ('value', '1, 1000000000000, 1.0001, 0'), ('value', '1, 1000000000000, 1000000000000, 1'),
    ('discount_rate', '1, 1000000000000, 1, -999'), ('discount_rate', '1, 1000000000000, 1, 999')
) AS v (rule, arguments);
INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '00000', $$INSERT INTO crm.opportunity_item (customer_id, opportunity_id, product_id, line_no, quantity, unit_price)
        VALUES (21001, 21001, 21001, 1, 1000000000000, 1)$$),
    ('crm_admin', '23514 quote_item_product_name_check',
        $$INSERT INTO crm.quote_item (customer_id, quote_id, line_no, product_name, quantity, price)
        VALUES (21001, 21001, 1, E'\u3164', 1, 1)$$),
    ('crm_admin', '23503 quote_customer_id_opportunity_id_fkey',
        $$UPDATE crm.quote SET opportunity_id = 21001; DELETE FROM crm.opportunity$$),
    ('crm_admin', '23503 account_customer_id_contact_id_fkey',
        $$INSERT INTO crm.account (customer_id, contact_id, account_number, name) VALUES (21001, 21001, 'B', 'B');
        DELETE FROM crm.contact$$),
    ('crm_admin', '00000', $$DELETE FROM crm.contact$$),
    ('crm_admin', '00000', $$DELETE FROM crm.opportunity$$),
    ('crm_admin', '00000', $$DELETE FROM crm.customer WHERE customer_id = 21003$$),
    ('crm_admin', '23514 opportunity_name_check', $$UPDATE crm.opportunity SET name = ' '$$),
    ('crm_admin', '23514 opportunity_finite_check', $$UPDATE crm.opportunity SET deleted_at = 'infinity'$$),
    ('crm_admin', '23514 opportunity_amount_check', $$UPDATE crm.opportunity SET amount = 1000000000000.0001$$),
    ('crm_admin', '23514 opportunity_value_check',
        $$UPDATE crm.opportunity SET amount = 1000000000000, fx_rate_to_base = 9999999999$$),
    ('crm_admin', '23514 quote_value_check', $$UPDATE crm.quote SET total_price = 1000, fx_rate_to_base = 9999999999$$),
    ('crm_admin', '23514 order_item_line_base_check',
        $$INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, fx_rate_to_base)
            VALUES (21010, 21001, 'JPY', 9999999999);
        INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) VALUES (21010, 21002, 1, 999999999)$$),
    ('crm_admin', '23514 order_item_unit_price_check',
        $$INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, fx_rate_to_base)
            VALUES (21010, 21001, 'JPY', 0.0000000001);
        INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, is_stocked)
            VALUES (21010, 'BAD-10', 'Dear', 21001, 'EUR', 1000000000000, false);
        INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (21010, 21010, 1)$$),
    ('crm_admin', '23514 sales_order_total_base_check',
        $$INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, fx_rate_to_base)
            VALUES (21010, 21001, 'JPY', 1000);
        INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price)
            VALUES (21010, 21002, 1, 1000000000), (21010, 21002, 1, 1)$$);

-- Ledgers, histories, trees, settings and rights -------------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement) VALUES
    ('crm_admin', '42501', $$TRUNCATE crm.event$$),
    ('none', 'RM017', $$UPDATE crm.stock_movement SET quantity = 1$$),
    ('none', 'RM017', $$DELETE FROM crm.stock_movement$$),
    ('crm_admin', 'RM017 stock_movement_reason_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, 5, 'sale')$$),
    ('crm_admin', 'RM017 stock_movement_reason_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, 5, 'cancel')$$),
    ('crm_admin', 'RM017 stock_movement_reason_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, 5, 'return')$$),
    ('crm_admin', '23514 stock_movement_reason_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, 5, 'theft')$$),
    ('crm_admin', '23502',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, 5, NULL)$$),
    ('crm_admin', '23514 stock_movement_quantity_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, 0, 'adjust')$$),
    ('crm_admin', '23503 stock_movement_product_id_fkey',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (999999, 5, 'adjust')$$),
    ('crm_admin', 'RM001 product_stock_quantity_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, -1000, 'adjust')$$),
    ('crm_admin', '23514 stock_movement_finite_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason, moved_at) VALUES (21001, 1, 'adjust', 'infinity')$$),
    ('crm_admin', '23514 stock_movement_quantity_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, 1000000000001, 'adjust')$$),
    ('crm_admin', '23514 product_stock_quantity_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, 1000000000000, 'adjust'), (21001, 1000000000000, 'purchase')$$),
    ('crm_admin', '23514 stock_movement_order_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason, sales_order_id) VALUES (21001, 1, 'adjust', 21001)$$),
    ('crm_admin', '23514 stock_movement_order_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason, sales_order_id, line_no) VALUES (21001, 1, 'purchase', 21001, 1)$$),
    ('crm_admin', '23514 stock_movement_order_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason, line_no) VALUES (21001, 1, 'opening', 1)$$),
    ('crm_admin', '23514 stock_movement_sign_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, -1, 'purchase')$$),
    ('crm_admin', '23514 stock_movement_sign_check',
        $$INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (21001, -1, 'opening')$$),
    ('crm_admin', '23514 stock_movement_moved_at_check', $$INSERT INTO crm.stock_movement (product_id, quantity, reason, moved_at)
        VALUES (21001, 1, 'purchase', now() + interval '1 hour')$$),
    ('crm_admin', 'RM017 stock_movement_reason_check', $$INSERT INTO crm.stock_movement
        (product_id, quantity, reason, sales_order_id, line_no) VALUES (21001, -1, 'sale', 21001, 1)$$),
    ('crm_admin', '00000', $$INSERT INTO crm.stock_movement (product_id, quantity, reason, moved_at, created_by)
        VALUES (21001, 1, 'opening', '2020-01-01', 'somebody')$$),
    ('none', 'RM017',
        $$INSERT INTO crm.order_status_history (customer_id, sales_order_id, to_status) VALUES (21001, 21001, 'confirmed')$$),
    ('none', 'RM017', $$UPDATE crm.order_status_history SET note = 'x'$$),
    ('none', 'RM017', $$DELETE FROM crm.order_status_history$$),
    ('none', '23505 customer_metrics_pkey', $$INSERT INTO crm.customer_metrics (customer_id) VALUES (21001)$$),
    ('crm_admin', '23514 organization_organization_id_check',
        $$INSERT INTO crm.organization (organization_id, name, base_currency_code, time_zone) VALUES (2, 'x', 'EUR', 'UTC')$$),
    ('crm_admin', '42501', $$DELETE FROM crm.organization$$),
    ('none', '23514 organization_organization_id_check', $$DELETE FROM crm.organization$$),
    ('crm_admin', '23514 organization_name_check', $$UPDATE crm.organization SET name = E'\u00A0'$$),
    ('crm_admin', '23514 region_name_check', $$UPDATE crm.region SET name = E'\t' WHERE region_id = 21001$$),
    ('crm_admin', '23514 staff_name_check',
        $$INSERT INTO crm.staff (first_name, last_name, email) VALUES (' ', 'Bad', 'x@example.com')$$),
    ('crm_admin', '23514 campaign_name_check',
        $$INSERT INTO crm.campaign (name, campaign_type, start_date) VALUES (E'\u2028', 'mailing', '2024-01-01')$$),
    ('crm_admin', '23514 lead_company_name_check', $$INSERT INTO crm.lead (company_name) VALUES (E'\r\n')$$),
    ('crm_admin', '23514 lead_finite_check',
        $$INSERT INTO crm.lead (company_name, deleted_at) VALUES ('Bad', 'infinity')$$),
    ('crm_admin', 'RM012', $$UPDATE crm.organization SET base_currency_code = 'USD'$$),
    ('crm_admin', '00000', $$INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base)
        VALUES ('EUR', '2024-01-01', 1.0), ('CHF', '2024-01-01', 1.1)$$),
    ('crm_admin', '23514 exchange_rate_rate_to_base_check', $$INSERT INTO crm.exchange_rate
        (currency_code, rate_date, rate_to_base) VALUES ('CHF', '2024-01-01', 1.1), ('EUR', '2024-01-01', 1.0000000001)$$),
    ('crm_admin', '23514 exchange_rate_rate_to_base_check', $$INSERT INTO crm.exchange_rate
        (currency_code, rate_date, rate_to_base) VALUES ('CHF', '2024-01-01', 1.1);
        UPDATE crm.exchange_rate SET currency_code = 'EUR'$$),
    ('crm_admin', '00000', $$INSERT INTO crm.sales_order (customer_id, fx_rate_to_base) VALUES (21001, 1.0)$$),
    ('crm_admin', '23514 sales_order_fx_rate_to_base_check',
        $$INSERT INTO crm.sales_order (customer_id, currency_code, fx_rate_to_base) VALUES (21001, 'EUR', 2)$$),
    ('crm_admin', '23514 quote_fx_rate_to_base_check', $$INSERT INTO crm.quote
        (customer_id, sales_rep_id, currency_code, fx_rate_to_base) VALUES (21001, 21001, 'EUR', 2)$$),
    ('crm_admin', '22023', $$UPDATE crm.organization SET time_zone = 'Mars/Base'$$),
    ('crm_admin', '23514 organization_fiscal_year_start_month_check',
        $$UPDATE crm.organization SET fiscal_year_start_month = 13$$),
    ('crm_admin', 'RM016', $$UPDATE crm.region SET parent_region_id = 21002 WHERE region_id = 21001$$),
    ('crm_admin', '23514 region_own_parent_check',
        $$UPDATE crm.region SET parent_region_id = 21001 WHERE region_id = 21001$$),
    ('crm_admin', '23503 region_parent_region_id_fkey',
        $$UPDATE crm.region SET parent_region_id = 999999 WHERE region_id = 21001$$),
    ('crm_admin', '23505 region_name_key', $$INSERT INTO crm.region (name) VALUES ('Bad North')$$),
    ('crm_admin', '42501', $$SELECT crm._stamp()$$),
    ('crm_admin', '42501', $$SELECT crm.install()$$),
    ('crm_admin', '42501', $$SELECT * FROM crm_state.idempotency$$),
    ('crm_admin', '42501', $$SELECT crm.migrate()$$);

-- TRUNCATE, by a superuser: nobody else may at all -----------------------------------------------------------

INSERT INTO bad (as_role, wanted, statement) VALUES
    ('none', 'RM017', $$TRUNCATE crm.customer CASCADE$$),
    ('none', 'RM017', $$TRUNCATE crm.contact CASCADE$$),
    ('none', 'RM017', $$TRUNCATE crm.product CASCADE$$),
    ('none', 'RM017', $$TRUNCATE crm.sales_order CASCADE$$),
    ('none', 'RM017', $$TRUNCATE crm.order_item CASCADE$$),
    ('none', 'RM017', $$TRUNCATE crm.stock_movement$$),
    ('none', 'RM017', $$TRUNCATE crm.stock_alert$$),
    ('none', 'RM017', $$TRUNCATE crm.order_status_history$$),
    ('none', 'RM017', $$TRUNCATE crm.event$$);

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

-- The session goes on as if nothing had been.
SELECT is((SELECT o.total_amount FROM crm.place_order(21001, '[{"product_id": 21001, "quantity": 2}]') AS o), 19.0000,
    'then an order is placed');
SELECT is((SELECT p.stock_quantity FROM crm.product AS p WHERE p.product_id = 21001), 87::bigint, 'and takes its stock');
SELECT is_empty('SELECT * FROM crm.verify()', 'all that is kept is right');

SELECT * FROM finish();
ROLLBACK;
