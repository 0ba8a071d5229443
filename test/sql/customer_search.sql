-- crm.find_customers(): each filter, alone and together, against a query that uses no index and no key column;
-- pages by key; errors.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
BEGIN;
-- By hand: what is found by which word.
INSERT INTO crm.region (region_id, name, parent_region_id)
VALUES (6101, 'Search North', NULL), (6102, 'Search Coast', 6101), (6103, 'Search Harbor', 6102),
    (6104, 'Search South', NULL);
INSERT INTO crm.customer (customer_id, first_name, last_name, email, phone, city, state, country_code, region_id)
VALUES (6101, 'Zora', 'Qvist', 'zora@search.example', '+46 (0)8-123 45', 'Malmo', NULL, 'SE', 6101),
    (6102, 'Qvinn', 'Adams', 'Q.Adams@Search.Example', '0812345', 'Malmo', 'Skane', 'SE', 6102),
    (6103, NULL, 'Qvarn', NULL, NULL, 'Lund', 'Skane', 'SE', 6103),
    (6104, 'QVINCY', 'qvIST', NULL, '4608123450', 'Oslo', NULL, 'NO', 6104),
    (6105, 'Gone', 'Qvist', 'gone@search.example', '4608123451', 'Malmo', NULL, 'SE', 6101),
    (6106, 'Percy', '%_q', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO crm.customer (customer_id, customer_type, business_name, last_name, country_code, region_id)
VALUES (6107, 'business', 'Qvist & Sons', 'Holm', 'SE', 6103);
SELECT customer_id FROM crm.delete_customer(6105);
SELECT customer_id, name FROM crm.find_customers('qv');
SELECT customer_id, name FROM crm.find_customers(query => '  QVIST ');
SELECT customer_id, name FROM crm.find_customers('qvist &');
SELECT customer_id, name FROM crm.find_customers('zora q');
SELECT customer_id, name FROM crm.find_customers('ist');
SELECT customer_id, name FROM crm.find_customers('%_');
SELECT customer_id, name FROM crm.find_customers('%vist');
SELECT customer_id FROM crm.find_customers('qv', region => 'Search North');
SELECT customer_id FROM crm.find_customers('qv', region => 'Search Coast');
SELECT customer_id FROM crm.find_customers('qv', country_code => ' se ', city => 'Malmo');
SELECT customer_id FROM crm.find_customers('qv', city => 'malmo');
SELECT customer_id FROM crm.find_customers(state => 'Skane', country_code => 'SE');
SELECT customer_id FROM crm.find_customers('qv', customer_type => 'business');
SELECT customer_id FROM crm.find_customers(email => ' q.adams@SEARCH.example ');
SELECT customer_id FROM crm.find_customers(email => 'q.adams@search');
SELECT customer_id FROM crm.find_customers(email => 'gone@search.example');
SELECT customer_id FROM crm.find_customers(phone => '+46 08 123');
SELECT customer_id FROM crm.find_customers(phone => '08/12345');
SELECT customer_id FROM crm.find_customers(phone => '12345', query => 'qv');

-- 600 made-up customers; key columns and functions of the search stand on one side only.
INSERT INTO crm.customer (customer_id, customer_type, first_name, last_name, business_name, email, phone, city, state,
    country_code, region_id, deleted_at)
SELECT 6200 + n, CASE WHEN n % 7 = 0 THEN 'business' ELSE 'individual' END,
    (ARRAY['Ann', 'anna', 'Bo', NULL, 'Émile', 'Ann'])[1 + n % 6],
    (ARRAY['Andersen', 'Bond', 'Carr', 'ANDERS', 'o''Hara', 'Çelik', 'Bo'])[1 + n % 7],
    CASE WHEN n % 7 = 0 THEN (ARRAY['Anders Ltd', 'Bolt', 'Carr Cars'])[1 + n % 3] END,
    CASE WHEN n % 5 > 0 THEN 'Mail' || n % 90 || '@Search.Example' END,
    CASE WHEN n % 4 > 0 THEN '(0' || n % 10 || ') ' || n % 31 || '-' || n END,
    (ARRAY['Ayr', 'Bath', 'Cork', NULL])[1 + n % 4], (ARRAY['S1', 'S2', NULL])[1 + n % 3],
    (ARRAY['GB', 'IE', 'GB', 'DE', NULL])[1 + n % 5], CASE WHEN n % 6 < 5 THEN 6101 + n % 4 END,
    CASE WHEN n % 11 = 0 THEN timestamptz '2026-01-01' END
FROM generate_series(1, 600) AS n;
CREATE TEMPORARY TABLE search_case (
    n integer PRIMARY KEY, query text, region text, city text, state text, country_code text, customer_type text,
    email text, phone text);
INSERT INTO search_case VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (2, 'an', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, 'ann a', NULL, NULL, NULL, NULL, NULL, NULL, NULL), (4, 'BO', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (5, 'é', NULL, NULL, NULL, NULL, NULL, NULL, NULL), (6, 'ÇEL', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (7, 'o''h', 'Search North', NULL, NULL, NULL, NULL, NULL, NULL),
    (8, 'an', 'Search Coast', 'Bath', NULL, NULL, NULL, NULL, NULL),
    (9, NULL, 'Search South', NULL, NULL, NULL, 'business', NULL, NULL),
    (10, NULL, NULL, 'Bath', 'S1', 'GB', NULL, NULL, NULL), (11, 'c', NULL, NULL, NULL, 'de', 'individual', NULL, NULL),
    (12, NULL, NULL, NULL, NULL, NULL, NULL, 'mail7@search.example', NULL),
    (13, 'an', NULL, NULL, NULL, NULL, NULL, 'MAIL8@search.example', NULL),
    (14, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '03'), (15, 'b', NULL, NULL, NULL, NULL, NULL, NULL, '(0)'),
    (16, '   ', NULL, NULL, NULL, NULL, 'individual', NULL, NULL), (17, 'zz', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE FUNCTION pg_temp.expected(q search_case) RETURNS SETOF crm.customer LANGUAGE sql STABLE AS $function$
    SELECT c.*
    FROM crm.customer AS c
    LEFT JOIN crm.region AS r1 ON r1.region_id = c.region_id
    LEFT JOIN crm.region AS r2 ON r2.region_id = r1.parent_region_id
    LEFT JOIN crm.region AS r3 ON r3.region_id = r2.parent_region_id
    WHERE c.deleted_at IS NULL
        AND (btrim(coalesce(q.query, '')) = ''
            OR left(lower(btrim(c.name)), length(btrim(q.query))) = lower(btrim(q.query))
            OR left(lower(btrim(c.last_name)), length(btrim(q.query))) = lower(btrim(q.query)))
        AND (q.region IS NULL OR q.region IN (r1.name, r2.name, r3.name))
        AND (q.city IS NULL OR c.city = q.city)
        AND (q.state IS NULL OR c.state = q.state)
        AND (q.country_code IS NULL OR lower(c.country_code) = lower(q.country_code))
        AND (q.customer_type IS NULL OR c.customer_type = q.customer_type)
        AND (q.email IS NULL OR lower(c.email) = lower(q.email))
        AND (q.phone IS NULL
            OR left(translate(c.phone, ' ()-+/', ''), length(translate(q.phone, ' ()-+/', '')))
                = translate(q.phone, ' ()-+/', ''))
$function$;
-- Every page of size 7 up to the end, glued together, is the whole list in order.
CREATE FUNCTION pg_temp.all_pages(q search_case, page_size integer) RETURNS SETOF crm.customer
LANGUAGE plpgsql STABLE AS $function$
DECLARE
    found_row crm.customer;
    found_count integer;
    last_name_key text;
    last_id bigint;
BEGIN
    LOOP
        found_count := 0;
        FOR found_row IN SELECT * FROM crm.find_customers(q.query, q.region, q.city, q.state, q.country_code,
            q.customer_type, q.email, q.phone, last_name_key, last_id, all_pages.page_size)
        LOOP
            RETURN NEXT found_row;
            found_count := found_count + 1;
        END LOOP;
        EXIT WHEN found_count < all_pages.page_size;
        last_name_key := found_row.name_key;
        last_id := found_row.customer_id;
    END LOOP;
END
$function$;
CREATE TEMPORARY TABLE found AS
SELECT q.n, f.customer_id, f.name_key, row_number() OVER (PARTITION BY q.n) AS place
FROM search_case AS q CROSS JOIN LATERAL pg_temp.all_pages(q, 7) AS f;
SELECT q.n, (SELECT count(*) FROM found AS f WHERE f.n = q.n) AS rows,
    (SELECT count(*) FROM (
        SELECT f.customer_id FROM found AS f WHERE f.n = q.n
        EXCEPT ALL SELECT e.customer_id FROM pg_temp.expected(q) AS e) AS d) AS too_many,
    (SELECT count(*) FROM (
        SELECT e.customer_id FROM pg_temp.expected(q) AS e
        EXCEPT ALL SELECT f.customer_id FROM found AS f WHERE f.n = q.n) AS d) AS missing,
    (SELECT count(*) FROM (
        SELECT row_number() OVER (ORDER BY f.name_key, f.customer_id) AS wanted, f.place
        FROM found AS f WHERE f.n = q.n) AS o WHERE o.wanted <> o.place) AS out_of_order
FROM search_case AS q
WHERE q.n > 1
ORDER BY q.n;
-- Without a filter: every customer of the database.
SELECT (SELECT count(*) FROM found AS f WHERE f.n = 1) = (SELECT count(*) FROM crm.customer WHERE deleted_at IS NULL)
    AS all_found;

-- The keys of a page: any text will do as after_name; without after_id the next name.
SELECT customer_id, name_key FROM crm.find_customers('qv', after_name => 'QVARN');
SELECT customer_id, name_key FROM crm.find_customers('qv', after_name => 'qvarn', after_id => 6103, page_size => 2);
SELECT customer_id, name_key FROM crm.find_customers('qv', after_name => 'qvarn', after_id => 6102, page_size => 1);
SELECT count(*) FROM crm.find_customers('an', page_size => 1000) AS f;
SELECT count(*) FROM crm.find_customers('an') AS f;

-- The beginning of a name is looked up in an index, whichever of the two it is of; a page begins at its key.
ANALYZE crm.customer;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SET LOCAL search_path = pg_catalog;
EXPLAIN (COSTS OFF) SELECT c.customer_id FROM crm.customer AS c
WHERE c.deleted_at IS NULL AND c.name_key ^@ 'qv' ORDER BY c.name_key LIMIT 5;
EXPLAIN (COSTS OFF) SELECT c.customer_id FROM crm.customer AS c
WHERE c.deleted_at IS NULL AND c.last_name_key ^@ 'zz';
EXPLAIN (COSTS OFF) SELECT c.customer_id FROM crm.customer AS c
WHERE c.deleted_at IS NULL AND (c.name_key, c.customer_id) > ('qv', 6101) ORDER BY c.name_key LIMIT 5;
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET search_path;

-- Errors.
SELECT customer_id FROM crm.find_customers(region => 'Nowhere');
\echo :LAST_ERROR_SQLSTATE
SELECT customer_id FROM crm.find_customers(region => 'search north');
SELECT customer_id FROM crm.find_customers(phone => 'call me');
\echo :LAST_ERROR_SQLSTATE
SELECT customer_id FROM crm.find_customers(customer_type => 'firm');
\echo :LAST_ERROR_SQLSTATE
SELECT customer_id FROM crm.find_customers(page_size => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT customer_id FROM crm.find_customers(page_size => 1001);
SELECT customer_id FROM crm.find_customers(page_size => NULL);
SELECT customer_id FROM crm.find_customers(after_id => 6103);
\echo :LAST_ERROR_SQLSTATE
-- Arguments of a megabyte are too long for a match, not for a server.
SELECT count(*) FROM crm.find_customers(query => repeat('q', 1000000), city => repeat('m', 1000000),
    email => repeat('e', 1000000), phone => repeat('1', 1000000)) AS f;
SELECT customer_id FROM crm.find_customers(region => repeat('r', 1000000));
ROLLBACK;
