-- 61_reassignment: giving a customer, an opportunity or a lead to another sales rep or region. A plain UPDATE cannot
-- move a row out of the sight of whoever makes it; these functions can, for those who may change the row.

CREATE OR REPLACE FUNCTION crm._check_reassignment(table_name text, row_id bigint, sales_rep_id bigint, reason text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    -- Behind a pool all persons share the privilege to call
    IF crm.has_session() AND NOT (crm.has_role('crm_admin') OR crm.has_role('crm_sales_manager')) THEN
        RAISE EXCEPTION USING
            ERRCODE = '42501',
            MESSAGE = format('reassigning a row of crm.%s is for sales managers', left(_check_reassignment.table_name, 60)),
            HINT = 'Ask your sales manager.';
    END IF;
    IF NOT coalesce(crm._caller_can_change(_check_reassignment.table_name, _check_reassignment.row_id), false) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('%s %s does not exist', left(_check_reassignment.table_name, 60),
                coalesce(_check_reassignment.row_id::text, 'NULL')),
            HINT = format('Look it up in crm.%I.', left(_check_reassignment.table_name, 60)),
            SCHEMA = 'crm', TABLE = left(_check_reassignment.table_name, 60), COLUMN = left(_check_reassignment.table_name, 60) || '_id';
    END IF;
    IF _check_reassignment.sales_rep_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM crm.sales_rep AS r JOIN crm.staff AS s ON s.staff_id = r.sales_rep_id
        WHERE r.sales_rep_id = _check_reassignment.sales_rep_id AND s.active) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('sales rep %s does not exist or is not active', _check_reassignment.sales_rep_id),
            HINT = 'Look it up in crm.v_sales_rep.',
            SCHEMA = 'crm', TABLE = 'sales_rep', COLUMN = 'sales_rep_id';
    END IF;
    IF char_length(_check_reassignment.reason) > 1000 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'a reason has at most 1000 characters';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._check_reassignment(text, bigint, bigint, text) IS
    'Raises 22023 unless the caller may change this row, the sales rep exists and is active, and the reason is short; '
    '42501 behind a token of somebody who is neither crm_admin nor a sales manager.';

CREATE OR REPLACE FUNCTION crm._emit_reassignment(
    table_name text,
    row_id bigint,
    customer_id bigint,
    sales_rep_id bigint,
    region_id bigint,
    reason text)
    RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    INSERT INTO crm.event (era, event_type, table_name, row_id, customer_id, payload)
    VALUES (crm._event_era(), _emit_reassignment.table_name || '.reassigned', _emit_reassignment.table_name,
        _emit_reassignment.row_id, _emit_reassignment.customer_id,
        jsonb_build_object('sales_rep_id', _emit_reassignment.sales_rep_id, 'region_id', _emit_reassignment.region_id,
            'note', coalesce(_emit_reassignment.reason, ''), 'by', crm._actor()))
$function$;
COMMENT ON FUNCTION crm._emit_reassignment(text, bigint, bigint, bigint, bigint, text) IS
    'Writes the event of a reassignment, with the rep and region given.';

CREATE OR REPLACE FUNCTION crm.reassign_customer(
    customer_id bigint,
    sales_rep_id bigint DEFAULT NULL,
    region_id bigint DEFAULT NULL,
    with_open_documents boolean DEFAULT true,
    reason text DEFAULT NULL)
    RETURNS SETOF crm.customer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._check_reassignment('customer', reassign_customer.customer_id, reassign_customer.sales_rep_id,
        reassign_customer.reason);
    IF reassign_customer.with_open_documents AND reassign_customer.sales_rep_id IS NOT NULL THEN
        UPDATE crm.opportunity AS o SET sales_rep_id = reassign_customer.sales_rep_id
        WHERE o.customer_id = reassign_customer.customer_id AND o.closed_at IS NULL AND o.deleted_at IS NULL
            AND o.sales_rep_id IS DISTINCT FROM reassign_customer.sales_rep_id;
        UPDATE crm.follow_up AS f SET sales_rep_id = reassign_customer.sales_rep_id
        WHERE f.customer_id = reassign_customer.customer_id AND f.completed_at IS NULL
            AND f.sales_rep_id <> reassign_customer.sales_rep_id;
    END IF;
    PERFORM crm._emit_reassignment('customer', reassign_customer.customer_id, reassign_customer.customer_id,
        reassign_customer.sales_rep_id, reassign_customer.region_id, reassign_customer.reason);
    RETURN QUERY
    UPDATE crm.customer AS c SET
        sales_rep_id = coalesce(reassign_customer.sales_rep_id, c.sales_rep_id),
        region_id = coalesce(reassign_customer.region_id, c.region_id),
        region_is_manual = c.region_is_manual OR reassign_customer.region_id IS NOT NULL
    WHERE c.customer_id = reassign_customer.customer_id
    RETURNING c.*;
