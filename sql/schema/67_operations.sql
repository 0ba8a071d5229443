-- 67_operations: what a DBA looks at and calls.

CREATE OR REPLACE FUNCTION crm._sequences()
    RETURNS TABLE (table_name text, column_name text, sequence_name text, last_value bigint, max_value bigint)
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    identity_column record;
BEGIN
    FOR identity_column IN
        SELECT c.oid::regclass::text AS relation, a.attname::text AS attribute,
            pg_get_serial_sequence(c.oid::regclass::text, a.attname) AS sequence
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.relnamespace IN (to_regnamespace('crm'), to_regnamespace('crm_state'))
            AND c.relkind = 'r' AND a.attidentity <> '' AND NOT a.attisdropped
            AND c.relowner = 'crm_owner'::regrole
        ORDER BY 1
    LOOP
        table_name := identity_column.relation;
        column_name := identity_column.attribute;
        sequence_name := identity_column.sequence;
        EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM %s', sequence_name)
        INTO last_value;
        EXECUTE format('SELECT max(%I) FROM %s', column_name, table_name) INTO max_value;
        RETURN NEXT;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION crm._sequences() IS
    'The identity column of each table with the last value given out and the largest value stored.';

CREATE OR REPLACE FUNCTION crm.sync_sequences()
    RETURNS TABLE (table_name text, last_value bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    RETURN QUERY
    SELECT s.table_name, setval(s.sequence_name::regclass, s.max_value)
    FROM crm._sequences() AS s
    WHERE s.max_value > s.last_value;
END
$function$;
COMMENT ON FUNCTION crm.sync_sequences() IS
    'Moves every identity sequence that lags behind the largest stored key up to it, as after COPY with keys or a '
    'switch-over of logical replication; returns the tables that needed it. A sequence never starts again from 1: after '
    'the largest key there can be, 9223372036854775807, the next row without a key raises 2200H.';

CREATE OR REPLACE FUNCTION crm._structure_problems()
    RETURNS TABLE (place bigint, object_name text, problem text, remedy text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    WITH wanted AS (
        SELECT s.place, s.schema_name, s.table_name, s.kind, s.object_name, s.definition, c.oid AS table_id,
            format('%I.%I', s.schema_name, s.table_name) AS table_text,
            CASE s.kind WHEN 'table' THEN concat_ws('.', s.schema_name, s.table_name)
                WHEN 'index' THEN concat_ws('.', s.schema_name, s.object_name)
                ELSE concat_ws('.', s.schema_name, s.table_name, s.object_name) END AS full_name
        FROM crm._script_structure() WITH ORDINALITY
            AS s (schema_name, table_name, kind, object_name, definition, place)
        LEFT JOIN pg_class AS c ON c.relnamespace = to_regnamespace(quote_ident(s.schema_name))
            AND c.relname = s.table_name AND c.relkind IN ('r', 'p')
    ), found AS (
        SELECT w.*, a.attnum IS NOT NULL AS has_column, a.attnotnull AS is_not_null, o.oid IS NOT NULL AS has_constraint,
            o.convalidated AS is_valid, i.indexrelid IS NOT NULL AS has_index, i.indisvalid AS is_usable
        FROM wanted AS w
        LEFT JOIN pg_attribute AS a ON w.kind IN ('column', 'not null') AND a.attrelid = w.table_id
            AND a.attname = w.object_name AND NOT a.attisdropped
        LEFT JOIN pg_constraint AS o ON w.kind = 'constraint' AND o.conrelid = w.table_id AND o.conname = w.object_name
        LEFT JOIN pg_index AS i ON w.kind = 'index' AND i.indrelid = w.table_id
            AND i.indexrelid = to_regclass(format('%I.%I', w.schema_name, w.object_name))
    )
    SELECT f.place, f.full_name, x.problem, x.remedy
    FROM found AS f
    CROSS JOIN LATERAL (
        SELECT 'is missing' AS problem, 'SELECT crm.install()' AS remedy
        WHERE f.kind = 'table' AND f.table_id IS NULL OR f.kind = 'index' AND f.table_id IS NOT NULL AND NOT f.has_index
        UNION ALL
        SELECT 'is missing', format('ALTER TABLE %s ADD %s', f.table_text, f.definition)
        WHERE f.table_id IS NOT NULL
            AND (f.kind = 'column' AND NOT f.has_column OR f.kind = 'constraint' AND NOT f.has_constraint)
        UNION ALL
        SELECT 'allows NULL', format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', f.table_text, f.object_name)
        WHERE f.kind = 'not null' AND f.has_column AND NOT f.is_not_null
        UNION ALL
        SELECT 'is not validated', format('ALTER TABLE %s VALIDATE CONSTRAINT %I', f.table_text, f.object_name)
        WHERE f.kind = 'constraint' AND f.has_constraint AND NOT f.is_valid
        UNION ALL
        SELECT 'is not valid', format('REINDEX INDEX %I.%I', f.schema_name, f.object_name)
        WHERE f.kind = 'index' AND f.has_index AND NOT f.is_usable
    ) AS x
    WHERE NOT EXISTS (SELECT FROM crm_state.install_skip AS s WHERE s.object_name = f.full_name)
$function$;
COMMENT ON FUNCTION crm._structure_problems() IS
    'Tables, columns, constraints and indexes of the CRM that are missing or not in force, with the statement that '
    'brings them back, in the order of the schema script. Leaves out what crm_state.install_skip lists.';

CREATE OR REPLACE FUNCTION crm._health_schema()
    RETURNS TABLE (check_name text, status text, detail text, hint text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    SELECT 'schema version', CASE WHEN v.version = crm.version() THEN 'ok' ELSE 'error' END,
        format('tables %s, library %s', coalesce(v.version, 'unknown'), crm.version()),
        CASE WHEN v.version IS DISTINCT FROM crm.version() THEN 'Run SELECT crm.migrate() as a superuser.' END
    FROM (SELECT) AS always
    LEFT JOIN (
        SELECT s.version FROM crm.schema_version AS s ORDER BY s.schema_version_id DESC LIMIT 1
    ) AS v ON true
    UNION ALL
    SELECT 'triggers', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
        coalesce(string_agg(format('%s is %s', p.trigger_name, p.problem), ', ' ORDER BY p.trigger_name),
            'all present, enabled and as crm makes them'),
        CASE WHEN count(*) > 0 THEN concat_ws(' ',
            CASE WHEN bool_or(p.problem <> 'disabled') THEN
                'Run SELECT crm.install(), which makes missing and different triggers anew.' END,
            CASE WHEN bool_or(p.problem = 'disabled') THEN
                'Enable the disabled ones with ALTER TABLE ... ENABLE TRIGGER.' END,
            'Then run SELECT * FROM crm.verify().') END
    FROM crm._trigger_problems() AS p
    UNION ALL
    SELECT 'structure', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
        coalesce(string_agg(format('%s %s', p.object_name, p.problem), ', ' ORDER BY p.place, p.problem),
            'tables, columns, constraints and indexes are all there'),
        CASE WHEN count(*) > 0 THEN format('Restore from a backup what held data, or run: %s. Name in '
            'crm_state.install_skip what was dropped on purpose.', concat_ws('; ',
            string_agg(p.remedy, '; ' ORDER BY p.place) FILTER (WHERE p.remedy <> 'SELECT crm.install()'),
            max(p.remedy) FILTER (WHERE p.remedy = 'SELECT crm.install()'))) END
    FROM crm._structure_problems() AS p
    UNION ALL
    SELECT 'ownership', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warning' END,
        coalesce(string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text), 'crm_owner owns the tables'),
        CASE WHEN count(*) > 0 THEN 'Tables of your own are fine; ours need ALTER TABLE ... OWNER TO crm_owner.' END
    FROM pg_class AS c
    WHERE c.relnamespace IN (to_regnamespace('crm'), to_regnamespace('crm_state'), to_regnamespace('crm_bi'))
        AND c.relkind IN ('r', 'p', 'v') AND c.relowner <> 'crm_owner'::regrole
$function$;
COMMENT ON FUNCTION crm._health_schema() IS 'The part of crm.health() about the schema.';

CREATE OR REPLACE FUNCTION crm._health_server()
    RETURNS TABLE (check_name text, status text, detail text, hint text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    SELECT 'sequences', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
        coalesce(string_agg(s.table_name, ', ' ORDER BY s.table_name), 'none lags behind its table'),
        CASE WHEN count(*) > 0 THEN 'Run SELECT * FROM crm.sync_sequences().' END
    FROM crm._sequences() AS s
    WHERE s.max_value > s.last_value
    UNION ALL
    SELECT 'keys left', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
        coalesce(string_agg(format('%s is at %s', s.table_name, greatest(s.last_value, s.max_value)), ', '
            ORDER BY s.table_name), 'every table has keys left'),
        CASE WHEN count(*) > 0 THEN 'No row without a key of its own can be inserted soon (2200H): delete the row with '
            'the largest key, insert it anew with a small one, then set the sequence back with setval().' END
    FROM crm._sequences() AS s
    WHERE greatest(s.last_value, s.max_value) > 9223372036854775807 - 1000000000
    UNION ALL
    -- 15.9 and 17.1 fixed plans reused across roles, 15.14, 17.6 and later statistics that leak hidden rows.
    SELECT 'server version', CASE WHEN n.version_num < CASE n.version_num / 10000
        WHEN 15 THEN 150014 WHEN 16 THEN 160010 WHEN 17 THEN 170006 ELSE 0 END THEN 'warning' ELSE 'ok' END,
        current_setting('server_version'),
        CASE WHEN n.version_num < CASE n.version_num / 10000
            WHEN 15 THEN 150014 WHEN 16 THEN 160010 WHEN 17 THEN 170006 ELSE 0 END
            THEN 'Update the server: this minor release has known holes in row-level security.' END
    FROM (SELECT current_setting('server_version_num')::integer AS version_num) AS n
    UNION ALL
    SELECT 'outbox', CASE WHEN e.waiting > 1000000 THEN 'warning' ELSE 'ok' END,
        format('about %s events kept, %s consumers', greatest(e.waiting, 0), e.consumers),
        CASE WHEN e.waiting > 1000000 THEN
            'Acknowledge with crm.ack_events(), then run SELECT crm.purge_events().' END
    FROM (
        SELECT (SELECT c.reltuples::bigint FROM pg_class AS c WHERE c.oid = 'crm.event'::regclass) AS waiting,
            (SELECT count(*) FROM crm.event_consumer) AS consumers
    ) AS e
    UNION ALL
    SELECT 'collation', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
        coalesce(string_agg(d.datname, ', '), 'version of the database''s collation is the installed one'),
        CASE WHEN count(*) > 0 THEN 'REINDEX the database, then ALTER DATABASE ... REFRESH COLLATION VERSION.' END
    FROM pg_database AS d
    WHERE d.datname = current_database()
        AND d.datcollversion <> pg_database_collation_actual_version(d.oid)
$function$;
COMMENT ON FUNCTION crm._health_server() IS 'The part of crm.health() about sequences, server and outbox.';
