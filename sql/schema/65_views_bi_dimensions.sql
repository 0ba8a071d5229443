-- 65_views_bi_dimensions: the dimensions of the star schema. Names of staff are in views of their own, beside it.

-- The first keys lead near the first dates, and the BRIN indexes to what is yet earlier or later.
CREATE OR REPLACE FUNCTION crm._document_days()
    RETURNS TABLE (first_day date, last_day date)
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    zone constant text := (SELECT g.time_zone FROM crm.organization AS g WHERE g.organization_id = 1);
    today constant date := (now() AT TIME ZONE zone)::date;
    early timestamptz := now();
    late timestamptz := (date_trunc('year', today::timestamp) + interval '3 years') AT TIME ZONE zone;
BEGIN
    early := least(early,
        (SELECT o.order_date FROM crm.sales_order AS o ORDER BY o.sales_order_id LIMIT 1),
        (SELECT m.moved_at FROM crm.stock_movement AS m ORDER BY m.stock_movement_id LIMIT 1),
        (SELECT i.interaction_date FROM crm.interaction AS i ORDER BY i.interaction_id LIMIT 1));
    SELECT least(early, min(d.first_at)), greatest(late - interval '1 microsecond', max(d.last_at))
    INTO early, late
    FROM (
        SELECT min(o.order_date), max(o.order_date) FROM crm.sales_order AS o
        WHERE o.order_date < early OR o.order_date >= late
        UNION ALL
        SELECT min(m.moved_at), max(m.moved_at) FROM crm.stock_movement AS m
        WHERE m.moved_at < early OR m.moved_at >= late
        UNION ALL
        SELECT min(i.interaction_date), max(i.interaction_date) FROM crm.interaction AS i
        WHERE i.interaction_date < early OR i.interaction_date >= late
        UNION ALL
        SELECT min(t.reported_date), max(t.reported_date) FROM crm.support_ticket AS t
        WHERE t.reported_date < early OR t.reported_date >= late
        UNION ALL
        SELECT min(t.touched_at), max(t.touched_at) FROM crm.campaign_touch AS t
        WHERE t.touched_at < early OR t.touched_at >= late
        UNION ALL
        SELECT min(f.date_given), max(f.date_given) FROM crm.feedback AS f
        UNION ALL
        SELECT min(l.start_date), greatest(max(l.start_date), max(l.converted_at)) FROM crm.lead AS l
        UNION ALL
        SELECT min(p.opened_at), greatest(max(p.opened_at), max(p.closed_at)) FROM crm.opportunity AS p
        UNION ALL
        SELECT min(d.day::timestamp AT TIME ZONE zone), max(d.day::timestamp AT TIME ZONE zone)
        FROM (
            SELECT p.expected_close FROM crm.opportunity AS p
            UNION ALL
            SELECT c.incurred_on FROM crm.campaign_cost AS c
            UNION ALL
            SELECT q.valid_from FROM crm.quota AS q
        ) AS d (day)
    ) AS d (first_at, last_at);
    RETURN QUERY SELECT
        greatest(date_trunc('year', early AT TIME ZONE zone)::date, date '1900-01-01'),
        least((date_trunc('year', late AT TIME ZONE zone) + interval '1 year')::date - 1, date '2199-12-31');
END
$function$;
COMMENT ON FUNCTION crm._document_days() IS
    'The days that documents lie in, whoever sees them: from 1 January of the year of the first one to 31 December two '
    'years ahead, or of the year of the last one where that is later; within 1900 to 2199.';

