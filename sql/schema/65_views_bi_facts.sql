-- 65_views_bi_facts: the facts of the star schema, one grain each, straight over the tables. date_key is the day in the
-- organisation's time zone; the moment itself is beside it, since filters on it can use indexes. The organisation is
-- joined by its key, so that the planner counts on one row.

CREATE OR REPLACE VIEW crm_bi.fact_order WITH (security_invoker = true) AS
SELECT
    o.sales_order_id,
    (o.order_date AT TIME ZONE g.time_zone)::date AS date_key,
    o.order_date,
    o.customer_id,
    o.sales_rep_id,
    o.region_id,
    o.campaign_id,
    o.opportunity_id,
    o.returns_order_id,
    o.order_kind,
    o.status,
    o.status = 'canceled' AS is_canceled,
    o.ship_to_country_code,
    o.currency_code,
    (CASE o.order_kind WHEN 'return' THEN -o.total_amount ELSE o.total_amount END)::numeric(18,4) AS amount,
    (CASE o.order_kind WHEN 'return' THEN -o.total_base ELSE o.total_base END)::numeric(18,4) AS amount_base,
    (CASE WHEN o.status = 'canceled' THEN 0 WHEN o.order_kind = 'return' THEN -o.total_base ELSE o.total_base END)::numeric(18,4)
        AS net_base
FROM crm.sales_order AS o
JOIN crm.organization AS g ON g.organization_id = 1;
COMMENT ON VIEW crm_bi.fact_order IS
    'Orders, one row each, with the rows that the reader sees. Canceled ones are here, with net_base 0; returns count negatively.';
COMMENT ON COLUMN crm_bi.fact_order.is_canceled IS 'True for a canceled order, which counts in no sum of sales.';
COMMENT ON COLUMN crm_bi.fact_order.amount IS 'Sum of the lines in currency_code, negative for a return, canceled or not.';
COMMENT ON COLUMN crm_bi.fact_order.amount_base IS 'Sum of the lines in base currency, negative for a return, canceled or not.';
COMMENT ON COLUMN crm_bi.fact_order.net_base IS
    'What the order counts for in sales, in base currency: 0 when canceled, negative for a return. Reports sum it.';

CREATE OR REPLACE VIEW crm_bi.fact_order_line WITH (security_invoker = true) AS
SELECT
    i.sales_order_id,
    i.line_no,
    (o.order_date AT TIME ZONE g.time_zone)::date AS date_key,
    o.order_date,
    i.product_id,
    o.customer_id,
    o.sales_rep_id,
    o.region_id,
    o.campaign_id,
    o.order_kind,
    o.status,
    o.status = 'canceled' AS is_canceled,
    CASE o.order_kind WHEN 'return' THEN -i.quantity ELSE i.quantity END AS quantity,
    CASE WHEN o.status = 'canceled' THEN 0 WHEN o.order_kind = 'return' THEN -i.quantity ELSE i.quantity END AS net_quantity,
    o.currency_code,
    i.unit_price,
    i.discount_rate,
    (CASE o.order_kind WHEN 'return' THEN -i.line_total ELSE i.line_total END)::numeric(18,4) AS amount,
    (CASE o.order_kind WHEN 'return' THEN -i.line_base ELSE i.line_base END)::numeric(18,4) AS amount_base,
    (CASE WHEN o.status = 'canceled' THEN 0 WHEN o.order_kind = 'return' THEN -i.line_base ELSE i.line_base END)::numeric(18,4)
        AS net_base
FROM crm.order_item AS i
JOIN crm.sales_order AS o ON o.sales_order_id = i.sales_order_id
JOIN crm.organization AS g ON g.organization_id = 1;
COMMENT ON VIEW crm_bi.fact_order_line IS
    'Lines of orders, one row each, with the rows that the reader sees. Those of canceled orders are here, with net_base 0; '
    'lines of returns count negatively.';
