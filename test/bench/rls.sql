-- Cost of row-level security on 1 M customers, each query as a role under its policies and, by a superuser, with
-- the same condition written by hand. CPU time of the backend, alternating within one run; only ratios mean something.
\set ON_ERROR_STOP 1
\set QUIET 1
\pset footer off
SET client_min_messages = warning;
SET synchronous_commit = off;
SET jit = off;

INSERT INTO crm.region (name) SELECT 'Region ' || i FROM generate_series(1, 1000) AS i;
INSERT INTO crm.staff (staff_id, first_name, last_name, email) VALUES (1, 'Top', 'Manager', 'top@example.com');
INSERT INTO crm.staff (staff_id, first_name, last_name, email, manager_id)
SELECT i, 'Rep', 'No ' || i, i || '@example.com', 1 FROM generate_series(2, 1000) AS i;
INSERT INTO crm.sales_manager (sales_manager_id) VALUES (1);
INSERT INTO crm.sales_rep (sales_rep_id, region_id) SELECT i, i FROM generate_series(2, 1000) AS i;
SELECT setval(pg_get_serial_sequence('crm.staff', 'staff_id'), 1000) \g /dev/null

\if :{?customers}
\else
\set customers 1000000
\endif
ALTER TABLE crm.customer DISABLE TRIGGER USER;
INSERT INTO crm.customer (last_name, email, city, region_id, sales_rep_id)
SELECT md5(i::text), i || '@example.com', 'City ' || i % 500, 2 + i % 999, 2 + (i * 7) % 999
FROM generate_series(1, :customers) AS i;
ALTER TABLE crm.customer ENABLE TRIGGER USER;
VACUUM ANALYZE crm.customer;

CREATE ROLE bench_rep LOGIN;
CREATE ROLE bench_manager LOGIN;
SELECT crm.grant_role('bench_rep', 'crm_sales_rep', 500) \g /dev/null
SELECT crm.grant_role('bench_manager', 'crm_sales_manager', 1) \g /dev/null

CREATE SCHEMA bench;
CREATE TABLE bench.query (place integer, name text, role text, policy_sql text, hand_sql text, times integer);
INSERT INTO bench.query VALUES
    (1, 'rep: one customer by key', 'bench_rep',
        'SELECT name FROM crm.customer WHERE customer_id = 1498',
        'SELECT name FROM crm.customer WHERE customer_id = 1498 AND deleted_at IS NULL '
        'AND (sales_rep_id = 500 OR region_id = ANY (ARRAY[500]::bigint[]))', 10000),
    (2, 'rep: list of all own customers', 'bench_rep',
        'SELECT customer_id, name, email, phone, city FROM crm.customer',
        'SELECT customer_id, name, email, phone, city FROM crm.customer WHERE deleted_at IS NULL '
        'AND (sales_rep_id = 500 OR region_id = ANY (ARRAY[500]::bigint[]))', 100),
    (3, 'manager: scan of all customers', 'bench_manager',
        'SELECT count(*), max(signed_up_at) FROM crm.customer',
        'SELECT count(*), max(signed_up_at) FROM crm.customer WHERE deleted_at IS NULL', 4),
    (4, 'manager: search by prefix', 'bench_manager',
        'SELECT customer_id, name FROM crm.customer WHERE name_key ^@ ''abc'' ORDER BY name_key, customer_id LIMIT 50',
        'SELECT customer_id, name FROM crm.customer WHERE name_key ^@ ''abc'' AND deleted_at IS NULL '
        'ORDER BY name_key, customer_id LIMIT 50', 1000),
    (5, 'rep: search by prefix', 'bench_rep',
        'SELECT customer_id, name FROM crm.customer WHERE name_key ^@ ''ab'' ORDER BY name_key, customer_id LIMIT 50',
        'SELECT customer_id, name FROM crm.customer WHERE name_key ^@ ''ab'' AND deleted_at IS NULL '
        'AND (sales_rep_id = 500 OR region_id = ANY (ARRAY[500]::bigint[])) ORDER BY name_key, customer_id LIMIT 50', 300),
    (6, 'manager: prefix with LIKE (not leakproof)', 'bench_manager',
        'SELECT customer_id, name FROM crm.customer WHERE name_key LIKE ''abc%'' ORDER BY name_key, customer_id LIMIT 50',
        'SELECT customer_id, name FROM crm.customer WHERE name_key LIKE ''abc%'' AND deleted_at IS NULL '
        'ORDER BY name_key, customer_id LIMIT 50', 2);

CREATE FUNCTION bench.cpu_ns() RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric
$$;
CREATE TABLE bench.round (place integer, round integer, variant text, cpu_us numeric, digest text);
GRANT USAGE ON SCHEMA bench TO bench_rep, bench_manager;

-- The kernel counts CPU time in ticks of some milliseconds: each measurement lasts hundreds of them.
-- Runs a query some times by EXECUTE, as a client that does not prepare does, reading all rows.
CREATE FUNCTION bench.run(sql text, times integer) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    line record;
    seen bigint := 0;
BEGIN
    FOR i IN 1 .. times LOOP
        FOR line IN EXECUTE sql LOOP
            seen := seen + 1;
        END LOOP;
    END LOOP;
    RETURN (seen / times)::text;
END $$;

CREATE PROCEDURE bench.measure(rounds integer) LANGUAGE plpgsql AS $$
DECLARE
    q bench.query;
    started numeric;
    rows_seen text;
    variant text;
BEGIN
    FOR r IN 0 .. rounds LOOP
        FOR q IN SELECT * FROM bench.query ORDER BY place LOOP
            FOREACH variant IN ARRAY CASE WHEN r % 2 = 0 THEN ARRAY['policy', 'hand'] ELSE ARRAY['hand', 'policy'] END LOOP
                IF variant = 'policy' THEN
                    EXECUTE format('SET LOCAL ROLE %I', q.role);
                END IF;
                -- The first call of a role loads its person; that is not what is measured here.
                PERFORM bench.run(CASE variant WHEN 'policy' THEN q.policy_sql ELSE q.hand_sql END, 1);
                RESET ROLE;
                started := bench.cpu_ns();
                IF variant = 'policy' THEN
                    EXECUTE format('SET LOCAL ROLE %I', q.role);
                END IF;
                rows_seen := bench.run(CASE variant WHEN 'policy' THEN q.policy_sql ELSE q.hand_sql END, q.times);
                RESET ROLE;
                INSERT INTO bench.round VALUES (q.place, r, variant, (bench.cpu_ns() - started) / 1000 / q.times, rows_seen);
                COMMIT;
            END LOOP;
        END LOOP;
    END LOOP;
END $$;
