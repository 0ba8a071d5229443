-- The two ways of bulk load that docs/security.md names: COPY as a login past row-level security, and COPY into the staging
-- table, which the import drains. Where row-level security binds the login, PostgreSQL refuses COPY.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(40);

CREATE ROLE load_ann LOGIN;
CREATE ROLE load_mia LOGIN;
CREATE ROLE load_sue LOGIN;
CREATE ROLE load_app LOGIN;
CREATE ROLE load_adm LOGIN;
CREATE ROLE load_all LOGIN BYPASSRLS;
CREATE ROLE load_few LOGIN BYPASSRLS;
GRANT crm_sales_rep TO load_ann, load_few;
GRANT crm_sales_manager TO load_mia;
GRANT crm_support_agent TO load_sue;
GRANT crm_app TO load_app;
GRANT crm_admin TO load_adm, load_all;
-- So that functions of the test can copy as them: psql alone has a standard input
GRANT pg_execute_server_program TO load_ann, load_mia, load_sue, load_app, load_adm, load_all, load_few;

INSERT INTO crm.region (region_id, name) VALUES (3351, 'Load North'), (3352, 'Load South');
INSERT INTO crm.region_coverage (country_code, region_id) VALUES ('IE', 3351), ('IT', 3352);
INSERT INTO crm.staff (staff_id, first_name, last_name, email, db_role)
VALUES (3351, 'Ann', 'A', 'ann335@example.com', 'load_ann');
INSERT INTO crm.sales_rep (sales_rep_id, region_id) VALUES (3351, 3351);
INSERT INTO crm.product_category (product_category_id, name) VALUES (3351, 'Load goods');
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, stock_quantity)
VALUES (3351, 'LOAD-1', 'Load tea', 3351, 2.50, 10);

