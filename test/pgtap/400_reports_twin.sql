-- Every report against a query over the base tables that is written another way, on orders made at random: returns,
-- canceled ones, foreign money, moments around midnight, and reps who see only some of it.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL TIME ZONE 'UTC';
SET LOCAL jit = off;
SELECT setseed(0.40);
SELECT FROM crm.configure(time_zone => 'Pacific/Auckland', fiscal_year_start_month => 4);
SELECT plan(79);

-- A random world -----------------------------------------------------------------------------------------------
CREATE ROLE twin_rep LOGIN;
GRANT crm_sales_rep TO twin_rep;
CREATE ROLE twin_lead LOGIN;
GRANT crm_sales_manager TO twin_lead;
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('USD', '2001-01-01', 0.333);
INSERT INTO crm.region (region_id, name, parent_region_id)
SELECT 41000 + n, 'Twin ' || n, CASE WHEN n > 3 THEN 41000 + n - 3 END FROM generate_series(1, 6) AS n;
-- 41001 leads 41002, who leads the reps 41003 to 41006; 41007 to 41009 are under nobody.
INSERT INTO crm.staff (staff_id, first_name, last_name, email, db_role, manager_id, active)
SELECT 41000 + n, 'Twin', n::text, 'twin' || n || '@reports.example', CASE n WHEN 2 THEN 'twin_lead' WHEN 3 THEN 'twin_rep' END,
    CASE WHEN n = 2 THEN 41001 WHEN n BETWEEN 3 AND 6 THEN 41002 END, n <> 9
FROM generate_series(1, 9) AS n;
INSERT INTO crm.sales_manager (sales_manager_id) VALUES (41001), (41002);
INSERT INTO crm.sales_rep (sales_rep_id, region_id) SELECT 41000 + n, CASE WHEN n < 7 THEN 41000 + n - 2 END FROM generate_series(3, 9) AS n;
INSERT INTO crm.customer (customer_id, customer_type, last_name, business_name, region_id, sales_rep_id, is_anonymous)
SELECT 41000 + n, CASE WHEN n % 3 = 0 THEN 'business' ELSE 'individual' END, 'Twin' || n, CASE WHEN n % 3 = 0 THEN 'Firm ' || n END,
    CASE WHEN random() < 0.9 THEN 41001 + floor(random() * 6)::integer END,
    CASE WHEN random() < 0.9 THEN 41003 + floor(random() * 6)::integer END, n = 1
FROM generate_series(1, 40) AS n;
INSERT INTO crm.product_category (product_category_id, name) SELECT 41000 + n, 'Twin ' || n FROM generate_series(1, 4) AS n;
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, stock_quantity, is_stocked)
SELECT 41000 + n, 'TWIN-' || n, 'Twin ' || n, 41001 + n % 4, round((1 + random() * 90)::numeric, 2), CASE WHEN n % 6 = 0 THEN 0 ELSE 2000 END, n % 6 <> 0
FROM generate_series(1, 20) AS n;
-- Half of them in the last 130 days, many within a second of midnight in Auckland.
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind, currency_code, region_id, sales_rep_id)
SELECT 41000 + d.n, 41001 + floor(random() * 40)::integer,
    least(now(), (d.day AT TIME ZONE 'Pacific/Auckland')
        + CASE WHEN random() < 0.4 THEN (random() * 2 - 1) * interval '1 second' ELSE random() * interval '1 day' END),
    CASE WHEN random() < 0.15 THEN 'return' ELSE 'sale' END, CASE WHEN random() < 0.3 THEN 'USD' END,
    CASE WHEN random() < 0.3 THEN 41001 + floor(random() * 6)::integer END,
    CASE WHEN random() < 0.3 THEN 41003 + floor(random() * 6)::integer END
