-- 71_consent: declarations on the use of personal data, and what follows from them.

CREATE OR REPLACE FUNCTION crm.record_consent(
    customer_id bigint,
    purpose text,
    channel text,
    source text,
    is_given boolean DEFAULT true,
    contact_id bigint DEFAULT NULL,
    declared_at timestamptz DEFAULT now(),
    lawful_basis text DEFAULT 'consent',
    text_version text DEFAULT NULL)
    RETURNS SETOF crm.consent
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    entry crm.consent;
BEGIN
    PERFORM crm._check_exists('customer', record_consent.customer_id);
    IF record_consent.is_given IS NULL OR record_consent.declared_at IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22004',
            MESSAGE = 'is_given and declared_at must not be NULL',
            HINT = 'Leave them out for a consent that is given now.';
    END IF;
    IF record_consent.declared_at > clock_timestamp() + interval '1 day' AND isfinite(record_consent.declared_at) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'a declaration cannot be made in the future',
            HINT = 'Give the time at which it was made, or leave declared_at out.',
            SCHEMA = 'crm', TABLE = 'consent', COLUMN = CASE WHEN record_consent.is_given THEN 'given_at' ELSE 'withdrawn_at' END;
    END IF;
    entry.customer_id := record_consent.customer_id;
    entry.contact_id := record_consent.contact_id;
    entry.purpose := lower(btrim(record_consent.purpose));
    entry.channel := lower(btrim(record_consent.channel));
    entry.lawful_basis := record_consent.lawful_basis;
    entry.given_at := CASE WHEN record_consent.is_given THEN record_consent.declared_at END;
    entry.withdrawn_at := CASE WHEN NOT record_consent.is_given THEN record_consent.declared_at END;
    entry.source := record_consent.source;
    entry.text_version := record_consent.text_version;
    -- Marketing may write the source and not read it, so the row is not read back.
    INSERT INTO crm.consent AS c
        (customer_id, contact_id, purpose, channel, lawful_basis, given_at, withdrawn_at, source, text_version)
    VALUES (entry.customer_id, entry.contact_id, entry.purpose, entry.channel, entry.lawful_basis, entry.given_at,
        entry.withdrawn_at, entry.source, entry.text_version)
    RETURNING c.consent_id INTO entry.consent_id;
    RETURN NEXT entry;
END
$function$;
COMMENT ON FUNCTION crm.record_consent(bigint, text, text, text, boolean, bigint, timestamptz, text, text) IS
    'Records that a customer, or a contact of his, agreed to a purpose by a channel (is_given), or withdrew or objected '
    '(false); source says where it was declared, without personal data. Purpose and channel are kept in lower case. Returns '
    'the row, which stays for ever. Raises 22023 for an unknown customer and for a time more than a day ahead, 23503 for '
    'a contact of another customer, 22004 for NULL, 23514 for a blank purpose, channel or source.';

CREATE OR REPLACE FUNCTION crm.has_consent(
    customer_id bigint,
    purpose text,
    channel text,
    contact_id bigint DEFAULT NULL,
    at timestamptz DEFAULT now())
    RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT coalesce((
        SELECT d.is_given
        FROM crm.consent AS c
        -- A row that tells both dates gives first and withdraws then.
        CROSS JOIN LATERAL (VALUES (c.given_at, true), (c.withdrawn_at, false)) AS d (declared_at, is_given)
        WHERE c.customer_id = has_consent.customer_id AND c.purpose = lower(btrim(has_consent.purpose))
            AND c.channel = lower(btrim(has_consent.channel)) AND d.declared_at <= has_consent.at
            AND (c.contact_id IS NOT DISTINCT FROM has_consent.contact_id
                -- The contact of an individual is himself.
                OR EXISTS (SELECT FROM crm.customer AS p
                    WHERE p.customer_id = has_consent.customer_id AND p.customer_type = 'individual'))
            AND (has_consent.contact_id IS NULL OR EXISTS (SELECT FROM crm.contact AS o
                WHERE o.customer_id = has_consent.customer_id AND o.contact_id = has_consent.contact_id))
        ORDER BY d.declared_at DESC, c.consent_id DESC, d.is_given
        LIMIT 1
    ), false)
$function$;
COMMENT ON FUNCTION crm.has_consent(bigint, text, text, bigint, timestamptz) IS
    'Whether the data of a customer (contact_id NULL) or of one of his contacts may be used for a purpose by a channel '
    'at a time: the latest declaration until then says so, of two at the same time the one recorded later; without '
    'any, false. What a business declares does not count for its contacts, nor the other way round. Any lawful basis '
    'counts. False for an unknown customer, a contact of another one, a purpose or channel that nobody declared on, and '
    'NULL; case and blanks around do not count. Only declarations that the caller may see.';
