-- 77_grants: privileges on tables, views and functions, made from the rights (75). Nothing is granted to PUBLIC.
-- Roles with masked columns get their columns one by one, so that a new column is hidden until it is classified.

CREATE OR REPLACE FUNCTION crm._wanted_table_grants()
    RETURNS TABLE (object_name text, grantee text, privilege text, column_name text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    WITH masked_role AS (SELECT unnest(crm._class_readers('none')) AS role_name)
    SELECT format('crm.%I', r.table_name), r.role_name, upper(r.command), ''
    FROM crm._table_rights() AS r
    WHERE r.command <> 'select' OR r.role_name NOT IN (SELECT m.role_name FROM masked_role AS m)
    UNION ALL
    SELECT format('crm.%I', r.table_name), r.role_name, 'SELECT', v.column_name
    FROM crm._table_rights() AS r
    JOIN crm._visible_columns() AS v ON v.table_name = r.table_name AND v.role_name = r.role_name
    WHERE r.command = 'select'
    UNION ALL
    -- Behind a pool the persons differ by rows alone
    SELECT DISTINCT format('crm.%I', r.table_name), 'crm_app', upper(r.command), ''
    FROM crm._table_rights() AS r
    WHERE r.role_name <> 'crm_bi' AND r.scope <> 'staging'
    UNION ALL
    -- Keys show in information_schema only to those who may reference them
    SELECT format('crm.%I', r.table_name), 'crm_bi', 'REFERENCES', a.attname
    FROM crm._table_rights() AS r
    JOIN pg_constraint AS k ON k.conrelid = to_regclass(format('crm.%I', r.table_name)) AND k.contype IN ('p', 'f')
    JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
    WHERE r.role_name = 'crm_bi' AND r.command = 'select'
    GROUP BY r.table_name, a.attname
$function$;
COMMENT ON FUNCTION crm._wanted_table_grants() IS
    'Privileges of the group roles on tables, as follow from crm._rights() and crm.pii_registry.';

CREATE OR REPLACE FUNCTION crm._wanted_view_grants()
    RETURNS TABLE (object_name text, grantee text, privilege text, column_name text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    -- Views run as their reader, who needs the rights on their tables all the same
    SELECT format('crm.%I', c.relname), r.role_name, p.privilege, ''
    FROM pg_class AS c
    CROSS JOIN unnest(ARRAY['crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_marketing_manager',
        'crm_marketing_analyst', 'crm_support_agent', 'crm_app', 'crm_auditor']) AS r (role_name)
    CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (privilege)
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v' AND c.relowner = 'crm_owner'::regrole
        AND 'security_invoker=true' = ANY (c.reloptions)
        AND (p.privilege = 'SELECT' OR r.role_name IN ('crm_admin', 'crm_app'))
    UNION ALL
    SELECT format('crm_bi.%I', c.relname), r.role_name, 'SELECT', ''
    FROM pg_class AS c
    CROSS JOIN unnest(ARRAY['crm_bi', 'crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_marketing_manager',
        'crm_marketing_analyst', 'crm_support_agent', 'crm_app']) AS r (role_name)
    WHERE c.relnamespace = 'crm_bi'::regnamespace AND c.relkind = 'v' AND c.relowner = 'crm_owner'::regrole
        AND 'security_invoker=true' = ANY (c.reloptions)
    UNION ALL
    -- Views that run as their owner: each says itself whom it shows something
    SELECT v.object_name, r.role_name, 'SELECT', ''
    FROM (VALUES
        ('crm.v_customer_masked'), ('crm.v_contact_masked'), ('crm.v_lead_masked')
    ) AS v (object_name)
    CROSS JOIN unnest(ARRAY['crm_admin', 'crm_marketing_manager', 'crm_marketing_analyst', 'crm_app']) AS r (role_name)
    WHERE to_regclass(v.object_name) IS NOT NULL
$function$;
COMMENT ON FUNCTION crm._wanted_view_grants() IS 'Privileges of the group roles on views.';

CREATE OR REPLACE FUNCTION crm._function_roles(function_name text, is_definer boolean)
    RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT CASE
        WHEN _function_roles.function_name IN ('delete_customer', 'delete_contact', 'delete_lead', 'delete_opportunity') THEN
            ARRAY['crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_app']
        WHEN _function_roles.function_name IN ('delete_product', 'receive_stock', 'adjust_stock', 'reassign_customer',
            'reassign_opportunity', 'reassign_lead') THEN
            ARRAY['crm_admin', 'crm_sales_manager', 'crm_app']
        WHEN _function_roles.function_name IN ('health', '_health_schema', '_health_server', '_health_rights',
            '_health_personal_data', 'verify', '_verify_orders', '_verify_history', '_verify_stock', '_verify_people', '_verify_metrics',
            '_trigger_problems', '_structure_problems', '_policy_problems') THEN
            ARRAY['crm_admin', 'crm_auditor']
        -- Reps would see a rate of their own sales only
        WHEN _function_roles.function_name = 'inventory_report' THEN
            ARRAY['crm_admin', 'crm_sales_manager', 'crm_support_agent', 'crm_app']
        -- Those who may read quotas
        WHEN _function_roles.function_name IN ('sales_performance', '_quota_shares') THEN
            ARRAY['crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_app']
        WHEN _function_roles.function_name = 'row_history' THEN
            ARRAY['crm_admin', 'crm_auditor', 'crm_app']
        -- A view of crm_bi calls it, for whoever reads the view
        WHEN _function_roles.function_name = '_document_days' THEN
            ARRAY['crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_marketing_manager', 'crm_marketing_analyst',
                'crm_support_agent', 'crm_bi', 'crm_app']
        WHEN _function_roles.function_name IN ('_claim_order_key', 'has_consent') THEN
            ARRAY['crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_marketing_manager', 'crm_marketing_analyst',
                'crm_support_agent', 'crm_app']
        -- The schema itself: for whoever runs crm.install()
        WHEN _function_roles.function_name ~ '^_(apply|forget|set_deleted|check_reassignment|emit|wanted|grant|policy|own_rows|parent_rows|scope|write|app|masked|visible|class|rights|table_rights|function_roles|erase)' THEN
            ARRAY[]::text[]
        WHEN _function_roles.is_definer
            OR _function_roles.function_name ~ '^_?(import|prepare_import|load_demo|demo|restore|configure|read_events|ack_events|add_event|consumer|purge|sync|sequences|erase|replay|apply_retention|classify|grant_role|revoke_role|export_customer)' THEN
            ARRAY['crm_admin']
        -- The rest runs as its caller and lets do no more than plain SQL does
        ELSE ARRAY['crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_marketing_manager',
            'crm_marketing_analyst', 'crm_support_agent', 'crm_app']
    END
$function$;
COMMENT ON FUNCTION crm._function_roles(text, boolean) IS
    'Roles that may call a function of the schema part; functions of the extension itself name theirs where they are made.';

CREATE OR REPLACE FUNCTION crm._wanted_function_grants()
    RETURNS TABLE (object_name text, grantee text, privilege text, column_name text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT format('crm.%I(%s)', p.proname, oidvectortypes(p.proargtypes)), r.role_name, 'EXECUTE', ''
    FROM pg_proc AS p
    CROSS JOIN LATERAL unnest(crm._function_roles(p.proname, p.prosecdef)) AS r (role_name)
    WHERE p.pronamespace = 'crm'::regnamespace AND p.proowner = 'crm_owner'::regrole
        AND p.prorettype <> 'trigger'::regtype
        AND NOT EXISTS (SELECT FROM pg_depend AS d
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
$function$;
COMMENT ON FUNCTION crm._wanted_function_grants() IS 'Privileges of the group roles on functions of the schema part.';

CREATE OR REPLACE FUNCTION crm._wanted_grants()
    RETURNS TABLE (object_name text, grantee text, privilege text, column_name text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT t.* FROM crm._wanted_table_grants() AS t
    UNION ALL
    SELECT v.* FROM crm._wanted_view_grants() AS v
    UNION ALL
    SELECT f.* FROM crm._wanted_function_grants() AS f
$function$;
COMMENT ON FUNCTION crm._wanted_grants() IS
    'All privileges that crm.install() grants to the group roles: object, role, privilege, and column or empty.';

-- A view or function that was dropped, as DROP EXTENSION ... CASCADE does, and made anew has lost its privileges.
CREATE OR REPLACE FUNCTION crm._forget_lost_grants()
    RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    DELETE FROM crm_state.install_grant AS i
    WHERE i.object_name IN (
        SELECT o.object_name
        FROM (
            SELECT format('%s.%I', c.relnamespace::regnamespace, c.relname) AS object_name, c.relacl AS acl, c.relowner AS owner
            FROM pg_class AS c
            WHERE c.relnamespace IN ('crm'::regnamespace, 'crm_bi'::regnamespace) AND c.relkind = 'v'
            UNION ALL
            SELECT format('crm.%I(%s)', p.proname, oidvectortypes(p.proargtypes)), p.proacl, p.proowner
            FROM pg_proc AS p
            WHERE p.pronamespace = 'crm'::regnamespace
        ) AS o
        WHERE NOT EXISTS (SELECT FROM aclexplode(o.acl) AS g WHERE g.grantee <> o.owner)
            AND NOT EXISTS (SELECT FROM crm_state.install_skip AS s WHERE s.object_name = o.object_name))
$function$;
COMMENT ON FUNCTION crm._forget_lost_grants() IS
    'Forgets what was granted on views and functions on which nobody but the owner has a privilege, so that it is granted '
    'again; those in crm_state.install_skip stay as they are.';

CREATE OR REPLACE FUNCTION crm._apply_grants(only_table text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    wanted record;
BEGIN
    PERFORM crm._forget_lost_grants();
    FOR wanted IN
        WITH fresh AS (
            INSERT INTO crm_state.install_grant AS i (object_name, grantee, privilege, column_name)
            SELECT w.object_name, w.grantee, w.privilege, w.column_name
            FROM crm._wanted_grants() AS w
            WHERE (_apply_grants.only_table IS NULL OR w.object_name = (SELECT format('crm.%I', _apply_grants.only_table)))
            ON CONFLICT DO NOTHING
            RETURNING i.object_name, i.grantee, i.privilege, i.column_name
        )
        SELECT g.object_name, g.grantee,
            CASE WHEN g.privilege = 'EXECUTE' THEN 'FUNCTION' ELSE 'TABLE' END AS kind,
            string_agg(g.privilege || g.columns, ', ' ORDER BY g.privilege) AS privileges
        FROM (
            SELECT f.object_name, f.grantee, f.privilege,
                coalesce(' (' || string_agg(quote_ident(nullif(f.column_name, '')), ', ' ORDER BY f.column_name)
                    || ')', '') AS columns
            FROM fresh AS f
            GROUP BY f.object_name, f.grantee, f.privilege
        ) AS g
        GROUP BY g.object_name, g.grantee, kind
        ORDER BY g.object_name, g.grantee
    LOOP
        EXECUTE format('GRANT %s ON %s %s TO %I', wanted.privileges, wanted.kind, wanted.object_name, wanted.grantee);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION crm._apply_grants(text) IS
    'Grants what crm._wanted_grants() lists and was never granted before: on one table, or on everything (NULL).';

CREATE OR REPLACE FUNCTION crm._grant_column(table_name text, column_name text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    reader text;
BEGIN
    FOR reader IN
        SELECT r.role_name
        FROM unnest(crm._class_readers('none')) AS r (role_name)
        JOIN pg_attribute AS a ON a.attrelid = to_regclass(format('crm.%I', nullif(_grant_column.table_name, '')))
            AND a.attname = _grant_column.column_name AND a.attnum > 0
        WHERE NOT EXISTS (SELECT FROM crm._visible_columns() AS v
            WHERE v.table_name = _grant_column.table_name AND v.column_name = _grant_column.column_name
                AND v.role_name = r.role_name)
    LOOP
        EXECUTE format('REVOKE SELECT (%I) ON crm.%I FROM %I', _grant_column.column_name, _grant_column.table_name, reader);
        DELETE FROM crm_state.install_grant AS i
        WHERE i.object_name = format('crm.%I', _grant_column.table_name) AND i.grantee = reader
            AND i.privilege = 'SELECT' AND i.column_name = _grant_column.column_name;
    END LOOP;
    PERFORM crm._apply_grants(_grant_column.table_name);
    PERFORM crm._apply_policies(_grant_column.table_name);
END
$function$;
COMMENT ON FUNCTION crm._grant_column(text, text) IS
    'Grants a column to the roles with masked columns that its class is for, and takes it from the others.';
