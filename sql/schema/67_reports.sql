-- 67_reports: sales by region, product, rep and period. The functions read crm.v_sales_line (65_views_reports), which
-- says what counts, and see what their caller may see. Plans are made for the values of each call.

-- Periods of reports ------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._period_step(period text)
    RETURNS interval
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    step constant interval := CASE _period_step.period
        WHEN 'day' THEN '1 day' WHEN 'week' THEN '7 days' WHEN 'month' THEN '1 month'
        WHEN 'quarter' THEN '3 months' WHEN 'fiscal_quarter' THEN '3 months'
        WHEN 'year' THEN '1 year' WHEN 'fiscal_year' THEN '1 year' END;
BEGIN
    IF step IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('sales can''t be listed by %s',
                coalesce(quote_literal(left(_period_step.period, 60)), 'NULL')),
            HINT = 'Give day, week, month, quarter, year, fiscal_quarter or fiscal_year.';
    END IF;
    RETURN step;
END
$function$;
COMMENT ON FUNCTION crm._period_step(text) IS
    'Length of a day, week, month, quarter, year, fiscal_quarter or fiscal_year. Errors: 22023 for any other word.';

CREATE OR REPLACE FUNCTION crm._period_start(period text, day date, fiscal_year_start_month integer)
    RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    -- A fiscal period is a calendar period of a calendar that is late by some months.
    SELECT CASE WHEN _period_start.period LIKE 'fiscal%'
        THEN (date_trunc(substr(_period_start.period, 8), date_trunc('month', _period_start.day::timestamp) - t.late)
            + t.late)::date
        ELSE date_trunc(_period_start.period, _period_start.day::timestamp)::date END
    FROM (SELECT make_interval(months => _period_start.fiscal_year_start_month - 1) AS late) AS t
$function$;
COMMENT ON FUNCTION crm._period_start(text, date, integer) IS
    'First day of the day, week (from Monday), month, quarter, year, fiscal_quarter or fiscal_year that a day lies in, '
    'with a fiscal year that starts in a month (1 to 12).';

CREATE OR REPLACE FUNCTION crm._report_periods(period text, from_date date, to_date date)
    RETURNS TABLE (period_start date, period_end date, first_day date, last_day date)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    most constant integer := 10000;
    step constant interval := crm._period_step(_report_periods.period);
BEGIN
    IF _report_periods.to_date - _report_periods.from_date > most * extract(epoch FROM step) / 86400 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('more than %s periods lie from %s to %s', most, _report_periods.from_date,
                _report_periods.to_date),
            HINT = 'Ask for fewer days or for longer periods.';
    END IF;
    RETURN QUERY
    SELECT s.starts::date, (s.starts + step)::date - 1, greatest(s.starts::date, _report_periods.from_date),
        least((s.starts + step)::date - 1, _report_periods.to_date)
    FROM generate_series(
        crm._period_start(_report_periods.period, _report_periods.from_date,
            (SELECT g.fiscal_year_start_month FROM crm.organization AS g))::timestamp,
        _report_periods.to_date::timestamp, step) AS s (starts)
    WHERE _report_periods.from_date <= _report_periods.to_date;
END
$function$;
COMMENT ON FUNCTION crm._report_periods(text, date, date) IS
    'The periods that some days lie in, with the first and last of these days in each; none where a bound is NULL. '
    'Errors: 22023 unknown period, or more than 10,000 of them.';

