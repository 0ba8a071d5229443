-- 65_views_bi_metrics: what the figures of reports mean, with the query that computes each over the star schema. An empty
-- denominator gives NULL.

CREATE OR REPLACE VIEW crm_bi.metric WITH (security_invoker = true) AS
SELECT v.name, v.definition, v.formula, v.unit, v.source, v.query
FROM (VALUES
    ('net_sales', 'What was sold less what was taken back, without canceled orders.',
        'sum(net_base)', 'base currency', 'fact_order',
        'SELECT coalesce(sum(o.net_base), 0) FROM crm_bi.fact_order AS o'),
    ('order_count', 'Sales that are not canceled; returns are not counted.',
        'count of sales not canceled', 'orders', 'fact_order',
        'SELECT count(*) FROM crm_bi.fact_order AS o WHERE o.order_kind = ''sale'' AND NOT o.is_canceled'),
    ('average_order_value', 'Net sales for one order.',
        'net_sales / order_count', 'base currency per order', 'fact_order',
        'SELECT sum(o.net_base) / nullif(count(*) FILTER (WHERE o.order_kind = ''sale'' AND NOT o.is_canceled), 0) '
        'FROM crm_bi.fact_order AS o'),
    ('units_sold', 'Units sold less units taken back, without canceled orders.',
        'sum(net_quantity)', 'units', 'fact_order_line',
        'SELECT coalesce(sum(i.net_quantity), 0) FROM crm_bi.fact_order_line AS i'),
    ('return_rate', 'Value taken back as a share of the value sold, both without canceled orders.',
        '-sum(net_base of returns) / sum(net_base of sales)', 'fraction', 'fact_order',
        'SELECT -coalesce(sum(o.net_base) FILTER (WHERE o.order_kind = ''return''), 0) '
        '/ nullif(sum(o.net_base) FILTER (WHERE o.order_kind = ''sale''), 0) FROM crm_bi.fact_order AS o'),
    ('repeat_rate_90', 'Customers whose second order came within 90 days of their first, of all whose first is older than that.',
        'customers with a second order within 90 days / customers with a first order over 90 days ago', 'fraction', 'fact_order',
        'SELECT count(*) FILTER (WHERE c.second_at <= c.first_at + interval ''90 days'')::numeric / nullif(count(*), 0) '
        'FROM (SELECT n.customer_id, min(n.order_date) FILTER (WHERE n.place = 1) AS first_at, '
        'min(n.order_date) FILTER (WHERE n.place = 2) AS second_at '
        'FROM (SELECT o.customer_id, o.order_date, row_number() OVER (PARTITION BY o.customer_id '
        'ORDER BY o.order_date, o.sales_order_id) AS place FROM crm_bi.fact_order AS o '
        'WHERE o.order_kind = ''sale'' AND NOT o.is_canceled) AS n GROUP BY n.customer_id) AS c '
        'WHERE c.first_at < now() - interval ''90 days'''),
    ('win_rate_count', 'Won opportunities of all that were closed, by number; those still open do not count.',
        'won / (won + lost)', 'fraction', 'fact_opportunity',
        'SELECT count(*) FILTER (WHERE o.is_won)::numeric / nullif(count(*), 0) '
        'FROM crm_bi.fact_opportunity AS o WHERE o.is_won OR o.is_lost'),
    ('win_rate_value', 'Won opportunities of all that were closed, by value; those still open do not count.',
        'won amount_base / (won + lost amount_base)', 'fraction', 'fact_opportunity',
        'SELECT coalesce(sum(o.amount_base) FILTER (WHERE o.is_won), 0) / nullif(sum(o.amount_base), 0) '
        'FROM crm_bi.fact_opportunity AS o WHERE o.is_won OR o.is_lost'),
    ('sales_cycle_median', 'Days from opening to winning an opportunity, the middle one.',
        'median of days_to_close of won', 'days', 'fact_opportunity',
        'SELECT (percentile_cont(0.5) WITHIN GROUP (ORDER BY o.days_to_close))::numeric '
        'FROM crm_bi.fact_opportunity AS o WHERE o.is_won'),
    ('sales_cycle_mean', 'Days from opening to winning an opportunity, on average.',
        'avg of days_to_close of won', 'days', 'fact_opportunity',
        'SELECT avg(o.days_to_close) FROM crm_bi.fact_opportunity AS o WHERE o.is_won'),
    ('open_pipeline', 'Value of the opportunities that are open.',
        'sum(amount_base) of open', 'base currency', 'fact_opportunity',
        'SELECT coalesce(sum(o.amount_base), 0) FROM crm_bi.fact_opportunity AS o WHERE o.is_open'),
    ('weighted_forecast', 'Value of the open opportunities, each times its probability.',
        'sum(amount_base * win_probability) of open', 'base currency', 'fact_opportunity',
        'SELECT coalesce(sum(o.weighted_base), 0) FROM crm_bi.fact_opportunity AS o WHERE o.is_open'),
    ('sales_velocity', 'What the pipeline brings in a day, at the win rate, value and cycle of the past.',
        'open count * win_rate_count * average won amount_base / sales_cycle_mean', 'base currency per day', 'fact_opportunity',
        'SELECT count(*) FILTER (WHERE o.is_open) * (count(*) FILTER (WHERE o.is_won)::numeric '
        '/ nullif(count(*) FILTER (WHERE NOT o.is_open), 0)) * avg(o.amount_base) FILTER (WHERE o.is_won) '
        '/ nullif(avg(o.days_to_close) FILTER (WHERE o.is_won), 0) FROM crm_bi.fact_opportunity AS o'),
    ('quota_attainment', 'Net sales of the reps in the periods of their quotas that run today, for quotas without a category.',
        'net_sales in the period / quota amount_base', 'fraction', 'fact_quota, fact_order, dim_date',
        'SELECT sum(b.booked) / nullif(sum(q.amount_base), 0) FROM crm_bi.fact_quota AS q '
        'JOIN crm_bi.dim_date AS d ON d.is_today AND d.date_key >= q.date_key AND d.date_key < q.valid_to '
        'CROSS JOIN LATERAL (SELECT coalesce(sum(o.net_base), 0) FROM crm_bi.fact_order AS o '
        'WHERE o.sales_rep_id = q.sales_rep_id AND o.date_key >= q.date_key AND o.date_key < q.valid_to) AS b (booked) '
        'WHERE q.sales_rep_id IS NOT NULL AND q.product_category_id IS NULL'),
    ('lead_conversion', 'Leads that became customers, of all that started; by cohort, group by the day of their start.',
        'converted / created', 'fraction', 'fact_lead',
        'SELECT count(*) FILTER (WHERE l.is_converted)::numeric / nullif(count(*), 0) FROM crm_bi.fact_lead AS l'),
    ('campaign_cost', 'What campaigns have cost.',
        'sum(amount_base)', 'base currency', 'fact_campaign_cost',
        'SELECT coalesce(sum(c.amount_base), 0) FROM crm_bi.fact_campaign_cost AS c'),
    ('roas', 'Net sales of the orders credited with a campaign, for one unit of cost.',
        'net_sales with a campaign / campaign_cost', 'ratio', 'fact_order, fact_campaign_cost',
        'SELECT (SELECT coalesce(sum(o.net_base), 0) FROM crm_bi.fact_order AS o WHERE o.campaign_id IS NOT NULL) '
        '/ nullif((SELECT sum(c.amount_base) FROM crm_bi.fact_campaign_cost AS c), 0)'),
    ('cost_per_lead', 'Cost of campaigns for one lead that came from one.',
        'campaign_cost / leads with a campaign', 'base currency per lead', 'fact_campaign_cost, fact_lead',
        'SELECT (SELECT sum(c.amount_base) FROM crm_bi.fact_campaign_cost AS c) '
        '/ nullif((SELECT count(*) FROM crm_bi.fact_lead AS l WHERE l.campaign_id IS NOT NULL), 0)'),
    ('cost_per_order', 'Cost of campaigns for one order credited with one.',
        'campaign_cost / orders with a campaign', 'base currency per order', 'fact_campaign_cost, fact_order',
        'SELECT (SELECT sum(c.amount_base) FROM crm_bi.fact_campaign_cost AS c) '
        '/ nullif((SELECT count(*) FROM crm_bi.fact_order AS o '
        'WHERE o.campaign_id IS NOT NULL AND o.order_kind = ''sale'' AND NOT o.is_canceled), 0)'),
    ('open_rate', 'Recipients who opened, of those to whom something was delivered; each counts once a campaign.',
        'recipients opened / recipients delivered', 'fraction', 'fact_campaign_touch',
        'SELECT count(*) FILTER (WHERE r.opened)::numeric / nullif(count(*) FILTER (WHERE r.delivered), 0) FROM (SELECT '
        'bool_or(t.touch_type = ''opened'') AS opened, bool_or(t.touch_type = ''delivered'') AS delivered '
        'FROM crm_bi.fact_campaign_touch AS t GROUP BY t.campaign_id, t.customer_id, t.contact_id, t.lead_id) AS r'),
    ('click_rate', 'Recipients who clicked, of those to whom something was delivered; each counts once a campaign.',
        'recipients clicked / recipients delivered', 'fraction', 'fact_campaign_touch',
        'SELECT count(*) FILTER (WHERE r.clicked)::numeric / nullif(count(*) FILTER (WHERE r.delivered), 0) FROM (SELECT '
        'bool_or(t.touch_type = ''clicked'') AS clicked, bool_or(t.touch_type = ''delivered'') AS delivered '
        'FROM crm_bi.fact_campaign_touch AS t GROUP BY t.campaign_id, t.customer_id, t.contact_id, t.lead_id) AS r'),
    ('unsubscribe_rate', 'Recipients who unsubscribed, of those to whom something was delivered; each counts once a campaign.',
        'recipients unsubscribed / recipients delivered', 'fraction', 'fact_campaign_touch',
        'SELECT count(*) FILTER (WHERE r.gone)::numeric / nullif(count(*) FILTER (WHERE r.delivered), 0) FROM (SELECT '
        'bool_or(t.touch_type = ''unsubscribed'') AS gone, bool_or(t.touch_type = ''delivered'') AS delivered '
        'FROM crm_bi.fact_campaign_touch AS t GROUP BY t.campaign_id, t.customer_id, t.contact_id, t.lead_id) AS r'),
    ('nps', 'Share of recommendations of 9 or 10 less the share of those of 0 to 6.',
        '(count 9 to 10 - count 0 to 6) / count', 'fraction from -1 to 1', 'fact_feedback',
        'SELECT (count(*) FILTER (WHERE f.rating >= 9) - count(*) FILTER (WHERE f.rating < 7))::numeric / nullif(count(*), 0) '
        'FROM crm_bi.fact_feedback AS f WHERE f.kind = ''nps'''),
    ('csat', 'Share of ratings of satisfaction of 4 or 5 out of 5.',
        'count of 4 and above / count', 'fraction', 'fact_feedback',
        'SELECT count(*) FILTER (WHERE f.rating >= 4)::numeric / nullif(count(*), 0) '
        'FROM crm_bi.fact_feedback AS f WHERE f.kind = ''csat'''),
    ('ces', 'Customer effort score, on average.',
        'avg(rating)', 'points from 1 to 7', 'fact_feedback',
        'SELECT avg(f.rating) FROM crm_bi.fact_feedback AS f WHERE f.kind = ''ces'''),
    ('first_response_median', 'Minutes by the clock from the report of a ticket to its first response, the middle one.',
        'median of first_response_minutes', 'minutes', 'fact_ticket',
        'SELECT (percentile_cont(0.5) WITHIN GROUP (ORDER BY t.first_response_minutes))::numeric FROM crm_bi.fact_ticket AS t'),
    ('first_response_p90', 'Minutes by the clock in which 9 of 10 tickets that were answered got their first response.',
        '90th percentile of first_response_minutes', 'minutes', 'fact_ticket',
        'SELECT (percentile_cont(0.9) WITHIN GROUP (ORDER BY t.first_response_minutes))::numeric FROM crm_bi.fact_ticket AS t'),
    ('resolution_median', 'Minutes by the clock from the report of a ticket to its resolution, the middle one.',
        'median of resolution_minutes', 'minutes', 'fact_ticket',
        'SELECT (percentile_cont(0.5) WITHIN GROUP (ORDER BY t.resolution_minutes))::numeric FROM crm_bi.fact_ticket AS t'),
    ('sla_breach_rate', 'Tickets answered or resolved too late, or overdue now, of those with a due time.',
        'tickets with a breach / tickets with a due time', 'fraction', 'fact_ticket',
        'SELECT count(*) FILTER (WHERE t.is_response_breached OR t.is_resolution_breached)::numeric / nullif(count(*), 0) '
        'FROM crm_bi.fact_ticket AS t WHERE num_nonnulls(t.response_due, t.resolution_due) > 0'),
    ('sell_through_90', 'Units sold in the last 90 days of those sold and still on hand, of stocked products.',
        'units sold / (units sold + on hand)', 'fraction', 'fact_order_line, dim_product',
        'SELECT sum(p.sold) / nullif(sum(p.sold) + sum(p.stock_quantity), 0) FROM (SELECT d.stock_quantity, '
        '(SELECT coalesce(sum(i.net_quantity), 0) FROM crm_bi.fact_order_line AS i WHERE i.product_id = d.product_id '
        'AND i.order_date >= now() - interval ''90 days'') AS sold FROM crm_bi.dim_product AS d WHERE d.is_stocked) AS p'),
    ('days_of_inventory', 'Days that the stock lasts at the daily sales of the last 90 days, of stocked products.',
        'on hand / (units sold in 90 days / 90)', 'days', 'fact_order_line, dim_product',
        'SELECT sum(p.stock_quantity) / nullif(sum(p.sold) / 90, 0) FROM (SELECT d.stock_quantity, '
        '(SELECT coalesce(sum(i.net_quantity), 0) FROM crm_bi.fact_order_line AS i WHERE i.product_id = d.product_id '
        'AND i.order_date >= now() - interval ''90 days'') AS sold FROM crm_bi.dim_product AS d WHERE d.is_stocked) AS p')
) AS v (name, definition, formula, unit, source, query);
COMMENT ON VIEW crm_bi.metric IS
    'The metrics with their definitions, one row each. A figure is over the rows that its reader sees.';
