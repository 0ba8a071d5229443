-- 65_views_customers: a customer at a glance, all that happened with him, and the criteria that he is under.
-- Like all views they run with the caller's rights and hide what is deleted.

-- Each part is an aggregate by itself, so that the planner leaves out those that a query doesn't ask for.
CREATE OR REPLACE VIEW crm.v_customer_360 WITH (security_invoker = true) AS
SELECT
    c.customer_id,
    c.customer_type,
    c.name,
    c.first_name,
    c.last_name,
    c.business_name,
    c.email,
    c.phone,
    c.street,
    c.city,
    c.state,
    c.postal_code,
    c.country_code,
    c.date_of_birth,
    c.signed_up_at,
    c.service_class,
    c.is_anonymous,
    c.region_id,
    r.name AS region_name,
    c.sales_rep_id,
    s.name AS sales_rep_name,
    c.acquisition_campaign_id,
    m.name AS acquisition_campaign_name,
    k.primary_contact_id,
    k.primary_contact_name,
    k.contact_count,
    a.account_count,
    o.order_count,
    o.returned_order_count,
    o.canceled_order_count,
    o.open_order_count,
    o.first_order_at,
    o.last_order_at,
    o.net_revenue,
    q.open_quote_count,
    u.open_opportunity_count,
    u.open_opportunity_base,
    i.interaction_count,
    i.last_interaction_at,
    t.ticket_count,
    t.open_ticket_count,
    f.feedback_count,
    f.last_feedback_at,
    n.next_follow_up_at,
    g.segment_count
FROM crm.customer AS c
LEFT JOIN crm.region AS r ON r.region_id = c.region_id
LEFT JOIN crm.staff AS s ON s.staff_id = c.sales_rep_id
LEFT JOIN crm.campaign AS m ON m.campaign_id = c.acquisition_campaign_id
LEFT JOIN LATERAL (
    -- There is one primary contact at most.
    SELECT
        min(x.contact_id) FILTER (WHERE x.is_primary) AS primary_contact_id,
        min(x.name) FILTER (WHERE x.is_primary) AS primary_contact_name,
        count(*) AS contact_count
    FROM crm.contact AS x
    WHERE x.customer_id = c.customer_id AND x.deleted_at IS NULL
) AS k ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS account_count
    FROM crm.account AS x
    WHERE x.customer_id = c.customer_id
) AS a ON true
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE x.status <> 'canceled' AND x.order_kind = 'sale') AS order_count,
        count(*) FILTER (WHERE x.status <> 'canceled' AND x.order_kind = 'return') AS returned_order_count,
        count(*) FILTER (WHERE x.status = 'canceled') AS canceled_order_count,
        count(*) FILTER (WHERE x.status IN ('pending', 'confirmed', 'shipped')) AS open_order_count,
        min(x.order_date) FILTER (WHERE x.status <> 'canceled' AND x.order_kind = 'sale') AS first_order_at,
        max(x.order_date) FILTER (WHERE x.status <> 'canceled' AND x.order_kind = 'sale') AS last_order_at,
        coalesce(
            sum(CASE x.order_kind WHEN 'return' THEN -x.total_base ELSE x.total_base END)
                FILTER (WHERE x.status <> 'canceled'),
            0.0000
        ) AS net_revenue
    FROM crm.sales_order AS x
    WHERE x.customer_id = c.customer_id
) AS o ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS open_quote_count
    FROM crm.quote AS x
    WHERE x.customer_id = c.customer_id AND x.status IN ('draft', 'sent')
) AS q ON true
LEFT JOIN LATERAL (
    SELECT
        count(*) AS open_opportunity_count,
        coalesce(sum(x.amount_base), 0.0000) AS open_opportunity_base
    FROM crm.opportunity AS x
    WHERE x.customer_id = c.customer_id AND x.closed_at IS NULL AND x.deleted_at IS NULL
) AS u ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS interaction_count, max(x.interaction_date) AS last_interaction_at
    FROM crm.interaction AS x
    WHERE x.customer_id = c.customer_id
) AS i ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS ticket_count, count(*) FILTER (WHERE NOT x.resolved) AS open_ticket_count
    FROM crm.support_ticket AS x
    WHERE x.customer_id = c.customer_id
) AS t ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS feedback_count, max(x.date_given) AS last_feedback_at
    FROM crm.feedback AS x
    WHERE x.customer_id = c.customer_id
) AS f ON true
LEFT JOIN LATERAL (
    SELECT min(x.scheduled_date) AS next_follow_up_at
    FROM crm.follow_up AS x
    WHERE x.customer_id = c.customer_id AND NOT x.completed
) AS n ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS segment_count
    FROM crm.segment_member AS x
    WHERE x.customer_id = c.customer_id
) AS g ON true
WHERE c.deleted_at IS NULL;
COMMENT ON VIEW crm.v_customer_360 IS
    'One row a customer: who he is, who looks after him, and the counts, sums and dates of his contacts, '
    'orders, quotes, opportunities, interactions, tickets and opinions. Counts only what the caller may see. '
    'Deleted customers are left out.';