FROM (
    SELECT n, (now() AT TIME ZONE 'Pacific/Auckland')::date::timestamp
        - floor(random() * CASE WHEN n % 2 = 0 THEN 130 ELSE 900 END) * interval '1 day' AS day
    FROM generate_series(1, 600) AS n
) AS d;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, discount_rate)
SELECT 41000 + n, 41001 + floor(random() * 18)::integer, 1 + floor(random() * 9)::integer, floor(random() * 4) * 0.1
FROM generate_series(1, 600) AS n, generate_series(1, 1 + n % 4);
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id % 8 = 3;
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id % 8 = 4;
INSERT INTO crm.quota (sales_rep_id, region_id, product_category_id, valid_from, valid_to, currency_code, amount)
SELECT CASE WHEN n < 41009 THEN n END, CASE WHEN n = 41009 THEN 41001 END, c.category, m.day::date, (m.day + m.length)::date, c.code,
    round((100 + random() * 900)::numeric, 2)
FROM generate_series(41003, 41009) AS n
CROSS JOIN LATERAL (SELECT (ARRAY['1 month', '2 months', '45 days'])[1 + n % 3]::interval AS length) AS l
CROSS JOIN LATERAL (SELECT t.day, l.length FROM generate_series(date_trunc('month', now()) - interval '5 months', now(), l.length) AS t (day)) AS m
CROSS JOIN (VALUES (NULL::bigint, NULL), (41001, 'USD')) AS c (category, code)
WHERE n <> 41004;
SELECT product_id FROM crm.delete_product(41003);
UPDATE crm.product SET active = false WHERE product_id = 41005;
SELECT customer_id FROM crm.delete_customer(41007);

-- What the reports are compared with ---------------------------------------------------------------------------
-- Amounts are reckoned anew from quantity, price, discount and rate.
CREATE TEMP VIEW line WITH (security_invoker = true) AS
SELECT date(timezone(g.time_zone, o.order_date)) AS day, o.sales_order_id AS id, o.region_id, o.sales_rep_id, i.product_id,
    o.order_kind = 'sale' AS is_sale, s.sign * i.quantity AS quantity,
    s.sign * round(round(i.quantity * i.unit_price * (1 - i.discount_rate), 4) * o.fx_rate_to_base, 4) AS base
FROM crm.order_item AS i
JOIN crm.sales_order AS o USING (sales_order_id)
JOIN (VALUES ('sale', 1), ('return', -1)) AS s (order_kind, sign) USING (order_kind)
JOIN crm.organization AS g ON true
WHERE o.status IN ('pending', 'confirmed', 'shipped', 'completed');
GRANT SELECT ON line TO twin_rep, twin_lead;
ANALYZE crm.customer, crm.product, crm.sales_order, crm.order_item, crm.quota, crm.staff, crm.sales_rep, crm.region;
CREATE TEMP TABLE all_line AS SELECT * FROM line;
CREATE TEMP TABLE span (n integer, starts date, ends date);
INSERT INTO span
SELECT v.n, v.starts, v.ends
FROM (SELECT (now() AT TIME ZONE 'Pacific/Auckland')::date AS today) AS t
CROSS JOIN LATERAL (VALUES (1, NULL::date, NULL::date), (2, t.today - 40, t.today - 3), (3, NULL, t.today - 200), (4, t.today - 300, NULL),
    (5, t.today, t.today), (6, date '1990-01-01', date '1990-12-31'), (7, '-infinity', 'infinity')) AS v (n, starts, ends);
GRANT SELECT ON span TO twin_rep, twin_lead;

SELECT cmp_ok((SELECT count(*) FROM line), '>', 1000::bigint, 'there are lines');
SELECT cmp_ok((SELECT count(*) FROM line WHERE NOT is_sale), '>', 100::bigint, 'of returns too');
SELECT cmp_ok((SELECT count(*) FROM line AS l JOIN crm.sales_order AS o ON o.sales_order_id = l.id WHERE l.day <> o.order_date::date), '>', 300::bigint,
    'and of days that differ from UTC');
