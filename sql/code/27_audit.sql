-- 27_audit: the one way to change what the audit has written; its triggers stand in 25_triggers.

CREATE FUNCTION crm._redact_audit(
    customer_id bigint, table_name text, column_names text[], row_ids bigint[] DEFAULT '{}'
) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
    AS 'MODULE_PATHNAME', 'crm_redact_audit';
ALTER FUNCTION crm._redact_audit(bigint, text, text[], bigint[]) OWNER TO crm_owner;
REVOKE EXECUTE ON FUNCTION crm._redact_audit(bigint, text, text[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION crm._redact_audit(bigint, text, text[], bigint[]) IS
    'Replaces the values of the columns by the text erased in all entries of crm.audit_log about the table that are '
    'of the customer, or whose row_id is one of row_ids (for rows that were of no customer yet, such as leads). '
    'Returns the number of entries changed. Nobody but crm_owner may call it: the erasure of personal data does.';
