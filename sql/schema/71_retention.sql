-- 71_retention: personal data that are old enough go without anybody asking, by crm.retention_rule.

CREATE OR REPLACE FUNCTION crm._apply_retention_scope(table_name text)
    RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT CASE _apply_retention_scope.table_name
        WHEN 'interaction' THEN format('t.interaction_date < $1 AND %s', h.is_free)
        WHEN 'support_ticket' THEN format('t.resolved_at < $1 AND %s', h.is_free)
        WHEN 'ticket_response' THEN format('t.response_date < $1 AND %s AND EXISTS (SELECT FROM crm.support_ticket AS k '
            'WHERE k.support_ticket_id = t.support_ticket_id AND k.resolved_at IS NOT NULL)', h.is_free)
        WHEN 'ticket_status_history' THEN format('t.changed_at < $1 AND %s AND EXISTS (SELECT FROM crm.support_ticket AS k '
            'WHERE k.support_ticket_id = t.support_ticket_id AND k.resolved_at IS NOT NULL)', h.is_free)
        -- Nobody works on it any more.
        WHEN 'lead' THEN format('t.start_date < $1 AND t.converted_at IS NULL AND t.lead_id <> ALL (%s) '
            'AND NOT EXISTS (SELECT FROM crm.follow_up AS k WHERE k.lead_id = t.lead_id '
            'AND greatest(k.scheduled_date, k.completed_at) >= $1) '
            'AND NOT EXISTS (SELECT FROM crm.lead_status_history AS k WHERE k.lead_id = t.lead_id AND k.changed_at >= $1)',
            h.held_leads)
        -- The last word of the same person on the same use was no, so long ago.
        WHEN 'consent' THEN format('(SELECT k.withdrawn_at FROM crm.consent AS k WHERE k.customer_id = t.customer_id '
            'AND k.contact_id IS NOT DISTINCT FROM t.contact_id AND k.purpose = t.purpose AND k.channel = t.channel '
            'ORDER BY greatest(k.given_at, k.withdrawn_at) DESC, k.consent_id DESC LIMIT 1) < $1 AND %s', h.is_free)
        WHEN 'audit_log' THEN format('t.logged_at < $1 AND (t.customer_id IS NULL OR %s) '
            'AND NOT (t.table_name = ''lead'' AND t.row_id = ANY (%s))', h.is_free, h.held_leads)
    END
    FROM (VALUES (
        't.customer_id NOT IN (SELECT h.customer_id FROM crm.legal_hold AS h)',
        'ARRAY(SELECT unnest(crm._subject_leads(h.customer_id)) FROM crm.legal_hold AS h)'
    )) AS h (is_free, held_leads)
$function$;
COMMENT ON FUNCTION crm._apply_retention_scope(text) IS
    'Condition on a row t of a table that is older than $1 and not under a legal hold; NULL for a table without rules.';

CREATE OR REPLACE FUNCTION crm._apply_retention_plan(retention_rule_id bigint)
    RETURNS TABLE (condition text, assignments text, column_names text[])
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT format('%s AND (%s)', crm._apply_retention_scope(c.table_name), CASE c.action
            -- Rows that others need stay until those go; so do those whose end would write others' texts into the audit.
            WHEN 'delete' THEN coalesce((
                SELECT string_agg(format('NOT EXISTS (SELECT FROM %s AS r WHERE %s)', f.conrelid::regclass, (
                    SELECT string_agg(format('r.%I = t.%I', a.attname, b.attname), ' AND ')
                    FROM unnest(f.conkey, f.confkey) AS n (child, parent)
                    JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = n.child
                    JOIN pg_attribute AS b ON b.attrelid = f.confrelid AND b.attnum = n.parent)), ' AND ')
                FROM pg_constraint AS f
                WHERE f.contype = 'f' AND f.confrelid = max(c.table_id) AND (f.confdeltype IN ('a', 'r') OR EXISTS (
                    SELECT FROM pg_trigger AS g
                    JOIN pg_class AS o ON o.oid = g.tgrelid
                    JOIN crm.pii_registry AS p
                        ON p.schema_name = 'crm' AND p.table_name = o.relname AND p.action <> 'keep'
                    WHERE g.tgrelid = f.conrelid AND g.tgfoid = 'crm._audit()'::regprocedure))), 'true')
            ELSE string_agg(crm._differs('t', c.column_name, c.expression), ' OR ') END),
        string_agg(format('%I = %s', c.column_name, c.expression), ', '), array_agg(c.column_name)
    FROM (
        SELECT r.table_name, r.action, a.attrelid AS table_id, p.column_name,
            crm._erased_expression(a.attrelid, a.attnum::integer, p.action) AS expression
        FROM crm.retention_rule AS r
        JOIN crm.pii_registry AS p ON p.schema_name = 'crm' AND p.table_name = r.table_name
            AND p.class = coalesce(r.class, p.class) AND p.column_name = coalesce(r.column_name, p.column_name)
        JOIN pg_attribute AS a ON a.attrelid = to_regclass(format('crm.%I', p.table_name)) AND a.attname = p.column_name
            AND NOT a.attisdropped AND a.attgenerated = ''
        WHERE r.retention_rule_id = $1 AND p.action NOT IN ('keep', 'delete')
    ) AS c
    GROUP BY c.table_name, c.action