END
$function$;
COMMENT ON FUNCTION crm.reassign_customer(bigint, bigint, bigint, boolean, text) IS
    'Gives a customer to another sales rep, another region (which is then kept by hand) or both; NULL leaves as it is. '
    'with_open_documents also gives the rep the open opportunities and follow-ups; orders keep the rep and region that '
    'they were booked with. For crm_admin, and for sales managers who see the customer; it may leave their sight. '
    'Returns the row and writes the event customer.reassigned. Errors: 22023 unknown or unseen customer, unknown rep, '
    'a reason of more than 1000 characters; 23503 unknown region; 42501 without the right.';

CREATE OR REPLACE FUNCTION crm.reassign_opportunity(
    opportunity_id bigint,
    sales_rep_id bigint,
    reason text DEFAULT NULL)
    RETURNS SETOF crm.opportunity
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    changed crm.opportunity;
BEGIN
    PERFORM crm._check_reassignment('opportunity', reassign_opportunity.opportunity_id,
        reassign_opportunity.sales_rep_id, reassign_opportunity.reason);
    UPDATE crm.opportunity AS o SET sales_rep_id = coalesce(reassign_opportunity.sales_rep_id, o.sales_rep_id)
    WHERE o.opportunity_id = reassign_opportunity.opportunity_id
    RETURNING o.* INTO changed;
    PERFORM crm._emit_reassignment('opportunity', changed.opportunity_id, changed.customer_id,
        reassign_opportunity.sales_rep_id, NULL, reassign_opportunity.reason);
    RETURN NEXT changed;
END
$function$;
COMMENT ON FUNCTION crm.reassign_opportunity(bigint, bigint, text) IS
    'Gives an opportunity to another sales rep. For crm_admin, and for sales managers who see the opportunity; it may '
    'leave their sight. Returns the row and writes the event opportunity.reassigned. Errors: 22023 unknown or unseen '
    'opportunity, unknown rep, a reason of more than 1000 characters; 42501 without the right.';

CREATE OR REPLACE FUNCTION crm.reassign_lead(
    lead_id bigint,
    sales_rep_id bigint DEFAULT NULL,
    region_id bigint DEFAULT NULL,
    reason text DEFAULT NULL)
    RETURNS SETOF crm.lead
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._check_reassignment('lead', reassign_lead.lead_id, reassign_lead.sales_rep_id, reassign_lead.reason);
    PERFORM crm._emit_reassignment('lead', reassign_lead.lead_id, NULL, reassign_lead.sales_rep_id,
        reassign_lead.region_id, reassign_lead.reason);
    RETURN QUERY
    UPDATE crm.lead AS l SET
        sales_rep_id = coalesce(reassign_lead.sales_rep_id, l.sales_rep_id),
        region_id = coalesce(reassign_lead.region_id, l.region_id)
    WHERE l.lead_id = reassign_lead.lead_id
    RETURNING l.*;
END
$function$;
COMMENT ON FUNCTION crm.reassign_lead(bigint, bigint, bigint, text) IS
    'Gives a lead to another sales rep, another region or both; NULL leaves as it is. For crm_admin, and for sales '
    'managers who see the lead; it may leave their sight. Returns the row and writes the event lead.reassigned. Errors: '
    '22023 unknown or unseen lead, unknown rep, a reason of more than 1000 characters; 23503 unknown region; 42501 '
    'without the right.';