SELECT is((SELECT count(*) FROM crm.v_sales_line), (SELECT count(*) FROM line), 'v_sales_line has one row a line');

-- Rows of one query that the other lacks are shown, the other's with a minus.
CREATE FUNCTION pg_temp.same(have text, want text, description text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    differences text;
BEGIN
    EXECUTE format('SELECT string_agg(d, '' '') FROM (
        SELECT h::text FROM ((%1$s) EXCEPT ALL (%2$s)) AS h UNION ALL SELECT ''-'' || w::text FROM ((%2$s) EXCEPT ALL (%1$s)) AS w) AS u (d)',
        have, want) INTO differences;
    RETURN is(differences, NULL, description);
END
$$;

-- A key and its sums, by a report and by the lines; orders are counted as a set of them.
CREATE FUNCTION pg_temp.sums(key text, starts date, ends date) RETURNS TABLE (k bigint, orders bigint, units bigint, base numeric)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT l.%1$I, (SELECT count(*) FROM (SELECT DISTINCT m.id FROM line AS m WHERE m.is_sale AND m.%1$I IS NOT DISTINCT FROM l.%1$I
                AND m.day BETWEEN %2$L AND %3$L) AS d),
            sum(l.quantity)::bigint, sum(l.base)
        FROM line AS l WHERE l.day BETWEEN %2$L AND %3$L GROUP BY l.%1$I',
        key, coalesce(starts, '-infinity'), coalesce(ends, 'infinity'));