CREATE OR REPLACE VIEW crm_bi.dim_date WITH (security_invoker = true) AS
SELECT
    t.date_key,
    t.year,
    (t.month + 2) / 3 AS quarter,
    t.month,
    to_char(t.date_key::timestamp, 'FMMonth') AS month_name,
    to_char(t.date_key::timestamp, 'YYYY-MM') AS month_label,
    to_char(t.date_key::timestamp, 'YYYY-"Q"Q') AS quarter_label,
    date_trunc('month', t.date_key::timestamp)::date AS month_start,
    extract(day FROM t.date_key)::integer AS day_of_month,
    extract(isoyear FROM t.date_key)::integer AS iso_year,
    extract(week FROM t.date_key)::integer AS iso_week,
    to_char(t.date_key::timestamp, 'IYYY-"W"IW') AS week_label,
    t.iso_weekday,
    to_char(t.date_key::timestamp, 'FMDay') AS weekday_name,
    f.fiscal_year,
    f.months_in / 3 + 1 AS fiscal_quarter,
    f.months_in + 1 AS fiscal_month,
    'FY' || f.fiscal_year || '-Q' || f.months_in / 3 + 1 AS fiscal_quarter_label,
    CASE WHEN k.business_calendar_id IS NOT NULL THEN w.iso_weekday IS NOT NULL AND h.holiday IS NULL END AS is_business_day,
    t.date_key = (now() AT TIME ZONE g.time_zone)::date AS is_today
FROM (SELECT o.time_zone, o.fiscal_year_start_month FROM crm.organization AS o WHERE o.organization_id = 1) AS g
LEFT JOIN (SELECT c.business_calendar_id FROM crm.business_calendar AS c WHERE c.is_default LIMIT 1) AS k ON true
CROSS JOIN crm._document_days() AS b
CROSS JOIN LATERAL generate_series(0, b.last_day - b.first_day) AS s (n)
CROSS JOIN LATERAL (
    SELECT b.first_day + s.n, extract(year FROM b.first_day + s.n)::integer,
        extract(month FROM b.first_day + s.n)::integer, extract(isodow FROM b.first_day + s.n)::integer
) AS t (date_key, year, month, iso_weekday)
CROSS JOIN LATERAL (
    SELECT (t.month - g.fiscal_year_start_month + 12) % 12,
        t.year + CASE WHEN g.fiscal_year_start_month > 1 AND t.month >= g.fiscal_year_start_month THEN 1 ELSE 0 END
) AS f (months_in, fiscal_year)
LEFT JOIN (SELECT DISTINCT b.business_calendar_id, b.iso_weekday FROM crm.business_hours AS b) AS w
    ON w.business_calendar_id = k.business_calendar_id AND w.iso_weekday = t.iso_weekday
LEFT JOIN crm.business_holiday AS h ON h.business_calendar_id = k.business_calendar_id AND h.holiday = t.date_key;
COMMENT ON VIEW crm_bi.dim_date IS
    'The calendar, one row a day: from 1 January of the year of the first document to 31 December two years ahead, or of '
    'the year of the last document where that is later, within 1900 to 2199. The same for all roles.';
COMMENT ON COLUMN crm_bi.dim_date.date_key IS 'Primary key: the day, as a date. Facts name theirs in the organisation''s time zone.';
COMMENT ON COLUMN crm_bi.dim_date.year IS 'Calendar year.';
COMMENT ON COLUMN crm_bi.dim_date.quarter IS 'Calendar quarter, 1 to 4.';
COMMENT ON COLUMN crm_bi.dim_date.month IS 'Calendar month, 1 to 12; sorts month_name.';
COMMENT ON COLUMN crm_bi.dim_date.month_name IS 'English name of the month.';
COMMENT ON COLUMN crm_bi.dim_date.month_label IS 'Year and month, such as 2024-05; sorts as it reads.';
COMMENT ON COLUMN crm_bi.dim_date.quarter_label IS 'Year and quarter, such as 2024-Q2; sorts as it reads.';
COMMENT ON COLUMN crm_bi.dim_date.month_start IS 'First day of the month, for an axis of months.';
COMMENT ON COLUMN crm_bi.dim_date.day_of_month IS 'Day of the month, 1 to 31.';
COMMENT ON COLUMN crm_bi.dim_date.iso_year IS 'Year of the ISO week: at a turn of the year not always the calendar year.';
COMMENT ON COLUMN crm_bi.dim_date.iso_week IS 'ISO week, 1 to 53, from Monday.';
COMMENT ON COLUMN crm_bi.dim_date.week_label IS 'ISO year and week, such as 2024-W05; sorts as it reads.';
COMMENT ON COLUMN crm_bi.dim_date.iso_weekday IS 'Day of the week, 1 (Monday) to 7 (Sunday); sorts weekday_name.';
COMMENT ON COLUMN crm_bi.dim_date.weekday_name IS 'English name of the day of the week.';
COMMENT ON COLUMN crm_bi.dim_date.fiscal_year IS
    'Fiscal year by organization.fiscal_year_start_month, named after the calendar year in which it ends.';
