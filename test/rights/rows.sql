-- How a row of each table is written, found and changed; included by the tests of rights.
--
-- sphere   whose row it is: 1 the rep's, 2 of the manager's team but not the rep's, 3 of neither; NULL for tables
--          without a scope. All keys of spheres end with its digit.
-- new_row  columns and values of INSERT. {k} key, {n} sphere, {c} key of the customer, lead, order and so on that it
--          hangs on, {p} the same where a parent has one row only, {s} a parent without a sphere: campaign, segment.
-- found    condition for this row.
-- changed  SET of an UPDATE.
-- made     how a superuser makes it: fresh; replica, with the triggers off, where triggers alone write the table;
--          given, it is there already.
CREATE TEMP TABLE row_of (
    place integer GENERATED ALWAYS AS IDENTITY,
    table_name text PRIMARY KEY,
    sphere text,
    new_row text NOT NULL,
    found text NOT NULL,
    changed text NOT NULL,
    made text NOT NULL DEFAULT 'fresh',
    is_in_world boolean NOT NULL DEFAULT true,
    prepared text
);

-- The organisation
INSERT INTO row_of (table_name, new_row, found, changed) VALUES
('currency', $$(currency_code, name) VALUES ('X' || chr(65 + {k} / 26 % 26) || chr(65 + {k} % 26), 'Test')$$,
    $$currency_code = 'X' || chr(65 + {k} / 26 % 26) || chr(65 + {k} % 26)$$, $$name = 'Other'$$),
('exchange_rate', $$(currency_code, rate_date, rate_to_base) VALUES ('USD', date '2001-01-01' + {k}, 1.5)$$,
    $$currency_code = 'USD' AND rate_date = date '2001-01-01' + {k}$$, $$rate_to_base = 1.6$$),
('region', $$(region_id, name) VALUES (1000 + {k}, 'Region {k}')$$, $$region_id = 1000 + {k}$$, $$name = 'Other'$$),
('region_coverage', $$(country_code, state, region_id) VALUES ('US', 'S{k}', 3)$$,
    $$country_code = 'US' AND state = 'S{k}'$$, $$region_id = 2$$),
('business_calendar', $$(business_calendar_id, name) VALUES ({k}, 'Calendar {k}')$$, $$business_calendar_id = {k}$$,
    $$name = 'Other'$$),
('business_hours', $$(business_calendar_id, iso_weekday, opens_at, closes_at) VALUES ({p}, 7, '08:00', '09:00')$$,
    $$business_calendar_id = {p}$$, $$closes_at = '10:00'$$),
('business_holiday', $$(business_calendar_id, holiday) VALUES ({p}, '2001-01-01')$$, $$business_calendar_id = {p}$$,
    $$name = 'New Year'$$),
('staff', $$(staff_id, first_name, last_name, email) VALUES (1000 + {k}, 'A', 'B', 'staff{k}@example.com')$$,
    $$staff_id = 1000 + {k}$$, $$last_name = 'Other'$$),
('sales_manager', $$(sales_manager_id) VALUES (1000 + {p})$$, $$sales_manager_id = 1000 + {p}$$, $$region_id = 3$$),
('sales_rep', $$(sales_rep_id) VALUES (1000 + {p})$$, $$sales_rep_id = 1000 + {p}$$, $$region_id = 3$$),
('marketing_manager', $$(marketing_manager_id) VALUES (1000 + {p})$$, $$marketing_manager_id = 1000 + {p}$$,
    $$marketing_manager_id = 1000 + {p}$$),
('marketing_analyst', $$(marketing_analyst_id) VALUES (1000 + {p})$$, $$marketing_analyst_id = 1000 + {p}$$,
    $$marketing_analyst_id = 1000 + {p}$$),
('support_agent', $$(support_agent_id) VALUES (1000 + {p})$$, $$support_agent_id = 1000 + {p}$$, $$capacity = 3$$);
INSERT INTO row_of (table_name, new_row, found, changed, is_in_world, prepared) VALUES
('organization', $$(organization_id, name, base_currency_code) VALUES (1, 'Anew', 'EUR')$$, $$organization_id = 1$$,
    $$name = 'Other'$$, false, 'DELETE FROM crm.organization'),
