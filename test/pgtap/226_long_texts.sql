-- A text that no index can hold is refused by a CHECK of its column, in words, and never by the index (54000).
BEGIN;
SET LOCAL client_min_messages = warning;
\ir ../harness/bad_input.sql
SELECT plan(21);

-- Every text of an index is bounded by a CHECK: its length, a pattern of fixed length or a list of words. What is
-- generated from other columns is as long as these are.
CREATE TEMP TABLE indexed AS
SELECT DISTINCT t.oid, t.relname, a.attname, a.attnum
FROM pg_index AS i
JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
WHERE t.relnamespace IN ('crm'::regnamespace, 'crm_state'::regnamespace) AND t.relkind = 'r'
    AND a.atttypid = 'text'::regtype AND a.attgenerated = '';
SELECT cmp_ok((SELECT count(*) FROM indexed), '>', 50::bigint, 'texts of indexes are looked at');
SELECT is_empty($$
    SELECT x.relname, x.attname FROM indexed AS x
    WHERE NOT EXISTS (
        SELECT FROM pg_constraint AS o
        WHERE o.conrelid = x.oid AND o.contype = 'c' AND x.attnum = ANY (o.conkey)
            AND pg_get_constraintdef(o.oid) ~ format('(char_length\(%1$s\) <?= ?\d+|\(%1$s ~ ''\^\[[^]]*\]\{\d\}\$''|\(%1$s = ANY \(ARRAY)',
                x.attname))
$$, 'each is bounded');

-- And in deed: random letters, which do not compress, in every text column of every table that takes them.
CREATE TEMP TABLE long_text AS
SELECT string_agg(md5(g::text), '') AS words FROM generate_series(1, 32768) AS g;
CREATE FUNCTION pg_temp.state_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN '00000';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN char_length(SQLERRM) > 300 THEN 'long message' ELSE SQLSTATE END;
END
$$;
SELECT is(pg_temp.state_of(format('INSERT INTO crm.%s (%s) SELECT %s', s.relation, s.columns,
    replace(s.list, '?', '(SELECT l.words FROM long_text AS l)'))), s.wanted, format('%s %s %s', s.relation, s.columns, s.list))
FROM (VALUES
    ('product', 'sku, name, product_category_id, price, currency_code', '''L'', ''L'', 21001, 1, ?', '23514'),
    ('product', 'sku, name, product_category_id, price', '?, ''L'', 21001, 1', '23514'),
    ('product', 'sku, name, product_category_id, price', '''L'', ?, 21001, 1', '23514'),
    ('currency', 'currency_code, name', '?, ''L''', '23514'),
    ('exchange_rate', 'currency_code, rate_date, rate_to_base', '?, ''2024-01-01'', 1', '23514'),
    ('sales_order', 'customer_id, currency_code', '21001, ?', 'RM010'),
    ('sales_order', 'customer_id, currency_code, fx_rate_to_base', '21001, ?, 1', '23514'),
    ('account', 'customer_id, contact_id, account_number, name, currency_code', '21001, 21001, ''L'', ''L'', ?', '23514'),
    ('campaign', 'name, campaign_type, start_date, currency_code, fx_rate_to_base', '''L'', ''mailing'', ''2024-01-01'', ?, 1', '23514'),
    ('customer', 'last_name', '?', '23514'),
    ('customer', 'last_name, email', '''L'', ? || ''@x.org''', '23514'),
    ('customer', 'last_name, phone', '''L'', ?', '23514'),
    ('customer', 'last_name, country_code', '''L'', ?', '23514'),
    ('customer', 'last_name, city', '''L'', ?', '23514'),
    ('customer', 'last_name, external_source, external_id', '''L'', ''s'', ?', '23514'),
    ('region_coverage', 'region_id, country_code, state', '21001, ''DE'', ?', '23514'),
    ('stock_movement', 'product_id, quantity, reason', '21001, 1, ?', '23514')
) AS s (relation, columns, list, wanted);
SELECT is(pg_temp.state_of('UPDATE crm.organization SET base_currency_code = (SELECT l.words FROM long_text AS l)'), 'RM012',
    'organization base_currency_code');
SELECT is(pg_temp.state_of('SELECT crm.configure(base_currency => (SELECT l.words FROM long_text AS l))'), '22023',
    'crm.configure()');

SELECT * FROM finish();
ROLLBACK;
