-- The star schema for BI tools: who reads it, that it says what the tables say, and where its keys lead.
BEGIN;

-- What the query of a metric gives, to 4 places.
CREATE FUNCTION pg_temp.figure(metric text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    figure numeric;
BEGIN
    EXECUTE (SELECT m.query FROM crm_bi.metric AS m WHERE m.name = metric) INTO STRICT figure;
    RETURN coalesce(round(figure, 4)::text, 'NULL');
END $$;
CREATE TEMP TABLE empty_figure AS SELECT m.name, pg_temp.figure(m.name) AS figure FROM crm_bi.metric AS m;

\ir ../harness/attack.sql
SELECT plan(98);

-- A world in a time zone far from UTC, with a fiscal year that starts in April. Customer 34001 is in the region of
-- atk_ann, 34002 is not.
UPDATE crm.organization SET time_zone = 'America/New_York', fiscal_year_start_month = 4, base_currency_code = 'EUR';
INSERT INTO crm.business_calendar (business_calendar_id, name, is_default)
SELECT 41001, 'Star', NOT EXISTS (SELECT FROM crm.business_calendar AS c WHERE c.is_default);
INSERT INTO crm.business_hours (business_calendar_id, iso_weekday, opens_at, closes_at)
SELECT 41001, w, '08:00', '12:00' FROM generate_series(1, 5) AS w;
INSERT INTO crm.business_hours (business_calendar_id, iso_weekday, opens_at, closes_at) VALUES (41001, 1, '13:00', '18:00');
INSERT INTO crm.business_holiday (business_calendar_id, holiday) VALUES (41001, '2024-12-25');
INSERT INTO crm.region (region_id, name, parent_region_id) VALUES (41001, 'Star Top', NULL), (41002, 'Star Mid', 41001), (41003, 'Star Leaf', 41002);
INSERT INTO crm.product_category (product_category_id, name, parent_category_id)
VALUES (41001, 'Star A', NULL), (41002, 'Star B', 41001), (41003, 'Star C', 41002);
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
VALUES (41001, 'STAR-1', 'Star lamp', 41003, 'EUR', 10, 100), (41002, 'STAR-2', 'Star desk', 41001, 'EUR', 40, 100);
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('USD', '2000-01-01', 0.5)
ON CONFLICT (currency_code, rate_date) DO UPDATE SET rate_to_base = 0.5;
INSERT INTO crm.campaign (campaign_id, name, campaign_type, start_date, currency_code) VALUES (41001, 'Star mail', 'email', '2024-01-01', 'EUR');
INSERT INTO crm.campaign_cost (campaign_id, incurred_on, currency_code, fx_rate_to_base, amount) VALUES
    (41001, '2024-02-01', 'EUR', 1, 100), (41001, '2024-02-02', 'USD', 0.5, 40);
INSERT INTO crm.segment (segment_id, name, kind) VALUES (41001, 'Star segment', 'static');
INSERT INTO crm.segment_member (segment_id, customer_id) VALUES (41001, 34001), (41001, 34002);
INSERT INTO crm.quota (quota_id, sales_rep_id, valid_from, valid_to, currency_code, fx_rate_to_base, amount)
VALUES (41001, 34001, '2024-01-01', '2025-01-01', 'EUR', 1, 1000), (41002, 34002, '2024-01-01', '2025-01-01', 'USD', 0.5, 3000);

-- Sales of 30 EUR (10 in USD), one of 80 EUR of which 40 come back, and one of 400 that is canceled; one is of a
-- customer who is deleted later. 03:59:59 UTC is yesterday in New York, 04:00 today; in winter that is at 05:00.
INSERT INTO crm.customer (customer_id, last_name, region_id) VALUES (41003, 'Gone', 34001);
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, currency_code, order_kind, returns_order_id, campaign_id, sales_rep_id)
VALUES
    (41001, 34001, '2024-06-15 03:59:59.999999+00', 'EUR', 'sale', NULL, 41001, 34001),
    (41002, 34001, '2024-06-15 04:00:00+00', 'USD', 'sale', NULL, NULL, 34001),
    (41003, 34002, '2024-12-31 04:59:59+00', 'EUR', 'sale', NULL, 41001, 34002),
    (41004, 34002, '2025-01-01 05:00:00+00', 'EUR', 'return', 41003, NULL, 34002),
    (41005, 34001, '2024-03-10 12:00:00+00', 'EUR', 'sale', NULL, 41001, 34001),
    (41006, 41003, '2024-03-31 12:00:00+00', 'EUR', 'sale', NULL, NULL, 34001);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity, unit_price) VALUES
    (41001, 1, 41001, 2, 10), (41002, 1, 41001, 1, 20), (41003, 1, 41002, 2, 40), (41004, 1, 41002, 1, 40),
    (41005, 1, 41002, 10, 40), (41006, 1, 41001, 1, 10);
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 41005;
-- And one today, for the quota of this year
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, currency_code, sales_rep_id) VALUES (41007, 34001, now(), 'EUR', 34001);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity, unit_price) VALUES (41007, 1, 41001, 5, 10);
INSERT INTO crm.quota (quota_id, sales_rep_id, valid_from, valid_to, currency_code, fx_rate_to_base, amount)
SELECT 41003, 34001, date_trunc('year', t.now)::date, (date_trunc('year', t.now) + interval '1 year')::date, 'EUR', 1, 200
FROM (SELECT now() AT TIME ZONE 'America/New_York') AS t (now);
SELECT count(*) AS deleted FROM (SELECT crm.delete_customer(41003)) AS d
\gset
INSERT INTO crm.campaign_touch (campaign_id, customer_id, touched_at, touch_type) VALUES
    (41001, 34001, '2024-02-01 04:59+00', 'delivered'), (41001, 34001, '2024-02-01 05:00+00', 'opened'),
    (41001, 34001, '2024-02-01 05:01+00', 'opened'), (41001, 34002, '2024-02-02 05:01+00', 'delivered');