COMMENT ON COLUMN crm_bi.fact_order_line.is_canceled IS 'True for a line of a canceled order, which counts in no sum of sales.';
COMMENT ON COLUMN crm_bi.fact_order_line.quantity IS 'Units ordered, negative for a return, canceled or not.';
COMMENT ON COLUMN crm_bi.fact_order_line.net_quantity IS 'Units that count in sales: 0 when canceled, negative for a return.';
COMMENT ON COLUMN crm_bi.fact_order_line.amount IS 'The line in currency_code after discount, negative for a return, canceled or not.';
COMMENT ON COLUMN crm_bi.fact_order_line.amount_base IS 'The line in base currency, negative for a return, canceled or not.';
COMMENT ON COLUMN crm_bi.fact_order_line.net_base IS
    'What the line counts for in sales, in base currency: 0 when canceled, negative for a return. Reports sum it.';

CREATE OR REPLACE VIEW crm_bi.fact_stock_movement WITH (security_invoker = true) AS
SELECT
    m.stock_movement_id,
    (m.moved_at AT TIME ZONE g.time_zone)::date AS date_key,
    m.moved_at,
    m.product_id,
    m.sales_order_id,
    m.line_no,
    m.reason,
    m.quantity
FROM crm.stock_movement AS m
JOIN crm.organization AS g ON g.organization_id = 1;
COMMENT ON VIEW crm_bi.fact_stock_movement IS
    'Movements of stock, one row each; their sum is the stock. Not for marketing, which does not read crm.stock_movement.';

CREATE OR REPLACE VIEW crm_bi.fact_interaction WITH (security_invoker = true) AS
SELECT
    i.interaction_id,
    (i.interaction_date AT TIME ZONE g.time_zone)::date AS date_key,
    i.interaction_date,
    i.customer_id,
    i.staff_id,
    s.sales_rep_id,
    i.campaign_id,
    i.opportunity_id,
    i.support_ticket_id,
    i.interaction_type_id,
    t.name AS interaction_type_name,
    i.interaction_outcome_id,
    r.name AS interaction_outcome_name,
    i.duration_minutes
FROM crm.interaction AS i
JOIN crm.organization AS g ON g.organization_id = 1
LEFT JOIN crm.sales_rep AS s ON s.sales_rep_id = i.staff_id
LEFT JOIN crm.interaction_type AS t ON t.interaction_type_id = i.interaction_type_id
LEFT JOIN crm.interaction_outcome AS r ON r.interaction_outcome_id = i.interaction_outcome_id;
COMMENT ON VIEW crm_bi.fact_interaction IS
    'Interactions with customers without what was said, one row each, with the rows that the reader sees.';
COMMENT ON COLUMN crm_bi.fact_interaction.sales_rep_id IS
    'staff_id where that person is a sales rep; NULL else. Foreign key to crm_bi.dim_rep.sales_rep_id.';
COMMENT ON COLUMN crm_bi.fact_interaction.interaction_type_name IS 'Name of the kind of interaction.';
COMMENT ON COLUMN crm_bi.fact_interaction.interaction_outcome_name IS 'Name of the outcome; NULL where none is recorded.';

CREATE OR REPLACE VIEW crm_bi.fact_ticket WITH (security_invoker = true) AS
SELECT
    t.support_ticket_id,
    (t.reported_date AT TIME ZONE g.time_zone)::date AS date_key,
    t.reported_date,
    t.customer_id,
    t.product_id,
    t.sales_order_id,
    t.support_agent_id,
    t.category,
    t.priority,
    t.status,
    t.resolved,
    t.response_due,
    t.first_response_at,
    t.resolution_due,
    t.resolved_at,
    (extract(epoch FROM t.first_response_at - t.reported_date) / 60)::numeric(14,2) AS first_response_minutes,
    (extract(epoch FROM t.resolved_at - t.reported_date) / 60)::numeric(14,2) AS resolution_minutes,
    t.hold_minutes,
    coalesce(t.first_response_at, now()) > t.response_due AS is_response_breached,
    coalesce(t.resolved_at, now()) > t.resolution_due AS is_resolution_breached,
    t.escalation_level,
    t.reopened_count
FROM crm.support_ticket AS t
JOIN crm.organization AS g ON g.organization_id = 1;
COMMENT ON VIEW crm_bi.fact_ticket IS
    'Support tickets without their texts, one row each, with the rows that the reader sees.';
