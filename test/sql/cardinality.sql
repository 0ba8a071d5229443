-- crm.check_cardinality() lists what lacks its minimum of one, and stops listing it once there is one.
\set VERBOSITY terse
SET client_min_messages = warning;
BEGIN;
-- What other tests left behind does not matter here.
CREATE TEMP VIEW found AS
SELECT c.rule, c.table_name, c.row_id, c.detail FROM crm.check_cardinality() AS c WHERE c.row_id BETWEEN 8001 AND 8099;
INSERT INTO crm.v_sales_manager (sales_manager_id, first_name, last_name, email, active) VALUES
    (8001, 'Mona', 'Manager', 'mona@card.example', true), (8002, 'Left', 'Manager', 'left@card.example', false);
INSERT INTO crm.v_sales_rep (sales_rep_id) VALUES (8001);
INSERT INTO crm.v_marketing_analyst (marketing_analyst_id, first_name, last_name, email) VALUES (8003, 'Anna', 'Lyst', 'anna@card.example');
INSERT INTO crm.customer (customer_id, last_name, is_anonymous, deleted_at) VALUES
    (8001, 'Silent', false, NULL), (8002, 'Walk-in', true, NULL), (8003, 'Deleted', false, '2024-01-01'), (8004, 'Speaks', false, NULL);
INSERT INTO crm.feedback (customer_id, rating) VALUES (8004, 4);
INSERT INTO crm.contact (contact_id, customer_id, last_name) VALUES (8001, 8001, 'Silent');
INSERT INTO crm.sales_order (sales_order_id, customer_id, status, currency_code) VALUES
    (8001, 8001, 'pending', 'EUR'), (8002, 8001, 'completed', 'EUR'), (8003, 8001, 'canceled', 'EUR');
INSERT INTO crm.quote (quote_id, customer_id, sales_rep_id, status, currency_code, fx_rate_to_base) VALUES
    (8001, 8001, 8001, 'draft', 'EUR', 1), (8002, 8001, 8001, 'sent', 'EUR', 1);
INSERT INTO crm.opportunity (opportunity_id, customer_id, name, pipeline_id, pipeline_stage_id, win_probability, currency_code,
    fx_rate_to_base, expected_close, deleted_at)
SELECT v.opportunity_id, 8001, v.name, s.pipeline_id, s.pipeline_stage_id, s.win_probability, 'EUR', 1, '2024-12-31', v.deleted_at
FROM (VALUES (8001, 'proposal', NULL::timestamptz), (8002, 'won', NULL), (8003, 'lost', NULL), (8004, 'proposal', '2024-01-01'))
    v (opportunity_id, name, deleted_at)
JOIN crm.pipeline_stage s ON s.name = v.name
JOIN crm.pipeline p ON p.pipeline_id = s.pipeline_id AND p.is_default;
INSERT INTO crm.interaction (interaction_id, customer_id, interaction_type_id) SELECT 8001, 8001, min(interaction_type_id) FROM crm.interaction_type;
INSERT INTO crm.segment (segment_id, name, kind, refreshed_at) VALUES
    (8001, 'Card empty', 'criteria', NULL), (8002, 'Card static', 'static', '2024-01-01');
INSERT INTO crm.campaign (campaign_id, name, campaign_type, start_date, status, sales_rep_id, currency_code, fx_rate_to_base) VALUES
    (8001, 'Card planned', 'email', '2024-01-01', 'planned', NULL, 'EUR', 1), (8002, 'Card active', 'email', '2024-01-01', 'active', 8001, 'EUR', 1);

SELECT * FROM found ORDER BY table_name, row_id, rule;

-- One of each makes the list empty.
INSERT INTO crm.sales_data (sales_manager_id) VALUES (8001);
INSERT INTO crm.segment_analytics (segment_id, marketing_analyst_id) VALUES (8002, 8003);
INSERT INTO crm.feedback (customer_id, rating) VALUES (8001, 5);
INSERT INTO crm.quote_item (customer_id, quote_id, line_no, product_name, quantity, price) VALUES (8001, 8002, 1, 'Something', 1, 1);
INSERT INTO crm.opportunity_contact (customer_id, opportunity_id, contact_id) VALUES (8001, 8001, 8001), (8001, 8002, 8001);
INSERT INTO crm.interaction_rep (customer_id, interaction_id, sales_rep_id) VALUES (8001, 8001, 8001);
INSERT INTO crm.segment_criterion (segment_id, criteria_details) VALUES (8001, 'net_revenue > 1');
INSERT INTO crm.landing_page (campaign_id, url) VALUES (8002, 'https://card.example');
SELECT * FROM found ORDER BY table_name, row_id, rule;

-- An order that was loaded as confirmed can still get its line; a completed or canceled one is frozen.
INSERT INTO crm.product_category (product_category_id, name) VALUES (8001, 'Card things');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, is_stocked) VALUES (8001, 'C1', 'Card', 8001, 'EUR', 1, false);
INSERT INTO crm.sales_order (sales_order_id, customer_id, status, currency_code) VALUES (8004, 8001, 'confirmed', 'EUR');
SELECT row_id, detail FROM found ORDER BY row_id;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (8004, 8001, 1);
SELECT row_id, detail FROM found ORDER BY row_id;

-- A caller sees what he may see.
SET LOCAL ROLE crm_admin;
SELECT count(*) FROM crm.check_cardinality() AS c WHERE c.table_name = 'sales_order' AND c.row_id BETWEEN 8001 AND 8099;
RESET ROLE;
ROLLBACK;
