-- Names of blanks alone: every name has the same rule, and the rule knows the blanks of Unicode.
BEGIN;
SELECT plan(7);

CREATE TEMP VIEW rule AS
SELECT c.relname::text AS table_name, a.attname::text AS column_name,
    (regexp_match(pg_get_constraintdef(o.oid), format('\m%s ~ ''([^'']*)''', a.attname)))[1] AS pattern
FROM pg_constraint AS o
JOIN pg_class AS c ON c.oid = o.conrelid
JOIN pg_attribute AS a ON a.attrelid = o.conrelid AND a.attnum = ANY (o.conkey) AND a.atttypid = 'text'::regtype
WHERE o.connamespace = 'crm'::regnamespace AND o.contype = 'c' AND pg_get_constraintdef(o.oid) ~ '\\x01';

-- Left out: first names and delivery addresses, which may be missing, and names that only programs give.
SELECT is_empty($$
    SELECT c.relname, a.attname FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r' AND a.atttypid = 'text'::regtype
        AND a.attgenerated = '' AND c.relname NOT LIKE 'import\_%' AND (a.attname ~ '(^|_)name$' OR a.attname IN ('sku', 'issue_title'))
        AND (c.relname, a.attname) NOT IN (('customer', 'first_name'), ('contact', 'first_name'), ('lead', 'first_name'),
            ('lead', 'last_name'), ('sales_order', 'ship_to_name'), ('sales_data', 'metric_name'), ('event', 'table_name'),
            ('audit_log', 'table_name'), ('retention_rule', 'table_name'), ('retention_rule', 'column_name'), ('error_catalog', 'constraint_name'))
        AND c.relname <> 'pii_registry'
    EXCEPT SELECT r.table_name, r.column_name FROM rule AS r WHERE r.pattern IS NOT NULL
$$, 'every name has its rule');
SELECT cmp_ok((SELECT count(*) FROM rule AS r WHERE r.pattern IS NOT NULL)::integer, '>=', 25, 'the rules are read');
SELECT is((SELECT count(DISTINCT r.pattern) FROM rule AS r)::integer, 1, 'which is one and the same');

CREATE TEMP TABLE blank AS
SELECT b.code, chr(b.code) AS text
FROM (
    SELECT generate_series(1, 32) UNION ALL SELECT generate_series(8192, 8207) UNION ALL SELECT generate_series(8232, 8239)
    UNION ALL SELECT unnest(ARRAY[127, 133, 160, 5760, 6158, 8287, 8288, 10240, 12288, 12644, 65279])
) AS b (code);
SELECT is_empty($$
    SELECT b.code FROM blank AS b CROSS JOIN rule AS r WHERE b.text ~ r.pattern OR repeat(b.text, 3) ~ r.pattern
$$, 'no blank is a name');
SELECT is((SELECT string_agg(b.text, '') FROM blank AS b) ~ min(r.pattern), false, 'nor are all of them together') FROM rule AS r;
SELECT is_empty($$
    SELECT n.name FROM unnest(ARRAY['A', '0', '.', '-', 'ß', 'Ж', 'あ', '中', '한', 'ก', 'ش', chr(128522), E'\u00A0x', E'x\t'])
        AS n (name)
    CROSS JOIN rule AS r WHERE n.name !~ r.pattern
$$, 'any letter, figure or sign is, also with blanks around it');
SELECT is_empty($$
    SELECT b.code FROM blank AS b CROSS JOIN rule AS r WHERE ('x' || b.text) !~ r.pattern COLLATE "C"
$$, 'whatever the collation');

SELECT * FROM finish();
ROLLBACK;
