-- People, two customers and what hangs on them, for the tests of attacks; included inside of a transaction.
-- Customer 34001 is of the region of atk_ann, customer 34002 of that of atk_bob and secret to her. All that belongs
-- to the secret one has the key 34002 and the word Geheim in its texts.

CREATE ROLE atk_ann LOGIN IN ROLE crm_sales_rep;
CREATE ROLE atk_bob LOGIN IN ROLE crm_sales_rep;
CREATE ROLE atk_mia LOGIN IN ROLE crm_sales_manager;
CREATE ROLE atk_sue LOGIN IN ROLE crm_support_agent;
CREATE ROLE atk_amy LOGIN IN ROLE crm_marketing_manager;
CREATE ROLE atk_ana LOGIN IN ROLE crm_marketing_analyst;
CREATE ROLE atk_biz LOGIN IN ROLE crm_bi;
CREATE ROLE atk_pool LOGIN NOINHERIT IN ROLE crm_app;
CREATE ROLE atk_pin LOGIN IN ROLE crm_app;
CREATE ROLE atk_aud LOGIN IN ROLE crm_auditor;
CREATE ROLE atk_adm LOGIN IN ROLE crm_admin;
CREATE ROLE atk_eve LOGIN;

-- What a role's statement ends in: its SQLSTATE, or 'done' and the number of rows. What it did is undone.
CREATE FUNCTION pg_temp.attempt(role_name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    caught text;
    touched bigint;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role_name);
    EXECUTE statement;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RAISE EXCEPTION USING ERRCODE = 'YYYYY', MESSAGE = 'done ' || touched;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS caught = RETURNED_SQLSTATE;
    RETURN CASE WHEN caught = 'YYYYY' THEN SQLERRM ELSE caught END;
END $$;

-- All that a client is told of a statement that fails: SQLSTATE, message, detail, hint and context.
CREATE FUNCTION pg_temp.told(role_name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    detail text;
    hint text;
    context text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role_name);
    EXECUTE statement;
    RAISE EXCEPTION USING ERRCODE = 'YYYYY', MESSAGE = 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
        context = PG_EXCEPTION_CONTEXT;
    RETURN CASE WHEN state = 'YYYYY' THEN 'done' ELSE concat_ws(' | ', state, SQLERRM, nullif(detail, ''), nullif(hint, '')) END;
END $$;

-- The first column of the rows of a query that a role runs, joined by commas; or the SQLSTATE. What it did is undone.
CREATE FUNCTION pg_temp.seen(role_name text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text := '';
    cell text;
    state text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role_name);
    FOR cell IN EXECUTE query LOOP
        result := concat_ws(',', nullif(result, ''), cell);
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'YYYYY', MESSAGE = 'rows: ' || result;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE;
    RETURN CASE WHEN state = 'YYYYY' THEN SQLERRM ELSE state END;
END $$;

SET LOCAL client_min_messages = warning;
INSERT INTO crm.region (region_id, name) VALUES (34001, 'Attack North'), (34002, 'Attack South');
INSERT INTO crm.staff (staff_id, first_name, last_name, email, db_role) VALUES
    (34001, 'Ann', 'Rep', 'ann@atk.example', 'atk_ann'), (34002, 'Bob', 'Rep', 'bob@atk.example', 'atk_bob'),
    (34003, 'Mia', 'Boss', 'mia@atk.example', 'atk_mia'), (34005, 'Sue', 'Support', 'sue@atk.example', 'atk_sue');
INSERT INTO crm.sales_rep (sales_rep_id, region_id) VALUES (34001, 34001), (34002, 34002);
INSERT INTO crm.sales_manager (sales_manager_id) VALUES (34003);
INSERT INTO crm.support_agent (support_agent_id) VALUES (34005);
INSERT INTO crm.product_category (product_category_id, name) VALUES (34001, 'Attacked');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
VALUES (34001, 'ATK-1', 'Target', 34001, 'EUR', 10, 1000);

INSERT INTO crm.customer (customer_id, customer_type, business_name, email, phone, region_id) VALUES
    (34001, 'business', 'Open and known', 'open@atk.example', '+10000001', 34001),
    (34002, 'business', 'Geheim and Sons', 'geheim@atk.example', '+10000002', 34002);
INSERT INTO crm.contact (contact_id, customer_id, last_name, email) VALUES
    (34001, 34001, 'Open', 'c.open@atk.example'), (34002, 34002, 'Geheim', 'c.geheim@atk.example');
INSERT INTO crm.account (account_id, customer_id, contact_id, account_number, name, currency_code) VALUES
    (34001, 34001, 34001, 'ATK-OPEN', 'Open', 'EUR'), (34002, 34002, 34002, 'ATK-GEHEIM', 'Geheim', 'EUR');
INSERT INTO crm.lead (lead_id, company_name, email, region_id) VALUES
    (34001, 'Open', 'l.open@atk.example', 34001), (34002, 'Geheim', 'l.geheim@atk.example', 34002);
INSERT INTO crm.pipeline (pipeline_id, name) VALUES (34001, 'Attacked');
INSERT INTO crm.pipeline_stage (pipeline_stage_id, pipeline_id, name, position, win_probability, forecast_category)
VALUES (34001, 34001, 'Attacked', 1, 0.5, 'pipeline');
INSERT INTO crm.opportunity (opportunity_id, customer_id, name, pipeline_id, pipeline_stage_id, win_probability,
    currency_code, amount, expected_close, sales_rep_id)
SELECT v.id, v.id, v.name, 34001, 34001, 0.5, 'EUR', 10, current_date + 30, v.id
FROM (VALUES (34001, 'Open'), (34002, 'Geheim')) AS v (id, name);
INSERT INTO crm.quote (quote_id, customer_id, sales_rep_id, currency_code) VALUES
    (34001, 34001, 34001, 'EUR'), (34002, 34002, 34002, 'EUR');
INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code) VALUES (34001, 34001, 'EUR'), (34002, 34002, 'EUR');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (34001, 34001, 1), (34002, 34001, 3);
INSERT INTO crm.support_ticket (support_ticket_id, customer_id, issue) VALUES (34001, 34001, 'Open'), (34002, 34002, 'Geheim');
INSERT INTO crm.interaction (interaction_id, customer_id, interaction_type_id, details)
SELECT v.id, v.id, (SELECT min(t.interaction_type_id) FROM crm.interaction_type AS t), v.notes
FROM (VALUES (34001, 'Open'), (34002, 'Geheim')) AS v (id, notes);
INSERT INTO crm.follow_up (follow_up_id, customer_id, sales_rep_id, scheduled_date, activity_details) VALUES
    (34001, 34001, 34001, current_date + 7, 'Open'), (34002, 34002, 34002, current_date + 7, 'Geheim');
INSERT INTO crm.feedback (feedback_id, customer_id, rating, content) VALUES (34001, 34001, 3, 'Open'), (34002, 34002, 3, 'Geheim');
INSERT INTO crm.shipment_tracking (shipment_tracking_id, sales_order_id, tracking_number, courier) VALUES
    (34001, 34001, 'Open', 'Post'), (34002, 34002, 'Geheim', 'Post');
SELECT count(*) AS consents FROM (VALUES (34001), (34002)) AS v (id),
    crm.record_consent(v.id, 'marketing', 'email', 'form', true)
\gset
