-- What the views show around customers, against the rows below and against plain queries of the tables.
\set VERBOSITY terse
SET client_min_messages = warning;
SET TimeZone = 'UTC';
BEGIN;
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('USD', '2023-01-01', 0.9);
INSERT INTO crm.region (region_id, name) VALUES (8001, 'Views West');
INSERT INTO crm.v_sales_rep (sales_rep_id, first_name, last_name, email) VALUES
    (8001, 'Rita', 'Rep', 'rita@views.example'), (8002, 'Abe', 'Assistant', 'abe@views.example');
INSERT INTO crm.v_support_agent (support_agent_id, first_name, last_name, email) VALUES (8003, 'Sue', 'Port', 'sue@views.example');
INSERT INTO crm.campaign (campaign_id, name, campaign_type, start_date, currency_code, fx_rate_to_base) VALUES
    (8001, 'Views spring', 'email', '2024-01-01', 'EUR', 1);
-- A busy firm, a person without anything, one who is deleted
INSERT INTO crm.customer (customer_id, customer_type, first_name, last_name, business_name, city, region_id, region_is_manual,
    sales_rep_id, acquisition_campaign_id, signed_up_at)
VALUES
    (8001, 'business', NULL, NULL, 'Busy Ltd', 'Leeds', 8001, true, 8001, 8001, '2024-01-01'),
    (8002, 'individual', 'Quentin', 'Quiet', NULL, NULL, NULL, false, NULL, NULL, '2024-01-02'),
    (8003, 'individual', 'Dora', 'Deleted', NULL, NULL, NULL, false, NULL, NULL, '2024-01-03');
INSERT INTO crm.contact (contact_id, customer_id, first_name, last_name, is_primary, deleted_at) VALUES
    (8001, 8001, 'Carl', 'Contact', true, NULL), (8002, 8001, 'Cleo', 'Contact', false, NULL),
    (8003, 8001, 'Gone', 'Contact', false, '2024-02-02');
INSERT INTO crm.opportunity (opportunity_id, customer_id, name, pipeline_id, pipeline_stage_id, win_probability, currency_code,
    fx_rate_to_base, amount, expected_close, closed_at, deleted_at)
SELECT v.opportunity_id, 8001, v.name, s.pipeline_id, s.pipeline_stage_id, s.win_probability, 'EUR', 1, v.amount, '2024-12-31',
    v.closed_at, v.deleted_at
FROM (VALUES
    (8001, 'Open', 'proposal', 1000, NULL::timestamptz, NULL::timestamptz),
    (8002, 'Open too', 'prospecting', 500.5, NULL, NULL),
    (8003, 'Won', 'won', 7, '2024-03-01', NULL),
    (8004, 'Deleted', 'proposal', 9, NULL, '2024-03-01')) v (opportunity_id, name, stage, amount, closed_at, deleted_at)
JOIN crm.pipeline_stage s ON s.name = v.stage
JOIN crm.pipeline p ON p.pipeline_id = s.pipeline_id AND p.is_default;
INSERT INTO crm.account (account_id, customer_id, contact_id, account_number, name, currency_code)
VALUES (8001, 8001, 8001, 'V-8001', 'Main', 'EUR');
INSERT INTO crm.quote (quote_id, customer_id, sales_rep_id, date_created, status, currency_code, fx_rate_to_base, total_price) VALUES
    (8001, 8001, 8001, '2024-02-10', 'sent', 'EUR', 1, 99.5), (8002, 8001, 8001, '2024-02-11', 'rejected', 'EUR', 1, 10);
INSERT INTO crm.product_category (product_category_id, name) VALUES (8001, 'Views gear');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, deleted_at) VALUES
    (8001, 'W1', 'Gear one', 8001, 'EUR', 10, 100, NULL), (8002, 'W2', 'Gear two', 8001, 'EUR', 1, 0, '2024-02-02');
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind, status, currency_code) VALUES
    (8001, 8001, '2024-03-01', 'sale', 'shipped', 'EUR'), (8002, 8001, '2024-03-02', 'sale', 'pending', 'USD'),
    (8003, 8001, '2024-03-03', 'return', 'confirmed', 'EUR'), (8004, 8001, '2024-03-04', 'sale', 'pending', 'EUR'),
    (8005, 8003, '2024-03-05', 'sale', 'pending', 'EUR');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) VALUES
    (8001, 8001, 5, 10), (8002, 8001, 2, 10), (8003, 8001, 1, 10), (8004, 8001, 1, 10), (8005, 8001, 1, 10);
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 8004;
INSERT INTO crm.knowledge_base (knowledge_base_id, name) VALUES (8001, 'Views help');
INSERT INTO crm.support_ticket (support_ticket_id, customer_id, contact_id, issue, reported_date, priority, status, resolved_at,
    support_agent_id, product_id, knowledge_base_id)
