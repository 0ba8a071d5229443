-- 25_triggers: the trigger functions in C. They run as crm_owner, which may write what clients may not.

DO $functions$
DECLARE
    trigger_function record;
BEGIN
    FOR trigger_function IN
        SELECT *
        FROM (VALUES
            ('stamp', 'Sets created_*, updated_* and row_version; refuses a stale row_version (RM003) and a change of the key (RM015).'),
            ('currency_fill', 'Fills currency_code and the rate of the day of the column that the argument names (RM010).'),
            ('customer_fill', 'Fills a customer''s region from the address; refuses a date of birth in the future.'),
            ('customer_ai', 'Adds the row of customer_metrics of each new customer.'),
            ('customer_au', 'Checks the contacts of a customer whose type changes; writes events of deletion.'),
            ('contact_ai', 'Refuses a second contact of an individual (RM018).'),
            ('contact_au', 'Refuses a second contact of an individual (RM018); writes events of deletion.'),
            ('lead_au', 'Writes events of deletion of leads.'),
            ('opportunity_au', 'Writes events of deletion of opportunities.'),
            ('product_ai', 'Books opening stock and opens low-stock alerts.'),
            ('product_au', 'Books adjustments of stock, opens and clears alerts, writes events of deletion.'),
            ('stock_movement_fill', 'Sets the author of a client''s movement; refuses those of orders (RM017) and of the future.'),
            ('stock_movement_ai', 'Adds a movement to the stock of its product; refuses stock below zero (RM001).'),
            ('sales_order_fill', 'Completes a new order from its customer; freezes what an order is booked with (RM015).'),
            ('sales_order_au', 'Checks moves of status (RM002, RM013), gives stock back on cancel, writes history and events.'),
            ('sales_order_delete_guard', 'Refuses to delete an order past pending (RM012).'),
            ('order_item_fill', 'Completes a line from its order and product and computes its amount in base currency.'),
            ('order_item_ai', 'Adds new lines to totals and takes their stock (RM001, RM012, RM014).'),
            ('order_item_au', 'Books the difference of changed lines in totals and stock (RM001, RM012, RM013, RM014).'),
            ('order_item_ad', 'Takes lines out of totals and gives their stock back (RM012, RM013, RM014).'),
            ('delete_guard', 'Refuses to delete a record that documents refer to (23503), with the function that does instead.'),
            ('organization_delete_guard', 'Refuses to delete the row of the organisation (23514).'),
            ('no_truncate', 'Refuses TRUNCATE of a table that kept state follows from (RM017).'),
            ('append_only', 'Refuses UPDATE and DELETE of a ledger (RM017).'),
            ('own_insert_only', 'Refuses rows that no trigger of the CRM wrote (RM017).'),
            ('scope_changed', 'Announces to all sessions that what people may see has changed.'),
            ('audit', 'Writes what was done to the rows of a table to crm.audit_log.'),
            ('audit_guard', 'Refuses to add, change or delete entries of the audit log (RM017).'),
            ('tree_check', 'Refuses cycles in a tree (RM016); arguments are the key and the parent column.')
        ) AS v (function_name, description)
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE FUNCTION crm._%1$s() RETURNS trigger LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER '
            'SET search_path = pg_catalog, crm, pg_temp SET row_security = on '
            'AS ''MODULE_PATHNAME'', ''crm_%1$s''', trigger_function.function_name);
        EXECUTE pg_catalog.format('ALTER FUNCTION crm._%s() OWNER TO crm_owner', trigger_function.function_name);
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION crm._%s() FROM PUBLIC', trigger_function.function_name);
        EXECUTE pg_catalog.format('COMMENT ON FUNCTION crm._%s() IS %L',
            trigger_function.function_name, trigger_function.description);
    END LOOP;
END
$functions$;
