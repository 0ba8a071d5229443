-- 67_reports_people: what sales people reach, and how many customers there are.

CREATE OR REPLACE FUNCTION crm._whole_sellers()
    RETURNS SETOF bigint
    LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT s.staff_id
    FROM crm.who_am_i() AS w
    JOIN crm.staff AS s ON s.staff_id = ANY (w.team)
        OR 'crm_admin' = ANY (w.roles)
        OR 'crm_sales_manager' = ANY (w.roles) AND w.sees_all_sales
        OR NOT row_security_active('crm.sales_order')
$function$;
COMMENT ON FUNCTION crm._whole_sellers() IS
    'Keys of the staff whose sales the caller sees all of: himself, the team of a sales manager, or everybody.';

CREATE OR REPLACE FUNCTION crm._quota_shares(from_date date, to_date date)
    RETURNS TABLE (sales_rep_id bigint, quota_base numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT q.sales_rep_id,
        round(sum(q.amount_base
            * (least(q.valid_to, _quota_shares.to_date + 1) - greatest(q.valid_from, _quota_shares.from_date))
            / (q.valid_to - q.valid_from)), 4)
    FROM crm.quota AS q
    WHERE q.sales_rep_id IS NOT NULL AND q.product_category_id IS NULL
        AND q.valid_from <= _quota_shares.to_date AND q.valid_to > _quota_shares.from_date
    GROUP BY q.sales_rep_id
$function$;
COMMENT ON FUNCTION crm._quota_shares(date, date) IS
    'What each rep is to sell of all products in some days, in base currency: of a quota whose period is only partly '
    'among them the share of its days.';

CREATE OR REPLACE FUNCTION crm.sales_performance(period text DEFAULT 'this_month')
    RETURNS TABLE (
        level text,
        staff_id bigint,
        name text,
        order_count bigint,
        revenue_base numeric,
        quota_base numeric,
        attainment numeric,
        attainment_rank bigint,
        revenue_rank bigint)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    starts date;
    ends date;
BEGIN
    SELECT p.from_date, p.to_date INTO starts, ends FROM crm.period(sales_performance.period) AS p;
    RETURN QUERY
    WITH RECURSIVE whole AS MATERIALIZED (
        SELECT w.staff_id FROM crm._whole_sellers() AS w (staff_id)
    ), rep AS MATERIALIZED (
        SELECT r.sales_rep_id, coalesce(b.order_count, 0) AS orders, coalesce(b.revenue_base, 0) AS revenue, q.quota_base
        FROM crm.sales_rep AS r
        JOIN crm.staff AS s ON s.staff_id = r.sales_rep_id
        LEFT JOIN crm.sales_by_rep(starts, ends) AS b ON b.sales_rep_id = r.sales_rep_id
        LEFT JOIN crm._quota_shares(starts, ends) AS q ON q.sales_rep_id = r.sales_rep_id
        WHERE r.sales_rep_id IN (SELECT w.staff_id FROM whole AS w)
            AND (s.active OR b.sales_rep_id IS NOT NULL OR q.sales_rep_id IS NOT NULL)
    ), team AS (
        SELECT m.sales_manager_id, m.sales_manager_id AS member_id
        FROM crm.sales_manager AS m
        WHERE m.sales_manager_id IN (SELECT w.staff_id FROM whole AS w)
        UNION
        SELECT t.sales_manager_id, s.staff_id FROM team AS t JOIN crm.staff AS s ON s.manager_id = t.member_id
    ), result AS (
        SELECT 'rep' AS level, r.sales_rep_id AS staff_id, r.orders, r.revenue, r.quota_base AS quota
        FROM rep AS r
        UNION ALL
        SELECT 'manager', t.sales_manager_id, sum(r.orders)::bigint, sum(r.revenue), sum(r.quota_base)
        FROM team AS t
        JOIN rep AS r ON r.sales_rep_id = t.member_id
        GROUP BY t.sales_manager_id
    )
    SELECT r.level, r.staff_id, s.name, r.orders, r.revenue, r.quota, a.attainment,
        CASE WHEN a.attainment IS NOT NULL THEN
            rank() OVER (PARTITION BY r.level ORDER BY a.attainment DESC NULLS LAST) END,
        rank() OVER (PARTITION BY r.level ORDER BY r.revenue DESC)
    FROM result AS r
    JOIN crm.staff AS s ON s.staff_id = r.staff_id
    CROSS JOIN LATERAL (SELECT round(r.revenue / nullif(r.quota, 0), 4) AS attainment) AS a
    ORDER BY r.level, r.revenue DESC, r.staff_id;
END
$function$;
COMMENT ON FUNCTION crm.sales_performance(text) IS
    'Sales people against their quotas in a period of crm.period(): level, manager or rep; staff_id; name; order_count, '
    'sales without returns; revenue_base, sales less returns in base currency, of orders that are not canceled and '
    'credited to the rep, or to all reps in the manager''s team, the tree of staff.manager_id below and with the manager; '
    'quota_base, what was to be sold, from quotas of reps for all products (not those for one category), of a quota '
    'that lies only partly in the period the share of its days, NULL without one; attainment, revenue divided by quota, '
    'so 1 is just reached and NULL without a quota above 0; attainment_rank and revenue_rank, places from 1 within the '
    'level, which equals share. Lists persons whose sales the caller sees all of: a rep himself, a sales manager his '
    'team, one without a superior and crm_admin everybody; ranks are among these. Managers without a rep are left out, '
    'and reps who have left with neither sales nor quota. Errors: 22023 unknown period.';

CREATE OR REPLACE FUNCTION crm.customer_counts()
    RETURNS TABLE (region_id bigint, region_name text, customer_type text, customer_count bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT c.region_id, r.name, c.customer_type, c.customers
    FROM (
        SELECT u.region_id, u.customer_type, count(*) AS customers
        FROM crm.customer AS u
        WHERE u.deleted_at IS NULL
        GROUP BY u.region_id, u.customer_type
    ) AS c
    LEFT JOIN crm.region AS r ON r.region_id = c.region_id
    ORDER BY r.name COLLATE "C", c.region_id, c.customer_type
$function$;
COMMENT ON FUNCTION crm.customer_counts() IS
    'Number of customers in use by region and type, walk-in customers included: region_id, NULL for customers without '
    'one; region_name; customer_type; customer_count. Regions are counted without those below; sum for a total. Counts '
    'what the caller sees: a rep his own customers and those of his regions, a sales manager those of his team and its '
    'regions, others all.';
