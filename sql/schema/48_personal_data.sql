-- 48_personal_data: the registry of personal data. Every text and jsonb column of the CRM has its row: what kind
-- of data it holds, hence who may read it, and what an erasure does to it. A row that is there stays as it is.

INSERT INTO crm.pii_registry (schema_name, table_name, column_name, class, action)
SELECT 'crm', v.table_name, n.column_name, v.class, v.action
FROM (VALUES
    -- Customers and their people
    ('customer', 'name', 'clear', 'first_name'),
    ('customer', 'name', 'replace', 'last_name business_name name name_key last_name_key'),
    ('customer', 'contact', 'clear', 'email email_key phone phone_key external_id'),
    ('customer', 'address', 'clear', 'street postal_code'),
    ('customer', 'area', 'clear', 'city state'),
    ('customer', 'area', 'keep', 'country_code'),
    ('customer', 'birth', 'clear', 'date_of_birth'),
    ('customer', 'custom', 'replace', 'custom'),
    ('customer', 'none', 'clear', 'external_source'),
    ('customer', 'none', 'keep', 'customer_type service_class'),
    ('contact', 'name', 'clear', 'first_name title'),
    ('contact', 'name', 'replace', 'last_name name name_key'),
    ('contact', 'contact', 'clear', 'email email_key phone external_id'),
    ('contact', 'custom', 'replace', 'custom'),
    ('contact', 'none', 'clear', 'external_source'),
    ('account', 'name', 'replace', 'name'),
    ('account', 'none', 'replace', 'account_number'),
    ('account', 'none', 'keep', 'currency_code status'),
    ('consent', 'free_text', 'replace', 'source'),
    ('consent', 'none', 'keep', 'purpose channel lawful_basis text_version'),
    ('legal_hold', 'free_text', 'replace', 'reason'),
    ('legal_hold', 'staff', 'keep', 'held_by'),
    ('customer_behavior', 'none', 'clear', 'insights'),
    ('customer_behavior', 'none', 'replace', 'metrics'),
    ('customer_behavior', 'none', 'keep', 'report_type'),
    ('customer_score', 'none', 'keep', 'rfm_segment clv_model'),
    -- Orders and shipping
    ('sales_order', 'name', 'clear', 'ship_to_name'),
    ('sales_order', 'address', 'clear', 'ship_to_street ship_to_postal_code'),
    ('sales_order', 'area', 'clear', 'ship_to_city ship_to_state'),
    ('sales_order', 'area', 'keep', 'ship_to_country_code'),
    ('sales_order', 'none', 'keep', 'order_kind status currency_code external_source external_id'),
    ('order_item', 'none', 'keep', 'product_name'),
    ('order_status_history', 'free_text', 'clear', 'note'),
    ('order_status_history', 'none', 'keep', 'from_status to_status'),
    ('order_status_transition', 'none', 'keep', 'from_status to_status'),
    ('shipment_tracking', 'address', 'replace', 'tracking_number'),
    ('shipment_tracking', 'none', 'keep', 'courier current_status'),
    ('tracking_event', 'free_text', 'clear', 'location note'),
    ('tracking_event', 'none', 'keep', 'status'),
    -- Sales
    ('lead', 'name', 'clear', 'first_name last_name'),
    ('lead', 'name', 'replace', 'company_name name_key'),
    ('lead', 'contact', 'clear', 'email email_key phone contact_info external_id'),
    ('lead', 'custom', 'replace', 'custom'),
    ('lead', 'none', 'clear', 'external_source'),
    ('lead', 'none', 'keep', 'status source'),
    ('lead_status_history', 'free_text', 'clear', 'note'),
    ('lead_status_history', 'none', 'keep', 'from_status to_status'),
    ('opportunity', 'name', 'replace', 'name name_key'),
    ('opportunity', 'free_text', 'clear', 'next_step'),
    ('opportunity', 'custom', 'replace', 'custom'),
    ('opportunity', 'none', 'clear', 'external_source external_id'),
    ('opportunity', 'none', 'keep', 'forecast_category_override currency_code'),
    ('opportunity_contact', 'none', 'keep', 'role'),
    ('opportunity_stage_history', 'none', 'keep', 'forecast_category'),
    ('quote', 'free_text', 'clear', 'quote_details'),
    ('quote', 'none', 'keep', 'status currency_code'),
    ('quote_item', 'none', 'keep', 'product_name'),
    ('pipeline', 'none', 'keep', 'name'),
    ('pipeline_stage', 'none', 'keep', 'name forecast_category'),
    ('loss_reason', 'none', 'keep', 'name'),
    ('forecast_snapshot', 'none', 'keep', 'forecast_category model'),
    ('quota', 'none', 'keep', 'currency_code'),
    ('sales_data', 'none', 'keep', 'metric_name insights'),
    -- Marketing
    ('campaign', 'none', 'keep', 'name name_key campaign_type channel description goals target_customer_profile '
        'currency_code status external_source external_id'),
    ('campaign_analytics', 'none', 'keep', 'model'),
    ('campaign_attribution', 'none', 'keep', 'model'),
    ('campaign_cost', 'none', 'keep', 'currency_code note'),
    ('campaign_member', 'none', 'keep', 'status variant'),
    ('campaign_touch', 'none', 'keep', 'touch_type channel'),
    ('landing_page', 'none', 'keep', 'url'),
    ('product_recommendation', 'none', 'clear', 'recommendation_details'),
    ('segment', 'none', 'keep', 'name description kind'),
    ('segment_criterion', 'none', 'keep', 'criteria_details'),
    -- Service
    ('interaction', 'free_text', 'clear', 'details'),
    ('interaction_outcome', 'none', 'keep', 'name'),
    ('interaction_rep', 'none', 'keep', 'role'),
    ('interaction_type', 'none', 'keep', 'name'),
    ('follow_up', 'free_text', 'replace', 'activity_details'),
    ('support_ticket', 'free_text', 'replace', 'issue'),
    ('support_ticket', 'custom', 'replace', 'custom'),
    ('support_ticket', 'none', 'clear', 'external_source external_id'),
    ('support_ticket', 'none', 'keep', 'category priority status'),
    ('ticket_response', 'free_text', 'replace', 'message'),
    ('ticket_status_history', 'free_text', 'clear', 'note'),
    ('ticket_status_history', 'none', 'keep', 'from_status to_status'),
    ('feedback', 'free_text', 'clear', 'content'),
    ('feedback', 'none', 'keep', 'kind'),
    ('sla_policy', 'none', 'keep', 'name priority customer_class category'),
    ('knowledge_base', 'none', 'keep', 'name description'),
    ('common_issue', 'none', 'keep', 'issue_title solution_details language'),
    -- Products and stock
    ('product', 'none', 'keep', 'sku name name_key description currency_code custom external_source external_id'),
    ('product_category', 'none', 'keep', 'name description'),
    ('stock_movement', 'free_text', 'clear', 'note'),
    ('stock_movement', 'none', 'keep', 'reason'),
    -- Organisation
    ('organization', 'none', 'keep', 'name base_currency_code time_zone'),
    ('staff', 'staff', 'keep', 'first_name last_name name email email_key phone db_role'),
    ('region', 'none', 'keep', 'name'),
    ('region_coverage', 'none', 'keep', 'country_code state'),
    ('business_calendar', 'none', 'keep', 'name time_zone'),
    ('business_holiday', 'none', 'keep', 'name'),
    ('currency', 'none', 'keep', 'currency_code name'),
    ('exchange_rate', 'none', 'keep', 'currency_code source'),
    -- System
    ('event', 'custom', 'redact', 'payload'),
    ('event', 'none', 'keep', 'event_type table_name'),
    ('event_type', 'none', 'keep', 'event_type description payload'),
    ('event_consumer', 'none', 'keep', 'name'),
    ('audit_log', 'custom', 'redact', 'old_values new_values'),
    ('audit_log', 'staff', 'keep', 'login role application'),
    ('audit_log', 'none', 'keep', 'table_name operation row_key'),
    ('erasure_log', 'staff', 'keep', 'erased_by'),
    ('erasure_log', 'none', 'keep', 'reason'),
    ('retention_rule', 'none', 'keep', 'table_name class column_name action'),
    ('pii_registry', 'none', 'keep', 'schema_name table_name column_name class action'),
    ('error_catalog', 'none', 'keep', 'sqlstate constraint_name message hint'),
    ('schema_version', 'none', 'keep', 'version script_checksum'),
    ('schema_version', 'staff', 'keep', 'applied_by'),
    ('maintenance_job', 'none', 'keep', 'name parameters last_error'),
    ('job_history', 'none', 'keep', 'error'),
    ('model', 'none', 'keep', 'kind parameters data_hash'),
    ('import_batch', 'none', 'keep', 'source file_name status'),
    ('import_batch', 'staff', 'keep', 'created_by'),
    ('import_order_line', 'contact', 'clear', 'customer_ref'),
    ('import_order_line', 'name', 'clear', 'customer_name'),
    ('import_order_line', 'area', 'clear', 'country country_code'),
    ('import_order_line', 'free_text', 'replace', 'error'),
    ('import_order_line', 'none', 'keep', 'order_ref product_ref product_name outcome')
) AS v (table_name, class, action, column_names)
CROSS JOIN LATERAL string_to_table(v.column_names, ' ') AS n (column_name)
ON CONFLICT ON CONSTRAINT pii_registry_pkey DO NOTHING;

