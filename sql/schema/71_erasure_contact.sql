-- 71_erasure_contact: erasing one contact of a business, and replaying erasures after a restore. Which rows are his
-- stands in 71_contact_rows; what is done to them is the same as for a whole customer (71_erasure).

CREATE OR REPLACE FUNCTION crm._contact_row_ids(table_id oid, contact_id bigint, customer_id bigint, lead_ids bigint[])
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    statement text;
    current_ids bigint[];
BEGIN
    SELECT format('SELECT array_agg(t.%I) FROM crm.%I AS t WHERE %s', a.attname, s.table_name, s.condition)
    INTO statement
    FROM crm._contact_tables() AS s
    JOIN pg_index AS i ON i.indrelid = s.table_id AND i.indisprimary AND i.indnatts = 1
    JOIN pg_attribute AS a ON a.attrelid = s.table_id AND a.attnum = i.indkey[0] AND a.atttypid = 'bigint'::regtype
    WHERE s.table_id = _contact_row_ids.table_id;
    IF NOT FOUND THEN
        RETURN '{}';
    END IF;
    EXECUTE statement INTO current_ids USING _contact_row_ids.contact_id, _contact_row_ids.lead_ids;
    RETURN coalesce(current_ids, '{}') || ARRAY(
        -- Rows that are gone, or that somebody gave to another person since.
        SELECT DISTINCT l.row_id
        FROM crm.audit_log AS l
        JOIN pg_class AS c ON c.oid = _contact_row_ids.table_id AND c.relname = l.table_name
        JOIN crm._contact_links() AS k ON k.child = c.oid AND k.parent = 'crm.contact'::regclass
        WHERE l.customer_id = _contact_row_ids.customer_id AND l.row_id IS NOT NULL
            AND to_jsonb(_contact_row_ids.contact_id) IN (l.old_values -> k.column_name, l.new_values -> k.column_name));
END
$function$;
COMMENT ON FUNCTION crm._contact_row_ids(oid, bigint, bigint, bigint[]) IS
    'Keys of the rows of one table that belong to a contact of the customer, or did by the audit; none for a table whose '
    'key is not one number.';

CREATE OR REPLACE FUNCTION crm._erase_contact_audit(contact_id bigint, customer_id bigint, lead_ids bigint[])
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    -- For crm._redact_audit(): entries are found by the key of the row alone.
    no_customer constant bigint := -9223372036854775808;
    subject record;
    changed bigint := 0;
BEGIN
    FOR subject IN
        SELECT s.table_id, s.table_name, array_agg(r.column_name ORDER BY r.column_name) AS column_names
        FROM crm._contact_tables() AS s
        JOIN crm.pii_registry AS r
            ON r.schema_name = 'crm' AND r.table_name = s.table_name AND r.action <> 'keep'
        WHERE s.table_name <> 'event'
        GROUP BY s.table_id, s.table_name
        ORDER BY s.table_name
    LOOP
        changed := changed + crm._redact_audit(no_customer, subject.table_name, subject.column_names,
            crm._contact_row_ids(subject.table_id, _erase_contact_audit.contact_id, _erase_contact_audit.customer_id,
                _erase_contact_audit.lead_ids));
    END LOOP;
    RETURN changed;
END
$function$;
COMMENT ON FUNCTION crm._erase_contact_audit(bigint, bigint, bigint[]) IS
    'Takes the columns that the registry names out of the audit entries about rows of a contact; returns the number of '
    'entries changed.';

