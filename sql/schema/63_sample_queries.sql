-- 63_sample_queries: periods of reports and the five questions that every CRM is asked first. The functions
-- read the base tables, see what their caller may see, and return the same as the plain SQL of
-- docs/sample-queries.md.
--
-- In all of them an order counts unless it is canceled, a sale with +1 and a return with -1; days are those
-- of the organisation's time zone. Plans are made for the values of each call.

-- Periods ---------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._periods(today date, fiscal_year_start_month integer)
    RETURNS TABLE (name text, from_date date, to_date date)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 16
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT d.name, _periods.today - d.days_ago, _periods.today - d.days_off
    FROM (VALUES
        ('today', 0, 0), ('yesterday', 1, 1), ('last_30_days', 29, 0), ('last_365_days', 364, 0)
    ) AS d (name, days_ago, days_off)
    UNION ALL
    SELECT s.name, s.starts::date, (s.starts + s.length)::date - 1
    FROM (
        SELECT u.name, u.length,
            -- A fiscal period is a calendar period of a calendar that is late by some months.
            date_trunc(u.unit,
                    CASE WHEN u.is_fiscal THEN date_trunc('month', t.noon) - t.late ELSE t.noon END)
                + CASE WHEN u.is_fiscal THEN t.late ELSE interval '0' END
                - u.back * u.length AS starts
        FROM (
            SELECT _periods.today + time '12:00' AS noon,
                make_interval(months => _periods.fiscal_year_start_month - 1) AS late
        ) AS t
        CROSS JOIN (VALUES
            ('this_week', 'week', interval '7 days', 0, false),
            ('last_week', 'week', interval '7 days', 1, false),
            ('this_month', 'month', interval '1 month', 0, false),
            ('last_month', 'month', interval '1 month', 1, false),
            ('this_quarter', 'quarter', interval '3 months', 0, false),
            ('last_quarter', 'quarter', interval '3 months', 1, false),
            ('this_year', 'year', interval '1 year', 0, false),
            ('last_year', 'year', interval '1 year', 1, false),
            ('this_fiscal_quarter', 'quarter', interval '3 months', 0, true),
            ('last_fiscal_quarter', 'quarter', interval '3 months', 1, true),
            ('this_fiscal_year', 'year', interval '1 year', 0, true),
            ('last_fiscal_year', 'year', interval '1 year', 1, true)
        ) AS u (name, unit, length, back, is_fiscal)
    ) AS s
$function$;
COMMENT ON FUNCTION crm._periods(date, integer) IS
    'Every period that crm.period() knows, seen from a day and with a fiscal year that starts in a month (1 '
    'to 12).';

CREATE OR REPLACE FUNCTION crm.period(name text)
    RETURNS TABLE (from_date date, to_date date)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT p.from_date, p.to_date
    FROM crm.organization AS g
    CROSS JOIN LATERAL crm._periods((now() AT TIME ZONE g.time_zone)::date, g.fiscal_year_start_month) AS p
    WHERE p.name = lower(btrim(period.name));
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('period %s is not known',
                coalesce(quote_literal(left(period.name, 60)), 'NULL')),
            HINT = (SELECT 'Known are ' || string_agg(p.name, ', ' ORDER BY p.name COLLATE "C") || '.'
                FROM crm._periods('2000-01-01', 1) AS p);
    END IF;
END
$function$;
COMMENT ON FUNCTION crm.period(text) IS
    'First and last day of a period, both inclusive, as from_date and to_date of reports take them: today, '
    'yesterday, this_ and last_ week (from Monday), month, quarter, year, fiscal_quarter and fiscal_year, '
    'last_30_days and last_365_days (both with today). Today is that of the organisation''s time zone; the '
    'fiscal year starts in its fiscal_year_start_month. Errors: 22023 unknown period.';

