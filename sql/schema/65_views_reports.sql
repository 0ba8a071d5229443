-- 65_views_reports: the lines that sales reports count, and their sums. Every report reads crm.v_sales_line: what
-- counts, with which sign and on which day, is said there and nowhere else.

CREATE OR REPLACE VIEW crm.v_sales_line WITH (security_invoker = true) AS
SELECT
    (o.order_date AT TIME ZONE (SELECT g.time_zone FROM crm.organization AS g))::date AS sales_day,
    o.sales_order_id,
    i.line_no,
    o.customer_id,
    o.region_id,
    o.sales_rep_id,
    i.product_id,
    p.product_category_id,
    o.campaign_id,
    o.order_kind,
    CASE o.order_kind WHEN 'return' THEN -i.quantity ELSE i.quantity END AS quantity,
    CASE o.order_kind WHEN 'return' THEN -i.line_base ELSE i.line_base END::numeric(18,4) AS revenue_base
FROM crm.sales_order AS o
JOIN crm.order_item AS i ON i.sales_order_id = o.sales_order_id
-- Left, so that sales of a deleted product stay, which most may not see.
LEFT JOIN crm.product AS p ON p.product_id = i.product_id
WHERE o.status <> 'canceled';
COMMENT ON VIEW crm.v_sales_line IS
    'The lines of orders that count, which are those not canceled: one row a line, a sale positive and a return '
    'negative. Sums of it are what all reports of sales show. As everywhere, a reader sees the lines of the orders '
    'that he may see: a rep his own and those of his regions, a sales manager those of his team and its regions, other '
    'roles all of them.';
COMMENT ON COLUMN crm.v_sales_line.sales_day IS 'Day of order_date in the organisation''s time zone.';
COMMENT ON COLUMN crm.v_sales_line.sales_order_id IS 'The order, a sale or a return.';
COMMENT ON COLUMN crm.v_sales_line.line_no IS 'Number of the line in its order.';
COMMENT ON COLUMN crm.v_sales_line.customer_id IS 'The customer who bought.';
COMMENT ON COLUMN crm.v_sales_line.region_id IS 'Region that the order counts for; NULL if none.';
COMMENT ON COLUMN crm.v_sales_line.sales_rep_id IS 'The rep who is credited with the order; NULL if none.';
COMMENT ON COLUMN crm.v_sales_line.product_id IS 'The product of the line.';
COMMENT ON COLUMN crm.v_sales_line.product_category_id IS
    'Home category of the product as it is now; NULL where the product is deleted and the reader may not see it.';
COMMENT ON COLUMN crm.v_sales_line.campaign_id IS 'Campaign that is credited with the order; NULL if none.';
COMMENT ON COLUMN crm.v_sales_line.order_kind IS 'sale or return.';
COMMENT ON COLUMN crm.v_sales_line.quantity IS 'Units sold; below zero on a return.';
COMMENT ON COLUMN crm.v_sales_line.revenue_base IS
    'Amount of the line in the base currency, at the rate of its order; below zero on a return.';

-- Sums over all days; for a period there are functions of the same names without v_ -----------------------------

CREATE OR REPLACE VIEW crm.v_sales_by_region WITH (security_invoker = true) AS
SELECT
    l.region_id,
    r.name AS region_name,
    count(DISTINCT l.sales_order_id) FILTER (WHERE l.order_kind = 'sale') AS order_count,
    sum(l.quantity)::bigint AS quantity,
    sum(l.revenue_base) AS revenue_base
FROM crm.v_sales_line AS l
LEFT JOIN crm.region AS r ON r.region_id = l.region_id
GROUP BY l.region_id, r.name;
COMMENT ON VIEW crm.v_sales_by_region IS
    'Sales by region over all days, from v_sales_line, each region without those below it; crm.sales_by_region() gives '
    'those of a period. A rep sees what his own orders and those of his regions make.';
COMMENT ON COLUMN crm.v_sales_by_region.region_id IS 'Region that the orders count for; NULL for orders without one.';
COMMENT ON COLUMN crm.v_sales_by_region.region_name IS 'Name of the region.';
COMMENT ON COLUMN crm.v_sales_by_region.order_count IS 'Number of sales with a line, without returns.';
COMMENT ON COLUMN crm.v_sales_by_region.quantity IS 'Units sold less units returned.';
COMMENT ON COLUMN crm.v_sales_by_region.revenue_base IS 'Sales less returns in the base currency.';

CREATE OR REPLACE VIEW crm.v_sales_by_product WITH (security_invoker = true) AS
SELECT
    l.product_id,
    p.name AS product_name,
    count(DISTINCT l.sales_order_id) FILTER (WHERE l.order_kind = 'sale') AS order_count,
    sum(l.quantity)::bigint AS quantity,
    sum(l.revenue_base) AS revenue_base
FROM crm.v_sales_line AS l
LEFT JOIN crm.product AS p ON p.product_id = l.product_id
GROUP BY l.product_id, p.name;
COMMENT ON VIEW crm.v_sales_by_product IS
    'Sales by product over all days, from v_sales_line; crm.sales_by_product() gives those of a period. A rep sees what '
    'his own orders and those of his regions make.';