('order_status_transition', $$(from_status, to_status) VALUES ('completed', 'pending')$$,
    $$from_status = 'completed' AND to_status = 'pending'$$, $$to_status = 'confirmed'$$, false, NULL);

-- Catalogue and stock
INSERT INTO row_of (table_name, new_row, found, changed) VALUES
('product_category', $$(product_category_id, name) VALUES ({k}, 'Category {k}')$$, $$product_category_id = {k}$$,
    $$name = 'Other'$$),
('product', $$(product_id, sku, name, product_category_id, price) VALUES ({k}, 'SKU-{k}', 'Product', {s}, 5)$$,
    $$product_id = {k}$$, $$price = 6$$),
('stock_movement', $$(stock_movement_id, product_id, quantity, reason) VALUES (900000 + {k}, 1, 1000, 'purchase')$$,
    $$stock_movement_id = 900000 + {k}$$, $$note = 'Other'$$),
('pipeline', $$(pipeline_id, name) VALUES (1000 + {k}, 'Pipeline {k}')$$, $$pipeline_id = 1000 + {k}$$, $$name = 'Other'$$),
('pipeline_stage', $$(pipeline_stage_id, pipeline_id, name, position, win_probability, forecast_category)
    VALUES (1000 + {k}, 1001, 'Stage {k}', {k}, 0.5, 'pipeline')$$, $$pipeline_stage_id = 1000 + {k}$$, $$name = 'Other'$$),
('loss_reason', $$(loss_reason_id, name) VALUES (1000 + {k}, 'Reason {k}')$$, $$loss_reason_id = 1000 + {k}$$,
    $$name = 'Other'$$);
INSERT INTO row_of (table_name, new_row, found, changed, made) VALUES
('stock_alert', $$(stock_alert_id, product_id, stock_quantity, reorder_level, cleared_at)
    VALUES (900000 + {k}, 1, 1, 2, now())$$, $$stock_alert_id = 900000 + {k}$$, $$stock_quantity = 0$$, 'replica');

-- Customers
INSERT INTO row_of (table_name, sphere, new_row, found, changed, made) VALUES
-- In the region; named as the rep; in a region below
('customer', 'customer_id % 10', $$(customer_id, customer_type, business_name, phone, region_is_manual, region_id, sales_rep_id)
    VALUES ({k}, 'business', 'Customer', '0123', true,
    CASE WHEN {k} BETWEEN 20 AND 30 THEN NULL WHEN {k} BETWEEN 40 AND 50 THEN 10 + {n} ELSE {n} END,
    CASE WHEN {k} BETWEEN 20 AND 30 THEN {n} END)$$, $$customer_id = {k}$$, $$last_name = 'Other'$$, 'fresh'),
('contact', 'customer_id % 10', $$(contact_id, customer_id, last_name) VALUES ({k}, {c}, 'Contact')$$,
    $$contact_id = {k}$$, $$last_name = 'Other'$$, 'fresh'),
('account', 'customer_id % 10', $$(account_id, customer_id, contact_id, account_number, name, currency_code)
    VALUES ({k}, {c}, {c}, 'A{k}', 'Account', 'EUR')$$, $$account_id = {k}$$, $$name = 'Other'$$, 'fresh'),
('customer_metrics', 'customer_id % 10', $$(customer_id) VALUES ({k})$$, $$customer_id = 20 + {n}$$, $$order_count = 7$$,
    'given'),
('customer_score', 'customer_id % 10', $$(customer_id, r_score) VALUES ({p}, 3)$$, $$customer_id = {p}$$, $$r_score = 4$$,
    'replica'),
('consent', 'customer_id % 10', $$(consent_id, customer_id, purpose, channel, given_at, source)
    VALUES ({k}, {c}, 'newsletter', 'email', '2001-01-01', 'form')$$, $$consent_id = {k}$$, $$source = 'Other'$$, 'fresh'),

-- Pipeline
('lead', 'lead_id % 10', $$(lead_id, company_name, region_id, sales_rep_id) VALUES ({k}, 'Lead',
    CASE WHEN {k} BETWEEN 20 AND 30 THEN NULL WHEN {k} BETWEEN 40 AND 50 THEN 10 + {n} ELSE {n} END,
    CASE WHEN {k} BETWEEN 20 AND 30 THEN {n} END)$$, $$lead_id = {k}$$, $$source = 'fair'$$, 'fresh'),