UPDATE crm.interaction SET interaction_date = '2024-06-15 03:00+00' WHERE interaction_id IN (34001, 34002);
UPDATE crm.support_ticket SET reported_date = '2024-06-15 03:00+00', status = 'solved', resolved_at = '2024-06-15 05:00+00',
    first_response_at = '2024-06-15 03:30+00', response_due = '2024-06-15 03:20+00', resolution_due = '2024-06-15 06:00+00'
WHERE support_ticket_id = 34001;
UPDATE crm.support_ticket SET reported_date = '2024-06-15 03:00+00', first_response_at = '2024-06-15 04:30+00',
    response_due = '2024-06-15 04:40+00', resolution_due = now() + interval '1 day'
WHERE support_ticket_id = 34002;
INSERT INTO crm.feedback (customer_id, kind, rating, date_given)
SELECT 34001, 'nps', r, '2024-06-15 03:00+00' FROM unnest(ARRAY[10, 9, 9, 8, 7, 6, 0]) AS r;
INSERT INTO crm.lead (lead_id, company_name, region_id, start_date, campaign_id) VALUES (41001, 'Star', 34001, '2024-06-15 03:00+00', 41001);
INSERT INTO crm.pipeline_stage (pipeline_stage_id, pipeline_id, name, position, win_probability, forecast_category, is_won, is_lost)
VALUES (41001, 34001, 'Star won', 2, 1, 'closed', true, false), (41002, 34001, 'Star lost', 3, 0, 'omitted', false, true);
INSERT INTO crm.opportunity (opportunity_id, customer_id, name, pipeline_id, pipeline_stage_id, win_probability, currency_code,
    amount, opened_at, closed_at, expected_close)
SELECT v.id, 34001, 'Star', 34001, v.stage, 0.5, 'EUR', v.amount, '2024-01-01 05:00+00', v.closed, v.expected::date
FROM (VALUES (41001, 41001, 300, '2024-01-11 05:00+00'::timestamptz, '2024-02-01'),
    (41002, 41002, 100, '2024-06-15 03:00+00', '2024-02-01'), (41003, 34001, 70, NULL, '2044-02-29')) AS v (id, stage, amount, closed, expected);

-- Who reads it ----------------------------------------------------------------------------------------------

CREATE TEMP VIEW star AS
SELECT c.oid, c.relname::text AS name FROM pg_class AS c WHERE c.relnamespace = 'crm_bi'::regnamespace AND c.relkind = 'v';
SELECT is((SELECT string_agg(s.name, ' ' ORDER BY s.name COLLATE "C") FROM star AS s),
    'bridge_segment_customer dim_campaign dim_customer dim_customer_person dim_date dim_product dim_region dim_rep '
    'dim_rep_person dim_segment dim_stage fact_campaign_cost fact_campaign_touch fact_feedback fact_interaction fact_lead '
    'fact_opportunity fact_order fact_order_line fact_quota fact_stock_movement fact_ticket metric', 'the views are all there');
