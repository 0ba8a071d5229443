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
    'switch-over of logical replication; returns the tables that needed it.';

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