('lead_status_history', 'lead_id % 10', $$(lead_status_history_id, lead_id, to_status) VALUES (900000 + {k}, {c}, 'new')$$,
    $$lead_status_history_id = 900000 + {k}$$, $$to_status = 'working'$$, 'replica'),
('opportunity', 'customer_id % 10', $$(opportunity_id, customer_id, name, pipeline_id, pipeline_stage_id, win_probability,
    currency_code, fx_rate_to_base, expected_close, sales_rep_id)
    VALUES ({k}, {c}, 'Deal', 1001, 1001, 0.5, 'EUR', 1, '2031-01-01', {n})$$, $$opportunity_id = {k}$$, $$name = 'Other'$$,
    'fresh'),
('opportunity_contact', 'customer_id % 10', $$(customer_id, opportunity_id, contact_id) VALUES ({p}, {p}, {p})$$,
    $$opportunity_id = {p}$$, $$role = 'champion'$$, 'fresh'),
('opportunity_item', 'customer_id % 10', $$(customer_id, opportunity_id, line_no, product_id, quantity, unit_price)
    VALUES ({c}, {c}, {k}, 1, 1, 5)$$, $$opportunity_id = {c} AND line_no = {k}$$, $$quantity = 2$$, 'fresh'),
('opportunity_stage_history', 'customer_id % 10', $$(opportunity_stage_history_id, customer_id, opportunity_id,
    pipeline_stage_id, valid_from, valid_to, amount_base, win_probability, forecast_category, expected_close)
    VALUES (900000 + {k}, {c}, {c}, 1001, '2001-01-01', '2001-01-02', 5, 0.5, 'pipeline', '2031-01-01')$$,
    $$opportunity_stage_history_id = 900000 + {k}$$, $$amount_base = 6$$, 'replica'),
('quote', 'customer_id % 10', $$(quote_id, customer_id, sales_rep_id, currency_code, fx_rate_to_base)
    VALUES ({k}, {c}, {n}, 'EUR', 1)$$, $$quote_id = {k}$$, $$quote_details = 'Other'$$, 'fresh'),
('quote_item', 'customer_id % 10', $$(customer_id, quote_id, line_no, product_name, quantity, price)
    VALUES ({c}, {c}, {k}, 'Product', 1, 5)$$, $$quote_id = {c} AND line_no = {k}$$, $$quantity = 2$$, 'fresh'),
('quota', 'sales_rep_id % 10', $$(quota_id, sales_rep_id, valid_from, valid_to, currency_code, fx_rate_to_base, amount)
    VALUES ({k}, {n}, date '2001-01-01' + {k}, date '2001-01-02' + {k}, 'EUR', 1, 5)$$, $$quota_id = {k}$$, $$amount = 6$$,
    'fresh'),
('forecast_snapshot', 'sales_rep_id % 10', $$(forecast_snapshot_id, taken_on, sales_rep_id, period_start, period_end,
    forecast_category, amount_base, weighted_base)
    VALUES ({k}, date '2001-01-01' + {k}, {n}, '2001-01-01', '2001-04-01', 'all', 5, 5)$$, $$forecast_snapshot_id = {k}$$,
    $$amount_base = 6$$, 'fresh'),
('sales_data', 'CASE sales_manager_id WHEN 9 THEN 3 ELSE sales_data_id % 10 END', $$(sales_data_id, sales_manager_id)
    VALUES ({k}, CASE {n} WHEN 3 THEN 9 ELSE 4 END)$$, $$sales_data_id = {k}$$, $$insights = 'Other'$$, 'fresh'),

-- Orders
('sales_order', 'customer_id % 10', $$(sales_order_id, customer_id) VALUES ({k}, {c})$$, $$sales_order_id = {k}$$,
    $$ship_to_city = 'Cork'$$, 'fresh'),
('order_item', 'customer_id % 10', $$(customer_id, sales_order_id, line_no, product_id, quantity)
    VALUES ({c}, {c}, {k}, 1, 1)$$, $$sales_order_id = {c} AND line_no = {k}$$, $$quantity = 2$$, 'fresh'),
