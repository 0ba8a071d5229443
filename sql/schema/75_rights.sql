-- 75_rights: who may do what with which table. One line per table; policies (76) and grants (77) follow from it.
--
-- A cell holds the commands of a role: r read, i insert, u update, d delete. A capital means all rows, a small
-- letter the rows in the scope of the person; n is the privilege to read without any row, for those who read
-- views that show the table among others. The scope of a table:
--   sales      sales_rep_id or region_id of the row itself
--   rep        sales_rep_id of the row itself
--   manager    sales_manager_id of the row itself
--   customer   the customer of the row is visible
--   hangs      sales_rep_id of the row itself, or its customer is visible
--   member     the customer or the lead of the row is visible
--   a table    the row of that table, which this one hangs on, is visible
--   none       no small letters
--   staging    no row-level security: COPY FROM is refused by PostgreSQL where it applies

CREATE OR REPLACE FUNCTION crm._rights()
    RETURNS TABLE (
        table_name text,
        scope text,
        crm_admin text,
        crm_sales_manager text,
        crm_sales_rep text,
        crm_marketing_manager text,
        crm_marketing_analyst text,
        crm_support_agent text,
        crm_bi text,
        crm_auditor text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT *
    FROM (VALUES
        -- table, scope, admin, sales manager, sales rep, marketing manager, analyst, support, BI, auditor
        -- The organisation
        ('currency', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('organization', 'none', 'RIU', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('exchange_rate', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('region', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('region_coverage', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('business_calendar', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('business_hours', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('business_holiday', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('staff', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('sales_manager', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('sales_rep', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('marketing_manager', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('marketing_analyst', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('support_agent', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        -- Products and stock
        ('product_category', 'none', 'RIUD', 'RIU', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('product', 'none', 'RIUD', 'RIU', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('stock_movement', 'none', 'RI', 'RI', 'R', '', '', 'R', 'R', ''),
        ('stock_alert', 'none', 'R', 'R', 'R', '', '', 'R', 'R', ''),
        -- Customers
        ('customer', 'sales', 'RIUD', 'riu', 'riu', 'R', 'R', 'R', 'R', ''),
        ('contact', 'customer', 'RIUD', 'riu', 'riu', 'R', 'R', 'R', 'R', ''),
        ('account', 'customer', 'RIUD', 'riu', 'riu', '', '', 'n', 'R', ''),
        ('customer_metrics', 'customer', 'R', 'r', 'r', 'R', 'R', 'R', 'R', ''),
        ('customer_score', 'customer', 'R', 'r', 'r', 'R', 'R', 'R', 'R', ''),
        ('consent', 'customer', 'RI', 'ri', 'ri', 'RI', 'R', 'RI', '', 'R'),
        -- Pipeline
        ('pipeline', 'none', 'RIUD', 'RIU', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('pipeline_stage', 'none', 'RIUD', 'RIU', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('loss_reason', 'none', 'RIUD', 'RIU', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('lead', 'sales', 'RIUD', 'riu', 'riu', 'RIU', 'R', 'n', 'R', ''),
        ('lead_status_history', 'lead', 'R', 'r', 'r', 'R', 'R', '', 'R', ''),
        ('opportunity', 'hangs', 'RIUD', 'riu', 'riu', 'R', 'R', 'n', 'R', ''),
        ('opportunity_contact', 'opportunity', 'RIUD', 'riud', 'riud', '', '', 'n', 'R', ''),
        ('opportunity_item', 'opportunity', 'RIUD', 'riud', 'riud', 'R', 'R', 'n', 'R', ''),
        ('opportunity_stage_history', 'opportunity', 'R', 'r', 'r', 'R', 'R', 'n', 'R', ''),
        ('quote', 'hangs', 'RIUD', 'riu', 'riu', '', '', 'n', 'R', ''),
        ('quote_item', 'quote', 'RIUD', 'riud', 'riud', '', '', 'n', 'R', ''),
        ('quota', 'rep', 'RIUD', 'riud', 'r', '', '', '', 'R', ''),
        ('forecast_snapshot', 'rep', 'RIUD', 'r', 'r', '', '', '', 'R', ''),
        ('sales_data', 'manager', 'RIUD', 'riud', '', '', '', '', 'R', ''),
        -- Orders
        ('sales_order', 'sales', 'RIUD', 'riud', 'riud', 'R', 'R', 'R', 'R', ''),
        ('order_item', 'sales_order', 'RIUD', 'riud', 'riud', 'R', 'R', 'R', 'R', ''),
        ('order_status_transition', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('order_status_history', 'sales_order', 'R', 'r', 'r', '', '', 'R', 'R', ''),
        ('shipment_tracking', 'sales_order', 'RIUD', 'riu', 'riu', '', '', 'R', 'R', ''),
        ('tracking_event', 'shipment_tracking', 'RIUD', 'riu', 'riu', '', '', 'R', 'R', ''),
        -- Segments and campaigns
        ('segment', 'none', 'RIUD', 'R', 'R', 'RIUD', 'R', 'n', 'R', ''),
        ('segment_criterion', 'none', 'RIUD', 'R', 'R', 'RIUD', 'R', 'n', 'R', ''),
        ('segment_member', 'customer', 'RIUD', 'r', 'r', 'RIUD', 'R', 'n', 'R', ''),
        ('segment_member_history', 'customer', 'R', 'r', 'r', 'R', 'R', '', 'R', ''),
        ('segment_analytics', 'none', 'RIUD', 'R', '', 'R', 'RIUD', '', 'R', ''),
        ('customer_behavior', 'none', 'RIUD', '', '', 'R', 'RIUD', '', 'R', ''),
        ('campaign', 'none', 'RIUD', 'R', 'R', 'RIUD', 'R', 'R', 'R', ''),
        ('campaign_cost', 'none', 'RIUD', 'R', '', 'RIUD', 'R', '', 'R', ''),
        ('landing_page', 'none', 'RIUD', 'R', 'R', 'RIUD', 'R', 'R', 'R', ''),
        ('campaign_segment', 'none', 'RIUD', 'R', 'R', 'RIUD', 'R', '', 'R', ''),
        ('campaign_product', 'none', 'RIUD', 'R', 'R', 'RIUD', 'R', '', 'R', ''),
        ('campaign_member', 'member', 'RIUD', 'r', 'r', 'RIUD', 'R', 'n', 'R', ''),
        ('campaign_touch', 'member', 'RIUD', 'r', 'r', 'RI', 'R', 'n', 'R', ''),
        ('campaign_attribution', 'customer', 'R', 'r', 'r', 'R', 'R', '', 'R', ''),
        ('campaign_analytics', 'none', 'RIUD', 'R', '', 'RI', 'RI', '', 'R', ''),
        ('product_recommendation', 'customer', 'RIUD', 'r', 'r', 'RIUD', 'RIU', 'R', 'R', ''),
        ('model', 'none', 'R', 'R', '', 'R', 'R', '', '', ''),
        -- Service
        ('knowledge_base', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'RIUD', 'R', ''),
        ('common_issue', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'RIUD', 'R', ''),
        ('sla_policy', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', ''),
        ('support_ticket', 'customer', 'RIUD', 'riu', 'riu', 'R', 'R', 'RIU', 'R', ''),
        ('ticket_status_history', 'support_ticket', 'R', 'r', 'r', '', '', 'R', 'R', ''),
        ('ticket_response', 'support_ticket', 'RIUD', 'ri', 'ri', '', '', 'RIU', 'R', ''),
        ('ticket_common_issue', 'support_ticket', 'RIUD', 'r', 'r', '', '', 'RIUD', 'R', ''),
        ('interaction_type', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', ''),
        ('interaction_outcome', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', 'R', ''),
        ('interaction', 'customer', 'RIUD', 'riu', 'riu', 'R', 'R', 'RIU', 'R', ''),
        ('interaction_rep', 'interaction', 'RIUD', 'riud', 'riud', 'R', 'R', 'RIUD', 'R', ''),
        ('follow_up', 'hangs', 'RIUD', 'riud', 'riud', '', '', 'RIU', 'R', ''),
        ('feedback', 'customer', 'RIUD', 'ri', 'ri', 'R', 'R', 'RIU', 'R', ''),
        -- The system
        ('event', 'none', 'RD', '', '', '', '', '', '', ''),
        ('event_type', 'none', 'RIUD', 'R', 'R', 'R', 'R', 'R', '', 'R'),
        ('event_consumer', 'none', 'RIUD', '', '', '', '', '', '', ''),
        ('schema_version', 'none', 'R', 'R', 'R', 'R', 'R', 'R', 'R', 'R'),
        ('error_catalog', 'none', 'R', 'R', 'R', 'R', 'R', 'R', '', 'R'),
        ('audit_log', 'none', 'R', '', '', '', '', '', '', 'R'),
        ('pii_registry', 'none', 'R', '', '', '', '', '', '', 'R'),
        ('erasure_log', 'none', 'R', '', '', '', '', '', '', 'R'),
        ('legal_hold', 'none', 'RIUD', '', '', '', '', '', '', 'R'),
        ('retention_rule', 'none', 'RIUD', '', '', '', '', '', '', 'R'),
        ('maintenance_job', 'none', 'RIUD', '', '', '', '', '', '', 'R'),
        ('job_history', 'none', 'R', '', '', '', '', '', '', 'R'),
        ('import_batch', 'none', 'RIUD', '', '', '', '', '', '', ''),
        ('import_order_line', 'staging', 'RIUD', '', '', '', '', '', '', '')
    ) AS v (table_name, scope, crm_admin, crm_sales_manager, crm_sales_rep, crm_marketing_manager,
        crm_marketing_analyst, crm_support_agent, crm_bi, crm_auditor)
$function$;
COMMENT ON FUNCTION crm._rights() IS
    'The rights on the tables of schema crm: for each table its scope and for each role the commands r, i, u, d; a '
    'capital for all rows, a small letter for the rows in the person''s scope, n for reading none. Tables of crm_state are for nobody.';

CREATE OR REPLACE FUNCTION crm._table_rights()
    RETURNS TABLE (table_name text, scope text, role_name text, command text, sees text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT r.table_name, r.scope, cell.role_name, c.command, c.sees
    FROM crm._rights() AS r
    CROSS JOIN LATERAL (VALUES
        ('crm_admin', r.crm_admin),
        ('crm_sales_manager', r.crm_sales_manager),
        ('crm_sales_rep', r.crm_sales_rep),
        ('crm_marketing_manager', r.crm_marketing_manager),
        ('crm_marketing_analyst', r.crm_marketing_analyst),
        ('crm_support_agent', r.crm_support_agent),
        ('crm_bi', r.crm_bi),
        ('crm_auditor', r.crm_auditor)
    ) AS cell (role_name, letters)
    CROSS JOIN LATERAL (
        SELECT l.letter,
            CASE lower(l.letter) WHEN 'r' THEN 'select' WHEN 'n' THEN 'select' WHEN 'i' THEN 'insert' WHEN 'u' THEN 'update'
                WHEN 'd' THEN 'delete' END AS command,
            CASE WHEN l.letter = 'n' THEN 'none' WHEN l.letter = upper(l.letter) THEN 'all' ELSE 'scope' END AS sees
        FROM unnest(string_to_array(cell.letters, NULL)) AS l (letter)
    ) AS c
$function$;
COMMENT ON FUNCTION crm._table_rights() IS
    'The rights of crm._rights() with one row per table, role and command; sees: all rows, those in scope, or none.';

CREATE OR REPLACE FUNCTION crm._class_readers(class text)
    RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT CASE
        WHEN _class_readers.class IN ('none', 'area') THEN
            ARRAY['crm_marketing_manager', 'crm_marketing_analyst', 'crm_bi']
        WHEN _class_readers.class IN ('name', 'staff') THEN
            ARRAY['crm_marketing_manager', 'crm_marketing_analyst']
        ELSE ARRAY[]::text[]
    END
$function$;
COMMENT ON FUNCTION crm._class_readers(text) IS
    'Roles with masked columns that may read columns of this class of personal data; the other roles read all columns.';

CREATE OR REPLACE FUNCTION crm._visible_columns()
    RETURNS TABLE (table_name text, column_name text, role_name text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT p.table_name, p.column_name, r.role_name
    FROM crm.pii_registry AS p
    JOIN pg_attribute AS a ON a.attrelid = to_regclass(format('crm.%I', p.table_name)) AND a.attname = p.column_name
        AND NOT a.attisdropped
    CROSS JOIN LATERAL unnest(crm._class_readers(p.class)) AS r (role_name)
    WHERE p.schema_name = 'crm'
$function$;
COMMENT ON FUNCTION crm._visible_columns() IS
    'The columns that roles with masked columns may read: those that crm.pii_registry has in a class for them.';

-- Keys, numbers and times of our own tables say nothing of a person. They are registered with their table, once: a
-- column that a DBA adds later, of whatever type, stays hidden until crm.classify_column() names it.
INSERT INTO crm.pii_registry (schema_name, table_name, column_name, class, action)
SELECT 'crm', c.relname, a.attname, 'none', 'keep'
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r' AND c.relowner = 'crm_owner'::regrole
    AND a.atttypid NOT IN ('text'::regtype, 'jsonb'::regtype)
    AND NOT EXISTS (
        SELECT FROM crm.pii_registry AS p
        JOIN pg_attribute AS b ON b.attrelid = c.oid AND b.attname = p.column_name
        WHERE p.schema_name = 'crm' AND p.table_name = c.relname
            AND (p.column_name = a.attname OR b.attnotnull AND b.atttypid NOT IN ('text'::regtype, 'jsonb'::regtype)));
