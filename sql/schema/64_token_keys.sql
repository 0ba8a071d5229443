-- 64_token_keys: setting, rotating and retiring the keys of session tokens.

CREATE OR REPLACE FUNCTION crm.set_token_key(
    secret bytea,
    key_id integer DEFAULT NULL,
    old_keys_until timestamptz DEFAULT now() + interval '1 day')
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    new_id integer;
BEGIN
    IF set_token_key.secret IS NULL OR set_token_key.old_keys_until IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22004',
            MESSAGE = CASE WHEN set_token_key.secret IS NULL THEN 'secret' ELSE 'old_keys_until' END
                || ' must not be NULL';
    END IF;
    IF octet_length(set_token_key.secret) NOT BETWEEN 32 AND 1024 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('secret must have 32 to 1,024 bytes, not %s', octet_length(set_token_key.secret)),
            HINT = 'Take 32 random bytes, such as openssl rand -hex 32 prints.';
    END IF;
    IF set_token_key.key_id < 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('key_id must be above 0, not %s', set_token_key.key_id),
            HINT = 'Leave it out to take the next number.';
    END IF;
    IF NOT isfinite(set_token_key.old_keys_until) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'old_keys_until must be finite',
            HINT = 'Give the time from which tokens of older keys are refused.';
    END IF;
    LOCK TABLE crm_state.token_key IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM crm_state.token_key AS k WHERE k.token_key_id = set_token_key.key_id) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('there is a key %s already', set_token_key.key_id),
            HINT = 'Leave key_id out to take the next number.';
    END IF;
    new_id := coalesce(set_token_key.key_id,
        (SELECT coalesce(max(k.token_key_id), 0) + 1 FROM crm_state.token_key AS k));
    UPDATE crm_state.token_key AS k
    SET valid_until = set_token_key.old_keys_until
    WHERE k.valid_until IS NULL OR k.valid_until > set_token_key.old_keys_until;
    INSERT INTO crm_state.token_key (token_key_id, secret, created_at)
    VALUES (new_id, encode(set_token_key.secret, 'hex'), clock_timestamp());
    RETURN new_id;
END
$function$;
COMMENT ON FUNCTION crm.set_token_key(bytea, integer, timestamptz) IS
    'Sets a new key for session tokens and returns its number. secret: 32 to 1,024 random bytes. key_id: a number '
    'that no key has had; NULL takes the next one. old_keys_until: when tokens of all older keys end to be taken, so '
    'that applications can change over meanwhile; a day from now if left out, keys that end earlier keep their end. '
    'Errors: 22004 secret or old_keys_until is NULL, 22023 a value is out of range or the number is taken.';
REVOKE EXECUTE ON FUNCTION crm.set_token_key(bytea, integer, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION crm.retire_token_key(key_id integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    UPDATE crm_state.token_key AS k
    SET secret = NULL, valid_until = least(k.valid_until, clock_timestamp())
    WHERE k.token_key_id = retire_token_key.key_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('there is no key %s', coalesce(retire_token_key.key_id::text, 'NULL')),
            HINT = 'SELECT * FROM crm.token_keys() lists them.';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm.retire_token_key(integer) IS
    'Ends a key for session tokens at once and forgets its secret; sessions that have begun go on until their '
    'transactions end. A retired key stays so. Errors: 22023 there is no such key.';
REVOKE EXECUTE ON FUNCTION crm.retire_token_key(integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION crm.token_keys()
    RETURNS TABLE (key_id integer, is_valid boolean, created_at timestamptz, created_by text, valid_until timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 5
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    SELECT k.token_key_id, k.secret IS NOT NULL AND (k.valid_until IS NULL OR k.valid_until > clock_timestamp()),
        k.created_at, k.created_by, k.valid_until
    FROM crm_state.token_key AS k
    ORDER BY k.token_key_id
$function$;
COMMENT ON FUNCTION crm.token_keys() IS
    'The keys for session tokens without their secrets: number, whether tokens of it are taken now, when and by '
    'which login it was set, and from when on its tokens are refused (NULL: no end is set).';
REVOKE EXECUTE ON FUNCTION crm.token_keys() FROM PUBLIC;
