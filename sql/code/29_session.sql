-- 29_session: sessions of pooled applications. docs/pooled-apps.md has the form of tokens and test vectors.

CREATE FUNCTION crm.begin_session(token text) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
    AS 'MODULE_PATHNAME', 'crm_begin_session';
ALTER FUNCTION crm.begin_session(text) OWNER TO crm_owner;
REVOKE EXECUTE ON FUNCTION crm.begin_session(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.begin_session(text) TO crm_app;
COMMENT ON FUNCTION crm.begin_session(text) IS
    'Verifies a session token and lets its member of staff act until the transaction ends; returns staff_id. '
    'Call it first in each transaction of a pooled login. Writes nothing: works on a standby and in a read-only '
    'transaction. The form of tokens stands in docs/pooled-apps.md. Errors: RM020 the token is malformed, expired, '
    'ends more than 24 hours ahead, or its signature, key or member of staff is not valid; RM021 the transaction '
    'has had a session already; 22004 token is NULL.';

CREATE FUNCTION crm.end_session() RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'crm_end_session';
ALTER FUNCTION crm.end_session() OWNER TO crm_owner;
REVOKE EXECUTE ON FUNCTION crm.end_session() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.end_session() TO crm_app;
COMMENT ON FUNCTION crm.end_session() IS
    'Ends the session of crm.begin_session() before its transaction ends; the transaction cannot begin another one. '
    'Without a session it does nothing.';

CREATE FUNCTION crm.issue_token(staff_id bigint, ttl interval DEFAULT '5 minutes') RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
    AS 'MODULE_PATHNAME', 'crm_issue_token';
ALTER FUNCTION crm.issue_token(bigint, interval) OWNER TO crm_owner;
REVOKE EXECUTE ON FUNCTION crm.issue_token(bigint, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.issue_token(bigint, interval) TO crm_admin;
COMMENT ON FUNCTION crm.issue_token(bigint, interval) IS
    'Makes a session token for a member of staff, signed with the youngest valid key, that expires after ttl: 1 '
    'second to 24 hours. Whoever may call it can act as anybody: grant it to no login that the web tier holds. '
    'Errors: 22023 no such active member of staff or ttl out of range, 23000 there is no key, 22004 an argument is '
    'NULL.';
