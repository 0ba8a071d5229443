-- 79_health: the health report, of the parts that the other modules bring.

CREATE OR REPLACE FUNCTION crm.health()
    RETURNS TABLE (check_name text, status text, detail text, hint text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT * FROM crm._health_schema()
    UNION ALL
    SELECT * FROM crm._health_server()
    UNION ALL
    SELECT * FROM crm._health_rights()
    UNION ALL
    SELECT * FROM crm._health_personal_data()
$function$;
COMMENT ON FUNCTION crm.health() IS
    'One row per check with status ok, warning or error, what was found, and what to do about it. Quick: compares '
    'versions, the structure of tables, triggers, owners, sequences, the server and the classes of columns; crm.verify() compares the data.';
