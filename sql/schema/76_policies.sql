-- 76_policies: row-level security, made from the rights (75). All text of policies stands here.
--
-- Names: <table>_owner; <table>_<command>_all, _manager, _rep, _app; <table>_not_deleted.

CREATE OR REPLACE FUNCTION crm._own_rows(table_name text, scope text, kind text)
    RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT concat_ws(' OR ',
        CASE _own_rows.kind
            WHEN 'manager' THEN '(SELECT crm.sees_all_sales())'
            WHEN 'app' THEN '(SELECT crm.app_sees_all_sales())'
        END,
        CASE
            WHEN _own_rows.kind = 'rep' THEN format('%I.%I = (SELECT crm.my_staff_id())', _own_rows.table_name, k.person)
            ELSE format('%I.%I = ANY ((SELECT crm.%s())::bigint[])', _own_rows.table_name, k.person,
                CASE _own_rows.kind WHEN 'manager' THEN 'my_team' ELSE 'app_team' END)
        END,
        CASE WHEN _own_rows.scope = 'sales' THEN
            format('%I.region_id = ANY ((SELECT crm.%s())::bigint[])', _own_rows.table_name,
                CASE _own_rows.kind WHEN 'rep' THEN 'my_regions' WHEN 'manager' THEN 'my_team_regions'
                    ELSE 'app_regions' END)
        END)
    FROM (SELECT CASE _own_rows.scope WHEN 'manager' THEN 'sales_manager_id' ELSE 'sales_rep_id' END) AS k (person)
$function$;
COMMENT ON FUNCTION crm._own_rows(text, text, text) IS
    'Condition for the rows that belong to the acting person by their own columns; kind is rep, manager or app.';

CREATE OR REPLACE FUNCTION crm._parent_rows(table_name text, parent text)
    RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT format('EXISTS (SELECT FROM crm.%1$I AS parent WHERE parent.%2$I = %3$I.%2$I)', _parent_rows.parent,
        _parent_rows.parent || '_id', _parent_rows.table_name)
$function$;
COMMENT ON FUNCTION crm._parent_rows(text, text) IS 'Condition for the rows whose parent the acting person sees.';

CREATE OR REPLACE FUNCTION crm._scope_condition(table_name text, scope text, kind text)
    RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT CASE _scope_condition.scope
        WHEN 'sales' THEN own.rows
        WHEN 'rep' THEN own.rows
        WHEN 'manager' THEN own.rows
        WHEN 'hangs' THEN own.rows || ' OR ' || crm._parent_rows(_scope_condition.table_name, 'customer')
        WHEN 'member' THEN crm._parent_rows(_scope_condition.table_name, 'customer') || ' OR '
            || crm._parent_rows(_scope_condition.table_name, 'lead')
        ELSE crm._parent_rows(_scope_condition.table_name, _scope_condition.scope)
    END
    FROM (SELECT crm._own_rows(_scope_condition.table_name, _scope_condition.scope, _scope_condition.kind)) AS own (rows)
$function$;
COMMENT ON FUNCTION crm._scope_condition(text, text, text) IS
    'Condition for the rows of a table in the scope of the acting person; kind is rep, manager or app.';

-- What a row written within a scope must also keep: nobody hangs a document on a customer that he does not see.
CREATE OR REPLACE FUNCTION crm._write_condition(table_name text, scope text)
    RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT CASE
        WHEN _write_condition.table_name = 'lead' THEN
            '(lead.converted_customer_id IS NULL OR EXISTS (SELECT FROM crm.customer AS parent '
            'WHERE parent.customer_id = lead.converted_customer_id))'
        WHEN _write_condition.table_name = 'follow_up' THEN
            format('(follow_up.customer_id IS NULL OR %s) AND (follow_up.lead_id IS NULL OR %s)',
                crm._parent_rows('follow_up', 'customer'), crm._parent_rows('follow_up', 'lead'))
        WHEN _write_condition.scope IN ('sales', 'hangs') AND _write_condition.table_name <> 'customer' THEN
            format('(%1$I.customer_id IS NULL OR %2$s)', _write_condition.table_name,
                crm._parent_rows(_write_condition.table_name, 'customer'))
    END
$function$;
COMMENT ON FUNCTION crm._write_condition(text, text) IS
    'Condition beside the scope for rows that are written, NULL for none: their customer and lead must be visible.';

