-- 61_structure: the structure of the data described from itself: ER diagrams, and minimums that are reported.

CREATE OR REPLACE FUNCTION crm.check_cardinality()
    RETURNS TABLE (rule text, table_name text, row_id bigint, detail text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT 'an order past pending has a line', 'sales_order', o.sales_order_id,
        format('status %s without a line', o.status)
    FROM crm.sales_order AS o
    WHERE o.status <> 'pending'
        AND NOT EXISTS (SELECT FROM crm.order_item AS i WHERE i.sales_order_id = o.sales_order_id)
    UNION ALL
    SELECT 'a quote past draft has an item', 'quote', q.quote_id,
        format('status %s without an item', q.status)
    FROM crm.quote AS q
    WHERE q.status <> 'draft'
        AND NOT EXISTS (SELECT FROM crm.quote_item AS i WHERE i.quote_id = q.quote_id)
    UNION ALL
    SELECT 'a customer gives feedback', 'customer', c.customer_id, 'no feedback yet'
    FROM crm.customer AS c
    WHERE c.deleted_at IS NULL AND NOT c.is_anonymous
        AND NOT EXISTS (SELECT FROM crm.feedback AS f WHERE f.customer_id = c.customer_id)
    UNION ALL
    SELECT 'an open or won opportunity has a contact', 'opportunity', o.opportunity_id,
        format('stage %s without a contact', s.name)
    FROM crm.opportunity AS o
    JOIN crm.pipeline_stage AS s ON s.pipeline_stage_id = o.pipeline_stage_id
    WHERE o.deleted_at IS NULL AND NOT s.is_lost
        AND NOT EXISTS (SELECT FROM crm.opportunity_contact AS k WHERE k.opportunity_id = o.opportunity_id)
    UNION ALL
    SELECT 'an interaction involves a sales rep', 'interaction', i.interaction_id, 'nobody took part'
    FROM crm.interaction AS i
    WHERE NOT EXISTS (SELECT FROM crm.interaction_rep AS r WHERE r.interaction_id = i.interaction_id)
    UNION ALL
    SELECT 'a segment of kind criteria has a criterion', 'segment', s.segment_id, 'no criterion'
    FROM crm.segment AS s
    WHERE s.kind = 'criteria'
        AND NOT EXISTS (SELECT FROM crm.segment_criterion AS k WHERE k.segment_id = s.segment_id)
    UNION ALL
    SELECT 'a refreshed segment is analysed', 'segment', s.segment_id,
        'refreshed, but no row of segment_analytics'
    FROM crm.segment AS s
    WHERE s.refreshed_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM crm.segment_analytics AS a WHERE a.segment_id = s.segment_id)
    UNION ALL
    SELECT 'a marketing analyst reviews segments', 'marketing_analyst', m.marketing_analyst_id,
        'no row of segment_analytics'
    FROM crm.marketing_analyst AS m
    JOIN crm.staff AS s ON s.staff_id = m.marketing_analyst_id AND s.active
    WHERE NOT EXISTS (
        SELECT FROM crm.segment_analytics AS a WHERE a.marketing_analyst_id = m.marketing_analyst_id)
    UNION ALL
    SELECT 'a sales manager views sales data', 'sales_manager', m.sales_manager_id, 'no row of sales_data'
    FROM crm.sales_manager AS m
    JOIN crm.staff AS s ON s.staff_id = m.sales_manager_id AND s.active
    WHERE NOT EXISTS (SELECT FROM crm.sales_data AS d WHERE d.sales_manager_id = m.sales_manager_id)
    UNION ALL
    SELECT 'an active campaign uses a landing page', 'campaign', c.campaign_id, 'no landing page'
    FROM crm.campaign AS c
    WHERE c.status = 'active'
        AND NOT EXISTS (SELECT FROM crm.landing_page AS l WHERE l.campaign_id = c.campaign_id)
$function$;
COMMENT ON FUNCTION crm.check_cardinality() IS
    'Rows that lack what each of their kind should have at least one of, where that can''t be demanded when '
    'the row is inserted: lines of orders past pending, items of quotes past draft, feedback of customers, '
    'contacts of opportunities, reps of interactions, criteria and analyses of segments, reviews of '
    'analysts, sales data of managers, landing pages of active campaigns. A hint, not an error. Sees what '
    'the caller may see.';

