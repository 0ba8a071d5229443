-- Lints of the catalogue over all that is ours, members of the extension included: those of supabase/splinter that apply
-- (their numbers stand in front) and those of timescale/pgspot (PS). Each lists what it finds: nothing of ours, and the bad
-- example that is made for it and rolled back.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(73);

CREATE TEMP VIEW our_schema AS SELECT n.oid, n.nspname FROM pg_namespace AS n WHERE n.nspname IN ('crm', 'crm_bi', 'crm_state');
CREATE TEMP VIEW our_table AS
SELECT c.*, c.oid AS table_id FROM pg_class AS c WHERE c.relnamespace IN (SELECT s.oid FROM our_schema AS s) AND c.relkind IN ('r', 'p');
CREATE TEMP VIEW our_client AS
SELECT r.oid, r.rolname FROM pg_roles AS r WHERE r.rolname ~ '^crm_' AND r.rolname <> 'crm_owner';
CREATE TEMP VIEW our_policy AS
SELECT p.*, c.relname, pg_get_expr(p.polqual, p.polrelid) AS using_text, pg_get_expr(p.polwithcheck, p.polrelid) AS check_text
FROM pg_policy AS p JOIN our_table AS c ON c.oid = p.polrelid;
CREATE TEMP VIEW our_function AS
SELECT p.*, l.lanname FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang WHERE p.pronamespace IN (SELECT s.oid FROM our_schema AS s);

CREATE TEMP TABLE lint (place integer GENERATED ALWAYS AS IDENTITY, name text PRIMARY KEY, query text NOT NULL, bad text NOT NULL);

-- Who may call a SECURITY DEFINER function besides the administrator. Each asks what its caller may do with the row.
CREATE TEMP TABLE definer_right AS
SELECT v.function_name, r.role_name
FROM (VALUES
    ('begin_session', ARRAY['crm_app']),
    ('_claim_order_key', ARRAY['crm_app', 'crm_marketing_analyst', 'crm_marketing_manager', 'crm_sales_manager', 'crm_sales_rep', 'crm_support_agent']),
    ('_event_era', ARRAY['crm_app', 'crm_auditor', 'crm_bi', 'crm_marketing_analyst', 'crm_marketing_manager', 'crm_sales_manager', 'crm_sales_rep', 'crm_support_agent']),
    -- Two years, for the calendar of BI tools
    ('_document_days', ARRAY['crm_app', 'crm_bi', 'crm_marketing_analyst', 'crm_marketing_manager', 'crm_sales_manager', 'crm_sales_rep', 'crm_support_agent']),
    ('_health_personal_data', ARRAY['crm_auditor']), ('_health_rights', ARRAY['crm_auditor']), ('_health_schema', ARRAY['crm_auditor']),
    ('_health_server', ARRAY['crm_auditor']), ('_verify_history', ARRAY['crm_auditor']), ('_verify_orders', ARRAY['crm_auditor']),
    ('_verify_people', ARRAY['crm_auditor']), ('_verify_metrics', ARRAY['crm_auditor']), ('_verify_stock', ARRAY['crm_auditor']), ('_structure_problems', ARRAY['crm_auditor']),
    ('delete_contact', ARRAY['crm_app', 'crm_sales_manager', 'crm_sales_rep']), ('delete_customer', ARRAY['crm_app', 'crm_sales_manager', 'crm_sales_rep']),
    ('delete_lead', ARRAY['crm_app', 'crm_sales_manager', 'crm_sales_rep']), ('delete_opportunity', ARRAY['crm_app', 'crm_sales_manager', 'crm_sales_rep']),
    ('delete_product', ARRAY['crm_app', 'crm_sales_manager']), ('reassign_customer', ARRAY['crm_app', 'crm_sales_manager']),
    ('reassign_lead', ARRAY['crm_app', 'crm_sales_manager']), ('reassign_opportunity', ARRAY['crm_app', 'crm_sales_manager'])
) AS v (function_name, roles)
CROSS JOIN unnest(v.roles) AS r (role_name);