-- 1. All customers in a region ------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm.customers_in_region(
    region text,
    after_id bigint DEFAULT NULL,
    page_size integer DEFAULT 100)
    RETURNS SETOF crm.customer
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    regions constant bigint[] := crm._region_tree(customers_in_region.region);
BEGIN
    PERFORM crm._check_page(customers_in_region.page_size, true, NULL, NULL);
    -- One page of each region, then the first of them all: where the customers of a region lie close
    -- together, a walk along all customers would find the first one late.
    RETURN QUERY
    SELECT c.*
    FROM unnest(regions) AS r (region_id)
    CROSS JOIN LATERAL (
        SELECT c.*
        FROM crm.customer AS c
        WHERE c.region_id = r.region_id
            AND c.deleted_at IS NULL
            AND (customers_in_region.after_id IS NULL OR c.customer_id > customers_in_region.after_id)
        ORDER BY c.customer_id
        LIMIT customers_in_region.page_size
    ) AS c
    ORDER BY c.customer_id
    LIMIT customers_in_region.page_size;
END
$function$;
COMMENT ON FUNCTION crm.customers_in_region(text, bigint, integer) IS
    'Customers in use of the region of this name and of all regions below it, by customer_id. A page has '
    'page_size rows (1 to 1000; NULL: all); the next one begins after after_id, the customer_id of the last '
    'row. Errors: 22023 unknown region or page_size out of range.';