CREATE OR REPLACE FUNCTION crm._sales_days(from_date date, to_date date, product_id bigint DEFAULT NULL)
    RETURNS TABLE (sales_day date, order_count bigint, quantity bigint, revenue_base numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    RETURN QUERY
    SELECT l.sales_day, count(DISTINCT l.sales_order_id) FILTER (WHERE l.order_kind = 'sale'),
        sum(l.quantity)::bigint, sum(l.revenue_base)
    FROM crm.v_sales_line AS l
    WHERE (_sales_days.from_date IS NULL OR l.sales_day >= _sales_days.from_date)
        AND (_sales_days.to_date IS NULL OR l.sales_day <= _sales_days.to_date)
        AND (_sales_days.product_id IS NULL OR l.product_id = _sales_days.product_id)
    GROUP BY l.sales_day;
END
$function$;
COMMENT ON FUNCTION crm._sales_days(date, date, bigint) IS
    'Sales of each day on which there were any, of all products or of one. An order has one day, so that order_count '
    'can be summed over days.';

-- Sales by region, product, rep, period -----------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm.sales_by_region(from_date date DEFAULT NULL, to_date date DEFAULT NULL)
    RETURNS TABLE (region_id bigint, region_name text, order_count bigint, quantity bigint, revenue_base numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    PERFORM crm._period_bounds(sales_by_region.from_date, sales_by_region.to_date);
    RETURN QUERY
    SELECT l.region_id, r.name, count(DISTINCT l.sales_order_id) FILTER (WHERE l.order_kind = 'sale'),
        sum(l.quantity)::bigint, sum(l.revenue_base)
    FROM crm.v_sales_line AS l
    LEFT JOIN crm.region AS r ON r.region_id = l.region_id
    WHERE (sales_by_region.from_date IS NULL OR l.sales_day >= sales_by_region.from_date)
        AND (sales_by_region.to_date IS NULL OR l.sales_day <= sales_by_region.to_date)
    GROUP BY l.region_id, r.name
    ORDER BY sum(l.revenue_base) DESC, l.region_id;
END
$function$;
COMMENT ON FUNCTION crm.sales_by_region(date, date) IS
    'Sales by region that the orders count for, best first, each region without those below it: region_id, NULL for '
    'orders without one; region_name; order_count, sales without returns; quantity, units sold less units returned; '
    'revenue_base, the same in base currency. Counts orders that are not canceled, from from_date to to_date, both '
    'inclusive and days of the organisation''s time zone; NULL is an open end, and without both it is '
    'crm.v_sales_by_region. Counts what the caller sees: a rep his own orders and those of his regions, a sales manager '
    'those of his team and its regions, others all. Errors: 22023 to_date before from_date.';

CREATE OR REPLACE FUNCTION crm.sales_by_product(from_date date DEFAULT NULL, to_date date DEFAULT NULL)
    RETURNS TABLE (product_id bigint, product_name text, order_count bigint, quantity bigint, revenue_base numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    PERFORM crm._period_bounds(sales_by_product.from_date, sales_by_product.to_date);
    RETURN QUERY
    SELECT l.product_id, p.name, count(DISTINCT l.sales_order_id) FILTER (WHERE l.order_kind = 'sale'),
        sum(l.quantity)::bigint, sum(l.revenue_base)
    FROM crm.v_sales_line AS l
    LEFT JOIN crm.product AS p ON p.product_id = l.product_id
    WHERE (sales_by_product.from_date IS NULL OR l.sales_day >= sales_by_product.from_date)
        AND (sales_by_product.to_date IS NULL OR l.sales_day <= sales_by_product.to_date)
    GROUP BY l.product_id, p.name
    ORDER BY sum(l.revenue_base) DESC, l.product_id;
END
$function$;
COMMENT ON FUNCTION crm.sales_by_product(date, date) IS
    'Sales by product, best first: product_id; product_name, NULL where the product is deleted and the caller may not '
    'see it; order_count, sales with the product, without returns; quantity, units sold less units returned; '
    'revenue_base, the same in base currency. Counts orders that are not canceled, from from_date to to_date, both '
    'inclusive and days of the organisation''s time zone; NULL is an open end, and without both it is '
    'crm.v_sales_by_product. Counts what the caller sees: a rep his own orders and those of his regions, a sales manager '
    'those of his team and its regions, others all. Errors: 22023 to_date before from_date.';

CREATE OR REPLACE FUNCTION crm.sales_by_rep(from_date date DEFAULT NULL, to_date date DEFAULT NULL)
    RETURNS TABLE (sales_rep_id bigint, sales_rep_name text, order_count bigint, quantity bigint, revenue_base numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    PERFORM crm._period_bounds(sales_by_rep.from_date, sales_by_rep.to_date);
    RETURN QUERY
    SELECT l.sales_rep_id, s.name, count(DISTINCT l.sales_order_id) FILTER (WHERE l.order_kind = 'sale'),
        sum(l.quantity)::bigint, sum(l.revenue_base)
    FROM crm.v_sales_line AS l
    LEFT JOIN crm.staff AS s ON s.staff_id = l.sales_rep_id
    WHERE (sales_by_rep.from_date IS NULL OR l.sales_day >= sales_by_rep.from_date)
        AND (sales_by_rep.to_date IS NULL OR l.sales_day <= sales_by_rep.to_date)
    GROUP BY l.sales_rep_id, s.name
    ORDER BY sum(l.revenue_base) DESC, l.sales_rep_id;
END
$function$;
COMMENT ON FUNCTION crm.sales_by_rep(date, date) IS
    'Sales by the rep who is credited with them, best first: sales_rep_id, NULL for orders without one; sales_rep_name; '
    'order_count, sales without returns; quantity, units sold less units returned; revenue_base, the same in base '
    'currency. Counts orders that are not canceled, from from_date to to_date, both inclusive and days of the '
    'organisation''s time zone; NULL is an open end, and without both it is crm.v_sales_by_rep. Counts what the caller '
    'sees: a rep his own sales, and of other reps only those in his regions; a sales manager those of his team and its '
    'regions; others all. crm.sales_performance() shows whole persons only. Errors: 22023 to_date before from_date.';

CREATE OR REPLACE FUNCTION crm.sales_by_period(period text, from_date date DEFAULT NULL, to_date date DEFAULT NULL)
    RETURNS TABLE (first_day date, last_day date, order_count bigint, quantity bigint, revenue_base numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    PERFORM crm._period_step(sales_by_period.period);
    PERFORM crm._period_bounds(sales_by_period.from_date, sales_by_period.to_date);
    RETURN QUERY
    WITH day AS MATERIALIZED (
        SELECT d.*, crm._period_start(sales_by_period.period, d.sales_day,
            (SELECT g.fiscal_year_start_month FROM crm.organization AS g)) AS period_start
        FROM crm._sales_days(sales_by_period.from_date, sales_by_period.to_date) AS d
    ), span AS (
        SELECT CASE WHEN isfinite(sales_by_period.from_date) THEN sales_by_period.from_date ELSE min(d.sales_day) END
                AS starts,
            CASE WHEN isfinite(sales_by_period.to_date) THEN sales_by_period.to_date ELSE max(d.sales_day) END AS ends
        FROM day AS d
    )
    SELECT p.first_day, p.last_day, coalesce(sum(d.order_count), 0)::bigint, coalesce(sum(d.quantity), 0)::bigint,
        coalesce(sum(d.revenue_base), 0)
    FROM span AS s
    CROSS JOIN LATERAL crm._report_periods(sales_by_period.period, s.starts, s.ends) AS p
    LEFT JOIN day AS d ON d.period_start = p.period_start
    GROUP BY p.first_day, p.last_day
    ORDER BY p.first_day;
END
$function$;
COMMENT ON FUNCTION crm.sales_by_period(text, date, date) IS
    'Sales by day, week (from Monday), month, quarter, year, fiscal_quarter or fiscal_year, in order of time: first_day '
    'and last_day that are counted, so that the first and last period are cut where from_date or to_date cut them; '
    'order_count, sales without returns; quantity, units sold less units returned; revenue_base, the same in base '
    'currency. Counts orders that are not canceled, from from_date to to_date, both inclusive and days of the '
    'organisation''s time zone; without one of them that end is the first or last day with a sale or return. Periods '
    'without any are 0. Counts what the caller sees: a rep his own orders and those of his regions, a sales manager '
    'those of his team and its regions, others all. Errors: 22023 unknown period, to_date before from_date, or more '
    'than 10,000 periods.';