-- The lines of the extension's script, and the statements in the sources of C
\set members `cat sql/code/*.sql`
CREATE TEMP TABLE member_script AS SELECT l.line FROM string_to_table(:'members'::text, E'\n') AS l (line);
\set sources `for f in src/pg/*.c; do printf '\f%s\n' "$f"; cat "$f"; done`
CREATE TEMP TABLE c_statement AS
SELECT f.path AS file, m.words[1] AS statement,
    -- crm.install() sets search_path before it runs any; elsewhere a file is bound to qualify all if one of its functions
    -- runs as its caller, since PS004 and PS005 speak for the others.
    f.path ~ 'pg_(install|script)\.c$' OR NOT EXISTS (
        SELECT FROM pg_proc AS p
        WHERE p.pronamespace = 'crm'::regnamespace AND p.probin IS NOT NULL AND p.proconfig IS NULL
            AND f.text ~ format('CRM_FUNCTION_INFO_V1\(%s\)', p.prosrc)) AS fixed_path
FROM (SELECT split_part(t.text, E'\n', 1), regexp_replace(t.text, '"\s+"', '', 'g') FROM string_to_table(:'sources'::text, E'\f') AS t (text)) AS f (path, text)
CROSS JOIN LATERAL regexp_matches(f.text, '"((?:WITH |SELECT |INSERT INTO |UPDATE |DELETE FROM )[^"]*)"', 'g') AS m (words);
SELECT cmp_ok((SELECT count(*) FROM member_script), '>', 300::bigint, 'the script of the extension is read');
SELECT cmp_ok((SELECT count(*) FROM c_statement), '>', 40::bigint, 'so are the statements in C');
SELECT cmp_ok((SELECT count(*) FROM c_statement AS s WHERE NOT s.fixed_path), '>', 3::bigint, 'some of them with the path of the caller');

INSERT INTO lint (name, query, bad) VALUES
('0001 a foreign key without an index', $$
    SELECT o.conrelid::regclass, o.conname FROM pg_constraint AS o
    JOIN our_table AS c ON c.oid = o.conrelid
    -- Tables of a few rows that are never deleted need none.
    WHERE o.contype = 'f' AND o.confrelid NOT IN ('crm.currency'::regclass)
        AND NOT EXISTS (
            SELECT FROM pg_index AS i
            -- Of a composite key that holds the customer it is the other column that selects.
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = o.conrelid AND i.indisvalid AND a.attnum = ANY (o.conkey)
                AND (cardinality(o.conkey) = 1 OR a.attname <> 'customer_id'))
    $$, 'CREATE TABLE crm.lint_child (a bigint PRIMARY KEY, lint bigint CONSTRAINT lint_fkey REFERENCES crm.region)'),
('0003 a function of a policy that is asked for each row', $$
    SELECT p.relname, p.polname FROM our_policy AS p
    CROSS JOIN LATERAL (SELECT regexp_replace(concat_ws(' ', p.using_text, p.check_text), '\( ?SELECT (crm\.)?[a-z_]+\([^()]*\)( AS [a-z_]+)?\)', '', 'g')) AS t (rest)
    WHERE t.rest ~* '\m[a-z_]+\.?[a-z_]+\(|current_(user|setting|role)|session_user' AND t.rest !~* '^[^(]*EXISTS \('
        OR t.rest ~ 'crm\.?[a-z_]*\(' OR t.rest ~* 'current_setting|current_user|session_user'
$$, 'CREATE POLICY lint ON crm.region FOR SELECT TO crm_bi USING (region_id = crm.my_staff_id())'),
('0004 a table without a primary key', $$
    SELECT c.oid::regclass FROM our_table AS c
    WHERE NOT EXISTS (SELECT FROM pg_constraint AS o WHERE o.conrelid = c.oid AND o.contype = 'p')
$$, 'CREATE TABLE crm_state.lint (a bigint)'),
('0005 an index that nothing can use: of another one''s columns, or not valid', $$
    SELECT i.indexrelid::regclass FROM pg_index AS i
    JOIN our_table AS c ON c.oid = i.indrelid
    WHERE NOT i.indisvalid OR NOT i.indisready OR NOT i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND EXISTS (
        SELECT FROM pg_index AS j
        WHERE j.indrelid = i.indrelid AND j.indexrelid <> i.indexrelid AND j.indpred IS NULL AND j.indexprs IS NULL
            AND j.indclass[0] = i.indclass[0] AND i.indnkeyatts = i.indnatts
            AND (j.indkey::text || ' ') LIKE (i.indkey::text || ' %') AND (j.indclass::text || ' ') LIKE (i.indclass::text || ' %')
            AND (j.indoption::text || ' ') LIKE (i.indoption::text || ' %'))
$$, 'CREATE INDEX lint ON crm.contact (contact_id)'),
('0006 several permissive policies for one role and command', $$
    SELECT p.relname, r.rolname, c.command, string_agg(p.polname, ', ') FROM our_policy AS p
    CROSS JOIN LATERAL unnest(CASE p.polcmd WHEN '*' THEN ARRAY['r', 'a', 'w', 'd'] ELSE ARRAY[p.polcmd::text] END) AS c (command)
    JOIN pg_roles AS r ON r.oid = ANY (p.polroles) OR p.polroles = '{0}'::oid[] AND r.rolname ~ '^crm_'
    WHERE p.polpermissive
    GROUP BY p.relname, r.rolname, c.command
    HAVING count(*) > 1
$$, 'CREATE POLICY lint ON crm.customer FOR SELECT TO crm_sales_rep USING (false)'),
('0007 policies on a table without row-level security', $$
    SELECT c.oid::regclass FROM our_table AS c
    WHERE NOT c.relrowsecurity AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid)
