-- Hidden columns: every column of every table that marketing and BI read, against test/rights_hidden.tsv, which is written by
-- hand; and logins and persons with several roles, who have the union of them. Runs in the folder of the sources.
BEGIN;
\ir ../rights/rows.sql
\ir ../rights/world.sql
SELECT plan(20);

CREATE TEMP TABLE hidden (table_name text, column_name text, from_marketing boolean);
\set hidden `cat test/rights_hidden.tsv`
INSERT INTO hidden
SELECT split_part(l.line, E'\t', 1), c.name, p.place = 2
FROM regexp_split_to_table(rtrim(:'hidden', E'\n'), E'\n') WITH ORDINALITY AS l (line, number)
CROSS JOIN (VALUES (2), (3)) AS p (place)
CROSS JOIN LATERAL regexp_split_to_table(split_part(l.line, E'\t', p.place), ' ') AS c (name)
WHERE l.number > 1 AND c.name <> '';
SELECT is_empty($$
    SELECT h.table_name, h.column_name FROM hidden AS h
    WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = to_regclass('crm.' || h.table_name) AND a.attname = h.column_name)
$$, 'test/rights_hidden.tsv names columns that there are');

-- All columns of the tables that a role reads
CREATE TEMP VIEW readable AS
SELECT c.relname::text AS table_name, a.attname::text AS column_name, e.role_name,
    CASE e.role_name WHEN 'crm_bi' THEN EXISTS (SELECT FROM hidden AS h WHERE (h.table_name, h.column_name) = (c.relname, a.attname))
        ELSE EXISTS (SELECT FROM hidden AS h WHERE (h.table_name, h.column_name) = (c.relname, a.attname) AND h.from_marketing)
    END AS is_hidden
FROM expectation AS e
JOIN pg_class AS c ON c.oid = to_regclass('crm.' || e.table_name)
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE e.command = 'select' AND e.sees <> 'error' AND e.role_name IN ('crm_marketing_manager', 'crm_marketing_analyst', 'crm_bi');
SELECT cmp_ok((SELECT count(*) FROM readable), '>', 1000::bigint, 'all columns are tried');
SELECT is_empty($$
    SELECT r.role_name, r.table_name, r.column_name, r.is_hidden, o.outcome
    FROM readable AS r
    JOIN actor AS a ON a.name = r.role_name
    CROSS JOIN LATERAL pg_temp.outcome(a, format('SELECT %I FROM crm.%I LIMIT 1', r.column_name, r.table_name)) AS o (outcome)
    WHERE r.role_name <> 'crm_bi' AND r.is_hidden <> (o.outcome = 'denied')
$$, 'marketing reads each column but those');
CREATE FUNCTION pg_temp.bi_sees(r readable) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE VIEW rights_bi.one WITH (security_invoker = true) AS SELECT %I::text COLLATE "C" AS value FROM crm.%I',
        r.column_name, r.table_name);
    GRANT SELECT ON rights_bi.one TO rights_biz;
    RETURN (SELECT pg_temp.outcome(a, 'SELECT FROM rights_bi.one LIMIT 1') FROM actor AS a WHERE a.name = 'crm_bi');
END
$$;
SELECT is_empty($$
    SELECT r.table_name, r.column_name, r.is_hidden, o.outcome
    FROM readable AS r
    CROSS JOIN LATERAL pg_temp.bi_sees(r) AS o (outcome)
    WHERE r.role_name = 'crm_bi' AND r.is_hidden <> (o.outcome = 'denied')
$$, 'so does BI, through views');
SELECT is_empty($$
    SELECT h.table_name, h.column_name FROM hidden AS h
    WHERE NOT EXISTS (SELECT FROM readable AS r WHERE (r.table_name, r.column_name) = (h.table_name, h.column_name) AND r.is_hidden)
$$, 'none is listed in vain');
-- The roles that are not masked read all columns of what they read.
SELECT is_empty($$
    SELECT a.name, r.table_name, o.outcome
    FROM actor AS a
    CROSS JOIN row_of AS r
    CROSS JOIN LATERAL pg_temp.outcome(a, format('SELECT * FROM crm.%I LIMIT 1', r.table_name)) AS o (outcome)
    JOIN expectation AS e ON (e.table_name, e.role_name, e.command) = (r.table_name, a.name, 'select')
    WHERE a.name IN ('crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_support_agent', 'crm_auditor')
        AND o.outcome <> CASE e.sees WHEN 'error' THEN 'denied' WHEN 'none' THEN 'hidden' ELSE 'ok' END
$$, 'the other roles read whole rows');
-- A column that a DBA adds
ALTER TABLE crm.customer ADD shoe_size integer;
ALTER TABLE crm.product ADD shelf text;
SELECT results_eq($$
    SELECT a.name, pg_temp.outcome(a, 'SELECT shoe_size FROM crm.customer LIMIT 1'), pg_temp.outcome(a, 'SELECT shelf FROM crm.product LIMIT 1')
    FROM actor AS a WHERE a.name IN ('crm_admin', 'crm_sales_rep', 'crm_marketing_manager', 'crm_marketing_analyst') ORDER BY a.name
$$, $$VALUES ('crm_admin', 'ok', 'ok'), ('crm_marketing_analyst', 'denied', 'denied'), ('crm_marketing_manager', 'denied', 'denied'), ('crm_sales_rep', 'ok', 'ok')$$,
    'a column that is added is hidden from marketing');