$function$;
COMMENT ON FUNCTION crm._apply_retention_plan(bigint) IS
    'What a rule of retention does: the condition on rows t with something left to do, the SET clause and its columns; no '
    'row if the rule names no personal column.';

CREATE OR REPLACE FUNCTION crm._apply_retention_rule(retention_rule_id bigint, dry_run boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    -- For crm._redact_audit(): entries are found by the key of the row alone.
    no_customer constant bigint := -9223372036854775808;
    batch constant bigint := 5000;
    rule crm.retention_rule;
    plan record;
    cutoff timestamptz;
    row_ids bigint[];
    above bigint := -9223372036854775808;
    done bigint;
    total bigint := 0;
BEGIN
    SELECT * INTO rule FROM crm.retention_rule AS r WHERE r.retention_rule_id = _apply_retention_rule.retention_rule_id;
    SELECT * INTO plan FROM crm._apply_retention_plan(rule.retention_rule_id);
    IF plan.condition IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('retention rule %s names no column with personal data', coalesce(retention_rule_id::text, 'NULL')),
            HINT = 'Compare its class and column_name with crm.pii_registry.',
            SCHEMA = 'crm', TABLE = 'retention_rule';
    END IF;
    cutoff := now() - make_interval(days => rule.keep_days);
    LOOP
        EXECUTE format('SELECT array_agg(b.id) FROM (SELECT t.%1$I AS id FROM crm.%2$I AS t '
            'WHERE t.%1$I > $2 AND %3$s ORDER BY t.%1$I LIMIT $3) AS b',
            rule.table_name || '_id', rule.table_name, plan.condition)
        INTO row_ids USING cutoff, above, batch;
        EXIT WHEN row_ids IS NULL;
        above := row_ids[cardinality(row_ids)];
        done := cardinality(row_ids);
        IF NOT dry_run THEN
            EXECUTE format('%s WHERE t.%I = ANY ($2) AND %s',
                CASE rule.action WHEN 'delete' THEN format('DELETE FROM crm.%I AS t', rule.table_name)
                    ELSE format('UPDATE crm.%I AS t SET %s', rule.table_name, plan.assignments) END,
                rule.table_name || '_id', plan.condition)
            USING cutoff, row_ids;
            GET DIAGNOSTICS done = ROW_COUNT;
            IF rule.table_name = 'lead' AND num_nonnulls(rule.class, rule.column_name) = 0 THEN
                -- With what hangs on them: follow-ups, notes, events.
                PERFORM FROM crm._erase_tables(no_customer, row_ids, '', '', false);
                PERFORM crm._erase_audit(no_customer, row_ids, '', '');
            END IF;
            IF rule.table_name <> 'audit_log' THEN
                -- The audit of this change, and of all before, holds the old values.
                PERFORM crm._redact_audit(no_customer, rule.table_name, plan.column_names, row_ids);
            END IF;
        END IF;
        total := total + done;
    END LOOP;
    RETURN total;
END
$function$;
COMMENT ON FUNCTION crm._apply_retention_rule(bigint, boolean) IS
    'Does what one rule of retention says, batch by batch, or only counts; returns the number of rows. Raises 22023 for a rule without '
    'a personal column.';

CREATE OR REPLACE FUNCTION crm.apply_retention(dry_run boolean DEFAULT true)
    RETURNS TABLE (retention_rule_id bigint, table_name text, action text, keep_days integer, row_count bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 10
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    IF NOT coalesce(apply_retention.dry_run, true) THEN
        -- No hold is placed while its data go.
        LOCK TABLE crm.legal_hold IN SHARE MODE;
    END IF;
    -- The audit last, since the other rules write entries.
    FOR retention_rule_id, table_name, action, keep_days IN
        SELECT r.retention_rule_id, r.table_name, r.action, r.keep_days
        FROM crm.retention_rule AS r
        WHERE r.is_active
        ORDER BY r.table_name = 'audit_log', r.table_name, r.retention_rule_id
    LOOP
        row_count := CASE
            WHEN coalesce(apply_retention.dry_run, true) THEN
                crm._apply_retention_rule(apply_retention.retention_rule_id, true)
            -- Guards refuse every other change of these.
            WHEN apply_retention.table_name IN ('audit_log', 'consent') THEN
                crm._apply_retention_own(apply_retention.retention_rule_id, apply_retention.table_name)
            ELSE crm._apply_retention_rule(apply_retention.retention_rule_id)
        END;
        RETURN NEXT;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION crm.apply_retention(boolean) IS
    'Anonymises or deletes what is older than the active rules of crm.retention_rule allow, in the audit of those rows '
    'too, but nothing of customers under a legal hold. Returns each rule with the number of rows that it changed; with '
    'dry_run, as without an argument, the number that it would change. A second run changes nothing more. Raises 22023 '
    'for a rule that names no personal column.';
