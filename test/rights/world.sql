-- A small world with rows of three spheres in every table, and what the tests of rights do with it. Runs in a transaction.
--
-- Regions 1, 2, 3 with 11, 12, 13 below. Ann is the rep of region 1, Cid of region 2, Bob of region 3. Mia manages Ann
-- and Cid, Zed manages Bob, both report to Top. So sphere 1 is Ann's and Mia's, 2 is Mia's, 3 of neither.
SET LOCAL client_min_messages = warning;
INSERT INTO crm.region (region_id, name, parent_region_id) VALUES
    (1, 'North', NULL), (2, 'East', NULL), (3, 'South', NULL), (11, 'Far North', 1), (12, 'Far East', 2), (13, 'Far South', 3);
INSERT INTO crm.staff (staff_id, first_name, last_name, email, db_role, manager_id) VALUES
    (7, 'Top', 'T', 'top@example.com', 'rights_top', NULL), (4, 'Mia', 'M', 'mia@example.com', 'rights_mia', 7),
    (9, 'Zed', 'Z', 'zed@example.com', NULL, 7), (1, 'Ann', 'A', 'ann@example.com', 'rights_ann', 4),
    (2, 'Cid', 'C', 'cid@example.com', NULL, 4), (3, 'Bob', 'B', 'bob@example.com', NULL, 9),
    (10, 'Dan', 'D', 'dan@example.com', NULL, NULL), (5, 'Max', 'M', 'max@example.com', 'rights_max', NULL),
    (6, 'Ana', 'A', 'ana@example.com', 'rights_ana', NULL), (8, 'Sue', 'S', 'sue@example.com', 'rights_sue', NULL),
    (14, 'Ada', 'A', 'ada@example.com', 'rights_ada', NULL), (15, 'Aud', 'A', 'aud@example.com', 'rights_aud', NULL);
INSERT INTO crm.sales_manager (sales_manager_id) VALUES (7), (4), (9);
INSERT INTO crm.sales_rep (sales_rep_id, region_id) VALUES (1, 1), (2, 2), (3, 3), (10, NULL);
INSERT INTO crm.marketing_manager (marketing_manager_id) VALUES (5);
INSERT INTO crm.marketing_analyst (marketing_analyst_id) VALUES (6);
INSERT INTO crm.support_agent (support_agent_id) VALUES (8);

-- Who acts: role for the column of test/rights.tsv, login, person of the token, spheres in scope.
CREATE TEMP TABLE actor (name text PRIMARY KEY, role_name text, login text, staff_id bigint, spheres integer[], token text);
INSERT INTO actor (name, role_name, login, spheres) VALUES
    ('crm_admin', 'crm_admin', 'rights_ada', '{}'), ('crm_sales_manager', 'crm_sales_manager', 'rights_mia', '{1,2}'),
    ('crm_sales_rep', 'crm_sales_rep', 'rights_ann', '{1}'), ('crm_marketing_manager', 'crm_marketing_manager', 'rights_max', '{}'),
    ('crm_marketing_analyst', 'crm_marketing_analyst', 'rights_ana', '{}'), ('crm_support_agent', 'crm_support_agent', 'rights_sue', '{}'),
    ('crm_bi', 'crm_bi', 'rights_biz', '{}'), ('crm_auditor', 'crm_auditor', 'rights_aud', '{}'),
    ('crm_app', 'crm_app', 'rights_pool', '{1}');
CREATE ROLE rights_top LOGIN;
GRANT crm_sales_manager TO rights_top;
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT a.login, a.role_name FROM actor AS a LOOP
        EXECUTE format('CREATE ROLE %I LOGIN', made.login);
        EXECUTE format('GRANT %I TO %I', made.role_name, made.login);
    END LOOP;
    PERFORM crm.set_token_key(sha256('a key of the test'));
    UPDATE actor SET staff_id = 1, token = crm.issue_token(1) WHERE name = 'crm_app';
END
$$;

-- rows.sql with the keys put in; the customer of a row that a test adds is one of the second set.
CREATE FUNCTION pg_temp.put(template text, k integer, n integer, p integer) RETURNS text LANGUAGE sql AS $$
    SELECT replace(replace(replace(replace(replace(template, '{k}', k::text), '{n}', n::text), '{p}', p::text),
        '{c}', CASE WHEN k < 100 THEN k ELSE 20 + n END::text), '{s}', CASE WHEN k < 100 THEN 1 ELSE 21 END::text)
$$;
CREATE FUNCTION pg_temp.insert_of(r row_of, k integer, n integer, p integer) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.put(format('INSERT INTO crm.%I %s', (r).table_name, (r).new_row), k, n, p)
$$;
CREATE FUNCTION pg_temp.spheres(r row_of) RETURNS integer[] LANGUAGE sql AS $$
    SELECT CASE WHEN (r).sphere IS NULL THEN ARRAY[1] ELSE ARRAY[1, 2, 3] END
