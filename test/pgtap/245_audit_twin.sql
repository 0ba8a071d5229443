-- The audit in C against the audit in plain SQL (test/twin/audit.sql): the same random inserts, updates, deletes,
-- upserts and merges, logged by both, compared entry by entry.
BEGIN;
SELECT plan(9);
\i test/twin/audit.sql

-- Copies of tables of the CRM without its rules, so that any value goes, and one of all sorts of types.
CREATE TABLE twin.customer (LIKE crm.customer INCLUDING GENERATED INCLUDING DEFAULTS, PRIMARY KEY (customer_id));
CREATE TABLE twin.order_item (LIKE crm.order_item INCLUDING GENERATED, PRIMARY KEY (sales_order_id, line_no));
CREATE TABLE twin.exchange_rate (LIKE crm.exchange_rate, PRIMARY KEY (currency_code, rate_date));
CREATE DOMAIN twin.short AS text;
CREATE TYPE twin.mood AS ENUM ('sad', 'glad');
CREATE TYPE twin.pair AS (a integer, b text);
CREATE TABLE twin.thing (
    code text, dropped text, customer_id bigint, flag boolean, small smallint, medium integer, float double precision,
    single real, amount numeric, fixed char(7), moment time, stamp timestamp, span interval, domained twin.short,
    mood twin.mood, pair twin.pair, words text[], numbers bigint[], bytes bytea, plain json, document jsonb,
    note text, kind name, address inet, doubled numeric GENERATED ALWAYS AS (amount * 2) STORED, row_version bigint,
    PRIMARY KEY (code)
);
ALTER TABLE twin.thing DROP COLUMN dropped;
ALTER TABLE twin.customer ADD COLUMN loyalty_points numeric(12, 2), ADD COLUMN tags text[];

