-- 45_triggers: every trigger of the CRM, in one list. A trigger that is there as it should be stays untouched,
-- so that installing anew takes no lock on a table that needs nothing. The words of a timing are those of
-- pg_get_triggerdef(), in its order (INSERT, DELETE, UPDATE, TRUNCATE), since definitions are compared as text.
--
-- Naming: <table>_fill and <table>_stamp complete the row before it is written, in this (alphabetical) order;
-- <table>_ai, _au, _ad are the one entry point per event after the statement; _guard triggers refuse.

CREATE OR REPLACE FUNCTION crm._wanted_triggers()
    RETURNS TABLE (table_name text, trigger_name text, timing text, call text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    after_insert constant text := 'AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT';
    after_update constant text :=
        'AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT';
    after_delete constant text := 'AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT';
    before_row constant text := 'BEFORE INSERT OR UPDATE ON %s FOR EACH ROW';
    before_insert_row constant text := 'BEFORE INSERT ON %s FOR EACH ROW';
    before_update_row constant text := 'BEFORE UPDATE ON %s FOR EACH ROW';
    before_delete_row constant text := 'BEFORE DELETE ON %s FOR EACH ROW';
BEGIN
    RETURN QUERY
    SELECT v.table_name, v.trigger_name, v.timing, v.call
    FROM (VALUES
        -- Completing rows
        ('customer', 'customer_fill', before_row, 'crm._customer_fill()'),
        ('sales_order', 'sales_order_fill', before_row, 'crm._sales_order_fill()'),
        ('order_item', 'order_item_fill', before_row, 'crm._order_item_fill()'),
        ('product', 'product_fill', before_insert_row, 'crm._currency_fill()'),
        ('stock_movement', 'stock_movement_fill', before_insert_row, 'crm._stock_movement_fill()'),
        ('account', 'account_fill', before_insert_row, 'crm._currency_fill()'),
        ('campaign', 'campaign_fill', before_insert_row, 'crm._currency_fill(''start_date'')'),
        ('campaign_cost', 'campaign_cost_fill', before_insert_row, 'crm._currency_fill(''incurred_on'')'),
        ('opportunity', 'opportunity_fill', before_insert_row, 'crm._currency_fill(''opened_at'')'),
        ('quote', 'quote_fill', before_insert_row, 'crm._currency_fill(''date_created'')'),
        ('quota', 'quota_fill', before_insert_row, 'crm._currency_fill(''valid_from'')'),
        ('shipment_tracking', 'shipment_tracking_fill', before_insert_row, 'crm._shipping_fill()'),
        ('tracking_event', 'tracking_event_fill', before_insert_row, 'crm._shipping_fill()'),
        ('lead', 'lead_fill', before_update_row, 'crm._lead_fill()'),
        ('common_issue', 'common_issue_fill', before_update_row, 'crm._common_issue_fill()'),
        -- Rows that would leave the sight of their caller; after their region is filled
        ('customer', 'customer_scope_check', 'BEFORE UPDATE OF country_code, state, region_id, region_is_manual, '
            'sales_rep_id ON %s FOR EACH ROW', 'crm._scope_check()'),
        ('lead', 'lead_scope_check', 'BEFORE UPDATE OF region_id, sales_rep_id ON %s FOR EACH ROW',
            'crm._scope_check()'),
        -- Checks of rows that a CHECK cannot make
        ('organization', 'organization_time_zone_check', before_row, 'crm._time_zone_check()'),
        ('organization', 'organization_base_currency_guard', before_update_row, 'crm._base_currency_guard()'),
        ('exchange_rate', 'exchange_rate_check', before_row, 'crm._exchange_rate_check()'),
        ('business_calendar', 'business_calendar_time_zone_check', before_row, 'crm._time_zone_check()'),
        -- What DELETE would be refused for, said with what to do instead
        ('organization', 'organization_delete_guard', before_delete_row, 'crm._organization_delete_guard()'),
        ('customer', 'customer_delete_guard', before_delete_row, 'crm._delete_guard()'),
        ('contact', 'contact_delete_guard', before_delete_row, 'crm._delete_guard()'),
        ('lead', 'lead_delete_guard', before_delete_row, 'crm._delete_guard()'),
        ('opportunity', 'opportunity_delete_guard', before_delete_row, 'crm._delete_guard()'),
        ('product', 'product_delete_guard', before_delete_row, 'crm._delete_guard()'),
        -- One entry per table and event
        ('customer', 'customer_ai', after_insert, 'crm._customer_ai()'),
        ('customer', 'customer_au', after_update, 'crm._customer_au()'),
        ('contact', 'contact_ai', after_insert, 'crm._contact_ai()'),
        ('contact', 'contact_au', after_update, 'crm._contact_au()'),
        ('lead', 'lead_au', after_update, 'crm._lead_au()'),
        ('opportunity', 'opportunity_au', after_update, 'crm._opportunity_au()'),
        ('product', 'product_ai', after_insert, 'crm._product_ai()'),
        ('product', 'product_au', after_update, 'crm._product_au()'),
        ('stock_movement', 'stock_movement_ai', after_insert, 'crm._stock_movement_ai()'),
        ('sales_order', 'sales_order_au', after_update, 'crm._sales_order_au()'),
        ('sales_order', 'sales_order_delete_guard', before_delete_row, 'crm._sales_order_delete_guard()'),
        ('order_item', 'order_item_ai', after_insert, 'crm._order_item_ai()'),
        ('order_item', 'order_item_au', after_update, 'crm._order_item_au()'),
        ('order_item', 'order_item_ad', after_delete, 'crm._order_item_ad()'),
        ('business_hours', 'business_hours_ai', after_insert, 'crm._business_hours_check()'),
        ('business_hours', 'business_hours_au', after_update, 'crm._business_hours_check()'),
        ('tracking_event', 'tracking_event_ai', after_insert, 'crm._tracking_event_change()'),
        ('tracking_event', 'tracking_event_au', after_update, 'crm._tracking_event_change()'),
        ('tracking_event', 'tracking_event_ad', after_delete, 'crm._tracking_event_ad()'),
        -- Ledgers and histories
        ('stock_movement', 'stock_movement_guard',
            'BEFORE DELETE OR UPDATE ON %s FOR EACH STATEMENT', 'crm._append_only()'),
        -- For each row: deleting or moving an order without history cascades to no row
        ('order_status_history', 'order_status_history_guard',
            'BEFORE DELETE OR UPDATE ON %s FOR EACH ROW', 'crm._append_only()'),
        ('consent', 'consent_guard', 'BEFORE DELETE OR UPDATE ON %s FOR EACH ROW',
            'crm._append_only(''ledger'')'),
        ('audit_log', 'audit_log_guard',
            'BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON %s FOR EACH STATEMENT', 'crm._audit_guard()'),
        ('order_status_history', 'order_status_history_insert_guard',
            'BEFORE INSERT ON %s FOR EACH STATEMENT', 'crm._own_insert_only()')
    ) AS v (table_name, trigger_name, timing, call)
    UNION ALL
    -- The shared columns; arguments are the key and the maintained columns of the table
    SELECT c.relname::text, c.relname || '_stamp', before_row,
        format('crm._stamp(%s)', concat_ws(', ', quote_literal(c.relname || '_id'),
            CASE c.relname
                WHEN 'product' THEN '''stock_quantity'''
                WHEN 'sales_order' THEN '''total_amount'', ''total_base'', ''line_count'''
                WHEN 'quote' THEN '''total_price'''
                WHEN 'shipment_tracking' THEN '''current_status'''
                WHEN 'segment' THEN '''refreshed_at'''
                WHEN 'lead' THEN '''score'', ''scored_at'''
            END))
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'row_version' AND NOT a.attisdropped
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r'
        AND c.relowner = 'crm_owner'::regrole
    UNION ALL
    -- Trees
    SELECT v.table_name, v.table_name || v.suffix, v.timing,
        format('crm._tree_check(%L, %L)', v.table_name || '_id', v.parent)
    FROM (
        SELECT t.table_name, t.parent, e.suffix, e.timing
        FROM (VALUES
            ('region', 'parent_region_id'),
            ('staff', 'manager_id'),
            ('product_category', 'parent_category_id'),
            ('campaign', 'parent_campaign_id'),
            ('support_ticket', 'parent_ticket_id')
        ) AS t (table_name, parent)
        CROSS JOIN (VALUES ('_tree_ai', after_insert), ('_tree_au', after_update)) AS e (suffix, timing)
    ) AS v
    UNION ALL
    -- Tables that say what a person may see
    SELECT t.table_name, t.table_name || '_scope',
        'AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON %s FOR EACH STATEMENT', 'crm._scope_changed()'
    FROM unnest(ARRAY['staff', 'sales_rep', 'sales_manager', 'marketing_manager', 'marketing_analyst',
        'support_agent', 'region']) AS t (table_name)
    UNION ALL
    -- The audit: tables of customers, money and access. Ledgers and histories tell of themselves.
    SELECT t.table_name, t.table_name || e.suffix, e.timing, 'crm._audit()'
    FROM unnest(ARRAY['account', 'campaign', 'campaign_cost', 'campaign_member', 'consent', 'contact', 'currency',
        'customer', 'customer_behavior', 'exchange_rate', 'feedback', 'follow_up', 'interaction', 'interaction_rep', 'lead',
        'legal_hold', 'marketing_analyst', 'marketing_manager', 'opportunity', 'opportunity_contact', 'opportunity_item',
        'order_item', 'order_status_transition', 'organization', 'pii_registry', 'product', 'quota', 'quote',
        'quote_item', 'region', 'region_coverage', 'retention_rule', 'sales_manager', 'sales_order', 'sales_rep', 'segment',
        'segment_criterion', 'shipment_tracking', 'staff', 'support_agent', 'support_ticket', 'ticket_response'
    ]) AS t (table_name)
    CROSS JOIN (VALUES
        ('_audit_insert', after_insert),
        ('_audit_update', after_update),
        ('_audit_delete', after_delete),
        ('_audit_truncate', 'AFTER TRUNCATE ON %s FOR EACH STATEMENT')
    ) AS e (suffix, timing)
    UNION ALL
    -- Tables that kept state follows from
    SELECT t.table_name, t.table_name || '_truncate_guard',
        'BEFORE TRUNCATE ON %s FOR EACH STATEMENT', 'crm._no_truncate()'
    FROM unnest(ARRAY['organization', 'customer', 'contact', 'product', 'stock_movement', 'stock_alert', 'sales_order',
        'order_item', 'order_status_history', 'event', 'consent', 'erasure_log']) AS t (table_name);
END
$function$;
COMMENT ON FUNCTION crm._wanted_triggers() IS
    'The triggers that the CRM needs: table, name, timing (with %s for the table) and the call. crm.install() makes '
    'those that are missing or different, crm.health() reports them.';

CREATE OR REPLACE FUNCTION crm._trigger_problems()
    RETURNS TABLE (table_name text, trigger_name text, problem text, definition text, trigger_id oid)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    -- Without crm: pg_get_triggerdef() names the schema of a function only where search_path does not lead there.
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT w.table_name, w.trigger_name,
        CASE WHEN t.oid IS NULL THEN 'missing' WHEN t.tgenabled NOT IN ('O', 'A') THEN 'disabled' ELSE 'different' END,
        w.definition, t.oid
    FROM (
        SELECT v.table_name, v.trigger_name, format('TRIGGER %I %s EXECUTE FUNCTION %s', v.trigger_name,
            format(v.timing, format('crm.%I', v.table_name)), v.call) AS definition
        FROM crm._wanted_triggers() AS v
    ) AS w
    LEFT JOIN pg_trigger AS t
        ON t.tgrelid = to_regclass(format('crm.%I', w.table_name)) AND t.tgname = w.trigger_name AND NOT t.tgisinternal
    WHERE (t.oid IS NULL OR t.tgenabled NOT IN ('O', 'A') OR pg_get_triggerdef(t.oid) <> 'CREATE ' || w.definition)
        AND NOT EXISTS (
            SELECT FROM crm_state.install_skip AS s
            WHERE s.object_name = format('crm.%s.%s', w.table_name, w.trigger_name))
    ORDER BY w.table_name, w.trigger_name;
END
$function$;
COMMENT ON FUNCTION crm._trigger_problems() IS
    'The triggers of the CRM that are missing, disabled or different from what they should be, with the definition '
    'that they should have. Leaves out what crm_state.install_skip lists.';

DO $triggers$
DECLARE
    wanted record;
BEGIN
    -- A disabled trigger stays as a DBA left it. Replacing one enables it as usual, so ALWAYS is set again.
    FOR wanted IN
        SELECT p.table_name, p.trigger_name, p.definition, t.tgenabled = 'A' AS is_always, t.tgconstraint <> 0 AS is_constraint
        FROM crm._trigger_problems() AS p
        LEFT JOIN pg_trigger AS t ON t.oid = p.trigger_id
        WHERE p.problem <> 'disabled'
    LOOP
        IF wanted.is_constraint THEN
            EXECUTE format('DROP TRIGGER %I ON crm.%I', wanted.trigger_name, wanted.table_name);
        END IF;
        EXECUTE 'CREATE OR REPLACE ' || wanted.definition;
        IF wanted.is_always THEN
            EXECUTE format('ALTER TABLE crm.%I ENABLE ALWAYS TRIGGER %I', wanted.table_name, wanted.trigger_name);
        END IF;
    END LOOP;
END
$triggers$;