$$, 'ALTER TABLE crm.lead DISABLE ROW LEVEL SECURITY'),
('0008 row-level security without a policy', $$
    SELECT c.oid::regclass FROM our_table AS c
    WHERE c.relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid)
$$, 'CREATE TABLE crm.lint (a bigint PRIMARY KEY); ALTER TABLE crm.lint ENABLE ROW LEVEL SECURITY'),
('0009 two indexes that are the same', $$
    SELECT i.indrelid::regclass, array_agg(i.indexrelid::regclass) FROM pg_index AS i
    JOIN our_table AS c ON c.oid = i.indrelid
    GROUP BY i.indrelid, i.indkey, i.indclass, i.indcollation, i.indoption, i.indexprs::text, i.indpred::text
    HAVING count(*) > 1
$$, 'CREATE UNIQUE INDEX lint ON crm.customer (customer_id)'),
('0010 a view that runs as its owner', $$
    SELECT c.oid::regclass FROM pg_class AS c
    WHERE c.relnamespace IN (SELECT s.oid FROM our_schema AS s) AND c.relkind = 'v'
        AND NOT coalesce(c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on'], false)
        -- It hides columns, and says itself whom it shows rows.
        AND NOT (c.oid IN ('crm.v_customer_masked'::regclass, 'crm.v_contact_masked'::regclass, 'crm.v_lead_masked'::regclass) AND c.reloptions = ARRAY['security_barrier=true'])
$$, 'CREATE VIEW crm.lint AS SELECT * FROM crm.customer'),
('0011 a function whose search_path follows the caller', $$
    SELECT f.oid::regprocedure FROM our_function AS f
    WHERE NOT EXISTS (SELECT FROM unnest(f.proconfig) AS c WHERE c LIKE 'search_path=%')
        -- Parsed when it was made
        AND NOT (f.lanname = 'sql' AND f.prosqlbody IS NOT NULL)
        -- C that qualifies what it names: the lint of its sources is below.
        AND f.lanname <> 'c'
$$, 'CREATE FUNCTION crm.lint() RETURNS bigint LANGUAGE sql AS ''SELECT 1::bigint'''),
('0013 a table of clients without forced row-level security', $$
    SELECT c.oid::regclass FROM our_table AS c
    WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)
        -- COPY FROM is refused by PostgreSQL where policies apply; nobody but the administrator reads it.
        AND NOT (c.oid = 'crm.import_order_line'::regclass AND NOT EXISTS (
            SELECT FROM our_client AS r WHERE r.rolname <> 'crm_admin' AND has_any_column_privilege(r.oid, c.oid, 'SELECT')))
$$, 'ALTER TABLE crm.contact NO FORCE ROW LEVEL SECURITY'),
('0016 a materialized view', $$
    SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace IN (SELECT s.oid FROM our_schema AS s) AND c.relkind = 'm'
$$, 'CREATE MATERIALIZED VIEW crm.lint AS SELECT 1 AS a'),
('0017 a foreign table', $$
    SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace IN (SELECT s.oid FROM our_schema AS s) AND c.relkind = 'f'
$$, 'CREATE FOREIGN DATA WRAPPER lint; CREATE SERVER lint FOREIGN DATA WRAPPER lint; CREATE FOREIGN TABLE crm.lint (a bigint) SERVER lint'),
('0018 a column of a type that pg_upgrade refuses', $$
    SELECT a.attrelid::regclass, a.attname FROM pg_attribute AS a
    JOIN our_table AS c ON c.oid = a.attrelid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND a.atttypid IN ('regcollation'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype,
        'regnamespace'::regtype, 'regoper'::regtype, 'regoperator'::regtype, 'regproc'::regtype, 'regprocedure'::regtype,
        'regclass'::regtype, 'regrole'::regtype, 'regtype'::regtype)
$$, 'CREATE TABLE crm_state.lint (a bigint PRIMARY KEY, b regproc)'),
('0020 a table that is not vacuumed by itself', $$
    SELECT c.oid::regclass FROM our_table AS c WHERE c.reloptions::text ~ 'autovacuum_enabled=(false|off|0)'
$$, 'ALTER TABLE crm.event SET (autovacuum_enabled = off)'),
('0023 a column of personal data that a role without a right to it may read', $$
    SELECT r.rolname, a.attrelid::regclass, a.attname FROM pg_attribute AS a
    JOIN our_table AS c ON c.oid = a.attrelid
    JOIN our_client AS r ON r.rolname IN ('crm_bi', 'crm_marketing_manager', 'crm_marketing_analyst')
    WHERE a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')
        AND NOT EXISTS (SELECT FROM crm.pii_registry AS p WHERE p.schema_name = 'crm' AND p.table_name = c.relname AND p.column_name = a.attname
            AND (p.class IN ('none', 'area') OR p.class IN ('name', 'staff') AND r.rolname <> 'crm_bi'))
$$, 'GRANT SELECT (email) ON crm.customer TO crm_bi'),
('0023 a column of ours that is not classified', $$
    SELECT c.oid::regclass, a.attname FROM our_table AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'crm'::regnamespace AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype)
        AND NOT EXISTS (SELECT FROM crm.pii_registry AS p WHERE p.schema_name = 'crm' AND p.table_name = c.relname AND p.column_name = a.attname)