COMMENT ON COLUMN crm_bi.fact_ticket.first_response_minutes IS
    'Minutes by the clock from report to first response; NULL while there is none.';
COMMENT ON COLUMN crm_bi.fact_ticket.resolution_minutes IS
    'Minutes by the clock from report to resolution, time on hold included; NULL while it is open.';
COMMENT ON COLUMN crm_bi.fact_ticket.is_response_breached IS
    'True when the first response came after response_due, or is missing after it; NULL without a due time.';
COMMENT ON COLUMN crm_bi.fact_ticket.is_resolution_breached IS
    'True when the resolution came after resolution_due, or is missing after it; NULL without a due time.';

CREATE OR REPLACE VIEW crm_bi.fact_opportunity WITH (security_invoker = true) AS
SELECT
    o.opportunity_id,
    (o.opened_at AT TIME ZONE g.time_zone)::date AS date_key,
    o.opened_at,
    o.expected_close,
    (o.closed_at AT TIME ZONE g.time_zone)::date AS closed_date_key,
    o.closed_at,
    o.customer_id,
    o.sales_rep_id,
    o.campaign_id,
    o.pipeline_stage_id,
    o.loss_reason_id,
    r.name AS loss_reason_name,
    s.is_won,
    s.is_lost,
    NOT (s.is_won OR s.is_lost) AS is_open,
    coalesce(o.forecast_category_override, s.forecast_category) AS forecast_category,
    o.win_probability,
    o.currency_code,
    o.amount,
    o.amount_base,
    round(o.amount_base * o.win_probability, 4)::numeric(18,4) AS weighted_base,
    (extract(epoch FROM o.closed_at - o.opened_at) / 86400)::numeric(12,4) AS days_to_close
FROM crm.opportunity AS o
JOIN crm.pipeline_stage AS s ON s.pipeline_stage_id = o.pipeline_stage_id
JOIN crm.organization AS g ON g.organization_id = 1
LEFT JOIN crm.loss_reason AS r ON r.loss_reason_id = o.loss_reason_id;
COMMENT ON VIEW crm_bi.fact_opportunity IS
    'Opportunities as they stand now, one row each, with the rows that the reader sees; date_key is the day of opening.';
COMMENT ON COLUMN crm_bi.fact_opportunity.closed_date_key IS
    'Day of closing in the organisation''s time zone, NULL while open. Foreign key to crm_bi.dim_date.date_key.';
COMMENT ON COLUMN crm_bi.fact_opportunity.expected_close IS 'Day on which it should close. Foreign key to crm_bi.dim_date.date_key.';
COMMENT ON COLUMN crm_bi.fact_opportunity.loss_reason_name IS 'Name of the reason of a loss; NULL where none is given.';
COMMENT ON COLUMN crm_bi.fact_opportunity.is_won IS 'True when its stage is one of those that mean won.';
COMMENT ON COLUMN crm_bi.fact_opportunity.is_lost IS 'True when its stage is one of those that mean lost.';
COMMENT ON COLUMN crm_bi.fact_opportunity.is_open IS 'True while it is neither won nor lost.';
COMMENT ON COLUMN crm_bi.fact_opportunity.forecast_category IS
    'omitted, pipeline, best_case, most_likely, commit or closed: the opportunity''s own, else its stage''s.';
COMMENT ON COLUMN crm_bi.fact_opportunity.weighted_base IS 'amount_base times win_probability, in base currency.';
COMMENT ON COLUMN crm_bi.fact_opportunity.days_to_close IS 'Days from opening to closing, with fractions; NULL while open.';

CREATE OR REPLACE VIEW crm_bi.fact_campaign_touch WITH (security_invoker = true) AS
SELECT
    t.campaign_touch_id,
    (t.touched_at AT TIME ZONE g.time_zone)::date AS date_key,
    t.touched_at,
    t.campaign_id,
    t.customer_id,
    t.contact_id,
    t.lead_id,
    t.touch_type,
    t.channel,
    t.landing_page_id
FROM crm.campaign_touch AS t
JOIN crm.organization AS g ON g.organization_id = 1;
COMMENT ON VIEW crm_bi.fact_campaign_touch IS
    'Touches of campaigns, one row each: what was sent, opened, clicked; with the rows that the reader sees.';