SELECT matches(pg_temp.seen('atk_biz', format('SELECT count(*) FROM (SELECT * FROM crm_bi.%I) AS x', s.name)),
    CASE WHEN s.name LIKE '%\_person' THEN '^42501$' ELSE '^rows: [1-9]' END, 'crm_bi reads ' || s.name || ', unless it is of persons')
FROM star AS s ORDER BY s.name COLLATE "C";
SELECT is_empty($$
    SELECT DISTINCT s.name, t.relname, a.attname, p.class
    FROM star AS s
    JOIN pg_rewrite AS w ON w.ev_class = s.oid
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
    JOIN pg_class AS t ON t.oid = d.refobjid AND t.relnamespace = 'crm'::regnamespace
    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    LEFT JOIN crm.pii_registry AS p ON p.schema_name = 'crm' AND p.table_name = t.relname AND p.column_name = a.attname
    WHERE s.name NOT LIKE '%\_person' AND coalesce(p.class, 'unknown') NOT IN ('none', 'area')
$$, 'no other view touches a column of personal data');
SELECT cmp_ok((SELECT count(DISTINCT (d.refobjid, d.refobjsubid))::integer FROM star AS s JOIN pg_rewrite AS w ON w.ev_class = s.oid
    JOIN pg_depend AS d ON d.objid = w.oid AND d.refobjsubid > 0), '>', 100, 'their columns were looked at');
SELECT is(pg_temp.seen('atk_mia', 'SELECT name FROM crm_bi.dim_rep_person WHERE sales_rep_id = 34001'), 'rows: Ann Rep', 'a manager reads names of reps');
SELECT is_empty($$SELECT s.name FROM star AS s JOIN pg_class AS c ON c.oid = s.oid
    WHERE NOT 'security_invoker=true' = ANY (coalesce(c.reloptions, '{}'))$$, 'they run as their reader');

-- A rep sees own rows: those of customer 34001, and no row of 34002
SELECT is(pg_temp.seen('atk_ann', format('SELECT count(*) FILTER (WHERE customer_id = 34001) > 0 AND count(*) FILTER (WHERE customer_id = 34002) = 0 FROM crm_bi.%s', v)),
    'rows: true', v || ': the rep sees her rows and no others')
FROM unnest(ARRAY['fact_order', 'fact_order_line', 'fact_interaction', 'fact_ticket', 'fact_opportunity', 'fact_campaign_touch', 'fact_feedback']) AS v;
SELECT is(pg_temp.seen('atk_ann', v.query), v.rows, v.query)
FROM (VALUES ('SELECT lead_id FROM crm_bi.fact_lead WHERE lead_id IN (34001, 34002)', 'rows: 34001'),
    ('SELECT quota_id FROM crm_bi.fact_quota WHERE quota_id IN (41001, 41002)', 'rows: 41001'),
    ('SELECT date_key FROM crm_bi.fact_campaign_cost', '42501')) AS v (query, rows);

-- Sums ------------------------------------------------------------------------------------------------------

