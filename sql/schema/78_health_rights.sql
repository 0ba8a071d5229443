-- 78_health_rights: the part of crm.health() about who may see what.

CREATE OR REPLACE FUNCTION crm._health_rights()
    RETURNS TABLE (check_name text, status text, detail text, hint text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    SELECT 'row-level security', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
        coalesce('off or not forced on ' || string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text),
            'on and forced on every table'),
        CASE WHEN count(*) > 0 THEN 'Run SELECT crm.install(), which turns it on.' END
    FROM pg_class AS c
    WHERE c.relnamespace IN (to_regnamespace('crm'), to_regnamespace('crm_state')) AND c.relkind IN ('r', 'p')
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
        AND NOT EXISTS (SELECT FROM crm._rights() AS r WHERE r.table_name = c.relname AND r.scope = 'staging')
    UNION ALL
    SELECT 'policies', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
        coalesce(string_agg(format('%s is %s', p.policy_name, p.problem), ', ' ORDER BY p.policy_name),
            'all present and as crm makes them'),
        CASE WHEN count(*) > 0 THEN 'Run SELECT crm.install(), which makes them anew; name those that you dropped on '
            'purpose in crm_state.install_skip.' END
    FROM crm._policy_problems() AS p
    UNION ALL
    SELECT 'policies of your own', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warning' END,
        coalesce(string_agg(format('%s on %s', p.polname, p.polrelid::regclass), ', ' ORDER BY p.polname), 'none'),
        CASE WHEN count(*) > 0 THEN 'A permissive policy widens what its roles see: make sure that it is meant.' END
    FROM pg_policy AS p
    JOIN pg_class AS c ON c.oid = p.polrelid
    WHERE c.relnamespace IN (to_regnamespace('crm'), to_regnamespace('crm_state')) AND p.polpermissive
        AND coalesce(obj_description(p.oid, 'pg_policy'), '') NOT LIKE 'Policy of crm, %'
    UNION ALL
    SELECT 'pooled logins', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
        coalesce(string_agg(l.rolname, ', ' ORDER BY l.rolname), 'none with crm_app and another role'),
        CASE WHEN count(*) > 0 THEN 'The login of a pooled application may have crm_app alone: its SET ROLE would go '
            'around the token.' END
    FROM pg_roles AS l
    WHERE l.rolcanlogin AND NOT l.rolsuper AND pg_has_role(l.oid, to_regrole('crm_app')::oid, 'MEMBER')
        AND EXISTS (SELECT FROM unnest(ARRAY['crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_marketing_manager',
                'crm_marketing_analyst', 'crm_support_agent', 'crm_bi', 'crm_auditor']) AS g (name)
            WHERE pg_has_role(l.oid, to_regrole(g.name)::oid, 'MEMBER'))
    UNION ALL
    SELECT 'logins past row-level security', 'ok',
        coalesce(string_agg(l.rolname, ', ' ORDER BY l.rolname), 'none'),
        'Superusers and logins with BYPASSRLS see every row; keep them for operations and bulk loads.'
    FROM pg_roles AS l
    WHERE l.rolcanlogin AND (l.rolsuper OR l.rolbypassrls)
    UNION ALL
    SELECT 'logins of people', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warning' END,
        coalesce(string_agg(format('%s (staff %s, %s)', s.db_role, s.staff_id, x.problem), ', ' ORDER BY s.staff_id),
            'every staff.db_role is a login, those who left have no role'),
        CASE WHEN count(*) > 0 THEN 'Take the roles of people who left with crm.revoke_role(); correct staff.db_role.' END
    FROM crm.staff AS s
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN to_regrole(quote_ident(s.db_role)) IS NULL THEN 'no such role'
            WHEN NOT s.active AND cardinality(crm._crm_roles(s.db_role)) > 0 THEN 'not active, but has roles'
        END AS problem
    ) AS x
    WHERE s.db_role IS NOT NULL AND x.problem IS NOT NULL
$function$;
COMMENT ON FUNCTION crm._health_rights() IS 'The part of crm.health() about row-level security, policies and logins.';