$$, 'ALTER TABLE crm.customer ADD COLUMN passport_number text'),
('0024 a policy that lets write without a condition', $$
    SELECT p.relname, p.polname FROM our_policy AS p
    WHERE p.polpermissive AND p.polcmd <> 'r' AND p.polroles <> ARRAY['crm_owner'::regrole::oid]
        AND (p.polcmd IN ('w', 'd', '*') AND coalesce(p.using_text, 'true') IN ('true', '(1 = 1)')
            OR p.polcmd IN ('a', 'w', '*') AND coalesce(p.check_text, 'true') IN ('true', '(1 = 1)'))
$$, 'CREATE POLICY lint ON crm.region FOR UPDATE TO crm_bi USING (true)'),
('0024 a policy for everybody', $$
    SELECT p.relname, p.polname FROM our_policy AS p WHERE 0 = ANY (p.polroles)
$$, 'CREATE POLICY lint ON crm.region FOR SELECT USING (region_id = 1)'),
('0028 a SECURITY DEFINER function for everybody', $$
    SELECT f.oid::regprocedure FROM our_function AS f
    CROSS JOIN LATERAL aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a
    -- The number of the era is no secret.
    WHERE f.prosecdef AND a.grantee = 0 AND f.oid <> 'crm._event_era()'::regprocedure
$$, 'CREATE FUNCTION crm.lint() RETURNS bigint SECURITY DEFINER LANGUAGE sql RETURN 1'),
('0029 a SECURITY DEFINER function for a role that is not on the list', $$
    SELECT f.oid::regprocedure, r.rolname FROM our_function AS f
    JOIN our_client AS r ON has_function_privilege(r.oid, f.oid, 'EXECUTE')
    WHERE f.prosecdef AND r.rolname <> 'crm_admin' AND (f.proname, r.rolname) NOT IN (SELECT d.function_name, d.role_name FROM definer_right AS d)
$$, 'GRANT EXECUTE ON FUNCTION crm.erase_customer(bigint, text) TO crm_sales_rep'),
('PS002 a member that replaces or adopts an object', $$
    SELECT m.line FROM member_script AS m
    WHERE m.line ~* 'CREATE +OR +REPLACE|IF +NOT +EXISTS' AND m.line !~ '^\s*--' AND m.line !~* 'DO NOT'
$$, 'INSERT INTO member_script VALUES (''CREATE OR REPLACE FUNCTION crm.lint() RETURNS void'')'),
('PS003 a SECURITY DEFINER function without a search_path', $$
    SELECT f.oid::regprocedure FROM our_function AS f
    WHERE f.prosecdef AND NOT EXISTS (SELECT FROM unnest(f.proconfig) AS c WHERE c LIKE 'search_path=%')
$$, 'CREATE FUNCTION crm.lint() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS ''SELECT 1::bigint'''),
('PS004 a SECURITY DEFINER function with another search_path than the safe one', $$
    SELECT f.oid::regprocedure, f.proconfig FROM our_function AS f
    WHERE f.prosecdef AND NOT 'search_path=pg_catalog, crm, pg_temp' = ANY (f.proconfig)
$$, 'CREATE FUNCTION crm.lint() RETURNS bigint SECURITY DEFINER SET search_path = crm LANGUAGE sql AS ''SELECT 1::bigint'''),
('PS004 a SECURITY DEFINER function that is not crm_owner''s or leaves row_security to the caller', $$
    SELECT f.oid::regprocedure, f.proowner::regrole FROM our_function AS f
    WHERE f.prosecdef AND (f.proowner <> 'crm_owner'::regrole OR NOT 'row_security=on' = ANY (f.proconfig))
$$, 'ALTER FUNCTION crm.delete_customer(bigint, text) RESET row_security'),
('PS005 a path that does not name pg_temp last', $$
    SELECT f.oid::regprocedure, f.proconfig FROM our_function AS f
    WHERE EXISTS (SELECT FROM unnest(f.proconfig) AS c WHERE c LIKE 'search_path=%'
        AND c NOT IN ('search_path=pg_catalog, crm, pg_temp', 'search_path=pg_catalog, pg_temp'))
$$, 'ALTER FUNCTION crm.version() SET search_path = pg_temp, crm'),
('PS001 an operator without its schema in the SQL of C', $$
    SELECT s.file, s.statement FROM c_statement AS s
    -- Without strings, qualified operators, named arguments and the = of SET
    CROSS JOIN LATERAL (SELECT regexp_replace(s.statement, '''[^'']*''|OPERATOR\(pg_catalog\.[^)]+\)|=>|(SET|,|SET \() ?[a-z_]+ = |count\(\*\)|\w*\.\*', '', 'g')) AS t (rest)
    WHERE t.rest ~ '[=<>+|/@~]| - | \* ' AND s.file !~ 'pg_(install|script)\.c$'
$$, 'INSERT INTO c_statement VALUES (''lint.c'', ''SELECT FROM crm.customer c WHERE c.customer_id = $1'', false)'),
('PS009 an operator that cannot be given its schema in the SQL of C', $$
    SELECT s.file, s.statement FROM c_statement AS s
    WHERE s.statement ~* '\mNULLIF\(|\mCASE (?!WHEN)|\mIN \(|\mBETWEEN\M|IS (NOT )?DISTINCT|\mI?LIKE\M|\mUSING \(' AND NOT s.fixed_path
$$, 'INSERT INTO c_statement VALUES (''lint.c'', ''SELECT FROM crm.customer c WHERE c.customer_id IN ($1, $2)'', false)'),
('PS016 a function without its schema in the SQL of C', $$
    SELECT s.file, f.name, s.statement FROM c_statement AS s
    CROSS JOIN LATERAL (SELECT m[1] FROM regexp_matches(regexp_replace(s.statement, '''[^'']*''', '', 'g'), '(?<![.:a-zA-Z_])([a-z_]+)\(', 'g') AS m) AS f (name)
    WHERE EXISTS (SELECT FROM pg_proc AS p WHERE p.proname = f.name) AND NOT s.fixed_path
$$, 'INSERT INTO c_statement VALUES (''lint.c'', ''SELECT lower(c.name) FROM crm.customer c'', false)'),
('PS017 a table without its schema in the SQL of C', $$
    SELECT s.file, f.name, s.statement FROM c_statement AS s
    CROSS JOIN LATERAL (SELECT m[1] FROM regexp_matches(s.statement, '(?:FROM|JOIN|INTO|UPDATE) ([a-z_]+)(?![a-z_]*[.(])', 'g') AS m) AS f (name)
    WHERE to_regclass('crm.' || f.name) IS NOT NULL OR to_regclass('pg_catalog.' || f.name) IS NOT NULL
$$, 'INSERT INTO c_statement VALUES (''lint.c'', ''SELECT c.name FROM customer c'', false)'),
('a LEAKPROOF function', $$SELECT f.oid::regprocedure FROM our_function AS f WHERE f.proleakproof$$,
    'CREATE FUNCTION crm.lint() RETURNS bigint LEAKPROOF LANGUAGE sql AS ''SELECT 1::bigint'''),
('TRUNCATE, TRIGGER, a sequence, or anything for PUBLIC', $$
    SELECT c.oid::regclass, a.grantee, a.privilege_type FROM pg_class AS c
    CROSS JOIN LATERAL aclexplode(c.relacl) AS a
    WHERE c.relnamespace IN (SELECT s.oid FROM our_schema AS s) AND a.grantee <> c.relowner
        AND (c.relkind = 'S' OR a.grantee = 0 OR a.privilege_type IN ('TRUNCATE', 'TRIGGER'))
$$, 'GRANT TRUNCATE ON crm.customer TO crm_admin'),
('REFERENCES but for keys and the role of BI tools', $$
    SELECT c.oid::regclass, a.attname, g.grantee::regrole FROM our_table AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
    CROSS JOIN LATERAL aclexplode(a.attacl) AS g
    WHERE g.privilege_type = 'REFERENCES' AND (g.grantee <> 'crm_bi'::regrole OR NOT EXISTS (
        SELECT FROM pg_constraint AS o WHERE o.conrelid = c.oid AND o.contype IN ('p', 'f') AND a.attnum = ANY (o.conkey)))
$$, 'GRANT REFERENCES (email) ON crm.customer TO crm_bi'),
('a right to create in a schema of ours', $$
    SELECT s.nspname, a.grantee::regrole FROM our_schema AS s
    JOIN pg_namespace AS n ON n.oid = s.oid
    CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
    WHERE a.privilege_type = 'CREATE' AND a.grantee NOT IN (n.nspowner, 'crm_owner'::regrole)
        OR a.grantee = 0 OR s.nspname = 'crm_state' AND a.grantee NOT IN (n.nspowner, 'crm_owner'::regrole)
$$, 'GRANT CREATE ON SCHEMA crm TO crm_admin'),
('a member of the owner, or a group role with a right of its own', $$
    SELECT r.rolname FROM pg_roles AS r
    WHERE r.rolname ~ '^crm_(owner|admin|sales_manager|sales_rep|marketing_manager|marketing_analyst|support_agent|bi|app|auditor)$'
        AND (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)
    UNION ALL
    SELECT m.member::regrole::text FROM pg_auth_members AS m WHERE m.roleid = 'crm_owner'::regrole
$$, 'ALTER ROLE crm_admin BYPASSRLS');

-- What a lint finds, a line a row; after the bad example if that is to be made first, which is undone.
CREATE FUNCTION pg_temp.found(query text, example text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line record;
    lines text;
BEGIN
    IF example IS NOT NULL THEN
        EXECUTE example;
    END IF;
    FOR line IN EXECUTE query LOOP
        lines := concat_ws(E'\n', lines, line::text);
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'YYYYY', MESSAGE = coalesce(lines, '');
EXCEPTION WHEN SQLSTATE 'YYYYY' THEN
    RETURN nullif(SQLERRM, '');
END $$;
SELECT is(pg_temp.found(l.query), NULL, l.name) FROM lint AS l ORDER BY l.place;
SELECT isnt(pg_temp.found(l.query, l.bad), NULL, 'found where it is: ' || l.name) FROM lint AS l ORDER BY l.place;

SELECT * FROM finish();
ROLLBACK;