SELECT is(pg_temp.seen('atk_biz', v.query), 'rows: ' || v.wanted, v.query)
FROM (VALUES
    -- 20 + 20 USD at a half + 80 - 40 + 10, by hand
    ('SELECT sum(net_base) FROM crm_bi.fact_order WHERE sales_order_id BETWEEN 41001 AND 41006', '80.0000'),
    ('SELECT sum(amount_base) FROM crm_bi.fact_order WHERE sales_order_id BETWEEN 41001 AND 41006', '480.0000'),
    ('SELECT concat(amount, is_canceled, net_base) FROM crm_bi.fact_order WHERE sales_order_id = 41005', '400.0000t0.0000'),
    ('SELECT concat(currency_code, amount, '' '', amount_base) FROM crm_bi.fact_order WHERE sales_order_id = 41002', 'USD20.0000 10.0000'),
    ('SELECT concat(quantity, net_quantity, amount) FROM crm_bi.fact_order_line WHERE sales_order_id = 41004', '-1-1-40.0000'),
    ('SELECT sum(net_quantity) FROM crm_bi.fact_order_line WHERE product_id = 41002', '1'),
    ('SELECT sum(amount_base) FROM crm_bi.fact_campaign_cost WHERE campaign_id = 41001', '120.0000'),
    ('SELECT sum(amount_base) FROM crm_bi.fact_quota WHERE quota_id IN (41001, 41002)', '2500.0000'),
    ('SELECT concat_ws('','', is_won, is_lost, is_open, days_to_close) FROM crm_bi.fact_opportunity WHERE opportunity_id = 41001', 't,f,f,10.0000'),
    ('SELECT category_path || category_level || top_category_name FROM crm_bi.dim_product WHERE product_id = 41001', 'Star A > Star B > Star C3Star A'),
    ('SELECT region_path || region_level || top_region_name FROM crm_bi.dim_region WHERE region_id = 41003', 'Star Top > Star Mid > Star Leaf3Star Top')
) AS v (query, wanted);
SELECT is(
    (SELECT (count(*), sum(f.net_base), sum(f.net_quantity))::text FROM crm_bi.fact_order_line AS f),
    (SELECT (count(*), sum(CASE o.status WHEN 'canceled' THEN 0 ELSE CASE o.order_kind WHEN 'sale' THEN 1 ELSE -1 END * i.line_base END),
        sum(CASE o.status WHEN 'canceled' THEN 0 ELSE CASE o.order_kind WHEN 'sale' THEN 1 ELSE -1 END * i.quantity END))::text
        FROM crm.order_item AS i, crm.sales_order AS o WHERE o.sales_order_id = i.sales_order_id), 'all lines give the sums of the tables');
SELECT is((SELECT string_agg(concat(f.product_id, ':', f.stock), ' ' ORDER BY f.product_id) FROM (
        SELECT m.product_id, sum(m.quantity) AS stock FROM crm_bi.fact_stock_movement AS m WHERE m.product_id IN (41001, 41002) GROUP BY 1) AS f),
    (SELECT string_agg(concat(p.product_id, ':', p.stock_quantity), ' ' ORDER BY p.product_id) FROM crm.product AS p WHERE p.product_id IN (41001, 41002)),
    'movements add up to the stock');

-- Dates -----------------------------------------------------------------------------------------------------

SELECT is((SELECT string_agg(f.date_key::text, ' ' ORDER BY f.sales_order_id) FROM crm_bi.fact_order AS f WHERE f.sales_order_id BETWEEN 41001 AND 41004),
    '2024-06-14 2024-06-15 2024-12-30 2025-01-01', 'orders around midnight in summer and in winter');
SELECT is_empty($$
    SELECT v.name, v.id FROM (
        SELECT 'line', f.sales_order_id, f.date_key, '2024-06-14'::date FROM crm_bi.fact_order_line AS f WHERE f.sales_order_id = 41001
        UNION ALL SELECT 'interaction', f.interaction_id, f.date_key, '2024-06-14' FROM crm_bi.fact_interaction AS f WHERE f.interaction_id = 34001
        UNION ALL SELECT 'ticket', f.support_ticket_id, f.date_key, '2024-06-14' FROM crm_bi.fact_ticket AS f WHERE f.support_ticket_id = 34001
        UNION ALL SELECT 'feedback', f.feedback_id, f.date_key, '2024-06-14' FROM crm_bi.fact_feedback AS f WHERE f.kind = 'nps'
        UNION ALL SELECT 'lead', f.lead_id, f.date_key, '2024-06-14' FROM crm_bi.fact_lead AS f WHERE f.lead_id = 41001
        UNION ALL SELECT 'opened', f.opportunity_id, f.date_key, '2024-01-01' FROM crm_bi.fact_opportunity AS f WHERE f.opportunity_id = 41002
        UNION ALL SELECT 'closed', f.opportunity_id, f.closed_date_key, '2024-06-14' FROM crm_bi.fact_opportunity AS f WHERE f.opportunity_id = 41002
        UNION ALL SELECT 'touch', f.campaign_touch_id, f.date_key, CASE f.touch_type WHEN 'opened' THEN '2024-02-01'::date ELSE '2024-01-31' END
            FROM crm_bi.fact_campaign_touch AS f WHERE f.customer_id = 34001
        UNION ALL SELECT 'movement', f.stock_movement_id, f.date_key, (f.moved_at AT TIME ZONE 'America/New_York')::date FROM crm_bi.fact_stock_movement AS f
    ) AS v (name, id, date_key, wanted) WHERE v.date_key IS DISTINCT FROM v.wanted
$$, 'so are those of the other facts');
SET LOCAL TimeZone = 'Asia/Tokyo';
SELECT is((SELECT f.date_key FROM crm_bi.fact_order AS f WHERE f.sales_order_id = 41001), '2024-06-14'::date, 'whatever the reader''s time zone is');
SELECT is((SELECT string_agg(concat_ws(' ', d.date_key, d.quarter_label, d.month_label, d.week_label, d.weekday_name, d.fiscal_quarter_label, d.fiscal_month), ', '
        ORDER BY d.date_key) FROM crm_bi.dim_date AS d WHERE d.date_key IN ('2024-03-31', '2024-04-01', '2024-12-30', '2025-01-01')),
    '2024-03-31 2024-Q1 2024-03 2024-W13 Sunday FY2024-Q4 12, 2024-04-01 2024-Q2 2024-04 2024-W14 Monday FY2025-Q1 1, '
    '2024-12-30 2024-Q4 2024-12 2025-W01 Monday FY2025-Q3 9, 2025-01-01 2025-Q1 2025-01 2025-W01 Wednesday FY2025-Q4 10',
    'the calendar and the fiscal year from April');
