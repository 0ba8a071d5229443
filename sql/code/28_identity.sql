-- 28_identity: who acts, and what this person may see. Policies ask these functions as (SELECT f()), once a query.

DO $functions$
DECLARE
    identity_function record;
BEGIN
    FOR identity_function IN
        SELECT *
        FROM (VALUES
            ('my_staff_id', '', 'bigint',
                'Key of the person who acts: of the session token, else of the staff row whose db_role is the login '
                '(after SET ROLE the role set). NULL for nobody, and for one who is not active.'),
            ('my_regions', '', 'bigint[]',
                'Regions of the acting person as a sales rep, with all regions below; empty without any.'),
            ('my_team', '', 'bigint[]',
                'The acting person and all below in the tree of staff.manager_id, as keys of staff; empty for nobody.'),
            ('my_team_regions', '', 'bigint[]',
                'Regions of the acting person''s team, of reps and managers, with all regions below; empty without any.'),
            ('sees_all_sales', '', 'boolean',
                'Whether the acting person is a sales manager without a superior, who sees all sales.'),
            ('has_role', 'role text', 'boolean',
                'Whether the acting person has this role of the CRM: a login by its memberships; a person behind a token '
                'by the tables of staff (sales_rep, sales_manager and so on) and by the memberships of staff.db_role. '
                'Errors: 22023 for a name that is no such role.'),
            ('has_session', '', 'boolean', 'Whether a verified session token is in force.'),
            ('app_sees', 'roles text[]', 'boolean',
                'Whether a verified session token is in force whose person has one of these roles. Errors: 22023 for a '
                'name that is no role of a person.'),
            ('app_sees_all_sales', '', 'boolean',
                'Whether a verified session token is in force whose person is a sales manager without a superior.'),
            ('app_team', '', 'bigint[]',
                'Under a verified session token, the sales people whose sales its person sees; empty without one.'),
            ('app_regions', '', 'bigint[]',
                'Under a verified session token, the regions whose sales its person sees; empty without one.'),
            ('rules_active', '', 'boolean',
                'True. Policies that let write ask it, so that nothing can be written while the extension is missing.')
        ) AS v (function_name, arguments, result, description)
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE FUNCTION crm.%1$s(%2$s) RETURNS %3$s LANGUAGE c STABLE STRICT PARALLEL RESTRICTED '
            'AS ''MODULE_PATHNAME'', ''crm_%1$s''',
            identity_function.function_name, identity_function.arguments, identity_function.result);
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION crm.%s FROM PUBLIC', identity_function.function_name);
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION crm.%s TO crm_owner, crm_admin, crm_sales_manager, '
            'crm_sales_rep, crm_marketing_manager, crm_marketing_analyst, crm_support_agent, crm_bi, crm_app, '
            'crm_auditor', identity_function.function_name);
        EXECUTE pg_catalog.format('COMMENT ON FUNCTION crm.%s IS %L',
            identity_function.function_name, identity_function.description);
    END LOOP;
END
$functions$;

CREATE FUNCTION crm.who_am_i(
    OUT login text,
    OUT role text,
    OUT staff_id bigint,
    OUT by_token boolean,
    OUT roles text[],
    OUT sees_all_sales boolean,
    OUT team bigint[],
    OUT regions bigint[])
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT
        SESSION_USER::text,
        CURRENT_USER::text,
        crm.my_staff_id(),
        crm.has_session(),
        ARRAY(
            SELECT r.name
            FROM unnest(ARRAY['crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_marketing_manager',
                'crm_marketing_analyst', 'crm_support_agent', 'crm_bi', 'crm_auditor']) AS r (name)
            WHERE crm.has_role(r.name)
            ORDER BY r.name),
        crm.sees_all_sales(),
        CASE WHEN crm.has_role('crm_sales_manager') THEN crm.my_team() ELSE array_remove(ARRAY[crm.my_staff_id()], NULL) END,
        CASE WHEN crm.has_role('crm_sales_manager') THEN crm.my_team_regions() ELSE crm.my_regions() END
$function$;
COMMENT ON FUNCTION crm.who_am_i() IS
    'Who acts and how far this person sees: login, role (after SET ROLE the role set), staff_id (NULL for nobody), whether '
    'a session token named the person, roles of the CRM, whether all sales are seen, and the keys of the sales people '
    'and regions whose sales are seen.';
REVOKE EXECUTE ON FUNCTION crm.who_am_i() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.who_am_i() TO crm_owner, crm_admin, crm_sales_manager, crm_sales_rep, crm_marketing_manager,
    crm_marketing_analyst, crm_support_agent, crm_bi, crm_app, crm_auditor;

CREATE FUNCTION crm._caller_can_change(table_name text, row_id bigint) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
    AS 'MODULE_PATHNAME', 'crm_caller_can_change';
COMMENT ON FUNCTION crm._caller_can_change(text, bigint) IS
    'Locks a row and tells whether the caller of the outermost function may change it, by his own privileges and policies; '
    'for functions that then write as crm_owner. Errors: 42501 where he may not change the table at all.';
REVOKE EXECUTE ON FUNCTION crm._caller_can_change(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm._caller_can_change(text, bigint) TO crm_owner;

-- With the rights of who updates: so it tells a client's statement from one of the CRM's own functions.
CREATE FUNCTION crm._scope_check() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
    AS 'MODULE_PATHNAME', 'crm_scope_check';
COMMENT ON FUNCTION crm._scope_check() IS
    'Refuses an update that would take a row out of the sight of its caller, and says what to do (RM022).';
REVOKE EXECUTE ON FUNCTION crm._scope_check() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm._scope_check() TO crm_owner;

CREATE FUNCTION crm._set_membership(login text, role text, is_given boolean) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
    AS 'MODULE_PATHNAME', 'crm_set_membership';
COMMENT ON FUNCTION crm._set_membership(text, text, boolean) IS
    'Makes a login a member of a role, or takes it out, with the rights of the caller, and writes the entry of the audit. '
    'Returns whether anything changed. For crm.grant_role() and crm.revoke_role(). Errors: 22023 unknown login or role; '
    '42501 without the right.';
REVOKE EXECUTE ON FUNCTION crm._set_membership(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm._set_membership(text, text, boolean) TO crm_admin;