COMMENT ON COLUMN crm.v_customer_360.region_name IS 'Name of the sales region; NULL without one.';
COMMENT ON COLUMN crm.v_customer_360.sales_rep_name IS
    'Name of the rep who looks after the customer; NULL without one.';
COMMENT ON COLUMN crm.v_customer_360.acquisition_campaign_name IS
    'Name of the campaign that the customer was won by; NULL without one.';
COMMENT ON COLUMN crm.v_customer_360.primary_contact_id IS
    'Key of the contact to be addressed first; NULL without one.';
COMMENT ON COLUMN crm.v_customer_360.primary_contact_name IS 'Name of the contact to be addressed first.';
COMMENT ON COLUMN crm.v_customer_360.contact_count IS 'Number of contacts that are not deleted.';
COMMENT ON COLUMN crm.v_customer_360.account_count IS 'Number of accounts in any status.';
COMMENT ON COLUMN crm.v_customer_360.order_count IS 'Number of sales that are not canceled.';
COMMENT ON COLUMN crm.v_customer_360.returned_order_count IS 'Number of returns that are not canceled.';
COMMENT ON COLUMN crm.v_customer_360.canceled_order_count IS 'Number of canceled sales and returns.';
COMMENT ON COLUMN crm.v_customer_360.open_order_count IS
    'Number of sales and returns that are pending, confirmed or shipped.';
COMMENT ON COLUMN crm.v_customer_360.first_order_at IS
    'Date of the first sale that is not canceled; NULL without one.';
COMMENT ON COLUMN crm.v_customer_360.last_order_at IS
    'Date of the latest sale that is not canceled; NULL without one.';
COMMENT ON COLUMN crm.v_customer_360.net_revenue IS
    'Sales less returns, both without canceled ones, in the base currency; may be negative.';
COMMENT ON COLUMN crm.v_customer_360.open_quote_count IS 'Number of quotes that are drafts or sent.';
COMMENT ON COLUMN crm.v_customer_360.open_opportunity_count IS
    'Number of opportunities that are neither closed nor deleted.';
COMMENT ON COLUMN crm.v_customer_360.open_opportunity_base IS
    'Sum of the amounts of these opportunities in the base currency, not weighted.';
COMMENT ON COLUMN crm.v_customer_360.interaction_count IS 'Number of interactions of any type.';
COMMENT ON COLUMN crm.v_customer_360.last_interaction_at IS
    'Date of the latest interaction; NULL without one.';
COMMENT ON COLUMN crm.v_customer_360.ticket_count IS 'Number of support tickets in any status.';
COMMENT ON COLUMN crm.v_customer_360.open_ticket_count IS
    'Number of support tickets that are not resolved.';
COMMENT ON COLUMN crm.v_customer_360.feedback_count IS 'Number of opinions given, of any kind.';
COMMENT ON COLUMN crm.v_customer_360.last_feedback_at IS 'Date of the latest opinion; NULL without one.';
COMMENT ON COLUMN crm.v_customer_360.next_follow_up_at IS
    'Earliest date of the follow-ups that are still to be done, be it past; NULL if there is none.';
COMMENT ON COLUMN crm.v_customer_360.segment_count IS 'Number of segments that the customer belongs to now.';

