-- Who gave or took which role: crm.grant_role() and crm.revoke_role() write entries of the audit, and nothing else does.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(17);

CREATE ROLE access_ann LOGIN;
CREATE ROLE access_boss LOGIN CREATEROLE;
CREATE ROLE access_clerk LOGIN;
GRANT crm_admin TO access_boss, access_clerk;
DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 160000 THEN
        GRANT crm_sales_rep, crm_bi TO access_boss WITH ADMIN OPTION;
    END IF;
END
$$;
INSERT INTO crm.staff (staff_id, first_name, last_name, email, db_role) VALUES
    (2471, 'Ann', 'A', 'ann247@example.com', NULL), (2472, 'Boss', 'B', 'boss247@example.com', 'access_boss');

-- The entries on roles so far, oldest first.
CREATE FUNCTION pg_temp.entries() RETURNS TABLE (role text, staff_id bigint, operation text, given text, was text)
LANGUAGE sql AS $$
    SELECT l.role, l.staff_id, l.operation, l.new_values::text, l.old_values::text FROM crm.audit_log AS l
    WHERE l.table_name = 'pg_catalog.pg_auth_members' AND l.row_key ->> 'login' ~ '^access_'
        AND l.row_key = coalesce(l.new_values, l.old_values) AND l.login = SESSION_USER
        AND l.transaction_id = pg_current_xact_id()::text::bigint
    ORDER BY l.audit_log_id
$$;
CREATE FUNCTION pg_temp.attempt(role_name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role_name);
    EXECUTE statement;
    RESET ROLE;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;

SELECT is_empty('SELECT * FROM pg_temp.entries()', 'GRANT itself leaves no entry');
SELECT is(pg_temp.attempt('access_boss', $$SELECT crm.grant_role('access_ann', 'crm_sales_rep', 2471)$$), 'done', 'a role is given');
SELECT results_eq('SELECT * FROM pg_temp.entries()',
    $$VALUES ('access_boss', 2472::bigint, 'insert', '{"role": "crm_sales_rep", "login": "access_ann"}', NULL)$$,
    'the entry tells who gave what to whom');
SELECT is((SELECT h.new_values ->> 'db_role' FROM crm.row_history('staff', 2471) AS h LIMIT 1), 'access_ann',
    'the tie to the person is an entry of its own');
SELECT is(pg_temp.attempt('access_boss', $$SELECT crm.grant_role('access_ann', 'crm_sales_rep', 2471)$$), 'done', 'given again');
SELECT is((SELECT count(*) FROM pg_temp.entries()), 1::bigint, 'what changed nothing leaves nothing');
SELECT is(pg_temp.attempt('access_boss', $$SELECT crm.revoke_role('access_ann', 'crm_sales_rep')$$), 'done', 'a role is taken');
SELECT results_eq('SELECT * FROM pg_temp.entries() OFFSET 1',
    $$VALUES ('access_boss', 2472::bigint, 'delete', NULL, '{"role": "crm_sales_rep", "login": "access_ann"}')$$,
    'the entry tells who took it');
SELECT is(pg_temp.attempt('access_boss', $$SELECT crm.revoke_role('access_ann', 'crm_sales_rep')$$), 'done', 'taken again');
SELECT is((SELECT count(*) FROM pg_temp.entries()), 2::bigint, 'a role that was not there leaves nothing');

-- No entry without the change, no change without the entry
SELECT is(pg_temp.attempt('access_clerk', $$SELECT crm.grant_role('access_ann', 'crm_bi')$$), '42501',
    'an administrator who may not grant is refused');
SELECT is(pg_temp.attempt('access_clerk', $$SELECT crm._set_membership('access_ann', 'crm_bi', true)$$), '42501',
    'by the inner function too');
SELECT is(pg_temp.attempt('access_ann', $$SELECT crm._set_membership('access_ann', 'crm_bi', false)$$), '42501',
    'which others cannot call');
SELECT is(pg_temp.attempt('access_boss', $$SELECT crm._set_membership('access_nobody', 'crm_bi', true)$$), '22023',
    'an unknown login is told');
SELECT is((SELECT count(*) FROM pg_temp.entries()), 2::bigint, 'and nothing is logged of it');
-- The way by an INSERT, with row-level security switched off by the session
ALTER TABLE crm.audit_log ADD ticket text;
SELECT is(pg_temp.attempt('access_boss', $$SET LOCAL row_security = off; SELECT crm.grant_role('access_ann', 'crm_bi')$$),
    'done', 'given where a DBA has changed the log''s table');
SELECT results_eq('SELECT * FROM pg_temp.entries() OFFSET 2',
    $$VALUES ('access_boss', 2472::bigint, 'insert', '{"role": "crm_bi", "login": "access_ann"}', NULL)$$, 'is logged as well');

SELECT * FROM finish();
ROLLBACK;
