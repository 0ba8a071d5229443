-- 05_roles: the group roles of the CRM. Roles belong to the whole cluster, so that each part is made
-- only where it is missing, and databases that install at the same time wait for each other.

LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE;

DO $roles$
DECLARE
    wanted record;
    present pg_catalog.pg_roles;
BEGIN
    FOR wanted IN
        SELECT *
        FROM (VALUES
            ('crm_owner', 'Owns the tables and functions of the CRM; nobody is a member.'),
            ('crm_admin', 'Administers the CRM: all rows, settings, erasure, deleted records.'),
            ('crm_sales_manager', 'Leads a sales team: customers, orders, leads and quotas of team and regions.'),
            ('crm_sales_rep', 'Sells: the customers of the own regions and what hangs on them.'),
            ('crm_marketing_manager', 'Plans and runs campaigns and segments.'),
            ('crm_marketing_analyst', 'Analyses campaigns, segments and customer behaviour.'),
            ('crm_support_agent', 'Answers tickets: customers, orders, interactions and the knowledge base.'),
            ('crm_bi', 'Reads the BI views without personal data.'),
            ('crm_app', 'Logs in for a pooled application; sees nothing without a session token.'),
            ('crm_auditor', 'Reads the audit log, rights and the health report.')
        ) AS v (role_name, description)
    LOOP
        SELECT * INTO present FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) wanted.role_name;
        IF NOT FOUND THEN
            EXECUTE pg_catalog.format(
                'CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT',
                wanted.role_name);
        ELSIF present.rolcanlogin OR present.rolsuper OR present.rolcreaterole OR present.rolcreatedb
            OR present.rolreplication OR present.rolbypassrls THEN
            RAISE EXCEPTION USING
                ERRCODE = 'duplicate_object',
                MESSAGE = pg_catalog.format('role "%s" exists and is not a plain group role', wanted.role_name),
                DETAIL = 'It has LOGIN, SUPERUSER, CREATEROLE, CREATEDB, REPLICATION or BYPASSRLS.',
                HINT = pg_catalog.format('Rename it, or take the attribute away: ALTER ROLE %I NOLOGIN NOSUPERUSER '
                    'NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS.', wanted.role_name);
        END IF;
        IF pg_catalog.shobj_description(pg_catalog.to_regrole(wanted.role_name)::oid, 'pg_authid')
            IS DISTINCT FROM wanted.description THEN
            EXECUTE pg_catalog.format('COMMENT ON ROLE %I IS %L', wanted.role_name, wanted.description);
        END IF;
    END LOOP;
END
$roles$;