END
$$;
CREATE FUNCTION pg_temp.check_sums(who text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT pg_temp.same(format('SELECT %2$s, order_count, quantity, revenue_base FROM crm.sales_by_%1$s(%3$L, %4$L)', r.name, r.key, s.starts, s.ends),
        format('SELECT * FROM pg_temp.sums(%L, %L, %L)', r.key, s.starts, s.ends),
        format('%s: sales_by_%s, days %s', who, r.name, s.n))
    FROM (VALUES ('region', 'region_id'), ('product', 'product_id'), ('rep', 'sales_rep_id')) AS r (name, key)
    CROSS JOIN (SELECT * FROM span AS s WHERE who = 'owner' OR s.n < 3) AS s
    UNION ALL
    SELECT pg_temp.same(format('SELECT %2$s, order_count, quantity, revenue_base FROM crm.v_sales_by_%1$s', r.name, r.key),
        format('SELECT %s, order_count, quantity, revenue_base FROM crm.sales_by_%s()', r.key, r.name),
        format('%s: v_sales_by_%s shows the same as the function', who, r.name))
    FROM (VALUES ('region', 'region_id'), ('product', 'product_id'), ('rep', 'sales_rep_id')) AS r (name, key)
$$;
SELECT * FROM pg_temp.check_sums('owner');
SELECT is(f.names, t.names, f.report || ' has the names')
FROM (
    SELECT 'region' AS report, array_agg(region_name ORDER BY region_id) AS names FROM crm.sales_by_region() WHERE region_id IS NOT NULL
    UNION ALL SELECT 'rep', array_agg(sales_rep_name ORDER BY sales_rep_id) FROM crm.sales_by_rep() WHERE sales_rep_id IS NOT NULL
    UNION ALL SELECT 'product', array_agg(product_name ORDER BY product_id) FROM crm.sales_by_product()
) AS f
JOIN (
    SELECT 'region' AS report, array_agg(r.name ORDER BY r.region_id) AS names FROM crm.region AS r
    WHERE r.region_id IN (SELECT l.region_id FROM line AS l)
    UNION ALL SELECT 'rep', array_agg(s.first_name || ' ' || s.last_name ORDER BY s.staff_id) FROM crm.staff AS s
    WHERE s.staff_id IN (SELECT l.sales_rep_id FROM line AS l)
    UNION ALL SELECT 'product', array_agg(p.name ORDER BY p.product_id) FROM crm.product AS p
    WHERE p.product_id IN (SELECT l.product_id FROM line AS l)
) AS t USING (report);

-- Periods: each day is put into the period whose bounds, taken from a calendar, hold it ---------------------------
CREATE TEMP TABLE calendar AS
SELECT d.day::date AS day, u.unit,
    CASE u.unit
        WHEN 'day' THEN d.day::date
        WHEN 'week' THEN d.day::date - extract(isodow FROM d.day)::integer + 1
        WHEN 'month' THEN make_date(d.y, d.m, 1)
        WHEN 'quarter' THEN make_date(d.y, d.m - (d.m - 1) % 3, 1)
        WHEN 'year' THEN make_date(d.y, 1, 1)
        WHEN 'fiscal_quarter' THEN make_date(d.y, d.m - (d.m - 1) % 3, 1)
        WHEN 'fiscal_year' THEN make_date(CASE WHEN d.m >= 4 THEN d.y ELSE d.y - 1 END, 4, 1)
    END AS starts
FROM (
    SELECT t AS day, extract(year FROM t)::integer AS y, extract(month FROM t)::integer AS m
    FROM generate_series(timestamp '2015-01-01', now()::timestamp + interval '800 days', interval '1 day') AS t
) AS d
CROSS JOIN unnest(ARRAY['day', 'week', 'month', 'quarter', 'year', 'fiscal_quarter', 'fiscal_year']) AS u (unit);
CREATE INDEX ON calendar (day, unit);
ANALYZE calendar, all_line;
CREATE TEMP TABLE asked AS
SELECT s.n, coalesce(nullif(s.starts, '-infinity'), (SELECT min(l.day) FROM all_line AS l WHERE l.day <= coalesce(s.ends, 'infinity'))) AS starts,
    coalesce(nullif(s.ends, 'infinity'), (SELECT max(l.day) FROM all_line AS l)) AS ends
FROM span AS s WHERE s.n <> 6;
SELECT pg_temp.same(format('SELECT s.n, p.* FROM span AS s CROSS JOIN LATERAL crm.sales_by_period(%L, s.starts, s.ends) AS p WHERE s.n <> 6', u.unit),
    format($q$
        SELECT a.n, min(c.day), max(c.day), count(DISTINCT l.id) FILTER (WHERE l.is_sale), coalesce(sum(l.quantity), 0)::bigint,
            coalesce(sum(l.base), 0)
        FROM asked AS a
        JOIN calendar AS c ON c.day BETWEEN a.starts AND a.ends AND c.unit = %L
        LEFT JOIN all_line AS l ON l.day = c.day
        GROUP BY a.n, c.starts
    $q$, u.unit), 'sales_by_period by ' || u.unit)
FROM unnest(ARRAY['day', 'week', 'month', 'quarter', 'year', 'fiscal_quarter', 'fiscal_year']) AS u (unit);
SELECT is((SELECT count(*) FROM crm.sales_by_period('month', '1990-01-01', '1990-12-31') WHERE revenue_base = 0 AND order_count = 0), 12::bigint,
    'months without sales are there');

-- A full period of a product against the full one before it and the one a year before.
SELECT pg_temp.same(format('SELECT p.first_day, p.revenue_base, p.quantity, p.previous_revenue_base, p.last_year_revenue_base, p.change_base,
        p.last_year_change_base, p.change_rate FROM crm.product_trend(41002, %L, %L, %L) AS p', b.starts, b.ends, u.unit),
    format($q$
        SELECT w.starts, w.base, w.units, x.base, y.base, w.base - x.base, w.base - y.base,
            CASE WHEN x.base > 0 THEN round(w.base / x.base - 1, 4) END
        FROM (SELECT DISTINCT c.starts FROM calendar AS c WHERE c.unit = %1$L AND c.day BETWEEN %2$L AND %3$L) AS k
        CROSS JOIN LATERAL (SELECT k.starts, coalesce(sum(l.base), 0) AS base, coalesce(sum(l.quantity), 0)::bigint AS units
            FROM all_line AS l JOIN calendar AS c ON c.day = l.day AND c.unit = %1$L WHERE l.product_id = 41002 AND c.starts = k.starts) AS w
        CROSS JOIN LATERAL (SELECT coalesce(sum(l.base), 0) AS base
            FROM all_line AS l JOIN calendar AS c ON c.day = l.day AND c.unit = %1$L WHERE l.product_id = 41002
                AND c.starts = (SELECT max(e.starts) FROM calendar AS e WHERE e.unit = %1$L AND e.starts < k.starts)) AS x
        CROSS JOIN LATERAL (SELECT coalesce(sum(l.base), 0) AS base
            FROM all_line AS l JOIN calendar AS c ON c.day = l.day AND c.unit = %1$L WHERE l.product_id = 41002
                AND c.starts = CASE WHEN %1$L = 'week' THEN k.starts - 364 ELSE (k.starts - interval '1 year')::date END) AS y
    $q$, u.unit, b.starts, b.ends), 'product_trend by ' || u.unit)
FROM unnest(ARRAY['week', 'month', 'quarter', 'year', 'fiscal_quarter', 'fiscal_year']) AS u (unit)
CROSS JOIN LATERAL (
    SELECT min(c.day) AS starts, max(c.day) AS ends FROM calendar AS c
    WHERE c.unit = u.unit AND c.starts BETWEEN now()::date - 800 AND now()::date
) AS b;
SELECT pg_temp.same(format('SELECT first_day, revenue_base, previous_revenue_base, last_year_revenue_base FROM crm.product_trend(41002, %L, %L, ''day'')', t.day - 30, t.day),
    format($q$
        SELECT d.day::date, coalesce(sum(l.base) FILTER (WHERE l.day = d.day), 0), coalesce(sum(l.base) FILTER (WHERE l.day = d.day - interval '1 day'), 0),
            coalesce(sum(l.base) FILTER (WHERE l.day = d.day - interval '1 year'), 0)
        FROM generate_series(%L::timestamp, %L, interval '1 day') AS d (day) LEFT JOIN all_line AS l ON l.product_id = 41002
        GROUP BY d.day
    $q$, t.day - 30, t.day), 'product_trend by day')
FROM (SELECT max(l.day) AS day FROM all_line AS l WHERE l.product_id = 41002) AS t;
SELECT pg_temp.same($$SELECT product_id, month_start, order_count, quantity, revenue_base, previous_revenue_base, last_year_revenue_base FROM crm.v_product_trend$$,
    $$SELECT p.product_id, t.first_day, t.order_count, t.quantity, t.revenue_base, t.previous_revenue_base, t.last_year_revenue_base
      FROM crm.product AS p
      CROSS JOIN LATERAL crm.product_trend(p.product_id, '2015-01-01', (date_trunc('month', now()) + interval '2 months - 1 day')::date) AS t
      WHERE EXISTS (SELECT FROM all_line AS l WHERE l.product_id = p.product_id AND date_trunc('month', l.day::timestamp) = t.first_day)$$,
    'v_product_trend shows the same as the function');

-- Best, rising, stock -------------------------------------------------------------------------------------------
SELECT results_eq(format('SELECT rank, product_id FROM crm.top_products(NULL, NULL, 7, %L)', b.name),
    format('SELECT 1 + (SELECT count(*) FROM pg_temp.sums(''product_id'', NULL, NULL) AS o WHERE o.%1$s > s.%1$s), s.k
        FROM pg_temp.sums(''product_id'', NULL, NULL) AS s ORDER BY s.%1$s DESC, s.k LIMIT 7', b.key), 'top_products by ' || b.name)
FROM (VALUES ('revenue', 'base'), ('quantity', 'units'), ('orders', 'orders')) AS b (name, key);
SELECT results_eq('SELECT product_id, change_base, change_rate FROM crm.rising_products(100)', $$
    SELECT p.product_id, n.base - b.base, CASE WHEN b.base > 0 THEN round(n.base / b.base - 1, 4) END
    FROM crm.product AS p
    CROSS JOIN (SELECT date(timezone('Pacific/Auckland', now())) AS today) AS t
    CROSS JOIN LATERAL (SELECT coalesce(sum(l.base), 0) AS base FROM all_line AS l WHERE l.product_id = p.product_id AND t.today - l.day BETWEEN 0 AND 29) AS n
    CROSS JOIN LATERAL (SELECT coalesce(sum(l.base), 0) AS base FROM all_line AS l WHERE l.product_id = p.product_id AND t.today - l.day BETWEEN 30 AND 59) AS b
    WHERE n.base - b.base > 0
    ORDER BY 2 DESC, 1$$, 'rising_products');
SELECT cmp_ok((SELECT count(*) FROM crm.rising_products(100)), '>', 3::bigint, 'some rise');
SELECT pg_temp.same(format('SELECT product_id, stock_quantity, sold_quantity, daily_rate, days_of_cover, sell_through, reorder_quantity FROM crm.inventory_report(%s, %s, %s)',
        w.days, w.lead, w.cover), format($q$
    SELECT p.product_id, p.stock_quantity, s.units, round(greatest(s.units, 0) / %1$s.0, 4),
        CASE WHEN s.units > 0 THEN round(p.stock_quantity * %1$s / s.units::numeric, 1) END,
        CASE WHEN s.units > 0 THEN round(s.units / (s.units + p.stock_quantity)::numeric, 4) WHEN p.stock_quantity > 0 THEN 0 END,
        (SELECT min(r) FROM generate_series(0, 40000) AS r
         WHERE NOT p.active OR (r + p.stock_quantity)::numeric * %1$s >= greatest(s.units, 0) * (%2$s + %3$s))::bigint
    FROM crm.product AS p
    CROSS JOIN LATERAL (SELECT coalesce(sum(l.quantity), 0)::bigint AS units FROM all_line AS l
        WHERE l.product_id = p.product_id AND date(timezone('Pacific/Auckland', now())) - l.day BETWEEN 0 AND %1$s - 1) AS s
    WHERE p.is_stocked AND p.deleted_at IS NULL$q$, w.days, w.lead, w.cover), format('inventory_report(%s, %s, %s)', w.days, w.lead, w.cover))
FROM (VALUES (90, 14, 30), (7, 300, 1500), (1, 0, 0)) AS w (days, lead, cover);

-- People ----------------------------------------------------------------------------------------------------------
-- A quota is spread over its days and the days of the period are added up.
CREATE FUNCTION pg_temp.performance(starts date, ends date, seen bigint[])
RETURNS TABLE (level text, staff_id bigint, orders bigint, revenue numeric, quota numeric) LANGUAGE sql AS $$
    WITH per_rep AS (
        SELECT r.sales_rep_id AS id, (SELECT count(DISTINCT l.id) FROM line AS l WHERE l.is_sale AND l.sales_rep_id = r.sales_rep_id AND l.day BETWEEN starts AND ends) AS orders,
            (SELECT coalesce(sum(l.base), 0) FROM line AS l WHERE l.sales_rep_id = r.sales_rep_id AND l.day BETWEEN starts AND ends) AS revenue,
            (SELECT round(sum(q.amount_base / (q.valid_to - q.valid_from)), 2) FROM crm.quota AS q
             CROSS JOIN LATERAL generate_series(q.valid_from, q.valid_to - 1, interval '1 day') AS d (day)
             WHERE q.sales_rep_id = r.sales_rep_id AND q.product_category_id IS NULL AND d.day BETWEEN starts AND ends) AS quota
        FROM crm.sales_rep AS r WHERE r.sales_rep_id = ANY (seen)
    )
    SELECT 'rep', p.id, p.orders, p.revenue, p.quota FROM per_rep AS p WHERE p.id <> 41009 OR p.orders > 0 OR p.revenue <> 0 OR p.quota > 0
    UNION ALL
    SELECT 'manager', m.id, sum(p.orders)::bigint, sum(p.revenue), sum(p.quota)
    FROM (VALUES (41001::bigint), (41002)) AS m (id) JOIN per_rep AS p ON p.id BETWEEN 41003 AND 41006
    WHERE m.id = ANY (seen) GROUP BY m.id
$$;
CREATE FUNCTION pg_temp.check_performance(who text, seen bigint[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT pg_temp.same(format('SELECT level, staff_id, order_count, revenue_base, round(quota_base, 2) FROM crm.sales_performance(%L)', p.name),
        format('SELECT * FROM pg_temp.performance(%L, %L, %L)', (crm.period(p.name)).from_date, (crm.period(p.name)).to_date, seen),
        format('%s: sales_performance(%s)', who, p.name))
    FROM (VALUES ('last_month'), ('last_30_days'), ('this_fiscal_year')) AS p (name)
$$;
SELECT * FROM pg_temp.check_performance('owner', ARRAY(SELECT s.staff_id FROM crm.staff AS s));
SELECT results_eq($$SELECT attainment, attainment_rank, revenue_rank FROM crm.sales_performance('last_month') ORDER BY level, staff_id$$, $$
    SELECT round(p.revenue_base / p.quota_base, 4),
        CASE WHEN p.quota_base > 0 THEN 1 + (SELECT count(*) FROM crm.sales_performance('last_month') AS o
            WHERE o.level = p.level AND round(o.revenue_base / o.quota_base, 4) > round(p.revenue_base / p.quota_base, 4)) END,
        1 + (SELECT count(*) FROM crm.sales_performance('last_month') AS o WHERE o.level = p.level AND o.revenue_base > p.revenue_base)
    FROM crm.sales_performance('last_month') AS p ORDER BY p.level, p.staff_id$$, 'its ranks count those who are better');
SELECT pg_temp.same('SELECT region_id, customer_type, customer_count FROM crm.customer_counts()', $$
    SELECT DISTINCT c.region_id, c.customer_type, count(*) OVER (PARTITION BY c.region_id, c.customer_type)
    FROM crm.customer AS c WHERE c.deleted_at IS NULL$$, 'customer_counts');
SELECT is((SELECT sum(customer_count) FROM crm.customer_counts()), 39::numeric, 'all customers but the deleted one');

-- The same for those who see a part of it -------------------------------------------------------------------------
SET LOCAL ROLE twin_rep;
SELECT cmp_ok((SELECT count(*) FROM crm.v_sales_line), '>', 50::bigint, 'a rep sees lines');
SELECT is_empty($$SELECT FROM crm.v_sales_line WHERE sales_rep_id IS DISTINCT FROM 41003 AND coalesce(region_id, 0) NOT IN (41001, 41004)$$,
    'but only his own and those of his region and the one below');
SELECT * FROM pg_temp.check_sums('rep');
SELECT * FROM pg_temp.check_performance('rep', '{41003}');
RESET ROLE;
SET LOCAL ROLE twin_lead;
SELECT * FROM pg_temp.check_performance('manager', '{41002,41003,41004,41005,41006}');
RESET ROLE;
SELECT is((SELECT sum(revenue_base) FROM crm.v_sales_line WHERE sales_rep_id = 41003 OR region_id IN (41001, 41004)), (
    SELECT sum(CASE order_kind WHEN 'sale' THEN total_base ELSE -total_base END) FROM crm.sales_order
    WHERE status <> 'canceled' AND (sales_rep_id = 41003 OR region_id IN (41001, 41004))), 'lines add up to the totals of their orders');
SELECT * FROM finish();
ROLLBACK;