-- Internal state, and the names of staff that many tables keep.
INSERT INTO crm.pii_registry (schema_name, table_name, column_name, class, action)
SELECT v.schema_name, v.table_name, v.column_name, v.class, 'keep'
FROM (
    VALUES
    ('crm_state', 'idempotency', 'caller', 'staff'),
    ('crm_state', 'idempotency', 'idempotency_key', 'none'),
    ('crm_state', 'idempotency', 'request_hash', 'none'),
    ('crm_state', 'install_skip', 'object_name', 'none'),
    ('crm_state', 'install_skip', 'reason', 'none'),
    ('crm_state', 'install_grant', 'object_name', 'none'),
    ('crm_state', 'install_grant', 'grantee', 'none'),
    ('crm_state', 'install_grant', 'privilege', 'none'),
    ('crm_state', 'install_grant', 'column_name', 'none'),
    ('crm_state', 'token_key', 'secret', 'none'),
    ('crm_state', 'token_key', 'created_by', 'staff')
    UNION ALL
    SELECT 'crm', c.relname, a.attname, 'staff'
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname IN ('created_by', 'updated_by', 'changed_by')
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r' AND c.relowner = 'crm_owner'::regrole
) AS v (schema_name, table_name, column_name, class)
ON CONFLICT ON CONSTRAINT pii_registry_pkey DO NOTHING;

