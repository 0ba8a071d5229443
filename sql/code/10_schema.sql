-- 10_schema: the three schemas and the rights on them. crm.install() calls these functions outside of what the
-- extension owns: rights that an extension script gives are left out of dumps, and so would be what a DBA adds.

CREATE FUNCTION crm._check_schemas() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    offender record;
BEGIN
    SELECT n.nspname AS schema_name, n.nspowner::regrole AS owner INTO offender
    FROM pg_namespace AS n
    JOIN pg_authid AS r ON r.oid = n.nspowner
    WHERE n.nspname IN ('crm', 'crm_bi', 'crm_state') AND NOT r.rolsuper AND r.rolname <> 'crm_owner'
    ORDER BY n.nspname
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_schema',
            MESSAGE = format('schema "%s" exists and is owned by %s', offender.schema_name, offender.owner),
            DETAIL = 'The owner of a schema can put functions into it that the CRM would call in place of its own.',
            HINT = 'Drop or rename it, or make a superuser its owner if you know all that it holds.';
    END IF;
    SELECT o.schema_oid::regnamespace AS schema_name, o.owner::regrole AS owner,
        pg_describe_object(o.class_oid, o.object_oid, 0) AS description INTO offender
    FROM (
        SELECT p.pronamespace, p.proowner, 'pg_proc'::regclass, p.oid FROM pg_proc AS p
        UNION ALL
        SELECT p.oprnamespace, p.oprowner, 'pg_operator'::regclass, p.oid FROM pg_operator AS p
        UNION ALL
        SELECT t.typnamespace, t.typowner, 'pg_type'::regclass, t.oid FROM pg_type AS t
        WHERE t.typrelid = 0 AND t.typcategory <> 'A'
    ) AS o (schema_oid, owner, class_oid, object_oid)
    JOIN pg_authid AS r ON r.oid = o.owner
    WHERE o.schema_oid IN (to_regnamespace('crm'), to_regnamespace('crm_bi'), to_regnamespace('crm_state'))
        AND NOT r.rolsuper AND r.rolname <> 'crm_owner'
    ORDER BY o.class_oid DESC, o.object_oid
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = format('schema %s holds an object of %s: %s',
                offender.schema_name, offender.owner, offender.description),
            DETAIL = 'The CRM might call it in place of its own.',
            HINT = 'Drop it or move it to another schema.';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._check_schemas() IS
    'Refuses to install into schemas that somebody else than a superuser owns or has put functions, operators or '
    'types into. Errors: 42P06, 42710.';
REVOKE EXECUTE ON FUNCTION crm._check_schemas() FROM PUBLIC;

CREATE FUNCTION crm._prepare_schemas(create_all boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    wanted record;
    is_first boolean := create_all AND NOT EXISTS (
        SELECT FROM pg_class AS c
        WHERE c.oid = to_regclass('crm.customer') AND c.relowner = 'crm_owner'::regrole);
BEGIN
    IF is_first THEN
        PERFORM crm._check_schemas();
    END IF;
    FOR wanted IN
        SELECT v.schema_name, v.description
        FROM (VALUES
            ('crm', 'Customer relationship management: tables, views and functions for applications.'),
            ('crm_bi', 'Customer relationship management: views for BI tools.'),
            ('crm_state', 'Customer relationship management: internal state, not for clients.')
        ) AS v (schema_name, description)
    LOOP
        IF create_all AND to_regnamespace(wanted.schema_name) IS NULL THEN
            EXECUTE format('CREATE SCHEMA %I', wanted.schema_name);
        END IF;
        CONTINUE WHEN to_regnamespace(wanted.schema_name) IS NULL;
        -- The schemas belong to whoever installs, so that a dump can be restored where crm_owner is not there
        -- yet. Without its own rights on them no foreign key could be checked.
        IF NOT has_schema_privilege('crm_owner', wanted.schema_name, 'USAGE')
            OR NOT has_schema_privilege('crm_owner', wanted.schema_name, 'CREATE') THEN
            EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO crm_owner', wanted.schema_name);
        END IF;
        IF create_all AND obj_description(to_regnamespace(wanted.schema_name)::oid, 'pg_namespace') IS NULL THEN
            EXECUTE format('COMMENT ON SCHEMA %I IS %L', wanted.schema_name, wanted.description);
        END IF;
    END LOOP;
    IF is_first THEN
        GRANT USAGE ON SCHEMA crm TO
            crm_admin, crm_sales_manager, crm_sales_rep, crm_marketing_manager, crm_marketing_analyst,
            crm_support_agent, crm_app, crm_auditor;
        GRANT USAGE ON SCHEMA crm_bi TO
            crm_bi, crm_admin, crm_sales_manager, crm_sales_rep, crm_marketing_manager, crm_marketing_analyst,
            crm_support_agent, crm_app;
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._prepare_schemas(boolean) IS
    'Gives crm_owner its rights on the schemas that are there; with true it also creates those that are missing and, '
    'the first time, lets the group roles use schemas crm and crm_bi (crm_bi the latter alone). Rights that a DBA changed later stay.';
REVOKE EXECUTE ON FUNCTION crm._prepare_schemas(boolean) FROM PUBLIC;