CREATE OR REPLACE FUNCTION crm._masked_tables()
    RETURNS TABLE (table_name text, role_name text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT c.relname::text, r.role_name
    FROM pg_class AS c
    CROSS JOIN unnest(crm._class_readers('none')) AS r (role_name)
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r'
        AND (SELECT count(*) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
            > (SELECT count(*) FROM crm._visible_columns() AS v
                WHERE v.table_name = c.relname AND v.role_name = r.role_name)
$function$;
COMMENT ON FUNCTION crm._masked_tables() IS
    'Tables with columns that a role may not read. Behind a pool one set of column privileges serves all persons, so '
    'that persons of this role see no row of such a table there; masked views are for them.';

CREATE OR REPLACE FUNCTION crm._app_condition(table_name text, scope text, command text, all_roles text[], scope_roles text[])
    RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT concat_ws(' OR ',
        CASE WHEN cardinality(_app_condition.all_roles) > 0 THEN
            format('(SELECT crm.app_sees(%L::text[]))', _app_condition.all_roles) END,
        CASE
            WHEN cardinality(_app_condition.scope_roles) = 0 THEN NULL
            -- The team of a rep is the rep: what both may needs no question who it is
            WHEN _app_condition.scope IN ('sales', 'rep') AND cardinality(_app_condition.scope_roles) = 2 THEN s.condition
            ELSE format('(SELECT crm.app_sees(%L::text[])) AND (%s)', _app_condition.scope_roles, s.condition)
        END)
    FROM (SELECT crm._scope_condition(_app_condition.table_name, _app_condition.scope, 'app')) AS s (condition)
$function$;
COMMENT ON FUNCTION crm._app_condition(text, text, text, text[], text[]) IS
    'Condition for the rows that the person of a session token may see: what the roles of this person give together.';

-- One row per policy, before the conditions of writing are added.
CREATE OR REPLACE FUNCTION crm._policy_conditions()
    RETURNS TABLE (
        table_name text,
        scope text,
        command text,
        kind text,
        roles text[],
        condition text,
        is_scoped boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    WITH rights AS (
        SELECT r.* FROM crm._table_rights() AS r
        WHERE r.scope <> 'staging' AND r.sees <> 'none' AND to_regclass(format('crm.%I', r.table_name)) IS NOT NULL
    ),
    masked AS MATERIALIZED (SELECT m.table_name, m.role_name FROM crm._masked_tables() AS m),
    app AS (
        SELECT r.table_name, r.scope, r.command,
            coalesce(array_agg(r.role_name ORDER BY r.role_name) FILTER (WHERE r.sees = 'all' AND (
                r.command <> 'select' OR (r.table_name, r.role_name) NOT IN (SELECT m.table_name, m.role_name FROM masked AS m))),
                ARRAY[]::text[]) AS all_roles,
            coalesce(array_agg(r.role_name ORDER BY r.role_name) FILTER (WHERE r.sees = 'scope'), ARRAY[]::text[]) AS scope_roles
        FROM rights AS r
        WHERE r.role_name <> 'crm_bi'
        GROUP BY r.table_name, r.scope, r.command
    )
    SELECT r.table_name, r.scope, r.command, 'all', array_agg(r.role_name ORDER BY r.role_name), 'true', false
    FROM rights AS r
    WHERE r.sees = 'all'
    GROUP BY r.table_name, r.scope, r.command
    UNION ALL
    SELECT r.table_name, r.scope, r.command, k.kind, ARRAY[r.role_name],
        crm._scope_condition(r.table_name, r.scope, k.kind), true
    FROM rights AS r
    CROSS JOIN LATERAL (SELECT CASE r.role_name WHEN 'crm_sales_rep' THEN 'rep' ELSE 'manager' END) AS k (kind)
    WHERE r.sees = 'scope'
    UNION ALL
    SELECT a.table_name, a.scope, a.command, 'app', ARRAY['crm_app'],
        crm._app_condition(a.table_name, a.scope, a.command, a.all_roles, a.scope_roles),
        cardinality(a.scope_roles) > 0
    FROM app AS a
    WHERE cardinality(a.all_roles) + cardinality(a.scope_roles) > 0
$function$;
COMMENT ON FUNCTION crm._policy_conditions() IS
    'The permissive policies of the group roles, with the condition on the rows that they see.';

CREATE OR REPLACE FUNCTION crm._wanted_policies()
    RETURNS TABLE (schema_name text, table_name text, policy_name text, definition text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    -- The owner's triggers and functions see and write all rows
    SELECT c.relnamespace::regnamespace::text, c.relname::text, c.relname || '_owner',
        'FOR ALL TO crm_owner USING (true) WITH CHECK (true)'
    FROM pg_class AS c
    WHERE c.relnamespace IN ('crm'::regnamespace, 'crm_state'::regnamespace) AND c.relkind = 'r'
        AND c.relowner = 'crm_owner'::regrole
        AND NOT EXISTS (SELECT FROM crm._rights() AS r WHERE r.table_name = c.relname AND r.scope = 'staging')
    UNION ALL
    SELECT 'crm', p.table_name, format('%s_%s_%s', p.table_name, p.command, p.kind),
        format('FOR %s TO %s', upper(p.command), array_to_string(p.roles, ', '))
        || CASE WHEN p.command <> 'insert' THEN
            format(' USING (%s)', CASE
                WHEN p.command = 'select' THEN p.condition
                WHEN p.condition = 'true' THEN '(SELECT crm.rules_active())'
                ELSE format('(SELECT crm.rules_active()) AND (%s)', p.condition) END) ELSE '' END
        || CASE WHEN p.command IN ('insert', 'update') THEN
            format(' WITH CHECK (%s)', concat_ws(' AND ', '(SELECT crm.rules_active())',
                CASE WHEN p.condition <> 'true' THEN format('(%s)', p.condition) END,
                CASE WHEN p.is_scoped THEN crm._write_condition(p.table_name, p.scope) END)) ELSE '' END
    FROM crm._policy_conditions() AS p
    UNION ALL
    -- Deleted records are for crm_admin
    SELECT 'crm', c.relname::text, c.relname || '_not_deleted',
        'AS RESTRICTIVE FOR ALL TO crm_sales_manager, crm_sales_rep, crm_marketing_manager, crm_marketing_analyst, '
        'crm_support_agent, crm_bi, crm_app, crm_auditor USING (deleted_at IS NULL) WITH CHECK (deleted_at IS NULL)'
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'deleted_at' AND NOT a.attisdropped
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r' AND c.relowner = 'crm_owner'::regrole
$function$;
COMMENT ON FUNCTION crm._wanted_policies() IS
    'Every policy of the CRM with its definition, as follows from crm._rights(), the catalog and crm.pii_registry.';

CREATE OR REPLACE FUNCTION crm._policy_digest(policy_id oid, definition text)
    RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT md5(concat_ws('|', _policy_digest.definition, p.polcmd, p.polpermissive,
        (SELECT string_agg(r.rolname, ',' ORDER BY r.rolname) FROM pg_roles AS r WHERE r.oid = ANY (p.polroles)),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)))
    FROM pg_policy AS p
    WHERE p.oid = _policy_digest.policy_id
$function$;
COMMENT ON FUNCTION crm._policy_digest(oid, text) IS
    'Digest of a policy as it stands and of the definition that it was made from; kept in its comment.';

CREATE OR REPLACE FUNCTION crm._policy_problems()
    RETURNS TABLE (schema_name text, table_name text, policy_name text, definition text, policy_id oid, problem text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT w.schema_name, w.table_name, w.policy_name, w.definition, p.oid,
        CASE WHEN p.oid IS NULL THEN 'missing' ELSE 'different' END
    FROM crm._wanted_policies() AS w
    LEFT JOIN pg_policy AS p ON p.polrelid = to_regclass(format('%I.%I', w.schema_name, w.table_name))
        AND p.polname = w.policy_name
    WHERE (p.oid IS NULL OR obj_description(p.oid, 'pg_policy')
            IS DISTINCT FROM 'Policy of crm, definition ' || crm._policy_digest(p.oid, w.definition))
        AND NOT EXISTS (SELECT FROM crm_state.install_skip AS s
            WHERE s.object_name = format('%s.%s.%s', w.schema_name, w.table_name, w.policy_name))
$function$;
COMMENT ON FUNCTION crm._policy_problems() IS
    'Policies of the CRM that are missing or not as it makes them, but for those in crm_state.install_skip.';

CREATE OR REPLACE FUNCTION crm._apply_policies(only_table text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    target record;
    table_id regclass;
BEGIN
    FOR target IN
        SELECT p.* FROM crm._policy_problems() AS p
        WHERE _apply_policies.only_table IS NULL OR p.table_name = _apply_policies.only_table
        ORDER BY p.table_name, p.policy_name
    LOOP
        table_id := to_regclass(format('%I.%I', target.schema_name, target.table_name));
        IF target.policy_id IS NOT NULL THEN
            EXECUTE format('DROP POLICY %I ON %s', target.policy_name, table_id);
        END IF;
        EXECUTE format('CREATE POLICY %I ON %s %s', target.policy_name, table_id, target.definition);
        EXECUTE format('COMMENT ON POLICY %I ON %s IS %L', target.policy_name, table_id,
            'Policy of crm, definition ' || (SELECT crm._policy_digest(p.oid, target.definition) FROM pg_policy AS p
                WHERE p.polrelid = table_id AND p.polname = target.policy_name));
    END LOOP;
    -- Last, since the policies follow from tables that have some themselves
    FOR target IN
        SELECT c.oid::regclass AS name
        FROM pg_class AS c
        WHERE c.relnamespace IN ('crm'::regnamespace, 'crm_state'::regnamespace) AND c.relkind = 'r'
            AND c.relowner = 'crm_owner'::regrole AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
            AND NOT EXISTS (SELECT FROM crm._rights() AS r WHERE r.table_name = c.relname AND r.scope = 'staging')
            AND (_apply_policies.only_table IS NULL OR c.relname = _apply_policies.only_table)
        ORDER BY c.oid::regclass::text
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target.name);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION crm._apply_policies(text) IS
    'Turns row-level security on where it is off, and makes the policies of the CRM that are missing or different: of '
    'one table, or of all (NULL).';