COMMENT ON COLUMN crm_bi.dim_date.fiscal_quarter IS 'Quarter of the fiscal year, 1 to 4.';
COMMENT ON COLUMN crm_bi.dim_date.fiscal_month IS 'Month of the fiscal year, 1 to 12.';
COMMENT ON COLUMN crm_bi.dim_date.fiscal_quarter_label IS 'Fiscal year and quarter, such as FY2025-Q1; sorts as it reads.';
COMMENT ON COLUMN crm_bi.dim_date.is_business_day IS
    'True for a day with opening hours in the default business calendar that is no holiday; NULL without such a calendar.';
COMMENT ON COLUMN crm_bi.dim_date.is_today IS 'True for the day that it is now in the organisation''s time zone.';

CREATE OR REPLACE VIEW crm_bi.dim_product WITH (security_invoker = true) AS
WITH RECURSIVE tree AS (
    SELECT c.product_category_id, c.name, c.name AS top_name, c.name AS path, 1 AS level
    FROM crm.product_category AS c
    WHERE c.parent_category_id IS NULL
    UNION ALL
    SELECT c.product_category_id, c.name, t.top_name, t.path || ' > ' || c.name, t.level + 1
    FROM tree AS t
    JOIN crm.product_category AS c ON c.parent_category_id = t.product_category_id
)
SELECT
    p.product_id,
    p.sku,
    p.name,
    p.product_category_id,
    t.name AS category_name,
    t.top_name AS top_category_name,
    t.path AS category_path,
    t.level AS category_level,
    p.currency_code,
    p.price,
    p.cost,
    p.is_stocked,
    p.stock_quantity,
    p.reorder_level,
    p.active
FROM crm.product AS p
LEFT JOIN tree AS t ON t.product_category_id = p.product_category_id;
COMMENT ON VIEW crm_bi.dim_product IS 'Products with their categories, one row each; deleted ones only for crm_admin.';
COMMENT ON COLUMN crm_bi.dim_product.category_name IS 'Name of the product''s category.';
COMMENT ON COLUMN crm_bi.dim_product.top_category_name IS 'Name of the category at the top above it.';
COMMENT ON COLUMN crm_bi.dim_product.category_path IS 'Names of the categories from the top down, such as A > B > C.';
COMMENT ON COLUMN crm_bi.dim_product.category_level IS 'Depth of the category, 1 at the top.';

CREATE OR REPLACE VIEW crm_bi.dim_region WITH (security_invoker = true) AS
WITH RECURSIVE tree AS (
    SELECT r.region_id, r.name AS top_name, r.name AS path, 1 AS level
    FROM crm.region AS r
    WHERE r.parent_region_id IS NULL
    UNION ALL
    SELECT r.region_id, t.top_name, t.path || ' > ' || r.name, t.level + 1
    FROM tree AS t
    JOIN crm.region AS r ON r.parent_region_id = t.region_id
)
SELECT r.region_id, r.name, r.parent_region_id, t.top_name AS top_region_name, t.path AS region_path, t.level AS region_level
FROM tree AS t
JOIN crm.region AS r ON r.region_id = t.region_id;
COMMENT ON VIEW crm_bi.dim_region IS 'Sales regions with their place in the tree, one row each.';
COMMENT ON COLUMN crm_bi.dim_region.top_region_name IS 'Name of the region at the top above it.';
COMMENT ON COLUMN crm_bi.dim_region.region_path IS 'Names of the regions from the top down, such as A > B > C.';
COMMENT ON COLUMN crm_bi.dim_region.region_level IS 'Depth of the region, 1 at the top.';

