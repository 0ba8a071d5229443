-- The rules of the catalogue: names, owners, types, rights. Each test lists what breaks the rule.
BEGIN;
SELECT plan(32);

CREATE TEMP VIEW our_schema AS
SELECT n.oid FROM pg_namespace AS n WHERE n.nspname IN ('crm', 'crm_bi', 'crm_state');
CREATE TEMP VIEW our_member AS
SELECT d.classid, d.objid
FROM pg_depend AS d
JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'crm' AND d.deptype = 'e';
CREATE TEMP VIEW our_relation AS
SELECT c.* FROM pg_class AS c WHERE c.relnamespace IN (SELECT s.oid FROM our_schema AS s);
CREATE TEMP VIEW our_function AS
SELECT p.*, l.lanname AS language
FROM pg_proc AS p
JOIN pg_language AS l ON l.oid = p.prolang
WHERE p.pronamespace IN (SELECT s.oid FROM our_schema AS s);
CREATE TEMP VIEW our_constraint AS
SELECT o.*, c.relname,
    (SELECT string_agg(a.attname, '_' ORDER BY n.place)
        FROM unnest(o.conkey) WITH ORDINALITY AS n (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = o.conrelid AND a.attnum = n.attnum) AS column_names
FROM pg_constraint AS o
JOIN our_relation AS c ON c.oid = o.conrelid
WHERE o.contype <> 'n';
CREATE TEMP VIEW our_index AS
SELECT i.*, c.relname AS index_name, t.relname AS table_name, t.relnamespace,
    (SELECT string_agg(a.attname, '_' ORDER BY n.place)
        FROM unnest(i.indkey) WITH ORDINALITY AS n (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = n.attnum) AS column_names
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN our_relation AS t ON t.oid = i.indrelid AND t.relkind = 'r';

-- Names -----------------------------------------------------------------------------------------------------

SELECT is_empty($$
    SELECT o.conname FROM our_constraint AS o
    WHERE o.contype = 'p' AND o.conname <> o.relname || '_pkey'
$$, 'a primary key is named <table>_pkey');
SELECT is_empty($$
    SELECT o.relname, o.conname FROM our_constraint AS o
    WHERE o.contype = 'f' AND o.conname <> o.relname || '_' || o.column_names || '_fkey'
$$, 'a foreign key is named <table>_<columns>_fkey');
SELECT is_empty($$
    SELECT o.relname, o.conname FROM our_constraint AS o
    WHERE o.contype = 'u' AND o.conname !~ ('^' || o.relname || '_[a-z_]+_key$')
$$, 'a unique constraint is named <table>_<columns or rule>_key');
SELECT is_empty($$
    SELECT o.relname, o.conname FROM our_constraint AS o
    WHERE o.contype = 'c' AND o.conname NOT IN (o.relname || '_length_check', o.relname || '_finite_check')
        AND CASE WHEN cardinality(o.conkey) = 1 THEN o.conname <> o.relname || '_' || o.column_names || '_check'
            ELSE o.conname !~ ('^' || o.relname || '_[a-z_]+_check$') END
$$, 'a check is named <table>_<column or rule>_check');
SELECT is_empty($$
    SELECT i.table_name, i.index_name FROM our_index AS i
    WHERE NOT i.indisunique AND i.index_name <> i.table_name || '_' || i.column_names || '_idx'
        AND (i.indexprs IS NULL OR i.index_name !~ ('^' || i.table_name || '_[a-z_]+_idx$'))
$$, 'an index is named <table>_<columns>_idx');
SELECT is_empty($$
    SELECT i.table_name, i.index_name FROM our_index AS i
    WHERE i.indisunique AND NOT i.indisprimary AND i.index_name !~ ('^' || i.table_name || '_[a-z_]+_key$')
$$, 'a unique index is named <table>_<columns or rule>_key');
SELECT is_empty($$
    SELECT c.relname, t.tgname FROM pg_trigger AS t
    JOIN our_relation AS c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgname !~ ('^' || c.relname || '_[a-z_]+$')
$$, 'a trigger is named <table>_<what it does>');
SELECT is_empty($$
    SELECT n.name FROM (
        SELECT c.relname::text FROM our_relation AS c WHERE c.relkind NOT IN ('c', 't')
        UNION ALL SELECT o.conname FROM our_constraint AS o
        UNION ALL SELECT p.proname FROM our_function AS p
    ) AS n (name)
    WHERE octet_length(n.name) > 62 OR n.name !~ '^[a-z_][a-z0-9_]*$' OR n.name ~ '_(key|check|fkey|idx|excl|seq)[0-9]+$'
$$, 'names are snake_case, shorter than 63 bytes and not made up by the server');

-- Tables ----------------------------------------------------------------------------------------------------

SELECT is_empty($$
    SELECT c.relname FROM our_relation AS c
    WHERE c.relkind IN ('r', 'p') AND NOT EXISTS (
        SELECT FROM pg_constraint AS o WHERE o.conrelid = c.oid AND o.contype = 'p')
$$, 'each table has a primary key');
SELECT is_empty($$
    SELECT c.relname, a.attname FROM our_relation AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND a.attidentity <> '' AND (
        a.attidentity <> 'd' OR a.atttypid <> 'bigint'::regtype OR a.attname <> c.relname || '_id' AND NOT EXISTS (
            SELECT FROM our_constraint AS o
            WHERE o.conrelid = c.oid AND o.contype = 'p' AND cardinality(o.conkey) > 1 AND a.attnum = ANY (o.conkey)))
$$, 'an identity is bigint, BY DEFAULT, and <table>_id or a part of the key');
SELECT is_empty($$
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM our_relation AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.atttypid NOT IN (
        'bigint'::regtype, 'integer'::regtype, 'smallint'::regtype, 'text'::regtype, 'boolean'::regtype,
        'numeric'::regtype, 'float8'::regtype, 'date'::regtype, 'time'::regtype, 'timestamptz'::regtype,
        'jsonb'::regtype)
$$, 'columns of tables and views are of the types that every client reads');
SELECT is_empty($$
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM our_relation AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'v') AND a.atttypid = 'numeric'::regtype
        AND a.attname ~ '(^|_)(base|amount|price|cost|total|budget|revenue|clv|limit)$' AND a.attname !~ 'rate_to_base$'
        AND format_type(a.atttypid, a.atttypmod) <> 'numeric(18,4)'
        -- Sums of many documents, which may come to more than one amount holds
        AND (c.relname, a.attname) NOT IN (('v_customer_360', 'net_revenue'), ('v_customer_360', 'open_opportunity_base'),
            ('customer_metrics', 'net_revenue'))
        AND c.relname NOT IN ('v_sales_by_region', 'v_sales_by_product', 'v_sales_by_rep', 'v_product_trend')
$$, 'amounts are numeric(18,4)');
SELECT is_empty($$
    SELECT c.relname, a.attname FROM our_relation AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND a.atttypid = 'numeric'::regtype AND a.attgenerated = ''
        AND a.attname ~ '(^|_)(amount|price|cost|budget|limit)$' AND c.relname NOT LIKE 'import\_%'
        AND NOT EXISTS (
            SELECT FROM pg_attribute AS b
            WHERE b.attrelid = c.oid AND b.attname = 'currency_code'
        ) AND NOT EXISTS (
            SELECT FROM pg_constraint AS f
            JOIN pg_attribute AS b ON b.attrelid = f.confrelid AND b.attname = 'currency_code'
            WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.conname LIKE '%\_customer\_id\_%')
$$, 'an amount has a currency in its row or in its document');
SELECT is_empty($$
    SELECT o.relname, o.conname FROM our_constraint AS o
    WHERE o.contype = 'f' AND o.column_names LIKE 'customer\_id\_%' AND (NOT o.condeferrable OR o.condeferred)
$$, 'a composite key that holds the customer is DEFERRABLE INITIALLY IMMEDIATE');
SELECT is_empty($$
    SELECT o.relname, o.conname FROM pg_constraint AS f
    JOIN our_constraint AS o ON o.oid = f.oid
    JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attname = 'customer_id' AND a.attnum = ANY (f.conkey)
    WHERE f.confdeltype IN ('n', 'd') AND (f.confdelsetcols IS NULL OR a.attnum = ANY (f.confdelsetcols))
$$, 'no foreign key sets a customer_id to NULL');
SELECT is_empty($$
    SELECT d.objid::regclass, a.attname FROM pg_depend AS d
    JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = 'crm.product'::regclass AND a.attname IN ('stock_quantity', 'reorder_level')
        AND EXISTS (SELECT FROM pg_index AS i WHERE i.indexrelid = d.objid)
$$, 'no index names the stock or the reorder level of a product');
SELECT is_empty($$
    SELECT i.indrelid::regclass, string_agg(i.index_name, ', ') FROM our_index AS i
    GROUP BY i.indrelid, i.indkey, i.indclass, i.indcollation, i.indoption, i.indexprs::text, i.indpred::text
    HAVING count(*) > 1
$$, 'no two indexes are the same');
SELECT is_empty($$
    SELECT c.relname FROM our_relation AS c
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'crm'::regnamespace
        AND (SELECT count(*) FROM crm._table_domains() AS d WHERE d.table_name = c.relname) <> 1
    UNION ALL
    SELECT d.table_name FROM crm._table_domains() AS d WHERE to_regclass('crm.' || d.table_name) IS NULL
$$, 'each table belongs to one domain of crm.erd()');

-- Members and owners ----------------------------------------------------------------------------------------

SELECT is_empty($$
    SELECT pg_describe_object(m.classid, m.objid, 0) FROM our_member AS m
    WHERE m.classid IN ('pg_class'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass,
        'pg_constraint'::regclass)
$$, 'no table, view, sequence, trigger or policy is a member of the extension');
SELECT is_empty($$
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid), pg_describe_object(d.refclassid, d.refobjid, 0)
    FROM pg_depend AS d
    WHERE (
        d.classid IN ('pg_attrdef'::regclass, 'pg_constraint'::regclass)
        OR d.classid = 'pg_class'::regclass AND EXISTS (
            SELECT FROM our_relation AS c WHERE c.oid = d.objid AND c.relkind IN ('r', 'p', 'i', 'I'))
    ) AND (
        EXISTS (SELECT FROM our_member AS m WHERE m.classid = d.refclassid AND m.objid = d.refobjid)
        OR d.refclassid = 'pg_proc'::regclass AND EXISTS (SELECT FROM our_function AS f WHERE f.oid = d.refobjid)
        OR d.refclassid = 'pg_type'::regclass AND EXISTS (
            SELECT FROM pg_type AS t JOIN our_schema AS s ON s.oid = t.typnamespace WHERE t.oid = d.refobjid))
$$, 'no default, check, generated column, index or column type needs a function or type of ours');
SELECT is_empty($$
    SELECT c.oid::regclass, c.relowner::regrole FROM our_relation AS c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relowner <> 'crm_owner'::regrole
$$, 'tables, views and sequences belong to crm_owner');
SELECT is_empty($$
    SELECT f.oid::regprocedure, f.proowner::regrole FROM our_function AS f
    WHERE f.proowner <> 'crm_owner'::regrole AND NOT EXISTS (
        SELECT FROM our_member AS m WHERE m.classid = 'pg_proc'::regclass AND m.objid = f.oid)
$$, 'functions of the schema belong to crm_owner');
SELECT is_empty($$
    SELECT 'relation', c.relname::text FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'function', p.proname FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'type', t.typname FROM pg_type AS t WHERE t.typnamespace = 'public'::regnamespace
$$, 'nothing lies in schema public');

