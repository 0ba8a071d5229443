-- 65_views_sales: orders with names, tracking and history; what is low in stock; what long jobs are at.

CREATE OR REPLACE VIEW crm.v_sales_order WITH (security_invoker = true) AS
SELECT
    o.sales_order_id,
    o.customer_id,
    c.name AS customer_name,
    o.order_date,
    o.order_kind,
    o.status,
    o.status <> 'canceled' AS counts,
    o.currency_code,
    o.fx_rate_to_base,
    o.total_amount,
    o.total_base,
    CASE
        WHEN o.status = 'canceled' THEN 0
        WHEN o.order_kind = 'return' THEN -o.total_base
        ELSE o.total_base
    END::numeric(18,4) AS net_base,
    o.sales_rep_id,
    s.name AS sales_rep_name,
    o.region_id,
    r.name AS region_name,
    o.campaign_id,
    m.name AS campaign_name,
    o.account_id,
    o.quote_id,
    o.opportunity_id,
    o.returns_order_id,
    o.ship_to_name,
    o.ship_to_street,
    o.ship_to_city,
    o.ship_to_state,
    o.ship_to_postal_code,
    o.ship_to_country_code,
    (
        SELECT t.tracking_number
        FROM crm.shipment_tracking AS t
        WHERE t.sales_order_id = o.sales_order_id
        ORDER BY t.created_at DESC, t.shipment_tracking_id DESC
        LIMIT 1
    ) AS tracking_number,
    (
        SELECT t.courier
        FROM crm.shipment_tracking AS t
        WHERE t.sales_order_id = o.sales_order_id
        ORDER BY t.created_at DESC, t.shipment_tracking_id DESC
        LIMIT 1
    ) AS courier,
    (
        SELECT jsonb_build_array(jsonb_build_object(
            'changed_at', o.created_at,
            'from_status', NULL,
            'to_status', CASE WHEN count(*) = 0 THEN o.status ELSE (
                array_agg(h.from_status ORDER BY h.order_status_history_id)
            )[1] END,
            'changed_by', o.created_by,
            'note', NULL
        )) || coalesce(
            jsonb_agg(jsonb_build_object(
                'changed_at', h.changed_at,
                'from_status', h.from_status,
                'to_status', h.to_status,
                'changed_by', h.changed_by,
                'note', h.note
            ) ORDER BY h.order_status_history_id),
            '[]'
        )
        FROM crm.order_status_history AS h
        WHERE h.sales_order_id = o.sales_order_id
    ) AS order_history,
    o.external_source,
    o.external_id,
    o.created_at,
    o.updated_at,
    o.row_version
FROM crm.sales_order AS o
LEFT JOIN crm.customer AS c ON c.customer_id = o.customer_id AND c.deleted_at IS NULL
LEFT JOIN crm.staff AS s ON s.staff_id = o.sales_rep_id
LEFT JOIN crm.region AS r ON r.region_id = o.region_id
LEFT JOIN crm.campaign AS m ON m.campaign_id = o.campaign_id;
COMMENT ON VIEW crm.v_sales_order IS
    'Orders with the names behind their keys, tracking number and history of status. counts and net_base '
    'hold the one rule of what an order is worth in totals: sum(net_base) is revenue. Orders of deleted '
    'customers stay, without the name, so that sums don''t change.';
COMMENT ON COLUMN crm.v_sales_order.customer_name IS 'Name of the customer; NULL once he is deleted.';
COMMENT ON COLUMN crm.v_sales_order.counts IS
    'Whether the order counts in totals: true unless it is canceled.';
COMMENT ON COLUMN crm.v_sales_order.net_base IS
    'What the order adds to revenue in the base currency: total_base, below zero for a return, 0 when '
    'canceled.';
COMMENT ON COLUMN crm.v_sales_order.sales_rep_name IS 'Name of the rep who is credited with the order.';
COMMENT ON COLUMN crm.v_sales_order.region_name IS 'Name of the region that the order counts for.';
COMMENT ON COLUMN crm.v_sales_order.campaign_name IS 'Name of the campaign that is credited with the order.';
COMMENT ON COLUMN crm.v_sales_order.tracking_number IS
    'Tracking number of the latest shipment; NULL as long as nothing was sent. All of them stand in '
    'shipment_tracking.';
COMMENT ON COLUMN crm.v_sales_order.courier IS 'Carrier of the latest shipment, to whom the number belongs.';
COMMENT ON COLUMN crm.v_sales_order.order_history IS
    'Array of what happened to the status, oldest first: objects with changed_at, from_status, to_status, '
    'changed_by and note. The first is the creation, whose from_status is null; its to_status is null where '
    'an imported history doesn''t tell it.';

CREATE OR REPLACE VIEW crm.low_stock WITH (security_invoker = true) AS
SELECT
    a.product_id,
    p.sku,
    p.name AS product_name,
    p.product_category_id,
    g.name AS category_name,
    p.stock_quantity,
    p.reorder_level,
    a.raised_at AS since
FROM crm.stock_alert AS a
JOIN crm.product AS p ON p.product_id = a.product_id AND p.deleted_at IS NULL
LEFT JOIN crm.product_category AS g ON g.product_category_id = p.product_category_id
WHERE a.cleared_at IS NULL;
COMMENT ON VIEW crm.low_stock IS
    'Products whose stock is at or below their reorder level now: the open alerts of stock_alert.';
COMMENT ON COLUMN crm.low_stock.product_id IS 'Product that is low.';
COMMENT ON COLUMN crm.low_stock.product_name IS 'Name of the product.';
COMMENT ON COLUMN crm.low_stock.category_name IS 'Name of the product''s home category.';
COMMENT ON COLUMN crm.low_stock.stock_quantity IS 'Units in stock now, not those of the moment of the alert.';
COMMENT ON COLUMN crm.low_stock.reorder_level IS 'Level at which to reorder, as it is set now.';
COMMENT ON COLUMN crm.low_stock.since IS 'When the stock fell to the level.';

CREATE OR REPLACE VIEW crm.progress WITH (security_invoker = true) AS
SELECT
    l.pid,
    d.datname::text AS datname,
    pg_get_userbyid(l.user_id)::text AS user_name,
    l.job,
    l.phase,
    l.done,
    l.total,
    CASE WHEN l.total > 0 THEN round(100.0 * least(l.done, l.total) / l.total, 1) END AS pct,
    l.started_at
FROM crm._progress_list() AS l
LEFT JOIN pg_database AS d ON d.oid = l.database_id;
COMMENT ON VIEW crm.progress IS
    'Long jobs of the CRM that are running in this cluster, one row each. Works from any session, as '
    'pg_stat_progress_vacuum does.';
COMMENT ON COLUMN crm.progress.pid IS 'Process that runs the job, as in pg_stat_activity.';
COMMENT ON COLUMN crm.progress.datname IS 'Database that the job runs in.';
COMMENT ON COLUMN crm.progress.user_name IS 'Login that started the job.';
COMMENT ON COLUMN crm.progress.job IS 'What is being done, such as import, demo or verify.';
COMMENT ON COLUMN crm.progress.phase IS 'Step that the job is at, such as reading, orders or lines.';
COMMENT ON COLUMN crm.progress.done IS 'Units of work done in this step, mostly rows.';
COMMENT ON COLUMN crm.progress.total IS 'Units of work in this step; 0 or NULL where it is not known.';
COMMENT ON COLUMN crm.progress.pct IS 'done in percent of total, 0 to 100; NULL where total is not known.';
COMMENT ON COLUMN crm.progress.started_at IS 'When the job started.';