RESET TimeZone;
SELECT is((SELECT (min(d.date_key), max(d.date_key), count(*), count(DISTINCT d.date_key))::text FROM crm_bi.dim_date AS d),
    '(2024-01-01,2044-12-31,7671,7671)', 'it goes from the first document to the last expected close, each day once');
SELECT is((SELECT string_agg(d.is_business_day::text, ' ' ORDER BY d.date_key) FROM crm_bi.dim_date AS d WHERE d.date_key BETWEEN '2024-12-22' AND '2024-12-26'),
    'false true true false true', 'a Sunday and a holiday are no business days');
SELECT is((SELECT string_agg(d.date_key::text, ' ') FROM crm_bi.dim_date AS d WHERE d.is_today), (now() AT TIME ZONE 'America/New_York')::date::text, 'one day is today');

-- Keys ------------------------------------------------------------------------------------------------------

CREATE TEMP VIEW hint AS
SELECT s.name AS view_name, a.attname::text AS column_name, m.words[1] AS target_view, m.words[2] AS target_column
FROM star AS s
JOIN pg_attribute AS a ON a.attrelid = s.oid AND a.attnum > 0
CROSS JOIN LATERAL regexp_matches(col_description(s.oid, a.attnum), 'Foreign key to crm_bi\.(\w+)\.(\w+)') AS m (words);
SELECT is_empty($$
    SELECT * FROM hint AS h WHERE NOT EXISTS (
        SELECT FROM star AS s JOIN pg_attribute AS a ON a.attrelid = s.oid AND a.attname = h.target_column
        WHERE s.name = h.target_view AND col_description(s.oid, a.attnum) ~ '^Primary key')
$$, 'a foreign key names a primary key');
SELECT is_empty($$
    SELECT s.name, a.attname FROM star AS s JOIN pg_attribute AS a ON a.attrelid = s.oid AND a.attnum > 0
    WHERE s.name ~ '^fact_' AND a.attname ~ '(^|_)(date_key|customer_id|product_id|region_id|sales_rep_id|campaign_id|stage_id|order_id|opportunity_id|ticket_id|lead_id)$'
        AND NOT EXISTS (SELECT FROM hint AS h WHERE h.view_name = s.name AND h.column_name = a.attname)
        AND col_description(s.oid, a.attnum) !~ '^Primary key'
$$, 'a column of a fact that is named like a key has a hint');
CREATE FUNCTION pg_temp.dangling() RETURNS TABLE (found text) LANGUAGE plpgsql AS $$
DECLARE
    h record;
BEGIN
    SET LOCAL ROLE atk_biz;
    FOR h IN SELECT * FROM hint LOOP
        RETURN QUERY EXECUTE format('SELECT %L || x.v FROM (SELECT DISTINCT f.%I AS v FROM crm_bi.%I AS f) AS x
            WHERE x.v IS NOT NULL AND x.v NOT IN (SELECT t.%I FROM crm_bi.%I AS t)',
            h.view_name || '.' || h.column_name || ' ', h.column_name, h.view_name, h.target_column, h.target_view);
    END LOOP;
    RESET ROLE;
END $$;
GRANT SELECT ON hint, star TO atk_biz;
SELECT results_eq('SELECT * FROM pg_temp.dangling() ORDER BY 1',
    $$VALUES ('fact_order.customer_id 41003'::text), ('fact_order_line.customer_id 41003')$$, 'keys lead to rows, but for the deleted customer''s');