$$;
CREATE FUNCTION pg_temp.make_row(r row_of, k integer, n integer, p integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF r.prepared IS NOT NULL OR r.made = 'replica' THEN
        SET LOCAL session_replication_role = replica;
    END IF;
    IF r.prepared IS NOT NULL THEN
        EXECUTE r.prepared;
        SET LOCAL session_replication_role = origin;
    END IF;
    IF r.made <> 'given' THEN
        EXECUTE pg_temp.insert_of(r, k, n, p);
    END IF;
    SET LOCAL session_replication_role = origin;
END
$$;

-- Three rows a sphere, or two where {p} allows for no more.
DO $$
DECLARE
    r row_of;
    n integer;
    k integer;
BEGIN
    FOR r IN SELECT * FROM row_of AS o WHERE o.made <> 'given' AND o.is_in_world ORDER BY o.place LOOP
        FOREACH n IN ARRAY pg_temp.spheres(r) LOOP
            FOREACH k IN ARRAY CASE WHEN r.new_row LIKE '%{p}%' THEN ARRAY[n, 40 + n] ELSE ARRAY[n, 20 + n, 40 + n] END LOOP
                PERFORM pg_temp.make_row(r, k, n, k);
            END LOOP;
        END LOOP;
    END LOOP;
END
$$;

SELECT FROM crm.reassign_lead(1, 1);

-- What becomes of a statement of an actor: ok, hidden (no row hit, or refused by a policy), denied (no privilege) or
-- the error. Nothing of it stays.
CREATE FUNCTION pg_temp.outcome(who actor, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hit bigint;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', who.login);
    IF who.token IS NOT NULL THEN
        PERFORM crm.begin_session(who.token);
    END IF;
    EXECUTE statement;
    GET DIAGNOSTICS hit = ROW_COUNT;
    RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = CASE hit WHEN 1 THEN 'ok' WHEN 0 THEN 'hidden' ELSE hit || ' rows' END;
EXCEPTION WHEN OTHERS THEN
    RETURN CASE
        WHEN SQLSTATE = 'ZZ000' THEN SQLERRM
        WHEN SQLSTATE = '42501' AND SQLERRM LIKE 'permission denied for %' THEN 'denied'
        WHEN SQLSTATE = '42501' AND SQLERRM LIKE 'new row violates row-level security policy %' THEN 'hidden'
        -- What one does not see does not exist; the administrator's same statement shows that it does
        WHEN SQLSTATE = '23503' AND SQLERRM ~ '^(customer|order) \d+ does not exist$' THEN 'hidden'
        ELSE SQLSTATE || ': ' || SQLERRM END;
END
$$;

-- What an actor sees of a table, as numbers of rows by sphere.
CREATE FUNCTION pg_temp.seen(who actor, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    rows text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', who.login);
    IF who.token IS NOT NULL THEN
        PERFORM crm.begin_session(who.token);
    END IF;
    EXECUTE query INTO rows;
    RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = 'rows ' || rows;
EXCEPTION WHEN OTHERS THEN
    RETURN CASE
        WHEN SQLSTATE = 'ZZ000' THEN SQLERRM
        WHEN SQLSTATE = '42501' AND SQLERRM LIKE 'permission denied for %' THEN 'denied'
        ELSE SQLSTATE || ': ' || SQLERRM END;
END
$$;
CREATE FUNCTION pg_temp.count_query(relation text, sphere text, spheres integer[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT coalesce(string_agg(concat_ws('':'', s.sphere, s.number), '' '' ORDER BY s.sphere), '''') FROM '
        '(SELECT (%s)::integer AS sphere, count(*) AS number FROM %s GROUP BY 1) AS s WHERE s.number > 0 AND coalesce(s.sphere = ANY (%L), true)',
        coalesce(sphere, 'NULL'), relation, spheres)
$$;

-- all, scope, none or error; anything else is what went wrong.
CREATE FUNCTION pg_temp.word(outcomes text[], tried integer[], who actor) RETURNS text LANGUAGE sql AS $$
    SELECT CASE
        WHEN 'ok' = ALL (outcomes) THEN 'all'
        WHEN 'hidden' = ALL (outcomes) THEN 'none'
        WHEN 'denied' = ALL (outcomes) THEN 'error'
        WHEN NOT EXISTS (SELECT FROM unnest(outcomes, tried) AS o (outcome, n)
            WHERE o.outcome <> CASE WHEN o.n = ANY ((who).spheres) THEN 'ok' ELSE 'hidden' END) THEN 'scope'
        ELSE array_to_string(outcomes, '; ') END
$$;

CREATE TEMP TABLE found (table_name text, command text, actor text, sees text, PRIMARY KEY (table_name, command, actor));

-- BI tools read through views: each table gets one here, as the views of crm_bi are.
CREATE SCHEMA rights_bi;
DO $$
DECLARE
    r row_of;
BEGIN
    FOR r IN SELECT * FROM row_of LOOP
        -- Some column that BI may read at all, so that the privilege on the table counts
        EXECUTE format('CREATE VIEW rights_bi.%I WITH (security_invoker = true) AS SELECT (%s)::integer AS sphere FROM crm.%I',
            r.table_name, coalesce(r.sphere, 'NULL'), r.table_name);
        EXECUTE format('GRANT SELECT ON rights_bi.%I TO rights_biz', r.table_name);
    END LOOP;
    GRANT USAGE ON SCHEMA rights_bi TO rights_biz;
END
$$;

CREATE FUNCTION pg_temp.try_select(r row_of) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    who actor;
    every text;
    scoped text;
    rows text;
BEGIN
    EXECUTE pg_temp.count_query(format('crm.%I', r.table_name), r.sphere) INTO every;
    FOR who IN SELECT * FROM actor LOOP
        EXECUTE pg_temp.count_query(format('crm.%I', r.table_name), r.sphere, who.spheres) INTO scoped;
        rows := pg_temp.seen(who, CASE WHEN who.role_name = 'crm_bi' THEN
            pg_temp.count_query(format('rights_bi.%I', r.table_name), CASE WHEN r.sphere IS NOT NULL THEN 'sphere' END)
            ELSE pg_temp.count_query(format('crm.%I', r.table_name), r.sphere) END);
        INSERT INTO found VALUES (r.table_name, 'select', who.name, CASE rows
            WHEN 'rows ' || every THEN 'all'
            WHEN 'rows ' THEN 'none'
            WHEN 'rows ' || scoped THEN 'scope'
            WHEN 'denied' THEN 'error'
            ELSE format('%s of %s', rows, every) END);
    END LOOP;
END
$$;

-- Outcomes of one command for all actors, by actor and sphere. Each row is made, tried on and undone.
CREATE FUNCTION pg_temp.try_write(r row_of, command text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    who actor;
    n integer;
    tried constant integer[] := pg_temp.spheres(r);
    outcomes jsonb := '{}';
    statement text;
BEGIN
    FOREACH n IN ARRAY tried LOOP
        statement := CASE command
            WHEN 'insert' THEN pg_temp.insert_of(r, 900 + n, n, 20 + n)
            WHEN 'update' THEN pg_temp.put(format('UPDATE crm.%I SET %s WHERE %s', r.table_name, r.changed, r.found), 900 + n, n, 20 + n)
            ELSE pg_temp.put(format('DELETE FROM crm.%I WHERE %s', r.table_name, r.found), 900 + n, n, 20 + n) END;
        BEGIN
            IF command <> 'insert' THEN
                PERFORM pg_temp.make_row(r, 900 + n, n, 20 + n);
            ELSIF r.prepared IS NOT NULL THEN
                SET LOCAL session_replication_role = replica;
                EXECUTE r.prepared;
                SET LOCAL session_replication_role = origin;
            END IF;
            FOR who IN SELECT * FROM actor LOOP
                outcomes := jsonb_set(outcomes, ARRAY[who.name],
                    coalesce(outcomes -> who.name, '[]') || to_jsonb(pg_temp.outcome(who, statement)));
            END LOOP;
            RAISE EXCEPTION USING ERRCODE = 'ZZ001';
        EXCEPTION WHEN SQLSTATE 'ZZ001' THEN NULL;
        END;
    END LOOP;
    INSERT INTO found
    SELECT r.table_name, command, a.name,
        pg_temp.word(ARRAY(SELECT jsonb_array_elements_text(outcomes -> a.name)), tried, a)
    FROM actor AS a;
END
$$;
CREATE FUNCTION pg_temp.try_everything() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r row_of;
BEGIN
    FOR r IN SELECT * FROM row_of AS o ORDER BY o.place LOOP
        PERFORM pg_temp.try_select(r);
        PERFORM pg_temp.try_write(r, c.command) FROM (VALUES ('insert'), ('update'), ('delete')) AS c (command);
    END LOOP;
END
$$;

-- The expectation, one row per cell.
CREATE TEMP TABLE expectation (table_name text, command text, role_name text, sees text, PRIMARY KEY (table_name, command, role_name));
CREATE TEMP TABLE expectation_line (line text, place integer GENERATED ALWAYS AS IDENTITY);
\set expectation `cat test/rights.tsv`
INSERT INTO expectation_line (line) SELECT l.line FROM regexp_split_to_table(rtrim(:'expectation', E'\n'), E'\n') AS l (line);
INSERT INTO expectation
SELECT split_part(l.line, E'\t', 1), split_part(l.line, E'\t', 2), h.role_name, split_part(l.line, E'\t', h.place::integer)
FROM expectation_line AS l
CROSS JOIN (SELECT regexp_split_to_array(e.line, E'\t') AS names FROM expectation_line AS e WHERE e.place = 1) AS head
CROSS JOIN LATERAL unnest(head.names) WITH ORDINALITY AS h (role_name, place)
WHERE l.place > 1 AND h.place > 2;