CREATE OR REPLACE VIEW crm.v_timeline WITH (security_invoker = true) AS
SELECT t.customer_id, t.happened_at, t.kind, t.row_id, t.summary
FROM (
    SELECT
        i.customer_id,
        i.interaction_date AS happened_at,
        'interaction'::text AS kind,
        i.interaction_id AS row_id,
        concat_ws(': ', concat_ws(', ', y.name, u.name), left(i.details, 200)) AS summary
    FROM crm.interaction AS i
    LEFT JOIN crm.interaction_type AS y ON y.interaction_type_id = i.interaction_type_id
    LEFT JOIN crm.interaction_outcome AS u ON u.interaction_outcome_id = i.interaction_outcome_id
    UNION ALL
    SELECT
        o.customer_id,
        o.order_date AS happened_at,
        'sales_order'::text AS kind,
        o.sales_order_id AS row_id,
        format('%s, %s: %s %s', o.order_kind, o.status, to_char(o.total_amount, 'FM99999999999990.0099'),
            o.currency_code) AS summary
    FROM crm.sales_order AS o
    UNION ALL
    SELECT
        k.customer_id,
        k.reported_date AS happened_at,
        'support_ticket'::text AS kind,
        k.support_ticket_id AS row_id,
        concat_ws(', ', k.priority, k.status) || ': ' || left(k.issue, 200) AS summary
    FROM crm.support_ticket AS k
    UNION ALL
    SELECT
        q.customer_id,
        q.date_created AS happened_at,
        'quote'::text AS kind,
        q.quote_id AS row_id,
        format('%s: %s %s', q.status, to_char(q.total_price, 'FM99999999999990.0099'),
            q.currency_code) AS summary
    FROM crm.quote AS q
    UNION ALL
    SELECT
        h.customer_id,
        h.touched_at AS happened_at,
        'campaign_touch'::text AS kind,
        h.campaign_touch_id AS row_id,
        concat_ws(': ', concat_ws(', ', h.touch_type, h.channel), m.name) AS summary
    FROM crm.campaign_touch AS h
    LEFT JOIN crm.campaign AS m ON m.campaign_id = h.campaign_id
    WHERE h.customer_id IS NOT NULL
    UNION ALL
    SELECT
        f.customer_id,
        f.date_given AS happened_at,
        'feedback'::text AS kind,
        f.feedback_id AS row_id,
        concat_ws(': ', f.kind || ' ' || f.rating::text, left(f.content, 200)) AS summary
    FROM crm.feedback AS f
    UNION ALL
    SELECT
        w.customer_id,
        coalesce(w.completed_at, w.scheduled_date) AS happened_at,
        'follow_up'::text AS kind,
        w.follow_up_id AS row_id,
        CASE WHEN w.completed THEN 'done' ELSE 'to do' END || ': ' || left(w.activity_details, 200) AS summary
    FROM crm.follow_up AS w
    WHERE w.customer_id IS NOT NULL
) AS t
JOIN crm.customer AS c ON c.customer_id = t.customer_id
WHERE c.deleted_at IS NULL;
COMMENT ON VIEW crm.v_timeline IS
    'All that happened with a customer, one row each: interactions, orders, tickets, quotes, campaign '
    'touches, opinions and follow-ups. Ask with WHERE customer_id = ... ORDER BY happened_at DESC. Shows '
    'what the caller may see; deleted customers are left out.';
COMMENT ON COLUMN crm.v_timeline.customer_id IS 'Customer with whom it happened.';
COMMENT ON COLUMN crm.v_timeline.happened_at IS
    'When it happened, by the document''s own date; a follow-up stands at the time it was done or, until '
    'then, is to be done, which may lie ahead.';
COMMENT ON COLUMN crm.v_timeline.kind IS
    'Table that the row comes from: interaction, sales_order, support_ticket, quote, campaign_touch, '
    'feedback or follow_up.';
COMMENT ON COLUMN crm.v_timeline.row_id IS 'Key of the row in that table.';
COMMENT ON COLUMN crm.v_timeline.summary IS
    'One line for a list: type, status or amount and up to 200 characters of the row''s text.';

CREATE OR REPLACE VIEW crm.customer_segment_criterion WITH (security_invoker = true) AS
SELECT m.customer_id, m.segment_id, k.segment_criterion_id, k.group_no, k.criteria_details
FROM crm.segment_member AS m
JOIN crm.segment_criterion AS k ON k.segment_id = m.segment_id
JOIN crm.customer AS c ON c.customer_id = m.customer_id
WHERE c.deleted_at IS NULL;
COMMENT ON VIEW crm.customer_segment_criterion IS
    'The criteria that customers are included in: each member of a segment with each criterion of that '
    'segment. As long as criteria are not evaluated one by one, a member stands under all criteria of the '
    'segment, also those of a group that he does not meet. Deleted customers are left out.';
COMMENT ON COLUMN crm.customer_segment_criterion.customer_id IS 'Customer who is a member of the segment.';
COMMENT ON COLUMN crm.customer_segment_criterion.segment_id IS
    'Segment that the criterion defines and that the customer belongs to.';
