-- What crm.health() and crm.install() say of tables that were damaged.
BEGIN;
SET LOCAL client_min_messages = error;
SELECT plan(16);

-- The script's own words against the catalogue of a fresh schema.
SELECT set_eq($$
    SELECT s.schema_name, s.table_name, s.object_name FROM crm._script_structure() AS s WHERE s.kind = 'column'
$$, $$
    SELECT c.relnamespace::regnamespace::text, c.relname, a.attname FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace IN ('crm'::regnamespace, 'crm_state'::regnamespace) AND c.relkind = 'r'
$$, 'the script makes every column that there is');
SELECT set_eq($$
    SELECT s.schema_name, s.table_name, s.object_name FROM crm._script_structure() AS s WHERE s.kind = 'constraint'
$$, $$
    SELECT o.connamespace::regnamespace::text, c.relname, o.conname FROM pg_constraint AS o
    JOIN pg_class AS c ON c.oid = o.conrelid
    WHERE o.connamespace IN ('crm'::regnamespace, 'crm_state'::regnamespace) AND o.contype <> 'n' AND c.relkind = 'r'
$$, 'and every constraint');
SELECT set_eq($$
    SELECT s.schema_name, s.table_name, s.object_name FROM crm._script_structure() AS s WHERE s.kind = 'index'
$$, $$
    SELECT c.relnamespace::regnamespace::text, t.relname, c.relname AS index_name FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_class AS t ON t.oid = i.indrelid
    WHERE c.relnamespace IN ('crm'::regnamespace, 'crm_state'::regnamespace) AND t.relkind = 'r'
        AND NOT EXISTS (SELECT FROM pg_constraint AS o WHERE o.conindid = c.oid AND o.contype IN ('p', 'u', 'x'))
$$, 'and every index');
SELECT is_empty($$
    SELECT s.table_name, s.object_name FROM crm._script_structure() AS s
    JOIN pg_attribute AS a ON a.attrelid = to_regclass(format('%I.%I', s.schema_name, s.table_name))
        AND a.attname = s.object_name
    WHERE s.kind = 'not null' AND NOT a.attnotnull
$$, 'what it makes NOT NULL is so');

CREATE FUNCTION pg_temp.structure(OUT state text, OUT found text, OUT advice text) LANGUAGE sql AS $$
    SELECT h.status, h.detail, h.hint FROM crm.health() AS h WHERE h.check_name = 'structure'
$$;
SELECT is((s.state, s.found, s.advice)::text,
    '(ok,"tables, columns, constraints and indexes are all there",)', 'all is well') FROM pg_temp.structure() AS s;

-- Damages one by one: what is found, and that the advice repairs it. Its statements follow "or run: ".
CREATE FUNCTION pg_temp.repaired(damage text, OUT seen text, OUT after text) LANGUAGE plpgsql AS $$
DECLARE
    statement text;
BEGIN
    EXECUTE damage;
    SELECT s.found INTO seen FROM pg_temp.structure() AS s;
    FOR statement IN
        SELECT regexp_split_to_table(substring(s.advice FROM 'or run: (.*)\. Name in crm_state'), '; ')
        FROM pg_temp.structure() AS s
    LOOP
        EXECUTE statement;
    END LOOP;
    after := (SELECT s.state FROM pg_temp.structure() AS s);
END
$$;
SELECT is((r.seen, r.after)::text, format('(%s,ok)', CASE WHEN d.found ~ '[ ,]' THEN '"' || d.found || '"' ELSE d.found END), d.found)
FROM (VALUES
    ('ALTER TABLE crm.product DROP CONSTRAINT product_price_check', 'crm.product.product_price_check is missing'),
    ('ALTER TABLE crm.order_item DROP CONSTRAINT order_item_product_id_fkey', 'crm.order_item.order_item_product_id_fkey is missing'),
    ('ALTER TABLE crm.order_item DROP CONSTRAINT order_item_product_id_fkey; ALTER TABLE crm.order_item ADD CONSTRAINT '
        'order_item_product_id_fkey FOREIGN KEY (product_id) REFERENCES crm.product NOT VALID',
        'crm.order_item.order_item_product_id_fkey is not validated'),
    ('ALTER TABLE crm.product ALTER COLUMN price DROP NOT NULL', 'crm.product.price allows NULL'),
    ('DROP INDEX crm.product_name_key_idx', 'crm.product_name_key_idx is missing'),
    ('DROP TABLE crm.stock_alert CASCADE', 'crm.stock_alert is missing'),
    ('ALTER TABLE crm.knowledge_base DROP COLUMN description',
        'crm.knowledge_base.description is missing, crm.knowledge_base.knowledge_base_length_check is missing'),
    ('UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''crm.product_name_key_idx''::regclass',
        'crm.product_name_key_idx is not valid')
) AS d (damage, found)
CROSS JOIN LATERAL pg_temp.repaired(d.damage) AS r;

-- An installation stops at a table without a column, whichever way it is started.
ALTER TABLE crm.product DROP COLUMN description CASCADE;
CREATE FUNCTION pg_temp.failure(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
    schema_name text;
    table_name text;
    column_name text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, schema_name = SCHEMA_NAME,
        table_name = TABLE_NAME, column_name = COLUMN_NAME;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, detail, concat_ws('.', schema_name, table_name, column_name), hint);
END
$$;
CREATE TEMP TABLE wanted AS
SELECT '42703 | table crm.product has no column description | crm makes it as: description text. | crm.product.description | '
    'Bring it back from a backup or with ALTER TABLE ... ADD COLUMN. If it was dropped on purpose, list '
    'crm.product.description in crm_state.install_skip.' AS words;
SELECT is(pg_temp.failure('SELECT crm.install()'), w.words, 'crm.install()') FROM wanted AS w;
DROP EXTENSION crm CASCADE;
SELECT is(pg_temp.failure('CREATE EXTENSION crm'), w.words, 'CREATE EXTENSION') FROM wanted AS w;
INSERT INTO crm_state.install_skip (object_name, reason) VALUES ('crm.product.description', 'the shop has it');
SELECT is(pg_temp.failure('CREATE EXTENSION crm'), 'done', 'a column that is listed may be missing');

SELECT * FROM finish();
ROLLBACK;