-- How a COPY of rows, in csv with \n after each, ends for a login.
CREATE FUNCTION pg_temp.copy_ends(login text, table_columns text, rows text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', login);
    EXECUTE format('COPY %s FROM PROGRAM %L WITH (FORMAT csv)', table_columns, format('printf ''%s''', rows));
    RESET ROLE;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION pg_temp.seen(login text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    told text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', login);
    EXECUTE query INTO told;
    RESET ROLE;
    RETURN told;
END
$$;

-- Refused -------------------------------------------------------------------------------------------------------
SELECT is(pg_temp.copy_ends('load_ann', 'crm.customer (last_name, sales_rep_id)', 'Load-Own,3351\n'), '0A000 COPY FROM not supported with row-level security',
    'COPY by a sales rep is refused by PostgreSQL');
SELECT is(pg_temp.copy_ends('load_adm', 'crm.customer (last_name)', 'Load-Adm\n'), '0A000 COPY FROM not supported with row-level security',
    'and by an administrator');
SELECT is(pg_temp.copy_ends('load_ann', 'crm.import_order_line', ''), '42501 permission denied for table import_order_line',
    'the staging table is not for a sales rep');
CREATE TEMP TABLE ends AS
SELECT l.login, c.relname AS table_name, c.relrowsecurity AS bound,
    has_any_column_privilege(l.login, c.oid, 'INSERT') AS may_insert, pg_temp.copy_ends(l.login, c.oid::regclass::text, '') AS ended
FROM unnest(ARRAY['load_ann', 'load_mia', 'load_sue', 'load_app', 'load_adm', 'load_all', 'load_few']) AS l (login)
CROSS JOIN pg_class AS c
WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r';
SELECT is_empty(format($$
    SELECT e.* FROM ends AS e WHERE e.login = %L AND left(e.ended, 5) IS DISTINCT FROM
        CASE WHEN NOT e.may_insert THEN '42501' WHEN e.bound THEN '0A000' ELSE 'done' END
$$, l), format('%s may COPY into no table with row-level security', l))
FROM unnest(ARRAY['load_ann', 'load_mia', 'load_sue', 'load_app', 'load_adm']) AS l;
SELECT is_empty(format($$
    SELECT e.* FROM ends AS e WHERE e.login = %L AND left(e.ended, 5) IS DISTINCT FROM
        CASE WHEN e.may_insert THEN 'done' ELSE '42501' END
$$, l), format('%s may COPY wherever it may insert', l))
FROM unnest(ARRAY['load_all', 'load_few']) AS l;
SELECT is((SELECT string_agg(e.login || ' ' || e.table_name, ', ') FROM ends AS e
    WHERE e.ended = 'done' AND e.login NOT IN ('load_all', 'load_few')), 'load_adm import_order_line',
    'of those bound by it an administrator alone may, into the staging table');
SELECT cmp_ok((SELECT count(*) FROM ends WHERE login = 'load_ann' AND left(ended, 5) = '0A000'), '>=', 15::bigint,
    'a rep may insert into many tables, row by row');

-- The first way -------------------------------------------------------------------------------------------------
SET SESSION AUTHORIZATION load_all;
COPY crm.customer (customer_id, external_source, external_id, customer_type, business_name, last_name, country_code)
FROM STDIN WITH (FORMAT csv);
33501,load335,C1,business,Load Harbour,,IE
33502,load335,C2,individual,,Load-Byrne,IT
33503,load335,C3,individual,,Load-Fry,IE
\.
COPY crm.contact (customer_id, last_name) FROM STDIN WITH (FORMAT csv);
33501,Load-Contact
\.
COPY crm.sales_order (sales_order_id, customer_id) FROM STDIN WITH (FORMAT csv);
33501,33501
33502,33502
\.
COPY crm.order_item (sales_order_id, line_no, product_id, quantity) FROM STDIN WITH (FORMAT csv);
33501,1,3351,3
33502,1,3351,2
33502,2,3351,1
\.
RESET SESSION AUTHORIZATION;
SELECT results_eq($$SELECT c.customer_id, c.name, c.region_id, c.created_by FROM crm.customer AS c
        WHERE c.external_source = 'load335' ORDER BY 1$$,
    $$VALUES (33501::bigint, 'Load Harbour', 3351::bigint, 'load_all'), (33502, 'Load-Byrne', 3352, 'load_all'),
        (33503, 'Load-Fry', 3351, 'load_all')$$, 'COPY past row-level security: region and author are filled in');
SELECT is((SELECT count(*) FROM crm.customer_metrics WHERE customer_id BETWEEN 33501 AND 33503), 3::bigint,
    'and the metrics are kept');
SELECT results_eq($$SELECT a.row_id, a.login, a.operation FROM crm.audit_log AS a
        WHERE a.table_name = 'customer' AND a.row_id BETWEEN 33501 AND 33503 ORDER BY 1$$,
    $$VALUES (33501::bigint, 'load_all', 'insert'), (33502, 'load_all', 'insert'), (33503, 'load_all', 'insert')$$,
    'the audit has each row');
SELECT results_eq($$SELECT o.sales_order_id, o.status, o.total_amount FROM crm.sales_order AS o
        WHERE o.sales_order_id IN (33501, 33502) ORDER BY 1$$,
    $$VALUES (33501::bigint, 'pending', 7.50), (33502, 'pending', 7.50)$$, 'orders have the sum of their lines');
SELECT is((SELECT stock_quantity FROM crm.product WHERE product_id = 3351), 4::bigint, 'stock went down');
SELECT is((SELECT sum(quantity)::bigint FROM crm.stock_movement WHERE product_id = 3351), 4::bigint, 'and its ledger tells why');
SELECT is(pg_temp.seen('load_ann', $$SELECT string_agg(customer_id::text, ' ' ORDER BY customer_id) FROM crm.customer
    WHERE external_source = 'load335'$$), '33501 33503', 'the rep sees the loaded customers of her region');
SELECT is(pg_temp.seen('load_ann', $$SELECT string_agg(sales_order_id::text, ' ') FROM crm.sales_order
    WHERE sales_order_id IN (33501, 33502)$$), '33501', 'and their orders');
SELECT matches((SELECT detail FROM crm.health() WHERE check_name = 'logins past row-level security'), '\mload_all\M',
    'crm.health() names the login');

-- A superuser's; and a rep's, whom BYPASSRLS frees from the scope, too
COPY crm.customer (customer_id, last_name, country_code) FROM STDIN WITH (FORMAT csv);
33504,Load-Super,IT
\.
SET SESSION AUTHORIZATION load_few;
COPY crm.customer (customer_id, last_name, country_code) FROM STDIN WITH (FORMAT csv);
33505,Load-Few,IT
\.
RESET SESSION AUTHORIZATION;
SELECT is((SELECT string_agg(region_id::text, ' ') FROM crm.customer WHERE customer_id IN (33504, 33505)), '3352 3352',
    'a superuser loads in the same way, and whoever has BYPASSRLS');

-- Rules hold: each of these is refused whole
SELECT is(pg_temp.copy_ends('load_all', v.table_columns, v.rows), v.wanted, v.description)
FROM (VALUES
    ('crm.customer (customer_id, customer_type, last_name)', '33506,individual,Load-Good\n33507,business,Load-Bad\n',
        '23514 new row for relation "customer" violates check constraint "customer_name_check"', 'a CHECK holds in a bulk load'),
    ('crm.contact (customer_id, last_name)', '33599,Load-Nowhere\n',
        '23503 insert or update on table "contact" violates foreign key constraint "contact_customer_id_fkey"', 'a foreign key'),
    ('crm.customer (last_name, external_source, external_id)', 'Load-Twice,load335,C1\n',
        '23505 duplicate key value violates unique constraint "customer_external_key"', 'a unique key'),
    ('crm.order_item (sales_order_id, line_no, product_id, quantity)', '33501,2,3351,2\n33501,3,3351,3\n',
        'RM001 insufficient stock of product 3351', 'an order takes no more than there is'),
    ('crm.stock_movement (product_id, quantity, reason)', '3351,-5,adjust\n',
        'RM001 insufficient stock of product 3351', 'nor does a movement'),
    ('crm.stock_movement (product_id, quantity, reason)', '3351,-4,adjust\n3351,4,adjust\n',
        'done', 'what there is can be taken')
) AS v (table_columns, rows, wanted, description);
SELECT is_empty('SELECT * FROM crm.customer WHERE customer_id IN (33506, 33507)', 'a refused load leaves nothing');

-- The second way ------------------------------------------------------------------------------------------------
SET SESSION AUTHORIZATION load_adm;
INSERT INTO crm.import_batch (import_batch_id, source) VALUES (3351, 'load335');
COPY crm.import_order_line (import_batch_id, line_no, order_ref, order_date, customer_ref, country_code, product_ref,
    quantity, unit_price) FROM STDIN WITH (FORMAT csv);
3351,1,L1,2024-03-01 10:00+00,C3,IE,LOAD-1,2,2.25
3351,2,L1,2024-03-01 10:00+00,C3,IE,LOAD-1,1,2.50
3351,3,L2,2024-03-02 10:00+00,C9,IT,LOAD-1,1,2.50
3351,4,L3,2024-03-03 10:00+00,C9,IT,LOAD-1,0,2.50
3351,5,L4,2024-03-04 10:00+00,C9,IT,LOAD-1,9,2.50
\.
CREATE TEMP TABLE prepared AS SELECT * FROM crm.prepare_import(3351);
CREATE TEMP TABLE imported AS SELECT * FROM crm.import_orders(3351);
RESET SESSION AUTHORIZATION;
SELECT results_eq('SELECT line_count, error_count, new_customers, new_products FROM prepared',
    'VALUES (5::bigint, 1::bigint, 1::bigint, 0::bigint)', 'the staged lines are checked: one customer is new, one line is wrong');
SELECT results_eq('SELECT status, order_count, sale_lines, error_lines FROM imported',
    $$VALUES ('staged', 2::bigint, 3::bigint, 2::bigint)$$, 'and drained: one order more takes too much stock');
SELECT results_eq($$SELECT line_no, outcome, error IS NOT NULL FROM crm.import_order_line WHERE import_batch_id = 3351 ORDER BY 1$$,
    $$VALUES (1::bigint, 'sale', false), (2, 'sale', false), (3, 'sale', false), (4, 'error', true), (5, 'error', true)$$,
    'each line tells what it became');
SELECT results_eq($$SELECT o.external_id, c.external_id, o.total_amount FROM crm.sales_order AS o JOIN crm.customer AS c USING (customer_id)
        WHERE o.external_source = 'load335' ORDER BY 1$$,
    $$VALUES ('L1', 'C3', 7.00), ('L2', 'C9', 2.50)$$, 'the orders have their customers and sums');
SELECT is((SELECT stock_quantity FROM crm.product WHERE product_id = 3351), 0::bigint, 'and took their stock');
SELECT is(pg_temp.seen('load_ann', $$SELECT string_agg(external_id, ' ') FROM crm.sales_order WHERE external_source = 'load335'$$),
    'L1', 'the rep sees the order of her region');
SELECT is_empty($$SELECT * FROM crm.audit_log WHERE table_name = 'import_order_line'$$, 'staging is not audited');
SELECT is((SELECT DISTINCT a.login FROM crm.audit_log AS a JOIN crm.sales_order AS o ON o.sales_order_id = a.row_id
    WHERE a.table_name = 'sales_order' AND o.external_source = 'load335'), 'load_adm', 'what becomes of it is');

-- Limited logins: a temporary table and INSERT ... SELECT ---------------------------------------------------------
SET SESSION AUTHORIZATION load_ann;
CREATE TEMP TABLE load_file (last_name text, country_code text);
COPY load_file FROM STDIN WITH (FORMAT csv);
Load-Own,IE
\.
INSERT INTO crm.customer (last_name, country_code) SELECT f.last_name, f.country_code FROM load_file AS f;
\set ON_ERROR_STOP off
SAVEPOINT rule;
INSERT INTO crm.customer (last_name, country_code) SELECT f.last_name, 'IT' FROM load_file AS f;
\set elsewhere :SQLSTATE
ROLLBACK TO rule;
\set ON_ERROR_STOP on
RESET SESSION AUTHORIZATION;
SELECT is((SELECT string_agg(region_id || ' ' || created_by, ', ') FROM crm.customer WHERE last_name = 'Load-Own'), '3351 load_ann',
    'a rep loads customers of her region through a temporary table');
SELECT is(:'elsewhere'::text, '42501', 'and none of another');
SELECT is_empty('SELECT * FROM crm.verify()', 'all that is kept up to date is right after the loads');
SELECT * FROM finish();
ROLLBACK;
