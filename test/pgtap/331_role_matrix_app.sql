-- The same cells behind a pool: a login of crm_app without a token, and with one of a person of each role. With it the
-- login may what the person may; what the person may not hits no row, since the privileges of the login are those of all.
-- Besides, the sales manager without a superior, who sees all of sales. Runs in the folder of the sources.
BEGIN;
\ir ../rights/rows.sql
\ir ../rights/world.sql
UPDATE actor SET name = 'token of ' || role_name, login = 'rights_pool', token = crm.issue_token(s.staff_id)
FROM crm.staff AS s WHERE s.db_role = actor.login;
DELETE FROM actor WHERE name IN ('crm_app', 'crm_bi');
INSERT INTO actor VALUES
    ('no token', NULL, 'rights_pool', NULL, '{}', NULL),
    ('token of the top', 'crm_sales_manager', 'rights_pool', 7, '{1,2,3}', crm.issue_token(7)),
    ('login of the top', 'crm_sales_manager', 'rights_top', 7, '{1,2,3}', NULL);

-- Tables with columns that marketing may not read: contact data, addresses, dates of birth, free text
CREATE TEMP TABLE masked AS
SELECT unnest(ARRAY['customer', 'contact', 'lead', 'lead_status_history', 'opportunity', 'sales_order', 'interaction', 'feedback',
    'support_ticket', 'consent']) AS table_name;
CREATE TEMP VIEW wanted AS
SELECT e.table_name, e.command, a.name AS actor,
    CASE
        WHEN a.name = 'login of the top' THEN CASE e.sees WHEN 'scope' THEN 'all' ELSE e.sees END
        -- No privilege of the pool's login: nobody's, or that of BI alone; and the staging table has no policies
        WHEN e.table_name = 'import_order_line' OR NOT EXISTS (
            SELECT FROM expectation AS x WHERE (x.table_name, x.command) = (e.table_name, e.command)
                AND x.role_name NOT IN ('crm_bi', 'crm_app') AND x.sees <> 'error') THEN 'error'
        WHEN a.name = 'no token' OR e.sees = 'error' THEN 'none'
        WHEN a.role_name LIKE 'crm\_marketing\_%' AND e.command <> 'insert'
            AND e.table_name IN (SELECT m.table_name FROM masked AS m) THEN 'none'
        WHEN a.name = 'token of the top' AND e.sees = 'scope' THEN 'all'
        ELSE e.sees
    END AS sees
FROM actor AS a
JOIN expectation AS e ON e.role_name = coalesce(a.role_name, 'crm_admin');

SELECT plan(4 + (SELECT count(*)::integer FROM (SELECT DISTINCT e.table_name, e.command FROM expectation AS e) AS d));
SELECT is((SELECT string_agg(a.name, ', ' ORDER BY a.name) FROM actor AS a),
    'login of the top, no token, token of crm_admin, token of crm_auditor, token of crm_marketing_analyst, '
    'token of crm_marketing_manager, token of crm_sales_manager, token of crm_sales_rep, token of crm_support_agent, '
    'token of the top', 'everybody acts');
SELECT pg_temp.try_everything();
SELECT is((SELECT count(*) FROM found), 10 * 4 * (
    SELECT count(*) FROM pg_class AS c WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p')),
    'actors x tables x 4 cells were tried');
SELECT is(
    string_agg(format('%s %s', f.actor, f.sees), ', ' ORDER BY f.actor),
    string_agg(format('%s %s', f.actor, w.sees), ', ' ORDER BY f.actor),
    format('%s on %s', upper(f.command), f.table_name))
FROM found AS f
LEFT JOIN wanted AS w ON (w.table_name, w.command, w.actor) = (f.table_name, f.command, f.actor)
GROUP BY f.table_name, f.command
ORDER BY min((SELECT r.place FROM row_of AS r WHERE r.table_name = f.table_name)), f.command;

SELECT is((SELECT count(*) FROM found AS f WHERE f.actor = 'no token' AND f.sees NOT IN ('none', 'error')), 0::bigint,
    'without a token nothing is seen or written at all');
-- A token of somebody who left is none.
UPDATE crm.staff SET active = false WHERE staff_id = 1;
SELECT matches(pg_temp.seen(a, 'SELECT count(*)::text FROM crm.customer'), '^RM020', 'nor with the token of somebody who left')
FROM actor AS a WHERE a.name = 'token of crm_sales_rep';
SELECT * FROM finish();
ROLLBACK;
