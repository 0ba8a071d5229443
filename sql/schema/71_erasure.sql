-- 71_erasure: erasing the personal data of a customer, in place. Rows, keys, regions, dates and amounts stay, so
-- that reports do; what the registry of personal data names is taken out of every row that hangs on the customer.
-- Which rows these are follows from the catalogue, what is done to them from the registry.

-- Finding the rows ------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._subject_extras()
    RETURNS TABLE (table_name text, condition text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    VALUES
        ('lead', '{row}.lead_id = ANY ($2)'),
        ('event', '{row}.table_name = ''lead'' AND {row}.row_id = ANY ($2)'),
        ('event', '{row}.table_name = ''contact'' AND {row}.row_id IN '
            '(SELECT o.contact_id FROM crm.contact AS o WHERE o.customer_id = $1)'),
        ('event', '{row}.table_name = ''opportunity'' AND {row}.row_id IN '
            '(SELECT o.opportunity_id FROM crm.opportunity AS o WHERE o.customer_id = $1)'),
        ('audit_log', '{row}.table_name = ''lead'' AND {row}.row_id = ANY ($2)'),
        ('stock_movement', '{row}.sales_order_id IN '
            '(SELECT o.sales_order_id FROM crm.sales_order AS o WHERE o.customer_id = $1)'),
        ('import_order_line', '{row}.sales_order_id IN '
            '(SELECT o.sales_order_id FROM crm.sales_order AS o WHERE o.customer_id = $1)'),
        ('import_order_line', 'btrim({row}.customer_ref) = nullif($4, '''') AND EXISTS '
            '(SELECT FROM crm.import_batch AS b WHERE b.import_batch_id = {row}.import_batch_id AND b.source = $3)')
$function$;
COMMENT ON FUNCTION crm._subject_extras() IS
    'Rows of a customer that no column customer_id and no foreign key leads to: table and condition, with {row} for '
    'the row and the arguments of crm._subject_tables().';

CREATE OR REPLACE FUNCTION crm._subject_tables()
    RETURNS TABLE (table_id oid, table_name text, condition text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    WITH RECURSIVE relation AS (
        SELECT c.oid, c.relname::text AS name
        FROM pg_class AS c
        WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ),
    direct AS (
        SELECT r.oid, '{row}.customer_id = $1' AS condition
        FROM relation AS r
        JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attname = 'customer_id' AND NOT a.attisdropped
        UNION ALL
        SELECT r.oid, e.condition
        FROM crm._subject_extras() AS e
        JOIN relation AS r ON r.name = e.table_name
    ),
    reached AS (
        SELECT d.oid, d.condition COLLATE "C", ARRAY[d.oid] AS path FROM direct AS d
        UNION ALL
        -- A table that refers to one of these belongs to the customer too, unless it names its customer itself.
        SELECT f.conrelid, CASE
                WHEN p.condition = '{row}.lead_id = ANY ($2)' AND cardinality(f.conkey) = 1 THEN
                    format('{row}.%I = ANY ($2)', k.child)
                ELSE format('EXISTS (SELECT FROM crm.%I AS p%s WHERE %s AND (%s))',
                    o.name, cardinality(p.path), k.pairs,
                    replace(p.condition, '{row}', 'p' || cardinality(p.path)))
            END,
            p.path || f.conrelid
        FROM reached AS p
        JOIN relation AS o ON o.oid = p.oid
        JOIN pg_constraint AS f ON f.confrelid = p.oid AND f.contype = 'f' AND f.conrelid <> ALL (p.path)
        JOIN relation AS r ON r.oid = f.conrelid
        CROSS JOIN LATERAL (
            SELECT min(a.attname::text) AS child,
                string_agg(format('p%s.%I = {row}.%I', cardinality(p.path), b.attname, a.attname), ' AND ') AS pairs
            FROM unnest(f.conkey, f.confkey) AS n (child, parent)
            JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = n.child
            JOIN pg_attribute AS b ON b.attrelid = f.confrelid AND b.attnum = n.parent
        ) AS k
        WHERE p.oid = 'crm.lead'::regclass OR NOT EXISTS (SELECT FROM direct AS d WHERE d.oid = f.conrelid)
    )
    SELECT r.oid, r.name, string_agg(DISTINCT '(' || replace(c.condition, '{row}', 't') || ')', ' OR ')
    FROM reached AS c
    JOIN relation AS r ON r.oid = c.oid
    GROUP BY r.oid, r.name
$function$;
COMMENT ON FUNCTION crm._subject_tables() IS
    'The tables of schema crm with rows that hang on a customer, by the catalogue: those with a column customer_id, '
    'leads, and whatever refers to these; with the condition on a row t. Its arguments are $1 the customer, $2 the '
    'keys of his leads, $3 and $4 his external_source and external_id.';

CREATE OR REPLACE FUNCTION crm._subject_leads(customer_id bigint)
    RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT coalesce(array_agg(l.lead_id ORDER BY l.lead_id), '{}')
    FROM crm.lead AS l
    WHERE l.converted_customer_id = $1
        OR l.converted_customer_id IS NULL AND l.email_key IN (
            SELECT c.email_key FROM crm.customer AS c WHERE c.customer_id = $1
            UNION ALL
            SELECT c.email_key FROM crm.contact AS c WHERE c.customer_id = $1)
$function$;
COMMENT ON FUNCTION crm._subject_leads(bigint) IS
    'Keys of the leads that became the customer, and of those that became nobody and carry an e-mail address of the '
    'customer or his contacts.';

-- What is done to them --------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._redact_json(document jsonb)
    RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    RETURN CASE jsonb_typeof(_redact_json.document)
        WHEN 'object' THEN coalesce((
            SELECT jsonb_object_agg(e.key, CASE
                WHEN e.key IN ('by', 'status', 'from_status', 'to_status')
                    OR e.key LIKE '%\_id' AND jsonb_typeof(e.value) = 'number' THEN e.value
                ELSE crm._redact_json(e.value) END)
            FROM jsonb_each(_redact_json.document) AS e), '{}')
        WHEN 'array' THEN coalesce((
            SELECT jsonb_agg(crm._redact_json(e.value) ORDER BY e.place)
            FROM jsonb_array_elements(_redact_json.document) WITH ORDINALITY AS e (value, place)), '[]')
        WHEN 'string' THEN CASE _redact_json.document WHEN '""' THEN '""'::jsonb ELSE '"erased"' END
        WHEN 'number' THEN 'null'
        ELSE _redact_json.document
    END;
END
$function$;
COMMENT ON FUNCTION crm._redact_json(jsonb) IS
    'The document with its texts replaced by the word erased and its numbers by null; keys of rows (numbers named '
    '..._id), statuses and who did it (by) stay.';

CREATE OR REPLACE FUNCTION crm._erased_expression(table_id oid, column_no integer, action text)
    RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT CASE
        WHEN _erased_expression.action = 'clear' AND NOT a.attnotnull THEN 'NULL'
        WHEN a.atttypid = 'jsonb'::regtype AND _erased_expression.action = 'redact' THEN
            format('crm._redact_json(t.%I)', a.attname)
        WHEN a.atttypid IN ('jsonb'::regtype, 'json'::regtype) THEN
            format('CASE WHEN t.%I IS NOT NULL THEN CAST(''{}'' AS %s) END', a.attname, a.atttypid::regtype)
        ELSE
            -- Where the text is part of a unique key, the key of the row keeps it unique.
            format('CASE WHEN t.%I IS NOT NULL THEN CAST(''erased'' %s AS %s) END', a.attname,
                (SELECT string_agg(format('|| ''-'' || t.%I', b.attname), ' ' ORDER BY n.place)
                    FROM pg_index AS p
                    CROSS JOIN LATERAL unnest(p.indkey::smallint[]) WITH ORDINALITY AS n (attnum, place)
                    JOIN pg_attribute AS b ON b.attrelid = p.indrelid AND b.attnum = n.attnum
                    WHERE p.indrelid = a.attrelid AND p.indisprimary AND EXISTS (
                        SELECT FROM pg_index AS u
                        WHERE u.indrelid = a.attrelid AND u.indisunique AND a.attnum = ANY (u.indkey))),
                format_type(a.atttypid, a.atttypmod))
    END
    FROM pg_attribute AS a
    WHERE a.attrelid = _erased_expression.table_id AND a.attnum = _erased_expression.column_no
$function$;
COMMENT ON FUNCTION crm._erased_expression(oid, integer, text) IS
    'SQL for the value that a column of a row t has after an erasure by the action.';

CREATE OR REPLACE FUNCTION crm._erasure_steps(only_table oid DEFAULT NULL, of_contact boolean DEFAULT false)
    RETURNS TABLE (table_id oid, table_name text, condition text, column_names text[], actions text[],
        expressions text[], is_deleted boolean, is_guarded boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT s.table_id, s.table_name, s.condition, array_agg(r.column_name ORDER BY a.attnum),
        array_agg(r.action ORDER BY a.attnum),
        array_agg(crm._erased_expression(s.table_id, a.attnum::integer, r.action) ORDER BY a.attnum),
        bool_or(r.action = 'delete'),
        EXISTS (SELECT FROM pg_trigger AS t
            WHERE t.tgrelid = s.table_id AND t.tgfoid = 'crm._append_only()'::regprocedure)
    FROM (
        SELECT t.* FROM crm._subject_tables() AS t WHERE NOT _erasure_steps.of_contact
        UNION ALL
        SELECT t.* FROM crm._contact_tables() AS t WHERE _erasure_steps.of_contact
    ) AS s
    JOIN crm.pii_registry AS r
        ON r.schema_name = 'crm' AND r.table_name = s.table_name AND r.action <> 'keep'
    JOIN pg_attribute AS a
        ON a.attrelid = s.table_id AND a.attname = r.column_name AND NOT a.attisdropped AND a.attgenerated = ''
    -- The audit log has a way of its own, since its entries are sealed.
    WHERE s.table_name <> 'audit_log' AND (only_table IS NULL OR s.table_id = only_table)
    GROUP BY s.table_id, s.table_name, s.condition
$function$;
COMMENT ON FUNCTION crm._erasure_steps(oid, boolean) IS
    'What an erasure of a customer, or of a contact, does, a row a table: the condition of crm._subject_tables() or '
    'crm._contact_tables(), the columns with action and value, '
    'whether rows are deleted, and whether a guard refuses UPDATE. Generated columns follow by themselves.';

CREATE OR REPLACE FUNCTION crm._differs(row_name text, column_name text, expression text)
    RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    -- As text: json has no operator of equality.
    SELECT format('CAST(%I.%I AS text) IS DISTINCT FROM CAST(%s AS text)', row_name, column_name, expression)
$function$;
COMMENT ON FUNCTION crm._differs(text, text, text) IS
    'SQL for whether a column of a row differs from an expression.';

CREATE OR REPLACE FUNCTION crm._erase_table(
    table_id oid, subject_id bigint, lead_ids bigint[], external_source text, external_id text,
    of_contact boolean)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    step record;
    changed bigint;
BEGIN
    SELECT * INTO step FROM crm._erasure_steps(_erase_table.table_id, _erase_table.of_contact);
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF step.is_deleted THEN
        EXECUTE format('DELETE FROM crm.%I AS t WHERE %s', step.table_name, step.condition)
        USING _erase_table.subject_id, lead_ids, external_source, external_id;
    ELSE
        EXECUTE (
            SELECT format('UPDATE crm.%I AS t SET %s WHERE (%s) AND (%s)', step.table_name,
                string_agg(format('%I = %s', n.name, n.expression), ', '), step.condition,
                string_agg(crm._differs('t', n.name, n.expression), ' OR '))
            FROM unnest(step.column_names, step.expressions) AS n (name, expression))
        USING _erase_table.subject_id, lead_ids, external_source, external_id;
    END IF;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END
$function$;
COMMENT ON FUNCTION crm._erase_table(oid, bigint, bigint[], text, text, boolean) IS
    'Erases what the registry names in the rows of one table that hang on the customer or contact; returns how many '
    'rows it changed. For crm.erase_customer() and crm.erase_contact() only.';

CREATE OR REPLACE FUNCTION crm._erasure_counts(
    only_table oid, subject_id bigint, lead_ids bigint[], external_source text, external_id text,
    of_contact boolean DEFAULT false)
    RETURNS TABLE (table_name text, column_name text, action text, row_count bigint)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    step record;
    counts bigint[];
BEGIN
    FOR step IN
        SELECT * FROM crm._erasure_steps(_erasure_counts.only_table, _erasure_counts.of_contact) AS s
        ORDER BY s.table_name
    LOOP
        EXECUTE (
            SELECT format('SELECT ARRAY[%s] FROM crm.%I AS t WHERE %s',
                string_agg(CASE WHEN step.is_deleted THEN 'count(*)'
                    ELSE format('count(*) FILTER (WHERE %s)', crm._differs('t', n.name, n.expression)) END, ', '),
                step.table_name, step.condition)
            FROM unnest(step.column_names, step.expressions) AS n (name, expression))
        INTO counts
        USING _erasure_counts.subject_id, lead_ids, external_source, external_id;
        RETURN QUERY
        SELECT step.table_name, n.name, n.action, n.count
        FROM unnest(step.column_names, step.actions, counts) AS n (name, action, count)
        WHERE n.count > 0;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION crm._erasure_counts(oid, bigint, bigint[], text, text, boolean) IS
    'What an erasure of the customer or contact would change: table, column, action and number of rows; all tables for NULL.';

-- Erasing ---------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._check_reason(reason text)
    RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF coalesce(btrim(_check_reason.reason), '') = '' OR char_length(_check_reason.reason) > 200 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'an erasure needs a reason of 1 to 200 characters',
            HINT = 'Give the number of the request, no name: the reason is kept.';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._check_reason(text) IS 'Refuses an erasure without a reason of 1 to 200 characters (22023).';

CREATE OR REPLACE FUNCTION crm._check_hold(customer_id bigint)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF EXISTS (SELECT FROM crm.legal_hold AS h WHERE h.customer_id = _check_hold.customer_id) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'RM023',
            MESSAGE = format('customer %s is under a legal hold', _check_hold.customer_id),
            HINT = 'Delete the row of crm.legal_hold when the hold has ended, then erase.',
            SCHEMA = 'crm', TABLE = 'legal_hold', CONSTRAINT = 'legal_hold_erasure_check';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._check_hold(bigint) IS
    'Refuses to erase anything of a customer under a legal hold (RM023).';

CREATE OR REPLACE FUNCTION crm._check_erasable(customer_id bigint)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    open_orders text;
BEGIN
    PERFORM crm._check_hold(_check_erasable.customer_id);
    SELECT string_agg(o.sales_order_id::text, ', ') INTO open_orders
    FROM (
        SELECT s.sales_order_id
        FROM crm.sales_order AS s
        WHERE s.customer_id = _check_erasable.customer_id AND s.status IN ('pending', 'confirmed', 'shipped')
        ORDER BY s.sales_order_id
        LIMIT 20
    ) AS o;
    IF open_orders IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'RM023',
            MESSAGE = format('customer %s has open orders', _check_erasable.customer_id),
            DETAIL = format('Not completed or canceled: %s.', open_orders),
            HINT = 'Their goods need an address: complete or cancel them, then erase.',
            SCHEMA = 'crm', TABLE = 'sales_order', CONSTRAINT = 'sales_order_erasure_check';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._check_erasable(bigint) IS
    'Refuses to erase a customer under a legal hold or with orders that are not completed or canceled (RM023).';

CREATE OR REPLACE FUNCTION crm._withdraw_consents(customer_id bigint, contact_id bigint DEFAULT NULL)
    RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    WITH latest AS (
        SELECT DISTINCT ON (c.contact_id, c.purpose, c.channel)
            c.contact_id, c.purpose, c.channel, c.lawful_basis, c.given_at, c.withdrawn_at
        FROM crm.consent AS c
        WHERE c.customer_id = $1 AND ($2 IS NULL OR c.contact_id = $2)
        ORDER BY c.contact_id, c.purpose, c.channel, greatest(c.given_at, c.withdrawn_at) DESC, c.consent_id DESC
    ),
    written AS (
        INSERT INTO crm.consent (customer_id, contact_id, purpose, channel, lawful_basis, withdrawn_at, source)
        SELECT $1, l.contact_id, l.purpose, l.channel, l.lawful_basis, greatest(now(), l.given_at), 'erased'
        FROM latest AS l
        WHERE l.withdrawn_at IS NULL
        RETURNING 1
    )
    SELECT count(*) FROM written
$function$;
COMMENT ON FUNCTION crm._withdraw_consents(bigint, bigint) IS
    'Withdraws every consent of the customer and his contacts, or of one contact, that is in force; returns how many.';

CREATE OR REPLACE FUNCTION crm._erase_audit(
    customer_id bigint, lead_ids bigint[], external_source text, external_id text)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    subject record;
    row_ids bigint[];
    changed bigint := 0;
BEGIN
    FOR subject IN
        SELECT s.table_name, s.condition, array_agg(r.column_name ORDER BY r.column_name) AS column_names,
            -- Entries about rows that name no customer are found by the key of the row.
            (SELECT a.attname FROM pg_index AS i
                JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                WHERE i.indrelid = s.table_id AND i.indisprimary AND i.indnatts = 1
                    AND a.atttypid = 'bigint'::regtype AND s.condition <> '(t.customer_id = $1)') AS key_name
        FROM crm._subject_tables() AS s
        JOIN crm.pii_registry AS r
            ON r.schema_name = 'crm' AND r.table_name = s.table_name AND r.action <> 'keep'
        WHERE s.table_name NOT IN ('audit_log', 'event')
        GROUP BY s.table_id, s.table_name, s.condition
        ORDER BY s.table_name
    LOOP
        row_ids := '{}';
        IF subject.key_name IS NOT NULL THEN
            EXECUTE format('SELECT coalesce(array_agg(t.%I), ''{}'') FROM crm.%I AS t WHERE %s', subject.key_name,
                subject.table_name, subject.condition)
            INTO row_ids
            USING _erase_audit.customer_id, lead_ids, external_source, external_id;
        END IF;
        changed := changed
            + crm._redact_audit(_erase_audit.customer_id, subject.table_name, subject.column_names, row_ids);
    END LOOP;
    RETURN changed;
END
$function$;
COMMENT ON FUNCTION crm._erase_audit(bigint, bigint[], text, text) IS
    'Takes the columns that the registry names out of the audit entries of a customer, those of the erasure itself '
    'included; returns the number of entries changed.';

CREATE OR REPLACE FUNCTION crm._warn_unclassified()
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    missing text;
BEGIN
    SELECT string_agg(format('%s.%s', u.table_name, u.column_name), ', ' ORDER BY u.table_name, u.column_name)
    INTO missing
    FROM crm._unclassified_columns() AS u
    JOIN crm._subject_tables() AS s ON s.table_id = u.table_id;
    IF missing IS NOT NULL THEN
        RAISE WARNING USING
            MESSAGE = format('columns that are not classified are not erased: %s', missing),
            HINT = 'Classify them with crm.classify_column() and erase again.';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._warn_unclassified() IS
    'Warns of columns of your own on tables with customers'' data that nobody has classified.';

CREATE OR REPLACE FUNCTION crm._erase_tables(
    subject_id bigint, lead_ids bigint[], external_source text, external_id text, of_contact boolean)
    RETURNS TABLE (table_name text, column_name text, action text, row_count bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    step record;
BEGIN
    -- Documents first, ledgers and histories last: the order of locks.
    FOR step IN
        SELECT * FROM crm._erasure_steps(NULL, _erase_tables.of_contact) AS s ORDER BY s.is_guarded, s.table_name
    LOOP
        RETURN QUERY SELECT * FROM crm._erasure_counts(step.table_id, subject_id, lead_ids, external_source, external_id,
            of_contact);
        CONTINUE WHEN NOT FOUND;
        IF step.is_guarded THEN
            PERFORM crm._erase_rows(step.table_id, subject_id, lead_ids, external_source, external_id, of_contact);
        ELSE
            PERFORM crm._erase_table(step.table_id, subject_id, lead_ids, external_source, external_id, of_contact);
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION crm._erase_tables(bigint, bigint[], text, text, boolean) IS
    'Erases what hangs on a customer or contact in every table but the audit; returns what was changed.';

CREATE OR REPLACE FUNCTION crm._erase_log(customer_id bigint, contact_id bigint, reason text)
    RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    INSERT INTO crm.erasure_log (customer_id, contact_id, erased_by, reason)
    VALUES ($1, $2, crm._actor(), $3);
    INSERT INTO crm.event (era, event_type, table_name, row_id, customer_id, payload)
    SELECT crm._event_era(), format('%s.erased', v.subject), v.subject, coalesce($2, $1), $1,
        jsonb_build_object('by', crm._actor())
    FROM (SELECT CASE WHEN $2 IS NULL THEN 'customer' ELSE 'contact' END) AS v (subject)
$function$;
COMMENT ON FUNCTION crm._erase_log(bigint, bigint, text) IS
    'Logs the erasure of a customer or of one of his contacts and writes the event.';

CREATE OR REPLACE FUNCTION crm._erase_customer(customer_id bigint, reason text)
    RETURNS TABLE (table_name text, column_name text, action text, row_count bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    subject crm.customer;
    leads bigint[] := crm._subject_leads(_erase_customer.customer_id);
    is_changed boolean;
BEGIN
    SELECT * INTO subject FROM crm.customer AS c WHERE c.customer_id = _erase_customer.customer_id;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- The region stays, though the address that it follows from goes.
    UPDATE crm.customer AS c SET region_is_manual = true
    WHERE c.customer_id = _erase_customer.customer_id AND NOT c.region_is_manual
        AND num_nonnulls(c.state, c.country_code) > 0;
    RETURN QUERY SELECT * FROM crm._erase_tables(subject.customer_id, leads, coalesce(subject.external_source, ''),
        coalesce(subject.external_id, ''), false);
    is_changed := FOUND;
    RETURN QUERY SELECT 'consent', 'withdrawn_at', 'withdraw', w.count
    FROM crm._withdraw_consents(subject.customer_id) AS w (count) WHERE w.count > 0;
    IF is_changed OR FOUND THEN
        PERFORM crm._erase_log(subject.customer_id, NULL, _erase_customer.reason);
    END IF;
    -- Last: the audit of all these changes holds the old values too.
    RETURN QUERY SELECT 'audit_log', v.name, 'redact', a.count
    FROM crm._erase_audit(subject.customer_id, leads, coalesce(subject.external_source, ''),
        coalesce(subject.external_id, '')) AS a (count)
    CROSS JOIN (VALUES ('old_values'), ('new_values')) AS v (name)
    WHERE a.count > 0;
    PERFORM crm._warn_unclassified();
END
$function$;
COMMENT ON FUNCTION crm._erase_customer(bigint, text) IS
    'Erases without asking whether it may; logs it and writes the event if anything was changed. The caller holds the '
    'locks.';

CREATE OR REPLACE FUNCTION crm._lock_customer(customer_id bigint)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION USING
            ERRCODE = '0A000',
            MESSAGE = 'a customer cannot be erased in a transaction that keeps its snapshot',
            DETAIL = 'Rows that were written since it began would not be seen.',
            HINT = 'Erase in a transaction of isolation level READ COMMITTED.';
    END IF;
    PERFORM FROM crm.sales_order AS o
    WHERE o.customer_id = _lock_customer.customer_id
    ORDER BY o.sales_order_id
    FOR NO KEY UPDATE;
    -- Against new documents too, whose foreign keys lock the customer.
    PERFORM FROM crm.customer AS c WHERE c.customer_id = _lock_customer.customer_id FOR UPDATE;
    RETURN FOUND;
END
$function$;
COMMENT ON FUNCTION crm._lock_customer(bigint) IS
    'Locks a customer and his orders, so that nothing is added meanwhile; false if there is no such customer. Raises '
    '0A000 above READ COMMITTED.';

CREATE OR REPLACE FUNCTION crm.erase_customer(customer_id bigint, reason text)
    RETURNS TABLE (table_name text, column_name text, action text, row_count bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 30
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._check_reason(erase_customer.reason);
    IF NOT crm._lock_customer(erase_customer.customer_id) THEN
        PERFORM crm._check_exists('customer', erase_customer.customer_id);
    END IF;
    PERFORM crm._check_erasable(erase_customer.customer_id);
    RETURN QUERY SELECT * FROM crm._erase_customer(erase_customer.customer_id, erase_customer.reason);
END
$function$;
COMMENT ON FUNCTION crm.erase_customer(bigint, text) IS
    'Erases the personal data of a customer, his contacts and leads in every table, histories, events, staged imports '
    'and the audit included, as crm.pii_registry says; keys, region, dates, orders and amounts stay. Returns table, '
    'column, action and number of rows changed; none the second time. The reason is kept in crm.erasure_log and must '
    'not hold personal data. Raises RM023 under a legal hold or with open orders, 22023 for an unknown customer or a '
    'missing reason, 0A000 above READ COMMITTED.';
