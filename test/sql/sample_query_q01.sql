-- Sample query 1, all customers in a specific region: crm.customers_in_region() by hand and against a query that
-- spells the tree out.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
BEGIN;
INSERT INTO crm.region (region_id, name, parent_region_id)
VALUES (6301, 'Q1 North', NULL), (6302, 'Q1 Coast', 6301), (6303, 'Q1 Harbor', 6302), (6304, 'Q1 South', NULL),
    (6305, 'Q1 Empty', 6304);
INSERT INTO crm.region_coverage (country_code, state, region_id) VALUES ('XQ', '', 6304), ('XQ', 'Quay', 6303);
-- Region chosen by hand, by address, none at all, deleted; a region's customers are those below it, too.
INSERT INTO crm.customer (customer_id, last_name, region_id, country_code, state)
VALUES (6301, 'North', 6301, NULL, NULL), (6302, 'Coast', 6302, NULL, NULL), (6303, 'Quay', NULL, 'XQ', 'Quay'),
    (6304, 'South', NULL, 'XQ', 'Elsewhere'), (6305, 'Nowhere', NULL, NULL, NULL), (6306, 'Gone', 6302, NULL, NULL);
INSERT INTO crm.customer (customer_id, customer_type, business_name, region_id)
VALUES (6307, 'business', 'Coast & Co', 6302);
SELECT customer_id FROM crm.delete_customer(6306);
SELECT customer_id, name FROM crm.customers_in_region('Q1 North');
SELECT customer_id, name FROM crm.customers_in_region('Q1 Coast');
SELECT customer_id, name FROM crm.customers_in_region('Q1 Harbor');
SELECT customer_id, name FROM crm.customers_in_region('Q1 South');
SELECT customer_id, name FROM crm.customers_in_region('Q1 Empty');

-- Moving a branch moves its customers.
UPDATE crm.region SET parent_region_id = 6305 WHERE region_id = 6303;
SELECT customer_id, name FROM crm.customers_in_region('Q1 Coast');
SELECT customer_id, name FROM crm.customers_in_region('Q1 South');
UPDATE crm.region SET parent_region_id = 6302 WHERE region_id = 6303;

-- 500 made-up customers in three pages of 150 and a rest, and all at once.
INSERT INTO crm.customer (customer_id, customer_type, last_name, business_name, region_id, deleted_at)
SELECT 6400 + n, CASE WHEN n % 3 = 0 THEN 'business' ELSE 'individual' END, 'Made ' || n,
    CASE WHEN n % 3 = 0 THEN 'Firm ' || n END, CASE WHEN n % 9 < 8 THEN 6301 + n % 4 END,
    CASE WHEN n % 13 = 0 THEN timestamptz '2026-01-01' END
FROM generate_series(1, 500) AS n;
CREATE TEMPORARY VIEW expected AS
SELECT c.*
FROM crm.customer AS c
WHERE c.region_id IN (
        SELECT r.region_id
        FROM crm.region AS r
        LEFT JOIN crm.region AS up ON up.region_id = r.parent_region_id
        LEFT JOIN crm.region AS top ON top.region_id = up.parent_region_id
        WHERE 'Q1 North' IN (r.name, up.name, top.name))
    AND c.deleted_at IS NULL;
CREATE TEMPORARY TABLE found AS SELECT * FROM crm.customers_in_region('Q1 North', page_size => 150);
DO $do$
BEGIN
    FOR page IN 2 .. 4 LOOP
        INSERT INTO found SELECT f.* FROM crm.customers_in_region('Q1 North',
            after_id => (SELECT max(f.customer_id) FROM found AS f), page_size => 150) AS f;
    END LOOP;
END
$do$;
SELECT count(*) AS found, (SELECT count(*) FROM expected) AS expected FROM found;
SELECT count(*) AS too_many FROM (SELECT * FROM found EXCEPT ALL SELECT * FROM expected) AS d;
SELECT count(*) AS missing FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM found) AS d;
SELECT count(*) AS differences FROM (
    (SELECT * FROM crm.customers_in_region('Q1 North', page_size => NULL) EXCEPT ALL SELECT * FROM expected)
    UNION ALL
    (SELECT * FROM expected EXCEPT ALL SELECT * FROM crm.customers_in_region('Q1 North', page_size => NULL))) AS d;
SELECT count(*) AS default_page, min(f.customer_id) AS first, bool_and(f.customer_id > f.before) AS in_order
FROM (SELECT f.customer_id, lag(f.customer_id, 1, 0::bigint) OVER () AS before
    FROM crm.customers_in_region('Q1 North') AS f) AS f;

-- Errors.
SELECT customer_id FROM crm.customers_in_region('Atlantis');
\echo :LAST_ERROR_SQLSTATE
SELECT customer_id FROM crm.customers_in_region('q1 north');
SELECT customer_id FROM crm.customers_in_region(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT customer_id FROM crm.customers_in_region('Q1 North', page_size => 0);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
