-- 65_views_people: staff by what they do, person and role in one writable row.

CREATE OR REPLACE VIEW crm.v_sales_rep WITH (security_invoker = true) AS
SELECT
    r.sales_rep_id,
    s.first_name,
    s.last_name,
    s.name,
    s.email,
    s.phone,
    s.db_role,
    s.manager_id,
    s.active,
    r.region_id,
    r.lead_capacity_month
FROM crm.sales_rep AS r
JOIN crm.staff AS s ON s.staff_id = r.sales_rep_id;
COMMENT ON VIEW crm.v_sales_rep IS
    'Sales reps, person and role in one row. INSERT makes the rows of staff and sales_rep (only the latter, '
    'where the key of a person is given and nothing else of him), UPDATE writes both, DELETE takes the role '
    'away and leaves the person.';

CREATE OR REPLACE VIEW crm.v_sales_manager WITH (security_invoker = true) AS
SELECT
    r.sales_manager_id,
    s.first_name,
    s.last_name,
    s.name,
    s.email,
    s.phone,
    s.db_role,
    s.manager_id,
    s.active,
    r.region_id
FROM crm.sales_manager AS r
JOIN crm.staff AS s ON s.staff_id = r.sales_manager_id;
COMMENT ON VIEW crm.v_sales_manager IS
    'Sales managers, person and role in one row; writable as v_sales_rep is.';

CREATE OR REPLACE VIEW crm.v_marketing_manager WITH (security_invoker = true) AS
SELECT
    r.marketing_manager_id,
    s.first_name,
    s.last_name,
    s.name,
    s.email,
    s.phone,
    s.db_role,
    s.manager_id,
    s.active
FROM crm.marketing_manager AS r
JOIN crm.staff AS s ON s.staff_id = r.marketing_manager_id;
COMMENT ON VIEW crm.v_marketing_manager IS
    'Marketing managers, person and role in one row; writable as v_sales_rep is.';

CREATE OR REPLACE VIEW crm.v_marketing_analyst WITH (security_invoker = true) AS
SELECT
    r.marketing_analyst_id,
    s.first_name,
    s.last_name,
    s.name,
    s.email,
    s.phone,
    s.db_role,
    s.manager_id,
    s.active
FROM crm.marketing_analyst AS r
JOIN crm.staff AS s ON s.staff_id = r.marketing_analyst_id;
COMMENT ON VIEW crm.v_marketing_analyst IS
    'Marketing analysts, person and role in one row; writable as v_sales_rep is.';

CREATE OR REPLACE VIEW crm.v_support_agent WITH (security_invoker = true) AS
SELECT
    r.support_agent_id,
    s.first_name,
    s.last_name,
    s.name,
    s.email,
    s.phone,
    s.db_role,
    s.manager_id,
    s.active,
    r.region_id,
    r.capacity
FROM crm.support_agent AS r
JOIN crm.staff AS s ON s.staff_id = r.support_agent_id;
COMMENT ON VIEW crm.v_support_agent IS
    'Support agents, person and role in one row; writable as v_sales_rep is.';