('order_status_history', 'customer_id % 10', $$(order_status_history_id, customer_id, sales_order_id, to_status)
    VALUES (900000 + {k}, {c}, {c}, 'pending')$$, $$order_status_history_id = 900000 + {k}$$, $$note = 'Other'$$, 'replica'),
('shipment_tracking', 'customer_id % 10', $$(shipment_tracking_id, customer_id, sales_order_id, tracking_number, courier)
    VALUES ({k}, {c}, {c}, 'T{k}', 'Post')$$, $$shipment_tracking_id = {k}$$, $$courier = 'Other'$$, 'fresh'),
('tracking_event', 'customer_id % 10', $$(tracking_event_id, customer_id, shipment_tracking_id, event_at, status)
    VALUES ({k}, {c}, {c}, timestamptz '2001-01-01' + {k} * interval '1 day', 'in_transit')$$, $$tracking_event_id = {k}$$,
    $$note = 'Other'$$, 'fresh'),

-- Segments and campaigns
('segment', NULL, $$(segment_id, name, kind) VALUES ({k}, 'Segment {k}', 'static')$$, $$segment_id = {k}$$,
    $$description = 'Other'$$, 'fresh'),
('segment_criterion', NULL, $$(segment_criterion_id, segment_id, criteria_details) VALUES ({k}, {s}, 'city = ''Cork''')$$,
    $$segment_criterion_id = {k}$$, $$criteria_details = 'city = ''Galway'''$$, 'fresh'),
('segment_member', 'customer_id % 10', $$(segment_id, customer_id, is_manual) VALUES ({s}, {c}, true)$$,
    $$segment_id = {s} AND customer_id = {c}$$, $$is_manual = true$$, 'fresh'),
('segment_member_history', 'customer_id % 10', $$(segment_member_history_id, segment_id, customer_id, valid_from, valid_to)
    VALUES (900000 + {k}, {s}, {c}, '2001-01-01', '2001-01-02')$$, $$segment_member_history_id = 900000 + {k}$$,
    $$is_manual = true$$, 'replica'),
('segment_analytics', NULL, $$(segment_analytics_id, segment_id, report_date) VALUES ({k}, {s}, date '2001-01-01' + {k})$$,
    $$segment_analytics_id = {k}$$, $$member_count = 3$$, 'fresh'),
('customer_behavior', NULL, $$(customer_behavior_id, marketing_analyst_id, report_type) VALUES ({k}, 6, 'Test')$$,
    $$customer_behavior_id = {k}$$, $$insights = 'Other'$$, 'fresh'),
('campaign', NULL, $$(campaign_id, name, campaign_type, start_date, currency_code, fx_rate_to_base)
    VALUES ({k}, 'Campaign', 'promotion', '2031-01-01', 'EUR', 1)$$, $$campaign_id = {k}$$, $$name = 'Other'$$, 'fresh'),
('campaign_cost', NULL, $$(campaign_cost_id, campaign_id, incurred_on, currency_code, fx_rate_to_base, amount)
    VALUES ({k}, {s}, '2001-01-01', 'EUR', 1, 5)$$, $$campaign_cost_id = {k}$$, $$amount = 6$$, 'fresh'),
('landing_page', NULL, $$(landing_page_id, campaign_id, url) VALUES ({k}, {s}, 'https://example.com/{k}')$$,
    $$landing_page_id = {k}$$, $$visits = 3$$, 'fresh'),
('campaign_segment', NULL, $$(campaign_id, segment_id) VALUES ({p}, {p})$$, $$campaign_id = {p}$$, $$is_exclusion = true$$,
    'fresh'),
('campaign_product', NULL, $$(campaign_id, product_id) VALUES ({p}, 1)$$, $$campaign_id = {p}$$, $$product_id = 21$$, 'fresh'),
('campaign_member', 'coalesce(customer_id, lead_id) % 10', $$(campaign_member_id, campaign_id, customer_id, lead_id)
    VALUES ({k}, {s}, CASE WHEN {k} BETWEEN 40 AND 50 THEN NULL ELSE {c} END,
    CASE WHEN {k} BETWEEN 40 AND 50 THEN {c} END)$$, $$campaign_member_id = {k}$$, $$status = 'sent'$$, 'fresh'),
