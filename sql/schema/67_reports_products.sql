-- 67_reports_products: which products sell, how that changes, and what to reorder.

CREATE OR REPLACE FUNCTION crm._check_number(argument text, value integer, lowest integer, highest integer)
    RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF _check_number.value BETWEEN _check_number.lowest AND _check_number.highest THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = '22023',
        MESSAGE = format('%s can''t be %s', left(_check_number.argument, 60), coalesce(_check_number.value::text, 'NULL')),
        HINT = format('Give a number from %s to %s.', _check_number.lowest, _check_number.highest);
END
$function$;
COMMENT ON FUNCTION crm._check_number(text, integer, integer, integer) IS
    'Raises 22023 for an argument that is not from one number to another.';

CREATE OR REPLACE FUNCTION crm.top_products(
    from_date date DEFAULT NULL,
    to_date date DEFAULT NULL,
    n integer DEFAULT 10,
    by text DEFAULT 'revenue')
    RETURNS TABLE (
        rank bigint,
        product_id bigint,
        product_name text,
        order_count bigint,
        quantity bigint,
        revenue_base numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    PERFORM crm._check_number('n', top_products.n, 1, 10000);
    IF top_products.by IS NULL OR top_products.by NOT IN ('revenue', 'quantity', 'orders') THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('products can''t be ranked by %s', coalesce(quote_literal(left(top_products.by, 60)), 'NULL')),
            HINT = 'Give revenue, quantity or orders.';
    END IF;
    RETURN QUERY
    SELECT rank() OVER (ORDER BY s.value DESC), s.product_id, s.product_name, s.order_count, s.quantity, s.revenue_base
    FROM (
        SELECT p.*, CASE top_products.by WHEN 'quantity' THEN p.quantity WHEN 'orders' THEN p.order_count
            ELSE p.revenue_base END AS value
        FROM crm.sales_by_product(top_products.from_date, top_products.to_date) AS p
    ) AS s
    ORDER BY s.value DESC, s.product_id
    LIMIT top_products.n;
END
$function$;
COMMENT ON FUNCTION crm.top_products(date, date, integer, text) IS
    'The n (1 to 10000) products that sell best by revenue, quantity or orders: the rows of crm.sales_by_product() for '
    'these days with rank, which products of the same value share; among them the lower product_id comes first. Counts '
    'what the caller sees, as there. Errors: 22023 n out of range, unknown by, or to_date before from_date.';

CREATE OR REPLACE FUNCTION crm._trend_spans(period text, from_date date, to_date date)
    RETURNS TABLE (first_day date, last_day date, back integer, period_start date, starts date, ends date)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 300
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT p.first_day, p.last_day, s.back, s.period_start,
        s.period_start + (p.first_day - p.period_start),
        CASE WHEN p.last_day = p.period_end THEN s.period_end
            ELSE least(s.period_start + (p.last_day - p.period_start), s.period_end) END
    FROM crm._report_periods(_trend_spans.period, _trend_spans.from_date, _trend_spans.to_date) AS p
    CROSS JOIN LATERAL (
        SELECT b.back, (p.period_start - b.distance)::date AS period_start,
            (p.period_start - b.distance + t.step)::date - 1 AS period_end
        FROM (SELECT crm._period_step(_trend_spans.period) AS step) AS t
        CROSS JOIN LATERAL (VALUES
            (0, interval '0'),
            (1, t.step),
            (2, CASE _trend_spans.period WHEN 'week' THEN interval '364 days' ELSE interval '1 year' END)
        ) AS b (back, distance)
    ) AS s
$function$;
COMMENT ON FUNCTION crm._trend_spans(text, date, date) IS
    'For each period that some days lie in, the days of itself (back 0), of the period before (1) and of the same '
    'period a year ago (2; for weeks 52 weeks ago) that are to be compared. A period that is cut is compared with '
    'periods that are cut after as many days.';

CREATE OR REPLACE FUNCTION crm.product_trend(
    product_id bigint,
    from_date date DEFAULT NULL,
    to_date date DEFAULT NULL,
    period text DEFAULT 'month')
    RETURNS TABLE (
        first_day date,
        last_day date,
        order_count bigint,
        quantity bigint,
        revenue_base numeric,
        previous_revenue_base numeric,
        change_base numeric,
        change_rate numeric,
        last_year_revenue_base numeric,
        last_year_change_base numeric,
        last_year_change_rate numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    PERFORM crm._period_step(product_trend.period);
    PERFORM crm._period_bounds(product_trend.from_date, product_trend.to_date);
    PERFORM crm._check_exists('product', product_trend.product_id);
    RETURN QUERY
    WITH day AS MATERIALIZED (
        SELECT d.*, crm._period_start(product_trend.period, d.sales_day,
            (SELECT g.fiscal_year_start_month FROM crm.organization AS g)) AS period_start
        FROM crm._sales_days(NULL, product_trend.to_date, product_trend.product_id) AS d
    ), span AS (
        SELECT CASE WHEN isfinite(product_trend.from_date) THEN product_trend.from_date ELSE min(d.sales_day) END AS starts,
            CASE WHEN isfinite(product_trend.to_date) THEN product_trend.to_date ELSE max(d.sales_day) END AS ends
        FROM day AS d
    ), total AS (
        SELECT t.first_day, t.last_day,
            coalesce(sum(d.order_count) FILTER (WHERE t.back = 0), 0)::bigint AS orders,
            coalesce(sum(d.quantity) FILTER (WHERE t.back = 0), 0)::bigint AS units,
            coalesce(sum(d.revenue_base) FILTER (WHERE t.back = 0), 0) AS revenue,
            coalesce(sum(d.revenue_base) FILTER (WHERE t.back = 1), 0) AS before,
            coalesce(sum(d.revenue_base) FILTER (WHERE t.back = 2), 0) AS last_year
        FROM span AS s
        CROSS JOIN LATERAL crm._trend_spans(product_trend.period, s.starts, s.ends) AS t
        LEFT JOIN day AS d ON d.period_start = t.period_start AND d.sales_day BETWEEN t.starts AND t.ends
        GROUP BY t.first_day, t.last_day
    )
    SELECT r.first_day, r.last_day, r.orders, r.units, r.revenue,
        r.before, r.revenue - r.before, CASE WHEN r.before > 0 THEN round((r.revenue - r.before) / r.before, 4) END,
        r.last_year, r.revenue - r.last_year,
        CASE WHEN r.last_year > 0 THEN round((r.revenue - r.last_year) / r.last_year, 4) END
    FROM total AS r
    ORDER BY r.first_day;
END
$function$;
COMMENT ON FUNCTION crm.product_trend(bigint, date, date, text) IS
    'Sales of a product by day, week, month, quarter, year, fiscal_quarter or fiscal_year, in order of time: first_day, '
    'last_day, order_count, quantity and revenue_base as of crm.sales_by_period(); previous_revenue_base, that of the '
    'period before, and last_year_revenue_base, that of the same period a year ago (for weeks 52 weeks ago), both over '
    'as many days where a period is cut; change_base, the difference; change_rate, the same as a fraction, so 0.5 is 50 '
    'percent more and NULL where nothing above 0 was sold before. Days and open ends are those of '
    'crm.sales_by_period(). Counts what the caller sees: a rep his own orders and those of his regions, a sales manager '
    'those of his team and its regions, others all. Errors: 22023 unknown product or period, to_date before from_date, '
    'or more than 10,000 periods.';

CREATE OR REPLACE FUNCTION crm.rising_products(n integer DEFAULT 10)
    RETURNS TABLE (
        rank bigint,
        product_id bigint,
        product_name text,
        revenue_base numeric,
        previous_revenue_base numeric,
        change_base numeric,
        change_rate numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    starts date;
    ends date;
BEGIN
    PERFORM crm._check_number('n', rising_products.n, 1, 10000);
    SELECT p.from_date, p.to_date INTO starts, ends FROM crm.period('last_30_days') AS p;
    RETURN QUERY
    SELECT rank() OVER (ORDER BY s.now_base - s.before_base DESC), s.product_id, p.name, s.now_base, s.before_base,
        s.now_base - s.before_base,
        CASE WHEN s.before_base > 0 THEN round((s.now_base - s.before_base) / s.before_base, 4) END
    FROM (
        SELECT l.product_id,
            coalesce(sum(l.revenue_base) FILTER (WHERE l.sales_day >= starts), 0) AS now_base,
            coalesce(sum(l.revenue_base) FILTER (WHERE l.sales_day < starts), 0) AS before_base
        FROM crm.v_sales_line AS l
        WHERE l.sales_day BETWEEN starts - 30 AND ends
        GROUP BY l.product_id
    ) AS s
    LEFT JOIN crm.product AS p ON p.product_id = s.product_id
    WHERE s.now_base > s.before_base
    ORDER BY s.now_base - s.before_base DESC, s.product_id
    LIMIT rising_products.n;
END
$function$;
COMMENT ON FUNCTION crm.rising_products(integer) IS
    'The n (1 to 10000) products whose revenue rose most in the last 30 days, today included, against the 30 days '
    'before: rank by change_base, which equals share; product_id; product_name, NULL where the product is deleted and '
    'the caller may not see it; revenue_base, sales less returns in base currency; previous_revenue_base, the same of '
    'the 30 days before; change_base, the rise; change_rate, the rise as a fraction, NULL where nothing above 0 was sold '
    'before. Counts orders that are not canceled; what the caller sees: a rep his own orders and those of his regions, a '
    'sales manager those of his team and its regions, others all. Errors: 22023 n out of range.';

CREATE OR REPLACE FUNCTION crm.inventory_report(
    window_days integer DEFAULT 90,
    lead_days integer DEFAULT 14,
    cover_days integer DEFAULT 30)
    RETURNS TABLE (
        product_id bigint,
        sku text,
        product_name text,
        stock_quantity bigint,
        sold_quantity bigint,
        daily_rate numeric,
        days_of_cover numeric,
        sell_through numeric,
        reorder_quantity bigint)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    today date;
BEGIN
    PERFORM crm._check_number('window_days', inventory_report.window_days, 1, 3660);
    PERFORM crm._check_number('lead_days', inventory_report.lead_days, 0, 3660);
    PERFORM crm._check_number('cover_days', inventory_report.cover_days, 0, 3660);
    SELECT p.to_date INTO today FROM crm.period('today') AS p;
    RETURN QUERY
    SELECT p.product_id, p.sku, p.name, p.stock_quantity, s.sold,
        round(s.demand / inventory_report.window_days, 4),
        CASE WHEN s.demand > 0 THEN round(p.stock_quantity * inventory_report.window_days / s.demand, 1) END,
        CASE WHEN s.demand + p.stock_quantity > 0 THEN round(s.demand / (s.demand + p.stock_quantity), 4) END,
        CASE WHEN p.active THEN greatest(0, ceil(s.demand * (inventory_report.lead_days + inventory_report.cover_days)
            / inventory_report.window_days - p.stock_quantity)) ELSE 0 END::bigint
    FROM crm.product AS p
    LEFT JOIN (
        SELECT l.product_id, sum(l.quantity)::bigint AS quantity
        FROM crm.v_sales_line AS l
        WHERE l.sales_day > today - inventory_report.window_days AND l.sales_day <= today
        GROUP BY l.product_id
    ) AS l ON l.product_id = p.product_id
    CROSS JOIN LATERAL (
        SELECT coalesce(l.quantity, 0) AS sold, greatest(l.quantity, 0)::numeric AS demand
    ) AS s
    WHERE p.deleted_at IS NULL AND p.is_stocked
    ORDER BY 9 DESC, 7 NULLS LAST, p.product_id;
END
$function$;
COMMENT ON FUNCTION crm.inventory_report(integer, integer, integer) IS
    'Every product in use that is kept in stock, most urgent first: product_id, sku, product_name; stock_quantity, units '
    'in stock now; sold_quantity, units sold less units returned in the last window_days (1 to 3660) days, today '
    'included; daily_rate, these per day, at least 0; days_of_cover, days that the stock lasts at this rate, NULL '
    'without a sale; sell_through, units sold divided by those and the stock, 0 to 1, NULL where both are 0; '
    'reorder_quantity, daily rate x (lead_days + cover_days) - stock in whole units, rounded up, at least 0, where '
    'lead_days is how long goods take to come and cover_days how long they are to last (0 to 3660 each); 0 for products '
    'that are no longer offered. Only the sales that the caller sees make the rate, which is that of the whole '
    'organisation for crm_admin, crm_support_agent and a sales manager without a superior; reps may not call it. '
    'Errors: 22023 argument out of range.';
