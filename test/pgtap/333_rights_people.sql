-- Giving logins their roles: crm.grant_role(), crm.revoke_role(), and what crm.who_am_i() tells.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(50);

CREATE ROLE people_ann LOGIN;
CREATE ROLE people_bob LOGIN;
CREATE ROLE people_pool LOGIN;
CREATE ROLE people_boss LOGIN CREATEROLE;
CREATE ROLE people_clerk LOGIN;
INSERT INTO crm.region (region_id, name, parent_region_id) VALUES (3301, 'North', NULL), (3302, 'Far North', 3301), (3303, 'South', NULL);
INSERT INTO crm.staff (staff_id, first_name, last_name, email, manager_id) VALUES
    (3309, 'Top', 'T', 'top33@example.com', NULL), (3301, 'Ann', 'A', 'ann33@example.com', 3309),
    (3302, 'Bob', 'B', 'bob33@example.com', 3301), (3303, 'Gone', 'G', 'gone33@example.com', NULL);

-- What a login is told; nothing of it stays.
CREATE FUNCTION pg_temp.me(login text, query text, token text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    told text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', login);
    IF token IS NOT NULL THEN
        PERFORM crm.begin_session(token);
    END IF;
    EXECUTE query INTO told;
    RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = coalesce(told, '');
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ000' THEN SQLERRM ELSE SQLSTATE || ' ' || SQLERRM END;
END
$$;
CREATE FUNCTION pg_temp.who(login text, token text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.me(login, 'SELECT concat_ws('' '', w.role, coalesce(w.staff_id::text, ''nobody''), w.by_token, w.roles, w.sees_all_sales,
        w.team, w.regions) FROM crm.who_am_i() AS w', token)
$$;

-- Granting ----------------------------------------------------------------------------------------------------
SELECT is(crm.grant_role('people_ann', 'crm_sales_rep', 3301), ARRAY['crm_sales_rep'], 'a role is given with its person');
SELECT is((SELECT db_role FROM crm.staff WHERE staff_id = 3301), 'people_ann', 'the person is tied to the login');
SELECT is((SELECT count(*) FROM crm.sales_rep WHERE sales_rep_id = 3301), 1::bigint, 'and is a sales rep now');
SELECT ok(pg_has_role('people_ann', 'crm_sales_rep', 'MEMBER'), 'and the login is a member');
SELECT is(pg_temp.who('people_ann'), 'people_ann 3301 f {crm_sales_rep} f {3301} {}', 'who_am_i tells it');
UPDATE crm.sales_rep SET region_id = 3301 WHERE sales_rep_id = 3301;
SELECT is(pg_temp.who('people_ann'), 'people_ann 3301 f {crm_sales_rep} f {3301} {3301,3302}', 'with the region and those below');
SELECT is(crm.grant_role('people_ann', 'crm_sales_manager', 3301), ARRAY['crm_sales_manager', 'crm_sales_rep'], 'a second role');
SELECT is(pg_temp.who('people_ann'), 'people_ann 3301 f {crm_sales_manager,crm_sales_rep} f {3301,3302} {3301,3302}',
    'a manager''s team is all below');
SELECT is(crm.grant_role('people_ann', 'crm_sales_manager', 3301), ARRAY['crm_sales_manager', 'crm_sales_rep'], 'granting twice changes nothing');
UPDATE crm.staff SET manager_id = NULL WHERE staff_id = 3301;
SELECT is(pg_temp.who('people_ann'), 'people_ann 3301 f {crm_sales_manager,crm_sales_rep} t {3301,3302} {3301,3302}',
    'without a superior a manager sees all of sales');
SELECT is(crm.grant_role('people_ann', 'crm_marketing_analyst'), ARRAY['crm_marketing_analyst', 'crm_sales_manager', 'crm_sales_rep'],
    'without a person only the membership is given');
SELECT is((SELECT count(*) FROM crm.marketing_analyst WHERE marketing_analyst_id = 3301), 0::bigint, 'which makes nobody an analyst');
SELECT is((SELECT count(*) FROM (SELECT crm.grant_role('people_bob', r, 3302)
    FROM unnest(ARRAY['crm_marketing_manager', 'crm_marketing_analyst', 'crm_support_agent', 'crm_bi', 'crm_auditor', 'crm_admin']) AS r) AS g),
    6::bigint, 'every other role can be given');
SELECT is((SELECT count(*) FROM crm.marketing_manager WHERE marketing_manager_id = 3302)
    + (SELECT count(*) FROM crm.marketing_analyst WHERE marketing_analyst_id = 3302)
    + (SELECT count(*) FROM crm.support_agent WHERE support_agent_id = 3302), 3::bigint, 'with the row of its occupation');
SELECT is(crm.grant_role('people_bob', 'crm_auditor', 3301), ARRAY['crm_admin', 'crm_auditor', 'crm_bi', 'crm_marketing_analyst',
    'crm_marketing_manager', 'crm_support_agent'], 'a login that becomes another person''s');
SELECT results_eq('SELECT staff_id, db_role FROM crm.staff WHERE staff_id IN (3301, 3302) ORDER BY 1',
    $$VALUES (3301::bigint, 'people_bob'), (3302, NULL)$$, 'is no longer the first one''s');
SELECT is(pg_temp.who('people_ann'), 'people_ann nobody f {crm_marketing_analyst,crm_sales_manager,crm_sales_rep} f {} {}',
    'and whose login that was is nobody');

-- A manager's scope: the tree of staff at any depth, its regions, and a region of the manager's own.
INSERT INTO crm.staff (staff_id, first_name, last_name, email, db_role, manager_id) VALUES
    (3304, 'Lea', 'L', 'lea33@example.com', 'people_lea', 3309), (3305, 'Sub', 'S', 'sub33@example.com', NULL, 3304),
    (3306, 'Rep', 'R', 'rep33@example.com', NULL, 3305);
CREATE ROLE people_lea LOGIN;
GRANT crm_sales_manager TO people_lea;
INSERT INTO crm.sales_manager (sales_manager_id) VALUES (3304), (3305);
INSERT INTO crm.sales_rep (sales_rep_id, region_id) VALUES (3306, 3302);
SELECT is(pg_temp.who('people_lea'), 'people_lea 3304 f {crm_sales_manager} f {3304,3305,3306} {3302}', 'two levels below');
UPDATE crm.sales_manager SET region_id = 3303 WHERE sales_manager_id = 3304;
SELECT is(pg_temp.who('people_lea'), 'people_lea 3304 f {crm_sales_manager} f {3304,3305,3306} {3302,3303}', 'with the own region');
UPDATE crm.sales_manager SET region_id = 3301 WHERE sales_manager_id = 3305;
SELECT is(pg_temp.who('people_lea'), 'people_lea 3304 f {crm_sales_manager} f {3304,3305,3306} {3301,3302,3303}',
    'and those of managers below');

-- A pool's login is nothing else ------------------------------------------------------------------------------
SELECT is(crm.grant_role('people_pool', 'crm_app'), ARRAY['crm_app'], 'a pool');
SELECT throws_ok($$SELECT crm.grant_role('people_pool', 'crm_sales_rep')$$, '22023', NULL, 'gets no other role');
SELECT throws_ok($$SELECT crm.grant_role('people_ann', 'crm_app')$$, '22023', NULL, 'and no person''s login becomes a pool');
SELECT is(pg_temp.who('people_pool'), 'people_pool nobody f {} f {} {}', 'without a token a pool is nobody');
SELECT FROM crm.set_token_key(sha256('a key of the test'));
SELECT is(pg_temp.who('people_pool', crm.issue_token(3302)),
    'people_pool 3302 t {crm_marketing_analyst,crm_marketing_manager,crm_support_agent} f {3302} {}',
    'with one it is the person, with the roles of the tables of staff');
SELECT is(pg_temp.who('people_pool', crm.issue_token(3301)),
    'people_pool 3301 t {crm_admin,crm_auditor,crm_bi,crm_marketing_analyst,crm_marketing_manager,crm_sales_manager,crm_sales_rep,crm_support_agent} t {3301,3302} {3301,3302}',
    'and those of the person''s own login');

-- Refused -----------------------------------------------------------------------------------------------------
SELECT throws_ok($$SELECT crm.grant_role('people_nobody', 'crm_bi')$$, '42704', NULL, 'an unknown login');
SELECT throws_ok($$SELECT crm.grant_role(NULL, 'crm_bi')$$, '42704', NULL, 'no login');
SELECT throws_ok(format($$SELECT crm.grant_role('people_clerk', %L)$$, r), '22023', NULL, format('role %s', coalesce(r, 'NULL')))
FROM unnest(ARRAY['crm_owner', 'pg_read_all_data', 'postgres', 'crm_bi; DROP TABLE x', NULL]) AS r;
SELECT throws_ok($$SELECT crm.grant_role('people_clerk', 'crm_sales_rep', 999999)$$, '22023', NULL, 'an unknown person');
SELECT is(crm._crm_roles('people_clerk'), ARRAY[]::text[], 'none of which left a membership');
SELECT is(pg_temp.me('people_ann', $$SELECT crm.grant_role('people_ann', 'crm_admin')::text$$),
    '42501 permission denied for function grant_role', 'a sales manager cannot grant');
SELECT is(pg_temp.me('people_clerk', $$SELECT crm.grant_role('people_clerk', 'crm_bi')::text$$),
    '42501 permission denied for schema crm', 'nor can a login without a role');
GRANT crm_admin TO people_clerk;
SELECT matches(pg_temp.me('people_clerk', $$SELECT crm.grant_role('people_ann', 'crm_bi')::text$$), '^42501 ',
    'nor an administrator who may not grant in PostgreSQL');
GRANT crm_admin TO people_boss;
DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 160000 THEN
        GRANT crm_bi TO people_boss WITH ADMIN OPTION;
    END IF;
END
$$;
SELECT is(pg_temp.me('people_boss', $$SELECT crm.grant_role('people_ann', 'crm_bi')::text$$),
    '{crm_bi,crm_marketing_analyst,crm_sales_manager,crm_sales_rep}', 'one who may, can');

-- Revoking ----------------------------------------------------------------------------------------------------
SELECT is(crm.revoke_role('people_ann', 'crm_sales_manager'), ARRAY['crm_marketing_analyst', 'crm_sales_rep'], 'a role is taken');
SELECT is(crm.revoke_role('people_ann', 'crm_sales_manager'), ARRAY['crm_marketing_analyst', 'crm_sales_rep'], 'twice is no error');
SELECT is(crm.revoke_role('people_ann', 'crm_bi'), ARRAY['crm_marketing_analyst', 'crm_sales_rep'], 'nor one that was never given');
SELECT is(pg_temp.who('people_ann'), 'people_ann nobody f {crm_marketing_analyst,crm_sales_rep} f {} {}', 'it is gone at once');
SELECT is((SELECT db_role FROM crm.staff WHERE staff_id = 3301), 'people_bob', 'a tie stays while there are roles');
SELECT is((SELECT count(*) FROM (SELECT crm.revoke_role('people_bob', r) FROM unnest(crm._crm_roles('people_bob')) AS r) AS x), 6::bigint,
    'all of a login');
SELECT is((SELECT db_role FROM crm.staff WHERE staff_id = 3301), NULL, 'the last one takes the tie');
SELECT is(pg_temp.who('people_bob'), '42501 permission denied for schema crm', 'and every right');
SELECT throws_ok($$SELECT crm.revoke_role('people_nobody', 'crm_bi')$$, '42704', NULL, 'from an unknown login');
SELECT throws_ok($$SELECT crm.revoke_role('people_clerk', 'postgres')$$, '22023', NULL, 'a role that is not of the CRM');
SELECT is(pg_temp.me('people_pool', $$SELECT crm.revoke_role('people_pool', 'crm_app')::text$$),
    '42501 permission denied for function revoke_role', 'a pool cannot revoke');
SELECT * FROM finish();
ROLLBACK;