SELECT FROM crm.classify_column('product', 'shelf', 'none', 'keep');
SELECT is((SELECT pg_temp.outcome(a, 'SELECT shelf FROM crm.product LIMIT 1') FROM actor AS a WHERE a.name = 'crm_marketing_analyst'), 'ok',
    'until it is classified');

-- Several roles -----------------------------------------------------------------------------------------------
CREATE FUNCTION pg_temp.count_as(login text, statement text, staff_id bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.seen(ROW('x', NULL, login, NULL, '{}', CASE WHEN staff_id IS NOT NULL THEN crm.issue_token(staff_id) END)::actor, statement)
$$;
CREATE FUNCTION pg_temp.do_as(login text, statement text, staff_id bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.outcome(ROW('x', NULL, login, NULL, '{}', CASE WHEN staff_id IS NOT NULL THEN crm.issue_token(staff_id) END)::actor, statement)
$$;
GRANT crm_support_agent TO rights_ann;
INSERT INTO crm.support_agent (support_agent_id) VALUES (1);
SELECT is(pg_temp.count_as('rights_ann', 'SELECT count(*)::text FROM crm.customer'), 'rows ' || (SELECT count(*) FROM crm.customer),
    'a rep who answers tickets too sees all customers');
SELECT is(pg_temp.do_as('rights_ann', 'UPDATE crm.customer SET city = ''Cork'' WHERE customer_id = 1'), 'ok', 'changes the own ones');
SELECT is(pg_temp.do_as('rights_ann', 'UPDATE crm.customer SET city = ''Cork'' WHERE customer_id = 3'), 'hidden', 'and no other');
SELECT is(pg_temp.do_as('rights_ann', 'UPDATE crm.support_ticket SET category = ''x'' WHERE support_ticket_id = 3'), 'ok', 'but any ticket');
SELECT is(pg_temp.count_as('rights_ann', 'SELECT count(*)::text FROM crm.quota'), 'rows 3', 'quotas stay those of the rep');
SELECT is(pg_temp.count_as('rights_pool', 'SELECT count(*)::text FROM crm.customer', 1), 'rows ' || (SELECT count(*) FROM crm.customer),
    'the same behind a pool: all customers');
SELECT is(pg_temp.do_as('rights_pool', 'UPDATE crm.customer SET city = ''Cork'' WHERE customer_id = 3', 1), 'hidden', 'changes the own ones alone');
SELECT is(pg_temp.do_as('rights_pool', 'UPDATE crm.support_ticket SET category = ''x'' WHERE support_ticket_id = 3', 1), 'ok', 'but any ticket');
-- SET ROLE narrows to one of the roles, which is nobody in particular.
SET LOCAL ROLE crm_sales_rep;
SELECT is((SELECT count(*) FROM crm.customer), 0::bigint, 'a group role itself is nobody and has no scope');
RESET ROLE;
-- A login without INHERIT has nothing before SET ROLE.
CREATE ROLE rights_noinherit LOGIN NOINHERIT;
GRANT crm_admin TO rights_noinherit;
SELECT is(pg_temp.count_as('rights_noinherit', 'SELECT count(*)::text FROM crm.customer'), 'denied', 'NOINHERIT: nothing by itself');
-- Membership by way of another group counts.
CREATE ROLE rights_group;
CREATE ROLE rights_member LOGIN;
GRANT crm_support_agent TO rights_group;
GRANT rights_group TO rights_member;
SELECT is(pg_temp.count_as('rights_member', 'SELECT count(*)::text FROM crm.customer'), 'rows ' || (SELECT count(*) FROM crm.customer),
    'a member of a member has the role');
SELECT is(pg_temp.count_as('rights_member', 'SELECT crm.has_role(''crm_support_agent'')::text'), 'rows true', 'and is told so');
SELECT * FROM finish();
ROLLBACK;
