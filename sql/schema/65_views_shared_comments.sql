-- 65_views_shared_comments: a column that a view takes over as it is has the comment of the table's column,
-- where it has none of its own.

DO $shared_comments$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT DISTINCT ON (v.relname, a.attnum)
            v.oid::regclass AS view, v.relname, a.attname, col_description(t.oid, b.attnum) AS comment
        FROM (VALUES
            ('v_customer_360', ARRAY['customer']),
            ('customer_segment_criterion', ARRAY['segment_criterion']),
            ('v_sales_order', ARRAY['sales_order']),
            ('low_stock', ARRAY['product']),
            ('v_interaction', ARRAY['interaction']),
            ('v_support_ticket', ARRAY['support_ticket']),
            ('v_landing_page', ARRAY['landing_page']),
            ('v_campaign_analytics', ARRAY['campaign_analytics']),
            ('v_product_recommendation', ARRAY['product_recommendation', 'product']),
            ('v_sales_rep', ARRAY['sales_rep', 'staff']),
            ('v_sales_manager', ARRAY['sales_manager', 'staff']),
            ('v_marketing_manager', ARRAY['marketing_manager', 'staff']),
            ('v_marketing_analyst', ARRAY['marketing_analyst', 'staff']),
            ('v_support_agent', ARRAY['support_agent', 'staff']),
            ('dim_customer', ARRAY['customer']),
            ('dim_customer_person', ARRAY['customer']),
            ('dim_product', ARRAY['product']),
            ('dim_region', ARRAY['region']),
            ('dim_rep', ARRAY['sales_rep', 'staff']),
            ('dim_rep_person', ARRAY['staff']),
            ('dim_campaign', ARRAY['campaign']),
            ('dim_stage', ARRAY['pipeline_stage']),
            ('dim_segment', ARRAY['segment']),
            ('bridge_segment_customer', ARRAY['segment_member']),
            ('fact_order', ARRAY['sales_order']),
            ('fact_order_line', ARRAY['order_item', 'sales_order']),
            ('fact_stock_movement', ARRAY['stock_movement']),
            ('fact_interaction', ARRAY['interaction']),
            ('fact_ticket', ARRAY['support_ticket']),
            ('fact_opportunity', ARRAY['opportunity']),
            ('fact_campaign_touch', ARRAY['campaign_touch']),
            ('fact_campaign_cost', ARRAY['campaign_cost']),
            ('fact_quota', ARRAY['quota']),
            ('fact_lead', ARRAY['lead']),
            ('fact_feedback', ARRAY['feedback'])
        ) AS s (view_name, table_names)
        CROSS JOIN LATERAL unnest(s.table_names) WITH ORDINALITY AS n (table_name, place)
        JOIN pg_class AS v
            ON v.relname = s.view_name AND v.relkind = 'v'
            AND v.relnamespace IN ('crm'::regnamespace, 'crm_bi'::regnamespace)
        JOIN pg_class AS t ON t.relname = n.table_name AND t.relnamespace = 'crm'::regnamespace
        JOIN pg_attribute AS a ON a.attrelid = v.oid AND NOT a.attisdropped
        JOIN pg_attribute AS b ON b.attrelid = t.oid AND b.attname = a.attname AND NOT b.attisdropped
        WHERE pg_has_role(v.relowner, 'USAGE')
            AND col_description(v.oid, a.attnum) IS NULL
            AND col_description(t.oid, b.attnum) IS NOT NULL
        ORDER BY v.relname, a.attnum, n.place
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target.view, target.attname, target.comment);
    END LOOP;
END
$shared_comments$;