CREATE OR REPLACE VIEW crm_bi.dim_rep WITH (security_invoker = true) AS
SELECT
    s.sales_rep_id,
    s.region_id,
    r.name AS region_name,
    p.manager_id,
    s.lead_capacity_month,
    p.active
FROM crm.sales_rep AS s
JOIN crm.staff AS p ON p.staff_id = s.sales_rep_id
LEFT JOIN crm.region AS r ON r.region_id = s.region_id;
COMMENT ON VIEW crm_bi.dim_rep IS 'Sales reps without their names, one row each; names are in crm_bi.dim_rep_person.';
COMMENT ON COLUMN crm_bi.dim_rep.region_name IS 'Name of the rep''s region; NULL without one.';

CREATE OR REPLACE VIEW crm_bi.dim_rep_person WITH (security_invoker = true) AS
SELECT s.sales_rep_id, p.name, p.email, m.name AS manager_name
FROM crm.sales_rep AS s
JOIN crm.staff AS p ON p.staff_id = s.sales_rep_id
LEFT JOIN crm.staff AS m ON m.staff_id = p.manager_id;
COMMENT ON VIEW crm_bi.dim_rep_person IS
    'Who the sales reps are, one row each. For roles that read the names of crm.staff: not for crm_bi.';
COMMENT ON COLUMN crm_bi.dim_rep_person.manager_name IS 'Full name of the rep''s superior; NULL without one.';

CREATE OR REPLACE VIEW crm_bi.dim_campaign WITH (security_invoker = true) AS
SELECT
    c.campaign_id,
    c.name,
    c.campaign_type,
    c.channel,
    c.status,
    c.parent_campaign_id,
    p.name AS parent_campaign_name,
    c.start_date,
    c.end_date,
    c.marketing_manager_id,
    c.sales_rep_id,
    c.target_leads,
    c.target_roi,
    c.currency_code,
    c.budget,
    c.budget_base
FROM crm.campaign AS c
LEFT JOIN crm.campaign AS p ON p.campaign_id = c.parent_campaign_id;
COMMENT ON VIEW crm_bi.dim_campaign IS 'Marketing campaigns, one row each.';
COMMENT ON COLUMN crm_bi.dim_campaign.parent_campaign_name IS 'Name of the campaign that this one is a part of; NULL without one.';

CREATE OR REPLACE VIEW crm_bi.dim_stage WITH (security_invoker = true) AS
SELECT
    s.pipeline_stage_id,
    s.name,
    s.pipeline_id,
    p.name AS pipeline_name,
    s.position,
    s.win_probability,
    s.forecast_category,
    s.is_won,
    s.is_lost,
    s.rotting_days
FROM crm.pipeline_stage AS s
JOIN crm.pipeline AS p ON p.pipeline_id = s.pipeline_id;
COMMENT ON VIEW crm_bi.dim_stage IS 'Stages of the sales pipelines, one row each; position sorts those of one pipeline.';
COMMENT ON COLUMN crm_bi.dim_stage.pipeline_name IS 'Name of the pipeline that the stage belongs to.';

CREATE OR REPLACE VIEW crm_bi.dim_segment WITH (security_invoker = true) AS
SELECT s.segment_id, s.name, s.description, s.kind, s.refreshed_at
FROM crm.segment AS s;
COMMENT ON VIEW crm_bi.dim_segment IS 'Customer segments, one row each; crm_bi.bridge_segment_customer names their members.';

CREATE OR REPLACE VIEW crm_bi.bridge_segment_customer WITH (security_invoker = true) AS
SELECT m.segment_id, m.customer_id, m.added_at, m.is_manual
FROM crm.segment_member AS m;
COMMENT ON VIEW crm_bi.bridge_segment_customer IS
    'Which customers are in which segment now, one row for each pair: links crm_bi.dim_segment to the customers of facts.';