-- Text of SQL that yields a random value of a type.
CREATE FUNCTION twin.random_sql(type oid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN type = 'boolean'::regtype THEN 'random() < 0.5'
        WHEN type IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
            THEN format('(floor(random() * 200) - 20)::%s', type::regtype)
        WHEN type = 'numeric'::regtype
            THEN '(CASE WHEN random() < 0.03 THEN ''NaN'' ELSE round((random() * 900)::numeric, 2) END)'
        WHEN type IN ('float8'::regtype, 'real'::regtype)
            THEN format('(ARRAY[random() * 1e9, ''NaN'', ''-Infinity'', 1e-12])[1 + floor(random() * 4)]::%s', type::regtype)
        WHEN type = 'timestamptz'::regtype OR type = 'timestamp'::regtype
            THEN format('(ARRAY[now() - random() * interval ''900 years'', ''infinity''])[1 + (random() < 0.05)::integer]::%s',
                type::regtype)
        WHEN type = 'date'::regtype THEN '(date ''1900-01-01'' + floor(random() * 90000)::integer)'
        WHEN type = 'time'::regtype THEN '(time ''00:00'' + random() * interval ''1 day'')'
        WHEN type = 'interval'::regtype THEN '(random() * interval ''900 days'')'
        WHEN type = 'twin.mood'::regtype THEN '(ARRAY[''sad'', ''glad''])[1 + (random() < 0.5)::integer]::twin.mood'
        WHEN type = 'twin.pair'::regtype THEN 'ROW(floor(random() * 9), md5(random()::text))::twin.pair'
        WHEN type = 'text[]'::regtype THEN 'ARRAY[md5(random()::text), NULL, repeat(''y'', (random() ^ 9 * 20000)::integer)]'
        WHEN type = 'bigint[]'::regtype THEN 'ARRAY[floor(random() * 9)::bigint, 7]'
        WHEN type = 'bytea'::regtype THEN 'convert_to(repeat(md5(random()::text), (random() ^ 4 * 300)::integer), ''UTF8'')'
        WHEN type = 'inet'::regtype THEN '(''10.0.0.'' || floor(random() * 250))::inet'
        WHEN type IN ('jsonb'::regtype, 'json'::regtype) THEN format(
            '(ARRAY[''{}'', ''[1, 2.50, true, null, "x", {"a": []}]'', ''"text"'', ''17.0'', ''null'', ''false'', '
            '(SELECT jsonb_object_agg(''k'' || n, n) FROM generate_series(1, floor(random() * 900)::integer) AS n)])'
            '[1 + floor(random() * 7)]::%s', type::regtype)
        ELSE format('(CASE WHEN random() < 0.05 THEN repeat(md5(random()::text) || ''ü€'', (random() * 400)::integer) '
            'WHEN random() < 0.1 THEN '''' ELSE md5(random()::text) END)::%s', type::regtype) END
$$;
-- The ordinary columns of a table, with such SQL; keys lie close together, so that rows meet again.
CREATE VIEW twin.random_column AS
SELECT a.attrelid, a.attname, a.attnum, k.is_key,
    CASE WHEN a.attname = 'currency_code' THEN '(ARRAY[''EUR'', ''USD'', ''GBP''])[1 + floor(random() * 3)]'
        WHEN a.attname = 'rate_date' THEN '(date ''2024-01-01'' + floor(random() * 20)::integer)'
        WHEN k.is_key AND a.atttypid = 'text'::regtype THEN '(''T'' || floor(random() * 60))'
        WHEN k.is_key THEN 'floor(1 + random() * 60)'
        WHEN a.attnotnull THEN twin.random_sql(a.atttypid)
        ELSE 'CASE WHEN random() < 0.3 THEN NULL ELSE ' || twin.random_sql(a.atttypid) || ' END' END AS expression
FROM pg_attribute AS a
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)
    ) AS is_key
) AS k
WHERE a.attrelid IN (SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = 'twin'::regnamespace AND c.relkind = 'r')
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = '';

-- One random statement on a table. Rows are taken in any order; most of the statements are of several rows.
CREATE FUNCTION twin.random_statement(table_id regclass) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT (ARRAY[
        format('INSERT INTO %s (%s) SELECT %s FROM generate_series(1, %s) ON CONFLICT DO NOTHING', table_id, c.names,
            c.expressions, 1 + floor(random() * 20)),
        format('INSERT INTO %1$s (%2$s) SELECT DISTINCT ON (%3$s) %4$s FROM generate_series(1, 9) ON CONFLICT (%3$s) DO UPDATE SET %5$s',
            table_id, c.names, c.keys, c.aliased, c.updates),
        format('UPDATE %s SET %s WHERE random() < 0.2', table_id, c.updates),
        format('UPDATE %s SET %s = %2$s WHERE random() < 0.2', table_id, c.first_name),
        format('UPDATE %s SET %s WHERE %s IN (SELECT %3$s FROM %1$s ORDER BY random() LIMIT 1)', table_id, c.moves, c.first_key),
        format('DELETE FROM %s WHERE random() < 0.1', table_id),
        format('MERGE INTO %1$s AS t USING (SELECT %2$s FROM %1$s TABLESAMPLE BERNOULLI (40)) AS s ON (%3$s) '
            'WHEN MATCHED AND random() < 0.3 THEN DELETE WHEN MATCHED THEN UPDATE SET %4$s', table_id, c.keys, c.matches, c.updates)
    ])[1 + floor(random() * 7)]
    FROM (
        SELECT string_agg(quote_ident(r.attname), ', ' ORDER BY r.attnum) AS names,
            string_agg(r.expression, ', ' ORDER BY r.attnum) AS expressions,
            string_agg(r.expression || ' AS ' || quote_ident(r.attname), ', ' ORDER BY r.attnum) AS aliased,
            string_agg(quote_ident(r.attname), ', ' ORDER BY r.attnum) FILTER (WHERE r.is_key) AS keys,
            min(quote_ident(r.attname)) FILTER (WHERE r.is_key) AS first_key,
            string_agg(format('t.%I = s.%1$I', r.attname), ' AND ') FILTER (WHERE r.is_key) AS matches,
            (array_agg(quote_ident(r.attname) ORDER BY r.attnum DESC) FILTER (WHERE NOT r.is_key))[1] AS first_name,
            string_agg(quote_ident(r.attname) || ' = ' || r.expression, ', ') FILTER (WHERE NOT r.is_key AND r.chance < 0.3)
                AS some_updates,
            coalesce(string_agg(quote_ident(r.attname) || ' = ' || r.expression, ', ')
                    FILTER (WHERE NOT r.is_key AND r.chance < 0.3),
                min(quote_ident(r.attname) || ' = ' || r.expression) FILTER (WHERE NOT r.is_key)) AS updates,
            string_agg(quote_ident(r.attname) || ' = ' || r.expression, ', ') FILTER (WHERE r.is_key) AS moves
        FROM (SELECT *, random() AS chance FROM twin.random_column AS r WHERE r.attrelid = table_id) AS r
    ) AS c
$$;

-- Both logs know which statement an entry is of.
CREATE TABLE twin.step (step integer, table_name text, statement text, twin_from bigint, audit_from bigint);
CREATE FUNCTION twin.run(steps integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    random_statement text;
    done integer := 0;
    t regclass;
BEGIN
    FOR step IN 1 .. steps LOOP
        t := (ARRAY['twin.customer', 'twin.order_item', 'twin.exchange_rate', 'twin.thing'])[1 + floor(random() * 4)]::regclass;
        random_statement := twin.random_statement(t);
        INSERT INTO twin.step SELECT coalesce(max(s.step), 0) + 1, t::text, random_statement,
            (SELECT coalesce(max(l.log_id), 0) FROM twin.log AS l),
            (SELECT coalesce(max(a.audit_log_id), 0) FROM crm.audit_log AS a) FROM twin.step AS s;
        BEGIN
            EXECUTE random_statement;
            done := done + 1;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END LOOP;
    RETURN done;
END
$$;
CREATE VIEW twin.written AS
SELECT s.step, l.table_name, l.operation, l.row_id, l.row_key, l.customer_id, l.old_values, l.new_values, l.log_id AS place
FROM twin.log AS l
JOIN LATERAL (SELECT max(s.step) AS step FROM twin.step AS s WHERE s.twin_from < l.log_id) AS s ON true;
CREATE VIEW twin.logged AS
SELECT s.step, l.table_name, l.operation, l.row_id, l.row_key, l.customer_id, l.old_values, l.new_values,
    l.audit_log_id AS place
FROM crm.audit_log AS l
JOIN LATERAL (SELECT max(s.step) AS step FROM twin.step AS s WHERE s.audit_from < l.audit_log_id) AS s ON true
WHERE l.table_name LIKE 'twin.%';
-- Jsonb is compared as text: 1 and 1.0 are equal, but one of them is wrong.
CREATE VIEW twin.difference AS
WITH a AS (SELECT to_jsonb(w) - 'place' || jsonb_build_object('nth', row_number() OVER (
        PARTITION BY w.step, w.operation ORDER BY w.place)) AS entry FROM twin.written AS w),
    b AS (SELECT to_jsonb(w) - 'place' || jsonb_build_object('nth', row_number() OVER (
        PARTITION BY w.step, w.operation ORDER BY w.place)) AS entry FROM twin.logged AS w)
SELECT 'only in plain SQL' AS which, e.entry FROM (SELECT a.entry::text FROM a EXCEPT ALL SELECT b.entry::text FROM b) AS e
UNION ALL
SELECT 'only in C', e.entry FROM (SELECT b.entry::text FROM b EXCEPT ALL SELECT a.entry::text FROM a) AS e;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['customer', 'order_item', 'exchange_rate', 'thing'] LOOP
        EXECUTE format('CREATE TRIGGER twin AFTER INSERT OR UPDATE OR DELETE ON twin.%I FOR EACH ROW EXECUTE FUNCTION twin.log_row()', t);
        EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON twin.%I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION crm._audit()', t);
        EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON twin.%I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION crm._audit()', t);
        EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON twin.%I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION crm._audit()', t);
    END LOOP;
END
$$;

SELECT setseed(0.4321);
SELECT cmp_ok(twin.run(200), '>', 130, 'random statements run');
SELECT is_empty('SELECT d.which, left(d.entry, 600) FROM twin.difference AS d LIMIT 4', 'both logs are equal, written below SPI');

-- A column that a user adds is covered by the next statement; what a DBA adds to the log makes it written by INSERT.
ALTER TABLE twin.customer ADD COLUMN favourite_colour text DEFAULT 'green';
ALTER TABLE twin.thing ADD COLUMN later date;
ALTER TABLE crm.audit_log ADD COLUMN reviewed boolean DEFAULT false;
SELECT cmp_ok(twin.run(200), '>', 130, 'random statements run on a log that has a column more');
SELECT is_empty('SELECT d.which, left(d.entry, 600) FROM twin.difference AS d LIMIT 4', 'both logs are equal, written by INSERT');
SELECT is((SELECT count(*) FROM crm.audit_log AS l WHERE l.reviewed), 0::bigint, 'the column more has its default');
SELECT cmp_ok((SELECT count(*) FROM crm.audit_log AS l WHERE l.new_values ? 'favourite_colour'), '>', 20::bigint,
    'a column that a user added stands in the log');

-- The comparison would see nothing if nothing was there to be seen.
SELECT is((SELECT count(DISTINCT (w.table_name, w.operation)) FROM twin.written AS w), 12::bigint,
    'each operation was done to each table');
SELECT cmp_ok((SELECT count(*) FROM twin.written AS w WHERE w.new_values::text LIKE '%... (% bytes, sha256 %'), '>', 50::bigint,
    'long values were cut');
UPDATE twin.log SET new_values = new_values || '{"float": 1}' WHERE log_id = (
    SELECT min(l.log_id) FROM twin.log AS l WHERE l.table_name = 'twin.thing' AND l.operation = 'insert');
SELECT isnt_empty('SELECT FROM twin.difference', 'one wrong value is found');

SELECT * FROM finish();
ROLLBACK;