CREATE OR REPLACE VIEW crm_bi.fact_campaign_cost WITH (security_invoker = true) AS
SELECT
    c.campaign_cost_id,
    c.incurred_on AS date_key,
    c.campaign_id,
    c.currency_code,
    c.amount,
    c.amount_base
FROM crm.campaign_cost AS c;
COMMENT ON VIEW crm_bi.fact_campaign_cost IS
    'Costs of campaigns, one row each. For roles that read crm.campaign_cost: not for reps and support.';

CREATE OR REPLACE VIEW crm_bi.fact_quota WITH (security_invoker = true) AS
SELECT
    q.quota_id,
    q.valid_from AS date_key,
    q.valid_to,
    q.sales_rep_id,
    q.region_id,
    q.product_category_id,
    q.currency_code,
    q.amount,
    q.amount_base
FROM crm.quota AS q;
COMMENT ON VIEW crm_bi.fact_quota IS
    'Sales quotas, one row for each period of a rep or region; date_key is its first day. For sales, admins and BI.';

CREATE OR REPLACE VIEW crm_bi.fact_lead WITH (security_invoker = true) AS
SELECT
    l.lead_id,
    (l.start_date AT TIME ZONE g.time_zone)::date AS date_key,
    l.start_date,
    l.region_id,
    l.sales_rep_id,
    l.campaign_id,
    l.source,
    l.status,
    l.score,
    l.converted_at IS NOT NULL AS is_converted,
    (l.converted_at AT TIME ZONE g.time_zone)::date AS converted_date_key,
    l.converted_at,
    l.converted_customer_id,
    l.converted_opportunity_id,
    (extract(epoch FROM l.converted_at - l.start_date) / 86400)::numeric(12,4) AS days_to_convert
FROM crm.lead AS l
JOIN crm.organization AS g ON g.organization_id = 1;
COMMENT ON VIEW crm_bi.fact_lead IS 'Leads without names, one row each, with the rows that the reader sees.';
COMMENT ON COLUMN crm_bi.fact_lead.is_converted IS 'True when the lead has become a customer.';
COMMENT ON COLUMN crm_bi.fact_lead.converted_date_key IS
    'Day of conversion in the organisation''s time zone, NULL before it. Foreign key to crm_bi.dim_date.date_key.';
COMMENT ON COLUMN crm_bi.fact_lead.converted_customer_id IS
    'Customer that the lead became. Foreign key to crm_bi.dim_customer.customer_id, which leaves deleted ones out.';
COMMENT ON COLUMN crm_bi.fact_lead.converted_opportunity_id IS
    'Opportunity that the lead became. Foreign key to crm_bi.fact_opportunity.opportunity_id, which leaves deleted ones out.';
COMMENT ON COLUMN crm_bi.fact_lead.days_to_convert IS 'Days from start to conversion, with fractions; NULL before it.';

CREATE OR REPLACE VIEW crm_bi.fact_feedback WITH (security_invoker = true) AS
SELECT
    f.feedback_id,
    (f.date_given AT TIME ZONE g.time_zone)::date AS date_key,
    f.date_given,
    f.customer_id,
    f.product_id,
    f.sales_order_id,
    f.support_ticket_id,
    f.kind,
    f.rating
FROM crm.feedback AS f
JOIN crm.organization AS g ON g.organization_id = 1;
COMMENT ON VIEW crm_bi.fact_feedback IS
    'Feedback of customers without its text, one row each, with the rows that the reader sees.';

-- Keys: views have none that a tool could find, so that comments tell them, after what the table's column says.
DO $key_comments$
DECLARE
    target record;