COMMENT ON COLUMN crm.v_sales_by_product.product_id IS 'The product.';
COMMENT ON COLUMN crm.v_sales_by_product.product_name IS
    'Name of the product; NULL where it is deleted and the reader may not see it.';
COMMENT ON COLUMN crm.v_sales_by_product.order_count IS 'Number of sales with the product, without returns.';
COMMENT ON COLUMN crm.v_sales_by_product.quantity IS 'Units sold less units returned.';
COMMENT ON COLUMN crm.v_sales_by_product.revenue_base IS 'Sales less returns in the base currency.';

CREATE OR REPLACE VIEW crm.v_sales_by_rep WITH (security_invoker = true) AS
SELECT
    l.sales_rep_id,
    s.name AS sales_rep_name,
    count(DISTINCT l.sales_order_id) FILTER (WHERE l.order_kind = 'sale') AS order_count,
    sum(l.quantity)::bigint AS quantity,
    sum(l.revenue_base) AS revenue_base
FROM crm.v_sales_line AS l
LEFT JOIN crm.staff AS s ON s.staff_id = l.sales_rep_id
GROUP BY l.sales_rep_id, s.name;
COMMENT ON VIEW crm.v_sales_by_rep IS
    'Sales by the rep who is credited with them over all days, from v_sales_line; crm.sales_by_rep() gives those of a '
    'period. A rep sees his own sales, and of other reps only those in his regions; crm.sales_performance() shows whole '
    'persons only.';
COMMENT ON COLUMN crm.v_sales_by_rep.sales_rep_id IS 'The rep who is credited; NULL for orders without one.';
COMMENT ON COLUMN crm.v_sales_by_rep.sales_rep_name IS 'Name of the rep.';
COMMENT ON COLUMN crm.v_sales_by_rep.order_count IS 'Number of sales with a line, without returns.';
COMMENT ON COLUMN crm.v_sales_by_rep.quantity IS 'Units sold less units returned.';
COMMENT ON COLUMN crm.v_sales_by_rep.revenue_base IS 'Sales less returns in the base currency.';

CREATE OR REPLACE VIEW crm.v_product_trend WITH (security_invoker = true) AS
SELECT
    m.product_id,
    p.name AS product_name,
    m.month_start,
    m.order_count,
    m.quantity,
    m.revenue_base,
    m.previous_revenue_base,
    m.revenue_base - m.previous_revenue_base AS change_base,
    m.last_year_revenue_base,
    m.revenue_base - m.last_year_revenue_base AS last_year_change_base
FROM (
    SELECT
        s.*,
        coalesce(sum(s.revenue_base) OVER (
            PARTITION BY s.product_id ORDER BY s.month_start
            RANGE BETWEEN interval '1 month' PRECEDING AND interval '1 month' PRECEDING
        ), 0) AS previous_revenue_base,
        coalesce(sum(s.revenue_base) OVER (
            PARTITION BY s.product_id ORDER BY s.month_start
            RANGE BETWEEN interval '1 year' PRECEDING AND interval '1 year' PRECEDING
        ), 0) AS last_year_revenue_base
    FROM (
        SELECT
            l.product_id,
            date_trunc('month', l.sales_day::timestamp)::date AS month_start,
            count(DISTINCT l.sales_order_id) FILTER (WHERE l.order_kind = 'sale') AS order_count,
            sum(l.quantity)::bigint AS quantity,
            sum(l.revenue_base) AS revenue_base
        FROM crm.v_sales_line AS l
        GROUP BY l.product_id, date_trunc('month', l.sales_day::timestamp)::date
    ) AS s
) AS m
LEFT JOIN crm.product AS p ON p.product_id = m.product_id;
COMMENT ON VIEW crm.v_product_trend IS
    'Sales of each product month by month, against the month before and the same month of last year; months without a '
    'sale or return of the product have no row. crm.product_trend() gives other periods. A rep sees what his own orders '
    'and those of his regions make.';
COMMENT ON COLUMN crm.v_product_trend.product_id IS 'The product.';
COMMENT ON COLUMN crm.v_product_trend.product_name IS
    'Name of the product; NULL where it is deleted and the reader may not see it.';
COMMENT ON COLUMN crm.v_product_trend.month_start IS 'First day of the month.';
COMMENT ON COLUMN crm.v_product_trend.order_count IS 'Number of sales with the product, without returns.';
COMMENT ON COLUMN crm.v_product_trend.quantity IS 'Units sold less units returned.';
COMMENT ON COLUMN crm.v_product_trend.revenue_base IS 'Sales less returns in the base currency.';
COMMENT ON COLUMN crm.v_product_trend.previous_revenue_base IS
    'revenue_base of the month before; 0 where nothing was sold.';
COMMENT ON COLUMN crm.v_product_trend.change_base IS 'revenue_base less that of the month before.';
COMMENT ON COLUMN crm.v_product_trend.last_year_revenue_base IS
    'revenue_base of the same month a year ago; 0 where nothing was sold.';
COMMENT ON COLUMN crm.v_product_trend.last_year_change_base IS 'revenue_base less that of the same month a year ago.';
