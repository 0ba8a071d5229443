-- 31_erasure: what the erasure of personal data needs of C.

CREATE FUNCTION crm._erase_rows(
    table_id oid, subject_id bigint, lead_ids bigint[], external_source text, external_id text,
    of_contact boolean) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
    AS 'MODULE_PATHNAME', 'crm_erase_rows';
ALTER FUNCTION crm._erase_rows(oid, bigint, bigint[], text, text, boolean) OWNER TO crm_owner;
COMMENT ON FUNCTION crm._erase_rows(oid, bigint, bigint[], text, text, boolean) IS
    'Calls crm._erase_table() as a write of the CRM''s own, which the guard of an append-only table lets pass; returns '
    'its number of rows. For crm.erase_customer() and crm.erase_contact() only.';
REVOKE EXECUTE ON FUNCTION crm._erase_rows(oid, bigint, bigint[], text, text, boolean) FROM PUBLIC;

CREATE FUNCTION crm._apply_retention_own(retention_rule_id bigint, table_name text) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
    AS 'MODULE_PATHNAME', 'crm_apply_retention_own';
ALTER FUNCTION crm._apply_retention_own(bigint, text) OWNER TO crm_owner;
COMMENT ON FUNCTION crm._apply_retention_own(bigint, text) IS
    'Calls crm._apply_retention_rule() as a write of the CRM''s own, which the guard of its table lets pass; returns its '
    'number of rows. For crm.apply_retention() only.';
REVOKE EXECUTE ON FUNCTION crm._apply_retention_own(bigint, text) FROM PUBLIC;

CREATE FUNCTION crm._actor() RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'crm_actor_sql';
COMMENT ON FUNCTION crm._actor() IS
    'Who acts, as created_by and updated_by keep it: the login or, behind a connection pool, the identified member of '
    'staff.';
REVOKE EXECUTE ON FUNCTION crm._actor() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm._actor() TO crm_owner;