BEGIN
    FOR target IN
        WITH owned AS (
            SELECT c.oid, c.relname, a.attname, a.attnum
            FROM pg_class AS c
            JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'crm_bi'::regnamespace AND c.relkind = 'v' AND pg_has_role(c.relowner, 'USAGE')
        ),
        primary_key (view_name, table_name, column_name) AS (
            VALUES
            ('dim_customer', 'customer', 'customer_id'), ('dim_customer_person', 'customer', 'customer_id'),
            ('dim_product', 'product', 'product_id'), ('dim_region', 'region', 'region_id'),
            ('dim_rep', 'sales_rep', 'sales_rep_id'), ('dim_rep_person', 'sales_rep', 'sales_rep_id'),
            ('dim_campaign', 'campaign', 'campaign_id'), ('dim_stage', 'pipeline_stage', 'pipeline_stage_id'),
            ('dim_segment', 'segment', 'segment_id'), ('fact_order', 'sales_order', 'sales_order_id'),
            ('fact_order_line', 'order_item', 'line_no'), ('fact_stock_movement', 'stock_movement', 'stock_movement_id'),
            ('fact_interaction', 'interaction', 'interaction_id'), ('fact_ticket', 'support_ticket', 'support_ticket_id'),
            ('fact_opportunity', 'opportunity', 'opportunity_id'),
            ('fact_campaign_touch', 'campaign_touch', 'campaign_touch_id'),
            ('fact_campaign_cost', 'campaign_cost', 'campaign_cost_id'), ('fact_quota', 'quota', 'quota_id'),
            ('fact_lead', 'lead', 'lead_id'), ('fact_feedback', 'feedback', 'feedback_id')
        ),
        foreign_key (column_name, hint) AS (
            VALUES
            ('date_key', 'Day in the organisation''s time zone. Foreign key to crm_bi.dim_date.date_key.'),
            ('customer_id', 'The customer. Foreign key to crm_bi.dim_customer.customer_id, which leaves deleted ones out.'),
            ('product_id', 'The product. Foreign key to crm_bi.dim_product.product_id, which leaves deleted ones out.'),
            ('region_id', 'The sales region. Foreign key to crm_bi.dim_region.region_id.'),
            ('parent_region_id', 'The region above, NULL at the top. Foreign key to crm_bi.dim_region.region_id.'),
            ('sales_rep_id', 'The sales rep. Foreign key to crm_bi.dim_rep.sales_rep_id.'),
            ('campaign_id', 'The campaign. Foreign key to crm_bi.dim_campaign.campaign_id.'),
            ('acquisition_campaign_id', 'Campaign that won the customer. Foreign key to crm_bi.dim_campaign.campaign_id.'),
            ('parent_campaign_id', 'The campaign that it is a part of. Foreign key to crm_bi.dim_campaign.campaign_id.'),
            ('pipeline_stage_id', 'The stage. Foreign key to crm_bi.dim_stage.pipeline_stage_id.'),
            ('segment_id', 'The segment. Foreign key to crm_bi.dim_segment.segment_id.'),
            ('sales_order_id', 'The order. Foreign key to crm_bi.fact_order.sales_order_id.'),
            ('returns_order_id', 'For a return: the sale taken back, if known. Foreign key to crm_bi.fact_order.sales_order_id.'),
            ('opportunity_id', 'The opportunity. Foreign key to crm_bi.fact_opportunity.opportunity_id, which leaves deleted ones out.'),
            ('support_ticket_id', 'The ticket. Foreign key to crm_bi.fact_ticket.support_ticket_id.'),
            ('lead_id', 'The lead. Foreign key to crm_bi.fact_lead.lead_id, which leaves deleted ones out.')
        )
        SELECT o.oid::regclass AS view, o.attname,
            CASE
                WHEN p.column_name = 'line_no' THEN 'Number of the line in its order; with sales_order_id the primary key.'
                WHEN p.column_name IS NOT NULL THEN 'Primary key. '
                    || col_description(to_regclass('crm.' || p.table_name), b.attnum)
                ELSE f.hint
            END AS comment
        FROM owned AS o
        LEFT JOIN primary_key AS p ON p.view_name = o.relname AND p.column_name = o.attname
        LEFT JOIN pg_attribute AS b ON b.attrelid = to_regclass('crm.' || p.table_name) AND b.attname = p.column_name
        LEFT JOIN foreign_key AS f ON f.column_name = o.attname
        WHERE col_description(o.oid, o.attnum) IS NULL AND coalesce(p.column_name, f.column_name) IS NOT NULL
            AND o.relname ~ '^(dim|fact|bridge)_'
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target.view, target.attname, target.comment);
    END LOOP;
END
$key_comments$;