CREATE OR REPLACE FUNCTION crm._staff_view()
    RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    role_table constant text := TG_ARGV[0];
    role_key constant text := TG_ARGV[0] || '_id';
    role_columns constant text[] := coalesce(TG_ARGV[1:], '{}');
    person crm.staff;
    old_id bigint;
    new_id bigint;
    written bigint;
    refused text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('SELECT ($1).%I', role_key) INTO old_id USING OLD;
    END IF;
    IF TG_OP = 'DELETE' THEN
        EXECUTE format('DELETE FROM crm.%I WHERE %I = $1', role_table, role_key) USING old_id;
        GET DIAGNOSTICS written = ROW_COUNT;
        RETURN CASE WHEN written > 0 THEN OLD END;
    END IF;

    EXECUTE format('SELECT ($1).%I', role_key) INTO new_id USING NEW;
    refused := CASE
        WHEN TG_OP = 'UPDATE' AND new_id IS DISTINCT FROM old_id THEN role_key
        WHEN NEW.name IS DISTINCT FROM OLD.name THEN 'name'
    END;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'RM015',
            MESSAGE = format('column %s of view %s can''t be written', refused, TG_TABLE_NAME),
            HINT = CASE refused WHEN 'name' THEN 'Write first_name and last_name.'
                ELSE 'Delete this row and insert one for the other person.' END,
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = refused;
    END IF;

    IF TG_OP = 'INSERT' THEN
        IF new_id IS NULL THEN
            INSERT INTO crm.staff AS s (first_name, last_name, email, phone, db_role, manager_id, active)
            VALUES (NEW.first_name, NEW.last_name, NEW.email, NEW.phone, NEW.db_role,
                NEW.manager_id, coalesce(NEW.active, true))
            RETURNING s.staff_id INTO new_id;
        ELSIF num_nonnulls(NEW.first_name, NEW.last_name, NEW.email, NEW.phone, NEW.db_role,
            NEW.manager_id, NEW.active) > 0 THEN
            INSERT INTO crm.staff
                (staff_id, first_name, last_name, email, phone, db_role, manager_id, active)
            VALUES (new_id, NEW.first_name, NEW.last_name, NEW.email, NEW.phone, NEW.db_role,
                NEW.manager_id, coalesce(NEW.active, true));
        END IF;
        EXECUTE format('INSERT INTO crm.%I (%I%s) SELECT $2%s', role_table, role_key,
            (SELECT string_agg(format(', %I', c), '') FROM unnest(role_columns) AS c),
            (SELECT string_agg(format(', ($1).%I', c), '') FROM unnest(role_columns) AS c))
        USING NEW, new_id;
    ELSE
        -- Only changed columns are written, so that what others change meanwhile stands.
        IF (NEW.first_name, NEW.last_name, NEW.email, NEW.phone, NEW.db_role, NEW.manager_id, NEW.active)
            IS DISTINCT FROM
            (OLD.first_name, OLD.last_name, OLD.email, OLD.phone, OLD.db_role, OLD.manager_id, OLD.active)
        THEN
            UPDATE crm.staff AS s
            SET
                first_name = CASE WHEN NEW.first_name IS DISTINCT FROM OLD.first_name
                    THEN NEW.first_name ELSE s.first_name END,
                last_name = CASE WHEN NEW.last_name IS DISTINCT FROM OLD.last_name
                    THEN NEW.last_name ELSE s.last_name END,
                email = CASE WHEN NEW.email IS DISTINCT FROM OLD.email THEN NEW.email ELSE s.email END,
                phone = CASE WHEN NEW.phone IS DISTINCT FROM OLD.phone THEN NEW.phone ELSE s.phone END,
                db_role = CASE WHEN NEW.db_role IS DISTINCT FROM OLD.db_role
                    THEN NEW.db_role ELSE s.db_role END,
                manager_id = CASE WHEN NEW.manager_id IS DISTINCT FROM OLD.manager_id
                    THEN NEW.manager_id ELSE s.manager_id END,
                active = CASE WHEN NEW.active IS DISTINCT FROM OLD.active THEN NEW.active ELSE s.active END
            WHERE s.staff_id = old_id;
            IF NOT FOUND THEN
                RETURN NULL;
            END IF;
        END IF;
        IF EXISTS (
            SELECT FROM unnest(role_columns) AS c
            WHERE to_jsonb(NEW) -> c IS DISTINCT FROM to_jsonb(OLD) -> c
        ) THEN
            EXECUTE format('UPDATE crm.%I AS r SET %s WHERE r.%I = $3', role_table,
                (SELECT string_agg(format('%1$I = CASE WHEN ($1).%1$I IS DISTINCT FROM ($2).%1$I '
                    'THEN ($1).%1$I ELSE r.%1$I END', c), ', ') FROM unnest(role_columns) AS c),
                role_key)
            USING NEW, OLD, old_id;
            GET DIAGNOSTICS written = ROW_COUNT;
            IF written = 0 THEN
                RETURN NULL;
            END IF;
        END IF;
    END IF;

    -- What RETURNING shows is what is stored.
    SELECT * INTO person FROM crm.staff AS s WHERE s.staff_id = new_id;
    NEW := jsonb_populate_record(NEW, to_jsonb(person) || jsonb_build_object(role_key, new_id));
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION crm._staff_view() IS
    'Writes a row of a view of staff into staff and the table of the role. Arguments of the trigger: that '
    'table and its columns besides the key. Runs with the caller''s rights. Raises RM015 where the key is '
    'changed or the generated name is written.';

DO $triggers$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT *
        FROM (VALUES
            ('v_sales_rep', '''sales_rep'', ''region_id'', ''lead_capacity_month'''),
            ('v_sales_manager', '''sales_manager'', ''region_id'''),
            ('v_marketing_manager', '''marketing_manager'''),
            ('v_marketing_analyst', '''marketing_analyst'''),
            ('v_support_agent', '''support_agent'', ''region_id'', ''capacity''')
        ) AS v (view_name, arguments)
        ORDER BY v.view_name
    LOOP
        CONTINUE WHEN to_regclass('crm.' || wanted.view_name) IS NULL OR EXISTS (
            SELECT FROM pg_trigger AS t
            WHERE t.tgrelid = to_regclass('crm.' || wanted.view_name)
                AND t.tgname = wanted.view_name || '_write')
            OR EXISTS (
            SELECT FROM crm_state.install_skip AS s
            WHERE s.object_name = format('crm.%1$s.%1$s_write', wanted.view_name));
        EXECUTE format(
            'CREATE TRIGGER %I INSTEAD OF INSERT OR UPDATE OR DELETE ON crm.%I FOR EACH ROW '
            'EXECUTE FUNCTION crm._staff_view(%s)',
            wanted.view_name || '_write', wanted.view_name, wanted.arguments);
    END LOOP;
END
$triggers$;