-- 2. Sales by product category for the last quarter ---------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._period_bounds(from_date date, to_date date)
    RETURNS TABLE (starts_at timestamptz, ends_before timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF _period_bounds.from_date > _period_bounds.to_date THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('from_date %s is later than to_date %s',
                _period_bounds.from_date, _period_bounds.to_date),
            HINT = 'Both days belong to the period; leave one out for an open end.';
    END IF;
    RETURN QUERY
    SELECT coalesce(_period_bounds.from_date::timestamp AT TIME ZONE g.time_zone, '-infinity'),
        coalesce((_period_bounds.to_date + 1)::timestamp AT TIME ZONE g.time_zone, 'infinity')
    FROM crm.organization AS g;
END
$function$;
COMMENT ON FUNCTION crm._period_bounds(date, date) IS
    'The moments at which a period of days begins and after which it is over, in the organisation''s time '
    'zone; NULL is an open end. Raises 22023 for a period that ends before it begins.';

CREATE OR REPLACE FUNCTION crm.sales_by_category(from_date date DEFAULT NULL, to_date date DEFAULT NULL)
    RETURNS TABLE (product_category_id bigint, category_name text, quantity bigint, revenue_base numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    first_day date := sales_by_category.from_date;
    last_day date := sales_by_category.to_date;
    starts_at timestamptz;
    ends_before timestamptz;
BEGIN
    IF first_day IS NULL AND last_day IS NULL THEN
        SELECT p.from_date, p.to_date INTO first_day, last_day FROM crm.period('last_quarter') AS p;
    END IF;
    SELECT b.starts_at, b.ends_before INTO starts_at, ends_before
    FROM crm._period_bounds(first_day, last_day) AS b;
    RETURN QUERY
    SELECT k.product_category_id, k.name, sum(s.quantity)::bigint, sum(s.revenue)
    FROM (
        SELECT i.product_id,
            sum(CASE o.order_kind WHEN 'return' THEN -i.quantity ELSE i.quantity END) AS quantity,
            sum(CASE o.order_kind WHEN 'return' THEN -i.line_base ELSE i.line_base END) AS revenue
        FROM crm.sales_order AS o
        JOIN crm.order_item AS i ON i.sales_order_id = o.sales_order_id
        WHERE o.status <> 'canceled' AND o.order_date >= starts_at AND o.order_date < ends_before
        GROUP BY i.product_id
    ) AS s
    JOIN crm.product AS p ON p.product_id = s.product_id
    JOIN crm.product_category AS k ON k.product_category_id = p.product_category_id
    GROUP BY k.product_category_id, k.name
    ORDER BY sum(s.revenue) DESC, k.product_category_id;
END
$function$;
COMMENT ON FUNCTION crm.sales_by_category(date, date) IS
    'Sales by home category of the product, best first: product_category_id; category_name; quantity, units '
    'sold less units returned; revenue_base, the same in base currency. Counts the orders that are not '
    'canceled, returns negatively, from from_date to to_date, both inclusive and days of the organisation''s '
    'time zone; without one of them that end is open, without both the last full calendar quarter is meant. '
    'Categories without an order in the period are left out. Errors: 22023 to_date before from_date.';

-- 3. Customers who have not made a purchase in the last year ------------------------------------------------

CREATE OR REPLACE FUNCTION crm._time_ago(since interval)
    RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    moment timestamptz;
BEGIN
    SELECT (now() AT TIME ZONE g.time_zone - _time_ago.since) AT TIME ZONE g.time_zone INTO moment
    FROM crm.organization AS g;
    IF moment IS NULL OR moment >= now() THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('since must be a length of time above zero, not %s',
                coalesce(_time_ago.since::text, 'NULL')),
            HINT = 'For example interval ''1 year'' or interval ''90 days''.';
    END IF;
    RETURN moment;
END
$function$;
COMMENT ON FUNCTION crm._time_ago(interval) IS
    'The moment that lies so long ago, counted in the organisation''s time zone; raises 22023 unless it is '
    'past.';

CREATE OR REPLACE FUNCTION crm.customers_without_purchase(
    since interval DEFAULT '1 year',
    after_id bigint DEFAULT NULL,
    page_size integer DEFAULT 100)
    RETURNS TABLE (
        customer_id bigint,
        name text,
        customer_type text,
        email text,
        phone text,
        region_id bigint,
        sales_rep_id bigint,
        signed_up_at timestamptz,
        last_order_at timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    starts_at constant timestamptz := crm._time_ago(customers_without_purchase.since);
BEGIN
    PERFORM crm._check_page(customers_without_purchase.page_size, true, NULL, NULL);
    RETURN QUERY
    SELECT c.customer_id, c.name, c.customer_type, c.email, c.phone, c.region_id, c.sales_rep_id,
        c.signed_up_at, b.last_at
    FROM crm.customer AS c
    LEFT JOIN LATERAL (
        SELECT max(o.order_date) AS last_at
        FROM crm.sales_order AS o
        WHERE o.customer_id = c.customer_id AND o.order_kind = 'sale' AND o.status <> 'canceled'
    ) AS b ON true
    WHERE c.deleted_at IS NULL
        AND NOT c.is_anonymous
        AND (customers_without_purchase.after_id IS NULL
            OR c.customer_id > customers_without_purchase.after_id)
        AND coalesce(b.last_at, c.signed_up_at) < starts_at
    ORDER BY c.customer_id
    LIMIT customers_without_purchase.page_size;
END
$function$;
COMMENT ON FUNCTION crm.customers_without_purchase(interval, bigint, integer) IS
    'Customers in use who have not bought since so long ago, by customer_id: those whose last sale lies '
    'before it, with last_order_at, and those who signed up before it and never bought (last_order_at '
    'NULL). Neither canceled orders nor returns are purchases; walk-in customers are left out. A page has '
    'page_size rows (1 to 1000; NULL: all); the next one begins after after_id, the customer_id of the last '
    'row. Errors: 22023 since not above zero or page_size out of range.';

-- 4. The effectiveness of a campaign ------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm.campaign_effectiveness(campaign_id bigint)
    RETURNS TABLE (
        campaign_name text,
        new_customer_count bigint,
        order_count bigint,
        revenue_base numeric,
        cost_base numeric,
        roi numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    PERFORM crm._check_exists('campaign', campaign_effectiveness.campaign_id);
    -- Each figure on its own grain: a join of costs with orders would count either many times over.
    RETURN QUERY
    SELECT c.name, n.customers, o.sales, o.revenue, k.cost, round((o.revenue - k.cost) / nullif(k.cost, 0), 4)
    FROM crm.campaign AS c
    CROSS JOIN LATERAL (
        SELECT count(*) AS customers
        FROM crm.customer AS u
        WHERE u.acquisition_campaign_id = c.campaign_id AND u.deleted_at IS NULL
    ) AS n
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE o.order_kind = 'sale') AS sales,
            coalesce(sum(CASE o.order_kind WHEN 'return' THEN -o.total_base ELSE o.total_base END), 0)
                AS revenue
        FROM crm.sales_order AS o
        WHERE o.campaign_id = c.campaign_id AND o.status <> 'canceled'
    ) AS o
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(k.amount_base), 0) AS cost
        FROM crm.campaign_cost AS k
        WHERE k.campaign_id = c.campaign_id
    ) AS k
    WHERE c.campaign_id = campaign_effectiveness.campaign_id;
