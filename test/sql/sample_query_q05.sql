-- Sample query 5, the interaction history of a customer with the reps involved and the outcome:
-- crm.interaction_history() by hand and against the tables.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
SET DateStyle = 'ISO, YMD';
BEGIN;
INSERT INTO crm.staff (staff_id, first_name, last_name, email)
VALUES (6901, 'Olga', 'Owner', 'olga@q5.example'), (6902, 'Abe', 'Aide', 'abe@q5.example'),
    (6903, 'Zoe', 'Zander', 'zoe@q5.example');
INSERT INTO crm.sales_rep (sales_rep_id) VALUES (6901), (6902), (6903);
INSERT INTO crm.interaction_type (interaction_type_id, name) VALUES (6901, 'q5 call'), (6902, 'q5 visit');
INSERT INTO crm.interaction_outcome (interaction_outcome_id, name) VALUES (6901, 'q5 solved'), (6902, 'q5 sold');
INSERT INTO crm.customer (customer_id, customer_type, business_name)
VALUES (6901, 'business', 'Talkers'), (6902, 'business', 'Others'), (6903, 'business', 'Silent');
INSERT INTO crm.contact (contact_id, customer_id, first_name, last_name) VALUES (6901, 6901, 'Tom', 'Talker');
INSERT INTO crm.support_ticket (support_ticket_id, customer_id, issue, reported_date)
VALUES (6901, 6901, 'noise', '2026-01-01');
-- With three reps, one, none; with and without outcome; two at the same moment; another customer's.
INSERT INTO crm.interaction (interaction_id, customer_id, interaction_date, interaction_type_id,
    interaction_outcome_id, contact_id, support_ticket_id, details, duration_minutes)
VALUES (6901, 6901, '2026-01-01 10:00', 6901, 6901, 6901, 6901, 'first call', 12),
    (6902, 6901, '2026-01-03 10:00', 6902, 6902, NULL, NULL, 'came by', NULL),
    (6903, 6901, '2026-01-02 10:00', 6901, NULL, NULL, NULL, 'twin a', NULL),
    (6904, 6901, '2026-01-02 10:00', 6901, NULL, NULL, NULL, NULL, 0),
    (6905, 6902, '2026-01-02 10:00', 6901, NULL, NULL, NULL, 'not ours', NULL);
INSERT INTO crm.interaction_rep (customer_id, interaction_id, sales_rep_id, role)
VALUES (6901, 6902, 6902, 'participant'), (6901, 6902, 6901, 'owner'), (6901, 6902, 6903, 'participant'),
    (6901, 6901, 6903, 'owner'), (6902, 6905, 6901, 'owner');
SELECT interaction_id, interaction_date, interaction_type, outcome, sales_reps, contact_name, support_ticket_id,
    duration_minutes, details
FROM crm.interaction_history(6901);
SELECT interaction_id, jsonb_pretty(reps) AS reps FROM crm.interaction_history(6901, page_size => 2);
-- Pages: the twins are told apart by before_id; without it both are passed over.
SELECT interaction_id FROM crm.interaction_history(6901, '2026-01-03 10:00', 6902, page_size => 1);
SELECT interaction_id FROM crm.interaction_history(6901, before => '2026-01-02 10:00', before_id => 6904);
SELECT interaction_id FROM crm.interaction_history(6901, before => '2026-01-02 10:00');
SELECT interaction_id FROM crm.interaction_history(6903);
-- A deleted customer's history stays.
SELECT customer_id FROM crm.delete_customer(6901);
SELECT count(*) AS still_there FROM crm.interaction_history(6901) AS f;

-- 350 made-up ones, many at the same moment.
INSERT INTO crm.interaction (interaction_id, customer_id, interaction_date, interaction_type_id,
    interaction_outcome_id, details)
SELECT 7000 + n, 6902 + (n % 10) / 9, timestamptz '2025-01-01' + (n * 31 % 50) * interval '1 hour', 6901 + n % 2,
    CASE WHEN n % 3 > 0 THEN 6900 + n % 3 END, 'made ' || n
FROM generate_series(1, 350) AS n;
INSERT INTO crm.interaction_rep (customer_id, interaction_id, sales_rep_id, role)
SELECT i.customer_id, i.interaction_id, 6900 + k,
    CASE WHEN k = 1 + i.interaction_id % 3 THEN 'owner' ELSE 'participant' END
