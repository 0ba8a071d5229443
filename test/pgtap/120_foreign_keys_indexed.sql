-- Each foreign key has an index for its own checks: a delete of a parent must not read the whole child table.
-- By the catalogue, and by the planner, which is asked the question that such a check asks.
BEGIN;
SELECT plan(4);

CREATE TEMP VIEW our_key AS
SELECT f.oid, f.conname, f.conrelid, f.conkey, f.confrelid,
    -- Of a composite key that holds the customer it is the other column that selects.
    array(SELECT n.attnum FROM unnest(f.conkey, f.confkey) WITH ORDINALITY AS n (attnum, parent_attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = n.parent_attnum
        WHERE cardinality(f.conkey) = 1 OR a.attname <> 'customer_id'
        ORDER BY n.place) AS selective
FROM pg_constraint AS f
JOIN pg_class AS c ON c.oid = f.conrelid
WHERE c.relnamespace IN (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname IN ('crm', 'crm_bi', 'crm_state'))
    AND f.contype = 'f'
    -- Currencies are few and never removed.
    AND f.confrelid <> 'crm.currency'::regclass;

SELECT cmp_ok((SELECT count(*)::integer FROM our_key), '>', 100, 'there are foreign keys to look at');

-- A partial index serves only where it leaves out nothing but rows without the key.
SELECT is_empty($$
    SELECT k.conrelid::regclass, k.conname
    FROM our_key AS k
    WHERE NOT EXISTS (
        SELECT FROM pg_index AS i
        JOIN pg_class AS x ON x.oid = i.indexrelid
        JOIN pg_am AS m ON m.oid = x.relam
        WHERE i.indrelid = k.conrelid AND i.indisvalid AND m.amname = 'btree'
            AND (SELECT array_agg(n.attnum ORDER BY n.attnum)
                FROM unnest(i.indkey[0:cardinality(k.selective) - 1]) AS n (attnum))
                = (SELECT array_agg(n.attnum ORDER BY n.attnum) FROM unnest(k.selective) AS n (attnum))
            AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) IN (
                SELECT format('(%I IS NOT NULL)', a.attname) FROM pg_attribute AS a
                WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.selective))))
$$, 'each foreign key has an index that begins with its columns');

-- What a foreign key's check asks of the child table, with a value for each column.
CREATE FUNCTION pg_temp.check_query(key oid) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT FROM ONLY %s AS x WHERE %s', f.conrelid::regclass, string_agg(
        format('x.%I = %L::%s', a.attname,
            CASE a.atttypid WHEN 'text'::regtype THEN 'x' WHEN 'date'::regtype THEN '2024-01-01' ELSE '1' END,
            format_type(a.atttypid, a.atttypmod)), ' AND '))
    FROM pg_constraint AS f
    JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)
    WHERE f.oid = key
    GROUP BY f.conrelid
$$;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines;
END
$$;
SET LOCAL enable_seqscan = off;
SELECT is_empty($$
    SELECT k.conname, pg_temp.plan_of(pg_temp.check_query(k.oid))
    FROM our_key AS k
    WHERE pg_temp.plan_of(pg_temp.check_query(k.oid)) !~ 'Index Cond: '
        OR pg_temp.plan_of(pg_temp.check_query(k.oid)) ~ 'Seq Scan'
$$, 'the planner finds an index for the check of each foreign key');

-- The test itself notices a key without an index.
CREATE TABLE crm.unindexed_child (product_id bigint CONSTRAINT unindexed_child_product_id_fkey REFERENCES crm.product);
SELECT set_eq($$
    SELECT k.conname::text FROM our_key AS k WHERE pg_temp.plan_of(pg_temp.check_query(k.oid)) ~ 'Seq Scan'
$$, ARRAY['unindexed_child_product_id_fkey'], 'a key without an index is found');

SELECT * FROM finish();
ROLLBACK;