END
$function$;
COMMENT ON FUNCTION crm.campaign_effectiveness(bigint) IS
    'What a campaign has brought, in base currency: campaign_name; new_customer_count, customers in use '
    'whose acquisition_campaign_id it is; order_count, sales that are credited to it by their campaign_id '
    '(the customer''s last touch) and not canceled; revenue_base, those sales less returns; cost_base, the '
    'sum of campaign_cost (the budget is only the plan); roi, (revenue - cost) / cost, so 2 is 200 percent '
    'and NULL where nothing was spent. Errors: 22023 unknown campaign.';

-- 5. The interaction history of a customer ------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm.interaction_history(
    customer_id bigint,
    before timestamptz DEFAULT NULL,
    before_id bigint DEFAULT NULL,
    page_size integer DEFAULT 100)
    RETURNS TABLE (
        interaction_id bigint,
        interaction_date timestamptz,
        interaction_type text,
        outcome text,
        sales_reps text,
        reps jsonb,
        contact_name text,
        support_ticket_id bigint,
        duration_minutes integer,
        details text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    first_id constant bigint := coalesce(interaction_history.before_id, 0);
BEGIN
    PERFORM crm._check_exists('customer', interaction_history.customer_id);
    PERFORM crm._check_page(interaction_history.page_size, true, interaction_history.before::text,
        interaction_history.before_id);
    RETURN QUERY
    SELECT n.interaction_id, n.interaction_date, y.name, u.name, r.names, coalesce(r.people, '[]'), k.name,
        n.support_ticket_id, n.duration_minutes, n.details
    FROM crm.interaction AS n
    JOIN crm.interaction_type AS y ON y.interaction_type_id = n.interaction_type_id
    LEFT JOIN crm.interaction_outcome AS u ON u.interaction_outcome_id = n.interaction_outcome_id
    LEFT JOIN crm.contact AS k ON k.contact_id = n.contact_id
    LEFT JOIN LATERAL (
        SELECT string_agg(s.name, ', ' ORDER BY p.role, s.name, s.staff_id) AS names,
            jsonb_agg(jsonb_build_object('sales_rep_id', p.sales_rep_id, 'name', s.name, 'role', p.role)
                ORDER BY p.role, s.name, s.staff_id) AS people
        FROM crm.interaction_rep AS p
        JOIN crm.staff AS s ON s.staff_id = p.sales_rep_id
        WHERE p.interaction_id = n.interaction_id
    ) AS r ON true
    WHERE n.customer_id = interaction_history.customer_id
        AND (interaction_history.before IS NULL
            OR (n.interaction_date, n.interaction_id) < (interaction_history.before, first_id))
    ORDER BY n.interaction_date DESC, n.interaction_id DESC
    LIMIT interaction_history.page_size;
END
$function$;
COMMENT ON FUNCTION crm.interaction_history(bigint, timestamptz, bigint, integer) IS
    'Interactions of a customer, newest first: interaction_id; interaction_date; interaction_type; outcome, '
    'NULL while it is open; sales_reps, the names of all who took part, owner first; reps, the same as a '
    'JSON list of sales_rep_id, name and role; contact_name; support_ticket_id; duration_minutes; details. '
    'A page has page_size rows (1 to 1000; NULL: all); the next one begins below before and before_id, the '
    'interaction_date and interaction_id of the last row. Errors: 22023 unknown customer, page_size out of '
    'range, before_id without before.';