CREATE OR REPLACE FUNCTION crm._erase_contact(contact_id bigint, customer_id bigint, reason text)
    RETURNS TABLE (table_name text, column_name text, action text, row_count bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    leads constant bigint[] := crm._contact_leads(_erase_contact.contact_id);
    is_changed boolean;
BEGIN
    RETURN QUERY SELECT * FROM crm._erase_tables(_erase_contact.contact_id, leads, '', '', true);
    is_changed := FOUND;
    RETURN QUERY SELECT 'consent', 'withdrawn_at', 'withdraw', w.count
    FROM crm._withdraw_consents(_erase_contact.customer_id, _erase_contact.contact_id) AS w (count) WHERE w.count > 0;
    IF is_changed OR FOUND THEN
        PERFORM crm._erase_log(_erase_contact.customer_id, _erase_contact.contact_id, _erase_contact.reason);
    END IF;
    -- Last: the audit of all these changes holds the old values too.
    RETURN QUERY SELECT 'audit_log', v.name, 'redact', a.count
    FROM crm._erase_contact_audit(_erase_contact.contact_id, _erase_contact.customer_id, leads) AS a (count)
    CROSS JOIN (VALUES ('old_values'), ('new_values')) AS v (name)
    WHERE a.count > 0;
    PERFORM crm._warn_unclassified();
END
$function$;
COMMENT ON FUNCTION crm._erase_contact(bigint, bigint, text) IS
    'Erases a contact of the customer without asking whether it may; logs it and writes the event if anything was '
    'changed. The caller holds the locks.';

CREATE OR REPLACE FUNCTION crm._lock_contact(contact_id bigint)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    owner bigint := (SELECT c.customer_id FROM crm.contact AS c WHERE c.contact_id = _lock_contact.contact_id);
    owner_now bigint;
BEGIN
    WHILE owner IS NOT NULL LOOP
        PERFORM crm._lock_customer(owner);
        SELECT c.customer_id INTO owner_now
        FROM crm.contact AS c WHERE c.contact_id = _lock_contact.contact_id FOR UPDATE;
        EXIT WHEN owner_now = owner;
        -- He was moved to another customer meanwhile.
        owner := owner_now;
    END LOOP;
    RETURN owner;
END
$function$;
COMMENT ON FUNCTION crm._lock_contact(bigint) IS
    'Locks a contact and his customer, so that nothing is added meanwhile; returns the customer, NULL if there is no such '
    'contact. Raises 0A000 above READ COMMITTED.';

CREATE OR REPLACE FUNCTION crm.erase_contact(contact_id bigint, reason text)
    RETURNS TABLE (table_name text, column_name text, action text, row_count bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 30
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    owner bigint;
BEGIN
    PERFORM crm._check_reason(erase_contact.reason);
    owner := crm._lock_contact(erase_contact.contact_id);
    IF owner IS NULL THEN
        PERFORM crm._check_exists('contact', erase_contact.contact_id);
    END IF;
    IF EXISTS (SELECT FROM crm.customer AS c WHERE c.customer_id = owner AND c.customer_type = 'individual') THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('contact %s is customer %s himself', erase_contact.contact_id, owner),
            HINT = 'The customer is a person: erase him with crm.erase_customer().',
            SCHEMA = 'crm', TABLE = 'contact', COLUMN = 'contact_id';
    END IF;
    PERFORM crm._check_hold(owner);
    RETURN QUERY SELECT * FROM crm._erase_contact(erase_contact.contact_id, owner, erase_contact.reason);
END
$function$;
COMMENT ON FUNCTION crm.erase_contact(bigint, text) IS
    'Erases the personal data of one contact of a business: himself, his leads, tickets, interactions and follow-ups, '
    'with what hangs on them, events and audit included, as crm.pii_registry says. The business, its accounts, '
    'opportunities and orders and the other contacts stay. Returns table, column, action and number of rows changed; '
    'none the second time. The reason is kept in crm.erasure_log and must not hold personal data. Raises RM023 under '
    'a legal hold, 22023 for an unknown contact, for the contact of an individual and for a missing reason, 0A000 above '
    'READ COMMITTED.';

CREATE OR REPLACE FUNCTION crm.replay_erasures(customer_ids bigint[] DEFAULT NULL, contact_ids bigint[] DEFAULT NULL)
    RETURNS TABLE (customer_id bigint, contact_id bigint, row_count bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    is_by_log constant boolean := num_nonnulls(replay_erasures.customer_ids, replay_erasures.contact_ids) = 0;
BEGIN
    FOR customer_id, contact_id IN
        SELECT i.customer_id, i.contact_id
        FROM (
            SELECT e.customer_id, e.contact_id FROM crm.erasure_log AS e WHERE is_by_log
            UNION
            SELECT g.id, NULL FROM unnest(replay_erasures.customer_ids) AS g (id) WHERE g.id IS NOT NULL
            UNION
            SELECT c.customer_id, c.contact_id
            FROM crm.contact AS c WHERE c.contact_id = ANY (replay_erasures.contact_ids)
        ) AS i
        ORDER BY i.customer_id, i.contact_id NULLS FIRST
    LOOP
        IF contact_id IS NULL THEN
            CONTINUE WHEN NOT crm._lock_customer(customer_id);
            SELECT coalesce(sum(e.row_count), 0) INTO row_count
            FROM crm._erase_customer(customer_id, 'replayed') AS e;
        ELSE
            customer_id := crm._lock_contact(contact_id);
            CONTINUE WHEN customer_id IS NULL;
            SELECT coalesce(sum(e.row_count), 0) INTO row_count
            FROM crm._erase_contact(contact_id, customer_id, 'replayed') AS e;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION crm.replay_erasures(bigint[], bigint[]) IS
    'Erases again, after a restore from a backup that is older than the erasures: all customers and contacts of '
    'crm.erasure_log, or those given, such as the keys of a copy of it that is kept elsewhere (entries with a contact '
    'among the contacts alone) or of the events customer.erased and contact.erased. Returns each customer, and each '
    'contact with his customer, that there is, with the number of values changed. Holds and open orders, as old as the '
    'backup, do not stop it. Raises 0A000 above READ COMMITTED.';