('campaign_touch', 'coalesce(customer_id, lead_id) % 10', $$(campaign_touch_id, campaign_id, touch_type, touched_at,
    customer_id, lead_id) VALUES (900000 + {k}, {s}, 'sent', '2001-01-01',
    CASE WHEN {k} BETWEEN 40 AND 50 THEN NULL ELSE {c} END, CASE WHEN {k} BETWEEN 40 AND 50 THEN {c} END)$$,
    $$campaign_touch_id = 900000 + {k}$$, $$channel = 'email'$$, 'fresh'),
('campaign_attribution', 'customer_id % 10', $$(model, customer_id, sales_order_id, campaign_id, share_rate, revenue_base)
    VALUES ('linear', {c}, {c}, {s}, 0.5, 5)$$, $$sales_order_id = {c} AND campaign_id = {s}$$, $$revenue_base = 6$$, 'replica'),
('campaign_analytics', NULL, $$(campaign_analytics_id, campaign_id, date_reported) VALUES ({k}, {s}, date '2001-01-01' + {k})$$,
    $$campaign_analytics_id = {k}$$, $$revenue_base = 6$$, 'fresh'),
('product_recommendation', 'customer_id % 10', $$(product_recommendation_id, customer_id, product_id) VALUES ({k}, {c}, 1)$$,
    $$product_recommendation_id = {k}$$, $$score = 0.5$$, 'fresh'),
('model', NULL, $$(model_id, kind, parameters, data_hash) VALUES ({k}, 'bgnbd', '{}', 'abc')$$, $$model_id = {k}$$,
    $$data_hash = 'def'$$, 'replica'),

-- Service
('knowledge_base', NULL, $$(knowledge_base_id, name) VALUES ({k}, 'Base {k}')$$, $$knowledge_base_id = {k}$$,
    $$name = 'Other'$$, 'fresh'),
('common_issue', NULL, $$(common_issue_id, knowledge_base_id, issue_title, solution_details) VALUES ({k}, {s}, 'Dark', 'Plug in')$$,
    $$common_issue_id = {k}$$, $$issue_title = 'Other'$$, 'fresh'),
('sla_policy', NULL, $$(sla_policy_id, name, priority, first_response_minutes, resolution_minutes, business_calendar_id)
    VALUES ({k}, 'Policy {k}', 'low', 60, 600, {s})$$, $$sla_policy_id = {k}$$, $$name = 'Other'$$, 'fresh'),
('support_ticket', 'customer_id % 10', $$(support_ticket_id, customer_id, issue) VALUES ({k}, {c}, 'Stays dark')$$,
    $$support_ticket_id = {k}$$, $$category = 'Other'$$, 'fresh'),
('ticket_status_history', 'customer_id % 10', $$(ticket_status_history_id, customer_id, support_ticket_id, to_status)
    VALUES (900000 + {k}, {c}, {c}, 'new')$$, $$ticket_status_history_id = 900000 + {k}$$, $$note = 'Other'$$, 'replica'),
('ticket_response', 'customer_id % 10', $$(ticket_response_id, customer_id, support_ticket_id, message, staff_id)
    VALUES ({k}, {c}, {c}, 'Is it plugged in?', 8)$$, $$ticket_response_id = {k}$$, $$message = 'Other'$$, 'fresh'),
('ticket_common_issue', 'customer_id % 10', $$(customer_id, support_ticket_id, common_issue_id) VALUES ({c}, {c}, {s})$$,
    $$support_ticket_id = {c} AND common_issue_id = {s}$$, $$helpful = true$$, 'fresh'),
('interaction_type', NULL, $$(interaction_type_id, name) VALUES (1000 + {k}, 'Type {k}')$$, $$interaction_type_id = 1000 + {k}$$,
    $$name = 'Other'$$, 'fresh'),
('interaction_outcome', NULL, $$(interaction_outcome_id, name) VALUES (1000 + {k}, 'Outcome {k}')$$,
    $$interaction_outcome_id = 1000 + {k}$$, $$name = 'Other'$$, 'fresh'),
