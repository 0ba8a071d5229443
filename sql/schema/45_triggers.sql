-- 45_triggers: every trigger of the CRM, in one list. A trigger that is there already stays untouched, so
-- that installing anew takes no lock on a table that needs nothing.
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
BEGIN
    RETURN QUERY
    SELECT v.table_name, v.trigger_name, v.timing, v.call
    FROM (VALUES
        -- Completing rows
        ('customer', 'customer_fill', before_row, 'crm._customer_fill()'),
        ('sales_order', 'sales_order_fill', before_row, 'crm._sales_order_fill()'),
        ('order_item', 'order_item_fill', before_row, 'crm._order_item_fill()'),
        ('product', 'product_fill', before_insert_row, 'crm._currency_fill()'),
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
        -- Checks of rows that a CHECK cannot make
        ('organization', 'organization_time_zone_check', before_row, 'crm._time_zone_check()'),
        ('organization', 'organization_base_currency_guard', before_update_row, 'crm._base_currency_guard()'),
        ('business_calendar', 'business_calendar_time_zone_check', before_row, 'crm._time_zone_check()'),
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
        ('sales_order', 'sales_order_delete_guard', 'BEFORE DELETE ON %s FOR EACH ROW',
            'crm._sales_order_delete_guard()'),
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
            'BEFORE UPDATE OR DELETE ON %s FOR EACH STATEMENT', 'crm._append_only()'),
        -- For each row: deleting or moving an order without history cascades to no row
        ('order_status_history', 'order_status_history_guard',
            'BEFORE UPDATE OR DELETE ON %s FOR EACH ROW', 'crm._append_only()'),
        ('order_status_history', 'order_status_history_insert_guard',
            'BEFORE INSERT ON %s FOR EACH STATEMENT', 'crm._own_insert_only()')
    ) AS v (table_name, trigger_name, timing, call)
    UNION ALL
    -- The shared columns; arguments are the key and the maintained columns of the table
    SELECT c.relname::text, c.relname || '_stamp', before_row,
        format('crm._stamp(%s)', concat_ws(', ', quote_literal(c.relname || '_id'),
            CASE c.relname
                WHEN 'product' THEN '''stock_quantity'''
                WHEN 'sales_order' THEN '''total_amount'', ''total_base'''
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
    -- Tables that kept state follows from
    SELECT t.table_name, t.table_name || '_truncate_guard',
        'BEFORE TRUNCATE ON %s FOR EACH STATEMENT', 'crm._no_truncate()'
    FROM unnest(ARRAY['customer', 'contact', 'product', 'stock_movement', 'stock_alert', 'sales_order',
        'order_item', 'order_status_history', 'event']) AS t (table_name);
END
$function$;
COMMENT ON FUNCTION crm._wanted_triggers() IS
    'The triggers that the CRM needs: table, name, timing (with %s for the table) and the call. crm.install() creates '
    'those that are missing, crm.health() reports them.';

DO $triggers$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT * FROM crm._wanted_triggers() AS w ORDER BY w.table_name, w.trigger_name LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_trigger AS t
            WHERE t.tgrelid = format('crm.%I', wanted.table_name)::regclass AND t.tgname = wanted.trigger_name)
            OR EXISTS (
            SELECT FROM crm_state.install_skip AS s
            WHERE s.object_name = format('crm.%s.%s', wanted.table_name, wanted.trigger_name));
        EXECUTE format('CREATE TRIGGER %I %s EXECUTE FUNCTION %s', wanted.trigger_name,
            format(wanted.timing, format('crm.%I', wanted.table_name)), wanted.call);
    END LOOP;
END
$triggers$;
