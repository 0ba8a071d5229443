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
CREATE TABLE bench.query (place integer, name text, role text, policy_sql text, hand_sql text, policy_times integer,
    hand_times integer);
INSERT INTO bench.query VALUES
    (1, 'rep: one customer by key', 'bench_rep',
        'SELECT name FROM crm.customer WHERE customer_id = 1497',
        'SELECT name FROM crm.customer WHERE customer_id = 1497 AND deleted_at IS NULL '
        'AND (sales_rep_id = 500 OR region_id = ANY (ARRAY[500]::bigint[]))', 15000, 15000),
    (2, 'rep: list of all own customers', 'bench_rep',
        'SELECT customer_id, name, email, phone, city FROM crm.customer',
        'SELECT customer_id, name, email, phone, city FROM crm.customer WHERE deleted_at IS NULL '
        'AND (sales_rep_id = 500 OR region_id = ANY (ARRAY[500]::bigint[]))', 300, 300),
    (3, 'manager: scan of all customers', 'bench_manager',
        'SELECT count(*), max(signed_up_at) FROM crm.customer',
        'SELECT count(*), max(signed_up_at) FROM crm.customer WHERE deleted_at IS NULL', 3, 3),
    (4, 'manager: search by prefix', 'bench_manager',
        'SELECT customer_id, name FROM crm.customer WHERE name_key ^@ ''abc'' ORDER BY name_key, customer_id LIMIT 50',
        'SELECT customer_id, name FROM crm.customer WHERE name_key ^@ ''abc'' AND deleted_at IS NULL '
        'ORDER BY name_key, customer_id LIMIT 50', 4000, 4000),
    (5, 'rep: search by prefix', 'bench_rep',
        'SELECT customer_id, name FROM crm.customer WHERE name_key ^@ ''ab'' ORDER BY name_key, customer_id LIMIT 50',
        'SELECT customer_id, name FROM crm.customer WHERE name_key ^@ ''ab'' AND deleted_at IS NULL '
        'AND (sales_rep_id = 500 OR region_id = ANY (ARRAY[500]::bigint[])) ORDER BY name_key, customer_id LIMIT 50', 1000, 1000),
    (6, 'manager: prefix with LIKE (not leakproof)', 'bench_manager',
        'SELECT customer_id, name FROM crm.customer WHERE name_key LIKE ''abc%'' ORDER BY name_key, customer_id LIMIT 50',
        'SELECT customer_id, name FROM crm.customer WHERE name_key LIKE ''abc%'' AND deleted_at IS NULL '
        'ORDER BY name_key, customer_id LIMIT 50', 3, 4000);

-- Both forms of a query must return the same rows, and some.
DO $$
DECLARE
    q bench.query;
    by_policy text;
    by_hand text;
BEGIN
    FOR q IN SELECT * FROM bench.query LOOP
        EXECUTE format('SET LOCAL ROLE %I', q.role);
        EXECUTE format('SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM (%s) AS t', q.policy_sql) INTO by_policy;
        RESET ROLE;
        EXECUTE format('SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM (%s) AS t', q.hand_sql) INTO by_hand;
        IF by_policy IS NULL OR by_policy IS DISTINCT FROM by_hand THEN
            RAISE EXCEPTION 'the two forms of "%" differ', q.name;
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION bench.cpu_ns() RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric
$$;
-- In one form the client prepares once, in the other each call is parsed and planned.
CREATE TABLE bench.round (place integer, round integer, form text, variant text, cpu_us numeric);

-- The script of a session that runs one variant and form of a query again and again, as a client does: each call is a
-- message of its own. (The kernel counts CPU time in ticks of some milliseconds: a measurement lasts a hundred of them.)
CREATE FUNCTION bench.session(place integer, form text, variant text, round integer) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    q bench.query;
    statement text;
    times integer;
BEGIN
    SELECT * INTO q FROM bench.query AS b WHERE b.place = session.place;
    statement := CASE variant WHEN 'policy' THEN q.policy_sql ELSE q.hand_sql END;
    times := CASE variant WHEN 'policy' THEN q.policy_times ELSE q.hand_times END;
    IF form = 'prepared' THEN
        RETURN NEXT format('PREPARE measured AS %s;', statement);
        statement := 'EXECUTE measured';
    END IF;
    RETURN NEXT CASE variant WHEN 'policy' THEN format('SET ROLE %I;', q.role) ELSE '' END;
    -- The first call of a role loads its person; that is not what is measured here.
    RETURN NEXT statement || ' \g /dev/null';
    RETURN NEXT 'RESET ROLE;';
    RETURN NEXT 'SELECT bench.cpu_ns() AS started \gset';
    RETURN NEXT CASE variant WHEN 'policy' THEN format('SET ROLE %I;', q.role) ELSE '' END;
    RETURN NEXT '\o /dev/null';
    RETURN QUERY SELECT statement || ';' FROM generate_series(1, times);
    RETURN NEXT '\o';
    RETURN NEXT 'RESET ROLE;';
    RETURN NEXT format('INSERT INTO bench.round VALUES (%s, %s, %L, %L, (bench.cpu_ns() - :started) / 1000 / %s);',
        place, round, form, variant, times);
END $$;
