-- 66_audit: reading the audit log.

CREATE OR REPLACE FUNCTION crm.row_history(table_name text, row_id bigint)
    RETURNS SETOF crm.audit_log
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT l.*
    FROM crm.audit_log AS l
    WHERE l.row_id = row_history.row_id AND l.table_name = row_history.table_name
    ORDER BY l.logged_at DESC, l.audit_log_id DESC
$function$;
COMMENT ON FUNCTION crm.row_history(text, bigint) IS
    'What was done to a row, newest first: who, when, the operation, and the values before and after. table_name is '
    'without its schema if that is crm. Where a key has several columns, row_id is the first one, so that '
    'row_history(''order_item'', 7) tells of all lines of order 7. Needs the right to read crm.audit_log.';
