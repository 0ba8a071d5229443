-- The two ways to load in bulk (docs/security.md): COPY by a login with BYPASSRLS, and COPY into the staging table of
-- the import; COPY into any other table is refused to every role. COPY TO respects the rows that one sees.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(15);
CREATE ROLE bulk_admin LOGIN;
CREATE ROLE bulk_rep LOGIN;
CREATE ROLE bulk_loader LOGIN BYPASSRLS;
GRANT crm_admin, pg_execute_server_program TO bulk_admin, bulk_loader;
GRANT crm_sales_rep, pg_execute_server_program TO bulk_rep;
INSERT INTO crm.region (region_id, name) VALUES (33401, 'Loaded');
INSERT INTO crm.region_coverage (country_code, region_id) VALUES ('IE', 33401);

SET LOCAL ROLE bulk_admin;
SELECT throws_ok($$COPY crm.customer (last_name) FROM PROGRAM 'echo Able'$$, '0A000', NULL, 'COPY FROM is refused to an administrator');
SELECT is_empty($$
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r' AND c.relname <> 'import_order_line'
        AND NOT row_security_active(c.oid)
$$, 'on every table but one');
SET LOCAL ROLE bulk_rep;
SELECT throws_ok($$COPY crm.customer (last_name) FROM PROGRAM 'echo Able'$$, '0A000', NULL, 'and to a rep');
SELECT throws_ok($$COPY crm.import_order_line (import_batch_id) FROM PROGRAM 'echo 1'$$, '42501', NULL, 'a rep imports nothing');

-- Past row-level security, under everything else
SET LOCAL ROLE bulk_loader;
SELECT lives_ok($$COPY crm.customer (last_name, country_code, external_source, external_id)
    FROM PROGRAM 'printf "Carver,IE,bulk33,1\nDyer,IE,bulk33,2\n"' (FORMAT csv)$$, 'a login with BYPASSRLS loads');
SELECT throws_ok($$COPY crm.customer (last_name, country_code) FROM PROGRAM 'echo Able,Eire' (FORMAT csv)$$, '23514', NULL,
    'constraints apply');
SELECT throws_ok($$COPY crm.audit_log (table_name, operation) FROM PROGRAM 'echo customer,update' (FORMAT csv)$$, '42501', NULL,
    'privileges apply');
RESET ROLE;
SELECT results_eq($$SELECT c.last_name, c.region_id, c.created_by FROM crm.customer AS c WHERE c.external_source = 'bulk33' ORDER BY 1$$,
    $$VALUES ('Carver', 33401::bigint, 'bulk_loader'), ('Dyer', 33401, 'bulk_loader')$$, 'triggers apply');
SELECT is((SELECT count(*) FROM crm.audit_log AS l JOIN crm.customer AS c ON c.customer_id = l.row_id
    WHERE l.table_name = 'customer' AND l.operation = 'insert' AND l.role = 'bulk_loader' AND c.external_source = 'bulk33'), 2::bigint,
    'the audit applies');
SELECT is((SELECT h.detail LIKE '%bulk_loader%' FROM crm.health() AS h WHERE h.check_name = 'logins past row-level security'), true,
    'crm.health() names the login');

-- Through the staging table
SET LOCAL ROLE bulk_admin;
SELECT lives_ok($$INSERT INTO crm.import_batch (import_batch_id, source) VALUES (33401, 'bulk33')$$, 'an administrator begins a batch');
SELECT lives_ok($$COPY crm.import_order_line (import_batch_id, order_ref, order_date, customer_ref, product_ref, product_name, quantity, unit_price)
    FROM PROGRAM 'printf "33401,77,2024-03-01,1,BULK-33,Bulk,2,5\n33401,78,2024-03-02,2,BULK-33,Bulk,1,5\n"' (FORMAT csv)$$,
    'copies into the staging table');
SELECT FROM crm.prepare_import(33401);
UPDATE crm.product SET stock_quantity = 10 WHERE sku = 'BULK-33';
SELECT results_eq('SELECT status, order_count::bigint, error_lines::bigint FROM crm.import_orders(33401)', $$VALUES ('imported', 2::bigint, 0::bigint)$$,
    'and books the orders');
RESET ROLE;
SELECT results_eq($$SELECT c.last_name, o.total_amount FROM crm.sales_order AS o JOIN crm.customer AS c ON c.customer_id = o.customer_id
    WHERE o.external_source = 'bulk33' ORDER BY 1$$, $$VALUES ('Carver', 10.0000), ('Dyer', 5.0000)$$, 'of the customers that were loaded');

-- Out: as SELECT
GRANT pg_write_server_files TO bulk_rep;
SET LOCAL ROLE bulk_rep;
SELECT lives_ok($$COPY crm.customer TO PROGRAM 'if read line; then exit 1; fi'$$, 'COPY TO writes no row that one does not see');
SELECT * FROM finish();
ROLLBACK;