VALUES
    (8001, 8001, 8001, 'Gear one squeaks', '2024-04-01', 'high', 'open', NULL, 8003, 8001, 8001),
    (8002, 8001, 8003, 'Gear two broke', '2024-04-02', 'low', 'solved', '2024-04-03', 8003, 8002, NULL),
    (8003, 8003, NULL, 'Lost parcel', '2024-04-04', 'low', 'open', NULL, NULL, NULL, NULL);
INSERT INTO crm.ticket_response (customer_id, support_ticket_id, response_date, message) VALUES
    (8001, 8001, '2024-04-05', 'Oil it'), (8001, 8001, '2024-04-06', 'Still squeaks');
INSERT INTO crm.interaction (interaction_id, customer_id, interaction_date, interaction_type_id, interaction_outcome_id, contact_id,
    opportunity_id, support_ticket_id, campaign_id, staff_id, details, duration_minutes)
SELECT v.id, v.customer_id, v.at::timestamptz, t.interaction_type_id, o.interaction_outcome_id, v.contact_id, v.opportunity_id,
    v.ticket_id, v.campaign_id, v.staff_id, v.details, v.minutes
FROM (VALUES
    (8001, 8001, '2024-05-01', 'phone call', 'follow-up required', 8001, 8001, NULL, 8001, 8001, 'Wants a discount', 15),
    (8002, 8001, '2024-05-02', 'meeting', NULL, 8003, 8004, 8001, NULL, NULL, NULL, NULL),
    (8003, 8003, '2024-05-03', 'email', 'sale made', NULL, NULL, NULL, NULL, 8002, 'Thanks', NULL))
    v (id, customer_id, at, type, outcome, contact_id, opportunity_id, ticket_id, campaign_id, staff_id, details, minutes)
JOIN crm.interaction_type t ON t.name = v.type
LEFT JOIN crm.interaction_outcome o ON o.name = v.outcome;
INSERT INTO crm.interaction_rep (customer_id, interaction_id, sales_rep_id, role) VALUES
    (8001, 8001, 8001, 'owner'), (8001, 8001, 8002, 'participant');
INSERT INTO crm.follow_up (follow_up_id, customer_id, interaction_id, sales_rep_id, scheduled_date, activity_details, completed_at) VALUES
    (8001, 8001, 8001, 8001, '2024-05-20', 'Send the offer', NULL), (8002, 8001, NULL, 8001, '2024-05-10', 'Call back', '2024-05-11'),
    (8003, 8001, NULL, 8001, '2024-06-01', 'Visit', NULL);
INSERT INTO crm.feedback (feedback_id, customer_id, kind, rating, content, date_given) VALUES
    (8001, 8001, 'nps', 9, 'Good gear', '2024-06-10'), (8002, 8001, 'csat', 3, NULL, '2024-06-11');
INSERT INTO crm.campaign_touch (campaign_touch_id, campaign_id, customer_id, touched_at, touch_type, channel) VALUES
    (8001, 8001, 8001, '2024-01-15', 'clicked', 'email');
INSERT INTO crm.segment (segment_id, name) VALUES (8001, 'Views big'), (8002, 'Views other');
INSERT INTO crm.segment_criterion (segment_criterion_id, segment_id, group_no, criteria_details) VALUES
    (8001, 8001, 1, 'net_revenue > 1'), (8002, 8001, 2, 'order_count > 2'), (8003, 8002, 1, 'order_count = 0');
INSERT INTO crm.segment_member (segment_id, customer_id) VALUES (8001, 8001), (8002, 8001), (8001, 8003);
UPDATE crm.customer SET deleted_at = now() WHERE customer_id = 8003;

-- The customer at a glance
\x on
SELECT * FROM crm.v_customer_360 WHERE customer_id = 8001;
SELECT name, contact_count, account_count, order_count, first_order_at, net_revenue, open_quote_count, open_opportunity_base,
    interaction_count, ticket_count, feedback_count, next_follow_up_at, segment_count, primary_contact_name, region_name
FROM crm.v_customer_360 WHERE customer_id = 8002;
\x off
SELECT count(*) FROM crm.v_customer_360 WHERE customer_id = 8003;
-- The same figures by another way
SELECT v.net_revenue = (SELECT sum(o.net_base) FROM crm.v_sales_order o WHERE o.customer_id = v.customer_id) AS revenue,
    v.order_count + v.returned_order_count + v.canceled_order_count
        = (SELECT count(*) FROM crm.sales_order o WHERE o.customer_id = v.customer_id) AS orders,
    v.contact_count = (SELECT count(*) FROM crm.contact k WHERE k.customer_id = v.customer_id AND k.deleted_at IS NULL) AS contacts
FROM crm.v_customer_360 v WHERE v.customer_id = 8001;
SELECT (SELECT count(*) FROM crm.v_customer_360) = (SELECT count(*) FROM crm.customer WHERE deleted_at IS NULL) AS one_row_each;

