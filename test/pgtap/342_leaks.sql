-- Leaky functions, views and statistics: a function that tells of each value it is shown, cheaper than any operator, in
-- WHERE on every table and view that a role may read. It is never shown a value that the role may not see.
BEGIN;
\ir ../harness/attack.sql

CREATE FUNCTION pg_temp.leak(shown text) RETURNS boolean LANGUAGE plpgsql COST 0.0000000001 AS $$
BEGIN
    IF shown ~* 'geheim|10000002' THEN
        RAISE EXCEPTION USING ERRCODE = 'LEAK0', MESSAGE = 'seen: ' || shown;
    END IF;
    RETURN true;
END $$;

-- Each table and view of the role, with the columns that it may read.
CREATE TEMP TABLE target AS
SELECT r.role_name, c.oid AS id, c.oid::regclass::text AS name, c.relkind,
    (SELECT string_agg(format('t.%I::text', a.attname), ', ') FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND has_column_privilege(r.role_name, c.oid, a.attnum, 'SELECT')) AS columns
FROM unnest(ARRAY['atk_ann', 'atk_biz']) AS r (role_name)
JOIN pg_class AS c ON c.relnamespace IN ('crm'::regnamespace, 'crm_bi'::regnamespace) AND c.relkind IN ('r', 'v')
WHERE has_any_column_privilege(r.role_name, c.oid, 'SELECT');

SELECT plan((SELECT 31 + count(*)::integer FROM target));
SELECT cmp_ok((SELECT count(*) FROM target AS t WHERE t.role_name = 'atk_ann'), '>=', 80::bigint, 'the rep reads many relations');

-- The function tells where it may see; otherwise the test could not fail.
SELECT is(pg_temp.attempt(v.role_name, 'SELECT FROM crm.customer AS t WHERE pg_temp.leak(t.email)'), 'LEAK0',
    v.role_name || ' sees the secret, and the function tells')
FROM (VALUES ('atk_bob'), ('atk_mia'), ('atk_sue'), ('atk_adm')) AS v (role_name);
SELECT matches(pg_temp.attempt(t.role_name, format('SELECT FROM %s AS t WHERE pg_temp.leak(concat_ws('' '', %s))', t.name, t.columns)),
    '^(done|42501)', format('%s: %s is shown nothing of others', t.name, t.role_name))
FROM target AS t ORDER BY t.role_name, t.name;

-- Marketing may know names, and nothing else of a person.
CREATE FUNCTION pg_temp.leak_contact(shown text) RETURNS boolean LANGUAGE plpgsql COST 0.0000000001 AS $$
BEGIN
    IF shown ~* 'geheim@|10000002' THEN
        RAISE EXCEPTION USING ERRCODE = 'LEAK0', MESSAGE = 'seen: ' || shown;
    END IF;
    RETURN true;
END $$;
SELECT matches(pg_temp.attempt(v.role_name, v.query), v.wanted, format('%s: %s', v.role_name, v.query))
FROM (VALUES
    ('atk_amy', 'SELECT FROM crm.v_customer_masked AS t WHERE pg_temp.leak_contact(t.email)', '^done'),
    ('atk_amy', 'SELECT FROM crm.v_customer_masked AS t WHERE pg_temp.leak_contact(t.phone)', '^done'),
    ('atk_amy', 'SELECT FROM crm.v_customer_masked AS t WHERE pg_temp.leak_contact(t::text)', '^done'),
    ('atk_ana', 'SELECT FROM crm.v_customer_masked AS t WHERE pg_temp.leak_contact(to_jsonb(t)::text)', '^done'),
    ('atk_amy', 'SELECT FROM crm.customer AS t WHERE pg_temp.leak_contact(t.email)', '^42501'),
    ('atk_amy', 'SELECT FROM crm.customer AS t WHERE pg_temp.leak_contact(t::text)', '^42501'),
    ('atk_amy', 'SELECT email FROM crm.customer', '^42501'),
    ('atk_amy', 'SELECT customer_id FROM crm.customer WHERE email = ''geheim@atk.example''', '^42501'),
    ('atk_amy', 'SELECT customer_id FROM crm.customer ORDER BY phone', '^42501'),
    ('atk_amy', 'SELECT count(*) FROM crm.customer AS a JOIN crm.customer AS b USING (email)', '^42501'),
    ('atk_ana', 'SELECT to_jsonb(t) FROM crm.customer AS t', '^42501'),
    ('atk_ana', 'UPDATE crm.customer SET city = city RETURNING email', '^42501'),
    ('atk_biz', 'SELECT FROM crm.v_customer_masked', '^42501'),
    ('atk_biz', 'SELECT name FROM crm.customer', '^42501'),
    ('atk_biz', 'SELECT FROM crm.audit_log', '^42501'),
    ('atk_ann', 'SELECT FROM crm.v_customer_masked', '^42501'),
    ('atk_ann', 'SELECT FROM crm_state.token_key', '^42501')
) AS v (role_name, query, wanted);

-- A view of the attacker's, with or without security_barrier, and a view of a view of ours: the rep's rows stay the rep's.
CREATE SCHEMA atk_plant AUTHORIZATION atk_ann;
SET LOCAL ROLE atk_ann;
CREATE VIEW atk_plant.mine AS SELECT * FROM crm.customer;
CREATE VIEW atk_plant.joined AS SELECT c.name, o.sales_order_id FROM crm.sales_order AS o LEFT JOIN crm.customer AS c USING (customer_id);
GRANT USAGE ON SCHEMA atk_plant TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA atk_plant TO PUBLIC;
RESET ROLE;
SELECT is(pg_temp.seen('atk_ann', 'SELECT customer_id FROM atk_plant.mine WHERE pg_temp.leak(email)'), 'rows: 34001', 'a view of her own');
SELECT is(pg_temp.seen('atk_ann', 'SELECT name FROM atk_plant.joined WHERE pg_temp.leak(name)'), 'rows: Open and known', 'an outer join');
SELECT is(pg_temp.seen('atk_eve', 'SELECT customer_id FROM atk_plant.mine'), '42501', 'a view handed to somebody without a role is closed to that one');

-- A report as two persons gives two sums
SELECT isnt(pg_temp.seen('atk_ann', v.query), pg_temp.seen('atk_mia', v.query), v.query)
FROM (VALUES ('SELECT sum(quantity) FROM crm.order_item WHERE sales_order_id IN (34001, 34002)'),
    ('SELECT count(*) FROM crm.customer_metrics WHERE customer_id IN (34001, 34002)')) AS v (query);

-- Statistics: none of a table with row-level security, whatever ANALYZE found.
ANALYZE crm.customer;
ANALYZE crm.contact;
SELECT is((SELECT count(*) > 0 FROM pg_stats AS s WHERE s.schemaname = 'crm' AND s.tablename = 'customer'), true,
    'there are statistics');
SELECT is(pg_temp.seen(v.role_name, 'SELECT count(*) FROM pg_stats WHERE schemaname IN (''crm'', ''crm_state'') AND tablename IN (SELECT tablename FROM pg_tables WHERE rowsecurity)'),
    'rows: 0', v.role_name || ' sees no statistics')
FROM (VALUES ('atk_ann'), ('atk_biz')) AS v (role_name);
SELECT is(pg_temp.attempt('atk_ann', 'SELECT FROM pg_statistic'), '42501', 'nor the catalogue of them');

SELECT * FROM finish();
ROLLBACK;