-- What is missing ------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._unclassified_columns()
    RETURNS TABLE (table_id oid, table_name text, column_name text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT c.oid, c.relname::text, a.attname::text
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND (coalesce(e.typcategory, t.typcategory) = 'S' OR t.typname IN ('json', 'jsonb', 'hstore', 'xml', 'bytea'))
        AND NOT EXISTS (
            SELECT FROM crm.pii_registry AS r
            WHERE r.schema_name = 'crm' AND r.table_name = c.relname AND r.column_name = a.attname)
$function$;
COMMENT ON FUNCTION crm._unclassified_columns() IS
    'Columns of schema crm that can hold texts or documents and are not in the registry of personal data.';

CREATE OR REPLACE FUNCTION crm._health_personal_data()
    RETURNS TABLE (check_name text, status text, detail text, hint text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    SELECT 'personal data', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warning' END,
        coalesce('not classified: ' || string_agg(format('%s.%s', u.table_name, u.column_name), ', '
            ORDER BY u.table_name, u.column_name), 'all columns of texts and documents are classified'),
        CASE WHEN count(*) > 0 THEN
            'Say what they hold with crm.classify_column(); until then an erasure leaves them alone.' END
    FROM crm._unclassified_columns() AS u
$function$;
COMMENT ON FUNCTION crm._health_personal_data() IS 'The part of crm.health() about personal data.';