-- Metrics ---------------------------------------------------------------------------------------------------

-- By hand from the rows above and those of attack.sql: orders 34001 and 34002 of 10 and 30 today
CREATE TEMP TABLE wanted (metric text PRIMARY KEY, figure text NOT NULL, empty text NOT NULL);
INSERT INTO wanted VALUES
    ('net_sales', '170.0000', '0.0000'), ('order_count', '7.0000', '0.0000'), ('average_order_value', '24.2857', 'NULL'),
    ('units_sold', '14.0000', '0.0000'), ('return_rate', '0.1905', 'NULL'), ('repeat_rate_90', '0.3333', 'NULL'),
    ('win_rate_count', '0.5000', 'NULL'), ('win_rate_value', '0.7500', 'NULL'), ('sales_cycle_median', '10.0000', 'NULL'),
    ('sales_cycle_mean', '10.0000', 'NULL'), ('open_pipeline', '90.0000', '0.0000'), ('weighted_forecast', '45.0000', '0.0000'),
    ('sales_velocity', '45.0000', 'NULL'), ('quota_attainment', '0.2500', 'NULL'), ('lead_conversion', '0.0000', 'NULL'),
    ('campaign_cost', '120.0000', '0.0000'), ('roas', '0.8333', 'NULL'), ('cost_per_lead', '120.0000', 'NULL'),
    ('cost_per_order', '60.0000', 'NULL'), ('open_rate', '0.5000', 'NULL'), ('click_rate', '0.0000', 'NULL'),
    ('unsubscribe_rate', '0.0000', 'NULL'), ('nps', '0.1429', 'NULL'), ('csat', 'NULL', 'NULL'), ('ces', 'NULL', 'NULL'),
    ('first_response_median', '60.0000', 'NULL'), ('first_response_p90', '84.0000', 'NULL'),
    ('resolution_median', '120.0000', 'NULL'), ('sla_breach_rate', '0.5000', 'NULL'), ('sell_through_90', '0.0075', 'NULL'),
    ('days_of_inventory', '11860.0000', 'NULL');
GRANT SELECT ON wanted, empty_figure TO atk_biz;
SET LOCAL ROLE atk_biz;
SELECT is(pg_temp.figure(m.name), w.figure, m.name || ' is what was counted by hand')
FROM crm_bi.metric AS m LEFT JOIN wanted AS w ON w.metric = m.name;
RESET ROLE;
INSERT INTO crm.feedback (customer_id, kind, rating) VALUES (34001, 'csat', 5), (34001, 'csat', 4), (34001, 'csat', 3.5), (34001, 'ces', 2), (34001, 'ces', 7);
UPDATE crm.lead SET status = 'converted', converted_at = now(), converted_customer_id = 34001 WHERE lead_id = 41001;
SELECT is(pg_temp.figure('csat') || ' ' || pg_temp.figure('ces') || ' ' || pg_temp.figure('lead_conversion'), '0.6667 4.5000 0.3333', 'csat, ces and leads with some of each');
SELECT is_empty($$SELECT * FROM empty_figure AS e FULL JOIN wanted AS w ON w.metric = e.name WHERE e.figure IS DISTINCT FROM w.empty$$,
    'in an empty database sums are 0 and an empty denominator gives NULL');
SELECT is_empty($$SELECT m.name, n.n FROM crm_bi.metric AS m CROSS JOIN LATERAL string_to_table(m.source, ', ') AS n (n)
    WHERE NOT EXISTS (SELECT FROM star AS s WHERE s.name = n.n) OR m.query !~ ('crm_bi\.' || n.n || '\M')$$, 'the sources are those of the query');
SELECT is(pg_temp.seen('atk_ann', 'SELECT formula || '' '' || (query ~ ''^SELECT'') FROM crm.explain_metric(''win_rate_count'')'),
    'rows: won / (won + lost) true', 'explain_metric() gives formula and SQL');
SELECT is(pg_temp.told('atk_ann', format('SELECT FROM crm.explain_metric(%L)', n)),
    format('22023 | there is no metric %s | SELECT name, definition FROM crm_bi.metric lists them.', coalesce(quote_literal(n), 'NULL')), 'an unknown metric')
FROM unnest(ARRAY['x''y', NULL]) AS n;

SELECT * FROM finish();
ROLLBACK;