-- Views and functions ---------------------------------------------------------------------------------------

SELECT is_empty($$
    SELECT c.relname, c.relkind FROM our_relation AS c
    WHERE c.relkind = 'm' OR c.relkind = 'v' AND NOT CASE
        -- Masked views run as their owner, who may read what they hide, and say themselves whom they show rows.
        WHEN c.relname IN ('v_customer_masked', 'v_contact_masked', 'v_lead_masked') THEN c.reloptions = ARRAY['security_barrier=true']
        ELSE coalesce('security_invoker=true' = ANY (c.reloptions), false) END
$$, 'each view runs with the rights of the caller, but masked ones, and none is materialized');
-- Otherwise a dump of a restored database differs from that of the first one.
CREATE FUNCTION pg_temp.definition_again(view_id oid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE OR REPLACE TEMP VIEW v_' || view_id || ' AS ' || pg_get_viewdef(view_id);
    RETURN pg_get_viewdef(format('pg_temp.v_%s', view_id)::regclass);
END
$$;
SELECT is_empty($$
    WITH v AS MATERIALIZED (SELECT c.oid, c.relname FROM our_relation AS c WHERE c.relkind = 'v')
    SELECT v.relname FROM v WHERE pg_temp.definition_again(v.oid) <> pg_get_viewdef(v.oid)
$$, 'the text of each view gives the same view again (all columns of a UNION have names)');
SELECT is_empty($$
    SELECT f.oid::regprocedure, f.proconfig FROM our_function AS f
    WHERE (f.language = 'plpgsql' OR f.prosecdef)
        AND NOT coalesce('search_path=pg_catalog, crm, pg_temp' = ANY (f.proconfig), false)
        AND (f.prosecdef OR NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (f.proconfig), false))
$$, 'each function in plpgsql and each SECURITY DEFINER one fixes search_path');
SELECT is_empty($$
    SELECT f.oid::regprocedure FROM our_function AS f
    WHERE f.language = 'sql' AND f.prosqlbody IS NULL
        AND NOT coalesce('search_path=pg_catalog, crm, pg_temp' = ANY (f.proconfig), false)
$$, 'a function in SQL fixes search_path or was parsed when it was created');
SELECT is_empty($$
    SELECT f.oid::regprocedure, f.proowner::regrole, f.proconfig FROM our_function AS f
    WHERE f.prosecdef AND (f.proowner <> 'crm_owner'::regrole
        OR NOT coalesce('row_security=on' = ANY (f.proconfig), false))
$$, 'a SECURITY DEFINER function belongs to crm_owner and switches row_security on');
SELECT is_empty($$
    SELECT f.oid::regprocedure FROM our_function AS f WHERE f.proleakproof
$$, 'no function is LEAKPROOF');
SELECT is_empty($$
    SELECT f.oid::regprocedure FROM our_function AS f
    CROSS JOIN LATERAL aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a
    WHERE a.grantee = 0 AND f.proname NOT IN (
        'version', '_event_era', '_order_lines', '_progress', '_progress_end', '_progress_list')
$$, 'PUBLIC may execute only what is on the list');
SELECT is_empty($$
    SELECT c.relname, a.grantee::regrole, a.privilege_type FROM our_relation AS c
    CROSS JOIN LATERAL aclexplode(c.relacl) AS a
    WHERE a.grantee <> c.relowner AND (
        c.relkind = 'S' OR a.grantee = 0 OR a.privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES'))
$$, 'nobody is granted TRUNCATE, TRIGGER, REFERENCES or a sequence, and PUBLIC nothing');
SELECT is_empty($$
    SELECT c.relname, t.tgname FROM pg_trigger AS t
    JOIN our_relation AS c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'O'
$$, 'each trigger is enabled, but not for replicas');

SELECT * FROM finish();
ROLLBACK;