COMMENT ON COLUMN crm_bi.metric.name IS 'Primary key: name of the metric.';
COMMENT ON COLUMN crm_bi.metric.definition IS 'What the metric says, in one sentence.';
COMMENT ON COLUMN crm_bi.metric.formula IS 'How it is computed, in words and names of columns or metrics.';
COMMENT ON COLUMN crm_bi.metric.unit IS 'Unit of the figure: fraction is from 0 to 1, base currency that of the organisation.';
COMMENT ON COLUMN crm_bi.metric.source IS 'The views of the star schema that it is computed from, separated by commas.';
COMMENT ON COLUMN crm_bi.metric.query IS
    'SQL that gives the figure over all time, one row; NULL for an empty denominator. Add WHERE and GROUP BY for your own.';

CREATE OR REPLACE FUNCTION crm.explain_metric(name text)
    RETURNS TABLE (metric text, definition text, formula text, unit text, source text, query text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT m.name, m.definition, m.formula, m.unit, m.source, m.query
    FROM crm_bi.metric AS m
    WHERE m.name = explain_metric.name;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('there is no metric %s', coalesce(quote_literal(left(explain_metric.name, 60)), 'NULL')),
            HINT = 'SELECT name, definition FROM crm_bi.metric lists them.';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm.explain_metric(text) IS
    'What a metric of crm_bi.metric means: definition, formula, unit, source and the SQL that computes it. Raises 22023 for '
    'an unknown name.';
