-- Imports the Online Retail data set into crm, by the path that is there for any other system's order lines.
-- Run by psql from the folder of this file, in a database with the extension crm and no data yet:
--
--     cd docs/demo && psql -X -d DATABASE -f import.sql
--
-- The steps are those at the head of sql/schema/68_import.sql. What is special about this file, its
-- countries, its article numbers and its missing stock, stands here.

\set ON_ERROR_STOP on
SET client_min_messages = warning;

-- The organisation: amounts in pounds, days as they are in London.
SELECT FROM crm.configure(
    name => 'Online Retail',
    base_currency => 'GBP',
    time_zone => 'Europe/London',
    fiscal_year_start_month => 1
) \g /dev/null

CREATE SCHEMA demo;
COMMENT ON SCHEMA demo IS 'What the demo needs besides the CRM: look-ups for the import, the reconciliation.';
\ir countries.sql
\ir categories.sql
\ir reconcile.sql

-- The file as it is. Dates are local times without a zone.
CREATE TEMPORARY TABLE online_retail (
    line_no bigint GENERATED ALWAYS AS IDENTITY,
    invoice text,
    stock_code text,
    description text,
    quantity bigint,
    invoice_date timestamp,
    unit_price numeric(18,4),
    customer_id text,
    country text
);
\copy online_retail (invoice, stock_code, description, quantity, invoice_date, unit_price, customer_id, country) FROM PROGRAM 'xz -dc online_retail.csv.xz' WITH (FORMAT csv, HEADER)

-- All dates move by a whole number of weeks, so that the last invoice falls into the last seven days.
INSERT INTO demo.shift (weeks)
SELECT floor(extract(epoch FROM (now() AT TIME ZONE 'Europe/London') - max(r.invoice_date)) / (7 * 86400))
FROM online_retail r;

-- Staging.
SELECT FROM crm._progress('import', 'reading', 0, 0) \g /dev/null
INSERT INTO crm.import_batch (source, file_name) VALUES ('online_retail', 'online_retail.csv.xz');
INSERT INTO crm.import_order_line (
    import_batch_id, line_no, order_ref, order_date, customer_ref, country, country_code, product_ref,
    product_name, quantity, unit_price
)
SELECT
    b.import_batch_id,
    r.line_no,
    r.invoice,
    (r.invoice_date + make_interval(weeks => s.weeks)) AT TIME ZONE 'Europe/London',
    r.customer_id,
    r.country,
    c.country_code,
    r.stock_code,
    r.description,
    r.quantity,
    r.unit_price
FROM online_retail r
LEFT JOIN demo.country c ON c.name = r.country
CROSS JOIN demo.shift s
CROSS JOIN crm.import_batch b
WHERE b.source = 'online_retail'
ORDER BY r.line_no;
DROP TABLE online_retail;
ANALYZE crm.import_order_line;

-- Regions and reps first: orders take over those of their customer when they are booked.
SELECT FROM crm._demo_regions(), crm._demo_staff() \g /dev/null

-- Customers and products as the lines name them.
SELECT p.line_count, p.error_count, p.new_customers, p.new_products
FROM crm.import_batch b, crm.prepare_import(b.import_batch_id) p
WHERE b.source = 'online_retail';
SELECT FROM crm._demo_assign_reps('online_retail') \g /dev/null

-- The products into the category tree. Whatever is no article is a service: it keeps no stock.
UPDATE crm.product p
SET product_category_id = c.product_category_id,
    is_stocked = c.name <> 'Services and charges'
FROM crm.product x
JOIN crm.product_category c ON c.name = CASE
    WHEN upper(x.sku) IN (
        'POST', 'DOT', 'C2', 'M', 'D', 'S', 'B', 'PADS', 'CRUK', 'BANK CHARGES', 'AMAZONFEE'
    ) OR x.sku ^@ 'gift_' THEN 'Services and charges'
    ELSE coalesce(
        (
            SELECT r.category FROM demo.category_rule r
            WHERE x.name ~* ('\m(' || r.words || ')S?\M')
            ORDER BY r.place LIMIT 1
        ),
        'Other goods'
    )
END
WHERE p.product_id = x.product_id;
DELETE FROM crm.product_category c WHERE c.name = 'Imported products';

-- The file tells no stock: as much as the orders need at any time, and reorder levels.
SELECT FROM crm._progress('import', 'stock', 0, 0) \g /dev/null
SELECT FROM crm._demo_stock('online_retail') \g /dev/null

-- The orders.
SELECT o.order_count, o.sale_lines, o.return_lines, o.adjustment_lines, o.error_lines
FROM crm.import_batch b, crm.import_orders(b.import_batch_id) o
WHERE b.source = 'online_retail';