('interaction', 'customer_id % 10', $$(interaction_id, customer_id, interaction_type_id) VALUES ({k}, {c}, 1001)$$,
    $$interaction_id = {k}$$, $$details = 'Other'$$, 'fresh'),
('interaction_rep', 'customer_id % 10', $$(customer_id, interaction_id, sales_rep_id)
    VALUES ({c}, {c}, CASE WHEN {k} < 100 THEN {n} ELSE 10 END)$$,
    $$interaction_id = {c} AND sales_rep_id = CASE WHEN {k} < 100 THEN {n} ELSE 10 END$$, $$role = 'participant'$$, 'fresh'),
('follow_up', 'customer_id % 10', $$(follow_up_id, customer_id, sales_rep_id, scheduled_date, activity_details)
    VALUES ({k}, {c}, {n}, '2031-01-01', 'Call')$$, $$follow_up_id = {k}$$, $$activity_details = 'Other'$$, 'fresh'),
('feedback', 'customer_id % 10', $$(feedback_id, customer_id, rating) VALUES ({k}, {c}, 5)$$, $$feedback_id = {k}$$,
    $$content = 'Other'$$, 'fresh'),

-- The system
('event', NULL, $$(event_type, table_name, row_id) VALUES ('customer.created', 'customer', 1)$$,
    $$event_type = 'lead.reassigned' AND row_id = 1$$, $$row_id = 2$$, 'given'),
('event_type', NULL, $$(event_type, description, payload) VALUES ('test.number{k}', 'A test', 'Nothing')$$,
    $$event_type = 'test.number{k}'$$, $$description = 'Other'$$, 'fresh'),
('event_consumer', NULL, $$(event_consumer_id, name) VALUES ({k}, 'Consumer {k}')$$, $$event_consumer_id = {k}$$,
    $$last_event_id = 1$$, 'fresh'),
('schema_version', NULL, $$(version, script_checksum) VALUES ('0.0.1', 'x')$$, $$schema_version_id > 0$$,
    $$script_checksum = 'y'$$, 'given'),
('error_catalog', NULL, $$(sqlstate, message) VALUES ('RM999', 'A test')$$, $$sqlstate = 'RM001'$$, $$message = 'Other'$$, 'given'),
('audit_log', NULL, $$(table_name, operation, row_id) VALUES ('customer', 'update', 1)$$,
    $$table_name = 'customer' AND row_id = 1$$, $$login = 'nobody'$$, 'given'),
('pii_registry', NULL, $$(table_name, column_name, class, action) VALUES ('test', 'test', 'none', 'keep')$$,
    $$table_name = 'customer' AND column_name = 'email'$$, $$class = 'none'$$, 'given'),
('erasure_log', NULL, $$(erasure_log_id, customer_id, erased_by, reason) VALUES (900000 + {k}, 1, 'test', 'request 1')$$,
    $$erasure_log_id = 900000 + {k}$$, $$reason = 'Other'$$, 'replica'),
('legal_hold', NULL, $$(customer_id, reason) VALUES ({p}, 'file 1')$$, $$customer_id = {p}$$, $$reason = 'Other'$$, 'fresh'),
('retention_rule', NULL, $$(retention_rule_id, table_name, column_name, keep_days) VALUES (900000 + {k}, 'lead', 'c{k}', 30)$$,
    $$retention_rule_id = 900000 + {k}$$, $$keep_days = 31$$, 'fresh'),
('maintenance_job', NULL, $$(maintenance_job_id, name, every_minutes) VALUES ({k}, 'Job {k}', 60)$$,
    $$maintenance_job_id = {k}$$, $$every_minutes = 30$$, 'fresh'),
('job_history', NULL, $$(job_history_id, maintenance_job_id) VALUES ({k}, {s})$$, $$job_history_id = {k}$$,
    $$rows_affected = 3$$, 'replica'),
('import_batch', NULL, $$(import_batch_id, source) VALUES ({k}, 'test')$$, $$import_batch_id = {k}$$, $$file_name = 'other'$$,
    'fresh'),
('import_order_line', NULL, $$(import_batch_id, line_no, order_ref) VALUES ({s}, {k}, 'X')$$,
    $$import_batch_id = {s} AND line_no = {k}$$, $$order_ref = 'Y'$$, 'fresh');