-- All that happened, latest first
SELECT happened_at, kind, row_id, summary FROM crm.v_timeline WHERE customer_id = 8001 ORDER BY happened_at DESC, kind, row_id;
SELECT count(*) FROM crm.v_timeline WHERE customer_id IN (8002, 8003);
SELECT t.kind, count(*) = CASE t.kind
        WHEN 'interaction' THEN (SELECT count(*) FROM crm.interaction x WHERE x.customer_id = 8001)
        WHEN 'sales_order' THEN (SELECT count(*) FROM crm.sales_order x WHERE x.customer_id = 8001)
        WHEN 'support_ticket' THEN (SELECT count(*) FROM crm.support_ticket x WHERE x.customer_id = 8001)
        WHEN 'quote' THEN (SELECT count(*) FROM crm.quote x WHERE x.customer_id = 8001)
        WHEN 'campaign_touch' THEN (SELECT count(*) FROM crm.campaign_touch x WHERE x.customer_id = 8001)
        WHEN 'feedback' THEN (SELECT count(*) FROM crm.feedback x WHERE x.customer_id = 8001)
        WHEN 'follow_up' THEN (SELECT count(*) FROM crm.follow_up x WHERE x.customer_id = 8001)
    END AS complete
FROM crm.v_timeline t WHERE t.customer_id = 8001 GROUP BY t.kind ORDER BY t.kind;

-- Criteria that a customer is under
SELECT * FROM crm.customer_segment_criterion WHERE customer_id IN (8001, 8003) ORDER BY segment_criterion_id;

-- Interactions: reps by role, names of what is deleted left out
SELECT interaction_id, customer_name, interaction_type, interaction_outcome, needs_follow_up, sales_rep_names, staff_name, contact_name,
    opportunity_name, support_ticket_id, campaign_name, details, duration_minutes
FROM crm.v_interaction WHERE interaction_id BETWEEN 8001 AND 8003 ORDER BY interaction_id;

-- Tickets
SELECT ticket_id, customer_name, contact_name, issue, status, resolved, support_agent_name, product_name, knowledge_base_name,
    response_count, last_response_at
FROM crm.v_support_ticket WHERE ticket_id BETWEEN 8001 AND 8003 ORDER BY ticket_id;

-- Marketing
INSERT INTO crm.landing_page (landing_page_id, campaign_id, url, date_launched, visits, conversions)
VALUES (8001, 8001, 'https://views.example/spring', '2024-01-02', 200, 7);
SELECT * FROM crm.v_landing_page WHERE landing_page_id = 8001;
INSERT INTO crm.campaign_analytics (campaign_analytics_id, campaign_id, date_reported, leads_generated, new_customers, revenue_base, cost_base, roi)
VALUES (8001, 8001, '2024-07-01', 5, 1, 300, 100, 2);
SELECT campaign_name, date_reported, model, leads_generated, new_customers, revenue_base, cost_base, roi
FROM crm.v_campaign_analytics WHERE campaign_id = 8001;
INSERT INTO crm.product_recommendation (product_recommendation_id, customer_id, product_id, campaign_id, segment_id, score, date_generated) VALUES
    (8001, 8001, 8001, 8001, 8001, 0.5, '2024-07-02'), (8002, 8001, 8002, NULL, NULL, 0.4, '2024-07-02'), (8003, 8003, 8001, NULL, NULL, 0.3, '2024-07-02');
SELECT product_recommendation_id, customer_name, sku, product_name, campaign_name, segment_name, score, date_generated
FROM crm.v_product_recommendation WHERE product_recommendation_id BETWEEN 8001 AND 8003;

-- What is not asked for is not read, and one customer's rows are found by index.
CREATE FUNCTION pg_temp.tables_read(query text, kind text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
        RETURN QUERY SELECT m[1] FROM regexp_matches(line, kind || ' .*on (\w+)') AS m WHERE line !~ 'Bitmap Index Scan';
    END LOOP;
END
$$;
SELECT DISTINCT * FROM pg_temp.tables_read('SELECT customer_id, name, city FROM crm.v_customer_360', 'Scan');
SELECT DISTINCT * FROM pg_temp.tables_read('SELECT name, net_revenue FROM crm.v_customer_360 WHERE customer_id = 8001', 'Scan') ORDER BY 1;
SET LOCAL enable_seqscan = off;
SELECT * FROM pg_temp.tables_read('SELECT * FROM crm.v_customer_360 WHERE customer_id = 8001', 'Seq Scan');
SELECT * FROM pg_temp.tables_read('SELECT * FROM crm.v_timeline WHERE customer_id = 8001', 'Seq Scan');
SELECT * FROM pg_temp.tables_read('SELECT * FROM crm.v_interaction WHERE customer_id = 8001', 'Seq Scan');
SELECT * FROM pg_temp.tables_read('SELECT * FROM crm.v_support_ticket WHERE customer_id = 8001', 'Seq Scan');
ROLLBACK;