FROM crm.interaction AS i, generate_series(1, 3) AS k
WHERE i.interaction_id BETWEEN 7001 AND 7350 AND (i.interaction_id + k) % 4 > 0;
CREATE TEMPORARY VIEW expected AS
WITH rep AS (
    SELECT p.interaction_id, s.name, p.role, p.sales_rep_id,
        row_number() OVER (PARTITION BY p.interaction_id ORDER BY p.role = 'owner' DESC, s.name) AS place
    FROM crm.interaction_rep AS p JOIN crm.staff AS s ON s.staff_id = p.sales_rep_id
)
SELECT i.interaction_id, i.interaction_date, y.name, u.name AS outcome,
    nullif(concat_ws(', ', r1.name, r2.name, r3.name), '') AS sales_reps, i.details,
    (SELECT count(*) FROM rep AS r WHERE r.interaction_id = i.interaction_id) AS rep_count,
    row_number() OVER (ORDER BY i.interaction_date DESC, i.interaction_id DESC) AS place
FROM crm.interaction AS i
JOIN crm.interaction_type AS y USING (interaction_type_id)
LEFT JOIN crm.interaction_outcome AS u USING (interaction_outcome_id)
LEFT JOIN rep AS r1 ON r1.interaction_id = i.interaction_id AND r1.place = 1
LEFT JOIN rep AS r2 ON r2.interaction_id = i.interaction_id AND r2.place = 2
LEFT JOIN rep AS r3 ON r3.interaction_id = i.interaction_id AND r3.place = 3
WHERE i.customer_id = 6902;
CREATE TEMPORARY TABLE found (
    LIKE expected, PRIMARY KEY (interaction_id));
DO $do$
DECLARE
    added bigint := 45;
BEGIN
    WHILE added = 45 LOOP
        INSERT INTO found
        SELECT f.interaction_id, f.interaction_date, f.interaction_type, f.outcome, f.sales_reps, f.details,
            jsonb_array_length(f.reps), (SELECT count(*) FROM found) + row_number() OVER ()
        FROM (SELECT max(f.place) AS place FROM found AS f) AS p
        LEFT JOIN found AS l ON l.place = p.place
        CROSS JOIN LATERAL crm.interaction_history(6902, l.interaction_date, l.interaction_id, page_size => 45) AS f;
        GET DIAGNOSTICS added = ROW_COUNT;
    END LOOP;
END
$do$;
SELECT count(*) AS found, (SELECT count(*) FROM expected) AS expected, max(rep_count) AS most_reps FROM found;
SELECT count(*) AS too_many FROM (SELECT * FROM found EXCEPT ALL SELECT * FROM expected) AS d;
SELECT count(*) AS missing FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM found) AS d;
SELECT count(*) AS default_page FROM crm.interaction_history(6902) AS f;
SELECT count(*) AS all_at_once FROM crm.interaction_history(6902, page_size => NULL) AS f;
-- Every rep and his role stand in reps.
CREATE TEMPORARY VIEW found_rep AS
SELECT f.interaction_id, (r.value ->> 'sales_rep_id')::bigint, r.value ->> 'role' AS role, r.value ->> 'name' AS name
FROM crm.interaction_history(6902, page_size => NULL) AS f, jsonb_array_elements(f.reps) AS r;
CREATE TEMPORARY VIEW expected_rep AS
SELECT p.interaction_id, p.sales_rep_id, p.role, s.name
FROM crm.interaction_rep AS p JOIN crm.staff AS s ON s.staff_id = p.sales_rep_id
WHERE p.customer_id = 6902;
SELECT (SELECT count(*) FROM (SELECT * FROM found_rep EXCEPT ALL SELECT * FROM expected_rep) AS d) AS too_many,
    (SELECT count(*) FROM (SELECT * FROM expected_rep EXCEPT ALL SELECT * FROM found_rep) AS d) AS missing,
    (SELECT count(*) FROM expected_rep) AS reps;

-- The page is read from its place in the index of customer and date.
ANALYZE crm.interaction;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SET LOCAL search_path = pg_catalog;
EXPLAIN (COSTS OFF) SELECT n.interaction_id FROM crm.interaction AS n
WHERE n.customer_id = 6902 AND (n.interaction_date, n.interaction_id) < ('2025-01-02', 7100)
ORDER BY n.interaction_date DESC LIMIT 10;
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET search_path;

-- Errors.
SELECT interaction_id FROM crm.interaction_history(6999);
\echo :LAST_ERROR_SQLSTATE
SELECT interaction_id FROM crm.interaction_history(NULL);
SELECT interaction_id FROM crm.interaction_history(6901, before_id => 1);
\echo :LAST_ERROR_SQLSTATE
SELECT interaction_id FROM crm.interaction_history(6901, page_size => -1);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
