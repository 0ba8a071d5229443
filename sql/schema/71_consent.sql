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
BEGIN
    PERFORM crm._check_exists('customer', record_consent.customer_id);
    IF record_consent.is_given IS NULL OR record_consent.declared_at IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22004',
            MESSAGE = 'is_given and declared_at must not be NULL',
            HINT = 'Leave them out for a consent that is given now.';
    END IF;
    RETURN QUERY
    INSERT INTO crm.consent AS c
        (customer_id, contact_id, purpose, channel, lawful_basis, given_at, withdrawn_at, source, text_version)
    VALUES (record_consent.customer_id, record_consent.contact_id, record_consent.purpose, record_consent.channel,
        record_consent.lawful_basis,
        CASE WHEN record_consent.is_given THEN record_consent.declared_at END,
        CASE WHEN NOT record_consent.is_given THEN record_consent.declared_at END,
        record_consent.source, record_consent.text_version)
    RETURNING c.*;
END
$function$;
COMMENT ON FUNCTION crm.record_consent(bigint, text, text, text, boolean, bigint, timestamptz, text, text) IS
    'Records that a customer, or a contact of his, agreed to a purpose by a channel (is_given), or withdrew or objected '
    '(false); source says where it was declared, without personal data. Returns the row, which stays for ever. Raises '
    '22023 for an unknown customer, 23503 for a contact of another customer, 22004 for NULL.';

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
        WHERE c.customer_id = has_consent.customer_id AND c.purpose = has_consent.purpose
            AND c.channel = has_consent.channel AND d.declared_at <= has_consent.at
            AND (c.contact_id IS NOT DISTINCT FROM has_consent.contact_id
                -- The contact of an individual is himself.
                OR EXISTS (SELECT FROM crm.customer AS p
                    WHERE p.customer_id = has_consent.customer_id AND p.customer_type = 'individual'))
        ORDER BY d.declared_at DESC, c.consent_id DESC, d.is_given
        LIMIT 1
    ), false)
$function$;
COMMENT ON FUNCTION crm.has_consent(bigint, text, text, bigint, timestamptz) IS
    'Whether the data of a customer (contact_id NULL) or of one of his contacts may be used for a purpose by a channel '
    'at a time: the latest declaration until then says so, of two at the same time the one recorded later; without '
    'any, false. What a business declares does not count for its contacts, nor the other way round. Any lawful basis '
    'counts. Only declarations that the caller may see.';