CREATE OR REPLACE FUNCTION crm._table_domains()
    RETURNS TABLE (domain text, place integer, table_name text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT d.domain, d.place::integer, t.table_name
    FROM (VALUES
        ('organisation', 1, ARRAY['organization', 'currency', 'exchange_rate', 'region', 'region_coverage',
            'business_calendar', 'business_hours', 'business_holiday', 'staff', 'sales_manager', 'sales_rep',
            'marketing_manager', 'marketing_analyst', 'support_agent', 'quota']),
        ('customers', 2, ARRAY['customer', 'contact', 'account', 'consent', 'legal_hold']),
        ('catalogue', 3, ARRAY['product_category', 'product', 'stock_movement', 'stock_alert']),
        ('orders', 4, ARRAY['sales_order', 'order_item', 'order_status_transition', 'order_status_history',
            'shipment_tracking', 'tracking_event']),
        ('pipeline', 5, ARRAY['pipeline', 'pipeline_stage', 'loss_reason', 'lead', 'lead_status_history',
            'opportunity', 'opportunity_contact', 'opportunity_item', 'opportunity_stage_history', 'quote',
            'quote_item', 'forecast_snapshot']),
        ('segments', 6, ARRAY['segment', 'segment_criterion', 'segment_member', 'segment_member_history',
            'segment_analytics', 'customer_behavior']),
        ('marketing', 7, ARRAY['campaign', 'campaign_cost', 'campaign_segment', 'campaign_product',
            'campaign_member', 'landing_page', 'campaign_touch', 'campaign_attribution', 'campaign_analytics',
            'product_recommendation', 'sales_data']),
        ('support', 8, ARRAY['interaction_type', 'interaction_outcome', 'interaction', 'interaction_rep',
            'follow_up', 'sla_policy', 'support_ticket', 'ticket_status_history', 'ticket_response']),
        ('knowledge', 9, ARRAY['knowledge_base', 'common_issue', 'ticket_common_issue', 'feedback']),
        ('metrics', 10, ARRAY['customer_metrics', 'customer_score', 'model']),
        ('system', 11, ARRAY['event', 'event_type', 'event_consumer', 'schema_version', 'audit_log',
            'error_catalog', 'pii_registry', 'retention_rule', 'erasure_log', 'maintenance_job', 'job_history', 'import_batch',
            'import_order_line'])
    ) AS d (domain, place, table_names)
    CROSS JOIN LATERAL unnest(d.table_names) AS t (table_name)
$function$;
COMMENT ON FUNCTION crm._table_domains() IS
    'Which domain each table of the CRM belongs to, with the domain''s place in documents.';

CREATE OR REPLACE FUNCTION crm._erd_name(name text)
    RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN name ~ '^[A-Za-z_][A-Za-z0-9_]*$' THEN name
    ELSE '"' || replace(name, '"', '') || '"'
END;
COMMENT ON FUNCTION crm._erd_name(text) IS
    'Name of a table as mermaid takes it: quoted where it is no plain word.';

CREATE OR REPLACE FUNCTION crm._erd_relations(table_ids oid[])
    RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT format('    %s %s--%s %s : "%s"',
        crm._erd_name(CASE WHEN p.relnamespace = c.relnamespace THEN p.relname
            ELSE p.relnamespace::regnamespace || '.' || p.relname END),
        CASE WHEN k.is_optional THEN '|o' ELSE '||' END,
        -- One child at most where some of the columns are unique by themselves.
        CASE WHEN EXISTS (
            SELECT FROM pg_index AS i
            WHERE i.indrelid = f.conrelid AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
                AND (SELECT array_agg(n) FROM unnest(i.indkey[0:i.indnkeyatts - 1]) AS n) <@ f.conkey
            ) THEN 'o|' ELSE 'o{' END,
        crm._erd_name(c.relname),
        k.label)
    FROM pg_constraint AS f
    JOIN pg_class AS c ON c.oid = f.conrelid
    JOIN pg_class AS p ON p.oid = f.confrelid
    CROSS JOIN LATERAL (
        SELECT bool_or(NOT a.attnotnull) AS is_optional,
            -- The customer stands in most composite keys beside the column that matters.
            string_agg(replace(a.attname, '"', ''), ', ' ORDER BY n.place)
                FILTER (WHERE cardinality(f.conkey) = 1 OR a.attname <> 'customer_id') AS label
        FROM unnest(f.conkey) WITH ORDINALITY AS n (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = n.attnum
    ) AS k
    WHERE f.contype = 'f' AND f.conrelid = ANY (table_ids) AND f.conparentid = 0
    ORDER BY p.relname COLLATE "C", c.relname COLLATE "C", f.conname COLLATE "C"
$function$;
COMMENT ON FUNCTION crm._erd_relations(oid[]) IS
    'Lines of a mermaid diagram for the foreign keys of the tables: how many parents (by NOT NULL) and how '
    'many children (by unique keys).';

CREATE OR REPLACE FUNCTION crm._erd_entity(table_id oid)
    RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT format(E'    %s {\n%s\n    }', crm._erd_name(c.relname), string_agg(
        concat_ws(' ', '       ',
            CASE a.atttypid
                WHEN 'timestamptz'::regtype THEN 'timestamptz'
                WHEN 'float8'::regtype THEN 'float8'
                WHEN 'time'::regtype THEN 'time'
                ELSE regexp_replace(format_type(a.atttypid, NULL), '[^A-Za-z0-9_]+', '_', 'g')
            END,
            regexp_replace(a.attname, '[^A-Za-z0-9_]+', '_', 'g'),
            nullif(concat_ws(', ',
                CASE WHEN k.is_primary THEN 'PK' END,
                CASE WHEN k.is_foreign THEN 'FK' END,
                CASE WHEN k.is_unique THEN 'UK' END), '')),
        E'\n' ORDER BY a.attnum))
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN LATERAL (
        SELECT bool_or(o.contype = 'p') AS is_primary, bool_or(o.contype = 'f') AS is_foreign,
            bool_or(o.contype = 'u' AND cardinality(o.conkey) = 1) AS is_unique
        FROM pg_constraint AS o
        WHERE o.conrelid = c.oid AND a.attnum = ANY (o.conkey)
    ) AS k
    WHERE c.oid = table_id
    GROUP BY c.oid, c.relname
$function$;
COMMENT ON FUNCTION crm._erd_entity(oid) IS
    'A table as an entity of a mermaid diagram: types, columns, marks of primary, foreign and unique keys.';

CREATE OR REPLACE FUNCTION crm.erd(domain text DEFAULT NULL)
    RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    table_ids oid[];
BEGIN
    IF erd.domain IS NOT NULL AND NOT EXISTS (
        SELECT FROM crm._table_domains() AS d WHERE d.domain = erd.domain) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('there is no domain "%s"', left(erd.domain, 60)),
            HINT = format('Domains are %s; NULL shows all.', (
                SELECT string_agg(d.domain, ', ' ORDER BY d.place)
                FROM (SELECT DISTINCT t.domain, t.place FROM crm._table_domains() AS t) AS d));
    END IF;
    SELECT array_agg(c.oid ORDER BY c.relname COLLATE "C") INTO table_ids
    FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace('crm') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND (erd.domain IS NULL OR EXISTS (
            SELECT FROM crm._table_domains() AS d
            WHERE d.domain = erd.domain AND d.table_name = c.relname));
    RETURN concat_ws(E'\n', 'erDiagram',
        (SELECT string_agg(r, E'\n' ORDER BY n)
            FROM crm._erd_relations(table_ids) WITH ORDINALITY AS l (r, n)),
        (SELECT string_agg(crm._erd_entity(t), E'\n' ORDER BY n)
            FROM unnest(table_ids) WITH ORDINALITY AS l (t, n)));
END
$function$;
COMMENT ON FUNCTION crm.erd(text) IS
    'Entity-relationship diagram of one domain as mermaid text, drawn from the catalogue as it is now: '
    'tables with their columns, and the foreign keys of these tables, parents of other domains by name only. '
    'Domains: organisation, customers, catalogue, orders, pipeline, segments, marketing, support, knowledge, '
    'metrics, system; NULL for all tables of schema crm, your own included. Raises 22023 for another word.';

DO $schemas$
BEGIN
    IF obj_description(to_regnamespace('crm_state'), 'pg_namespace') IS NULL THEN
        COMMENT ON SCHEMA crm_state IS
            'Internal state of the CRM: running totals, jobs, tokens. Not for clients, who have no right to use it.';
    END IF;
    IF obj_description(to_regnamespace('crm_bi'), 'pg_namespace') IS NULL THEN
        COMMENT ON SCHEMA crm_bi IS
            'Views for business intelligence tools: facts and dimensions without personal data.';
    END IF;
END
$schemas$;
