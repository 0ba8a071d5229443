-- 64_people_api: giving a login a role of the CRM and tying it to a person.

CREATE OR REPLACE FUNCTION crm._check_role(role text)
    RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF _check_role.role IS NULL OR _check_role.role NOT IN ('crm_admin', 'crm_sales_manager', 'crm_sales_rep',
        'crm_marketing_manager', 'crm_marketing_analyst', 'crm_support_agent', 'crm_bi', 'crm_app', 'crm_auditor') THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('%s is not a role that can be granted',
                coalesce(quote_literal(left(_check_role.role, 60)), 'NULL')),
            HINT = 'Roles are crm_admin, crm_sales_manager, crm_sales_rep, crm_marketing_manager, '
                'crm_marketing_analyst, crm_support_agent, crm_bi, crm_app and crm_auditor.';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._check_role(text) IS 'Raises 22023 unless this is a group role of the CRM that logins may have.';

CREATE OR REPLACE FUNCTION crm._crm_roles(login text)
    RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT coalesce(array_agg(DISTINCT g.rolname::text ORDER BY g.rolname::text), ARRAY[]::text[])
    FROM pg_roles AS l
    JOIN pg_auth_members AS m ON m.member = l.oid
    JOIN pg_roles AS g ON g.oid = m.roleid
    WHERE l.rolname = _crm_roles.login
        AND g.rolname IN ('crm_admin', 'crm_sales_manager', 'crm_sales_rep', 'crm_marketing_manager',
            'crm_marketing_analyst', 'crm_support_agent', 'crm_bi', 'crm_app', 'crm_auditor')
$function$;
COMMENT ON FUNCTION crm._crm_roles(text) IS 'Group roles of the CRM that a login is a direct member of.';

CREATE OR REPLACE FUNCTION crm._check_login(login text, role text)
    RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    other_roles constant text[] := array_remove(crm._crm_roles(_check_login.login), _check_login.role);
BEGIN
    IF _check_login.login IS NULL OR to_regrole(quote_ident(_check_login.login)) IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '42704',
            MESSAGE = format('login %s does not exist', coalesce(quote_literal(left(_check_login.login, 63)), 'NULL')),
            HINT = 'Create it first: CREATE ROLE ... LOGIN.';
    END IF;
    IF _check_login.role = 'crm_app' AND cardinality(other_roles) > 0
        OR _check_login.role <> 'crm_app' AND 'crm_app' = ANY (other_roles) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'the login of a pooled application has crm_app and no other role of the CRM',
            DETAIL = format('It has %s.', array_to_string(other_roles, ', ')),
            HINT = 'Use one login for the application and others for people.';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._check_login(text, text) IS
    'Raises 42704 for an unknown login, and 22023 where it would have crm_app beside another role of the CRM.';

-- A person is what the tables of staff say; a role without its row there would see nothing.
CREATE OR REPLACE FUNCTION crm._tie_login(login text, role text, staff_id bigint)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    occupation constant text := substr(_tie_login.role, 5);
BEGIN
    PERFORM crm._check_exists('staff', _tie_login.staff_id);
    UPDATE crm.staff AS s SET db_role = NULL
    WHERE s.db_role = _tie_login.login AND s.staff_id <> _tie_login.staff_id;
    UPDATE crm.staff AS s SET db_role = _tie_login.login
    WHERE s.staff_id = _tie_login.staff_id AND s.db_role IS DISTINCT FROM _tie_login.login;
    IF occupation IN ('sales_manager', 'sales_rep', 'marketing_manager', 'marketing_analyst', 'support_agent') THEN
        EXECUTE format('INSERT INTO crm.%1$I (%2$I) VALUES ($1) ON CONFLICT DO NOTHING', occupation, occupation || '_id')
        USING _tie_login.staff_id;
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._tie_login(text, text, bigint) IS
    'Sets staff.db_role and adds the person to the table of the role''s occupation.';

CREATE OR REPLACE FUNCTION crm.grant_role(login text, role text, staff_id bigint DEFAULT NULL)
    RETURNS text[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    PERFORM crm._check_role(grant_role.role);
    PERFORM crm._check_login(grant_role.login, grant_role.role);
    IF grant_role.staff_id IS NOT NULL THEN
        PERFORM crm._tie_login(grant_role.login, grant_role.role, grant_role.staff_id);
    END IF;
    PERFORM crm._set_membership(grant_role.login, grant_role.role, true);
    RETURN crm._crm_roles(grant_role.login);
END
$function$;
COMMENT ON FUNCTION crm.grant_role(text, text, bigint) IS
    'Gives a login a group role of the CRM and, with staff_id, ties it to that person: sets staff.db_role and adds the '
    'person to sales_rep, sales_manager and so on, as the role says. Returns the roles that the login has now. Runs with '
    'the caller''s rights: for superusers, and for crm_admin logins that may grant the role (CREATEROLE, since 16 with '
    'ADMIN OPTION). Errors: 42704 unknown login; 22023 unknown role, unknown person, crm_app beside another role; 42501 '
    'without the right.';

CREATE OR REPLACE FUNCTION crm.revoke_role(login text, role text)
    RETURNS text[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    PERFORM crm._check_role(revoke_role.role);
    IF revoke_role.login IS NULL OR to_regrole(quote_ident(revoke_role.login)) IS NULL THEN
        PERFORM crm._check_login(revoke_role.login, revoke_role.role);
    END IF;
    IF revoke_role.role = ANY (crm._crm_roles(revoke_role.login)) THEN
        PERFORM crm._set_membership(revoke_role.login, revoke_role.role, false);
    END IF;
    IF cardinality(crm._crm_roles(revoke_role.login)) = 0 THEN
        UPDATE crm.staff AS s SET db_role = NULL WHERE s.db_role = revoke_role.login;
    END IF;
    RETURN crm._crm_roles(revoke_role.login);
END
$function$;
COMMENT ON FUNCTION crm.revoke_role(text, text) IS
    'Takes a group role of the CRM from a login; with the last one also its tie to a person (staff.db_role). Returns the '
    'roles that the login has left; a role that it does not have is no error. Runs with the caller''s rights, as '
    'crm.grant_role() does. Errors: 42704 unknown login; 22023 unknown role; 42501 without the right.';
