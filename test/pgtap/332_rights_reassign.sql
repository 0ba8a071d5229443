-- Moving rows between people: reassign_customer, reassign_opportunity, reassign_lead, what a plain UPDATE may not (RM022),
-- and deleted rows. Uses the world of the tests of rights. Runs in the folder of the sources.
BEGIN;
\ir ../rights/rows.sql
\ir ../rights/world.sql
SELECT plan(59);

-- Ann is the rep of region 1, Cid of region 2 with Mia as manager of both; Bob of region 3 under Zed. Top is above all.
CREATE FUNCTION pg_temp.act(login text, statement text, staff_id bigint DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    token constant text := CASE WHEN staff_id IS NOT NULL THEN crm.issue_token(staff_id) END;
    hit bigint;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', login);
    IF token IS NOT NULL THEN
        PERFORM crm.begin_session(token);
    END IF;
    EXECUTE statement;
    GET DIAGNOSTICS hit = ROW_COUNT;
    RESET ROLE;
    IF token IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = hit::text;
    END IF;
    RETURN hit;
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ000' THEN SQLERRM ELSE SQLSTATE || ' ' || SQLERRM END;
END
$$;
CREATE FUNCTION pg_temp.sees(login text, table_name text, row_id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    hit boolean;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', login);
    EXECUTE format('SELECT EXISTS (SELECT FROM crm.%I WHERE %I = $1)', table_name, table_name || '_id') INTO hit USING row_id;
    RESET ROLE;
    RETURN hit;
END
$$;
CREATE ROLE rights_cid LOGIN;
CREATE ROLE rights_bob LOGIN;
GRANT crm_sales_rep TO rights_cid, rights_bob;
UPDATE crm.staff SET db_role = 'rights_' || lower(first_name) WHERE staff_id IN (2, 3);

-- A customer, with what is open of his ------------------------------------------------------------------------
INSERT INTO crm.opportunity (opportunity_id, customer_id, name, pipeline_id, pipeline_stage_id, win_probability,
    currency_code, fx_rate_to_base, expected_close, sales_rep_id, closed_at)
VALUES (5001, 1, 'Over', 1001, 1001, 0.5, 'EUR', 1, '2031-01-01', 1, now());
INSERT INTO crm.follow_up (follow_up_id, customer_id, sales_rep_id, scheduled_date, activity_details, completed_at)
VALUES (5001, 1, 1, '2031-01-01', 'Done', now());
UPDATE crm.sales_order SET sales_rep_id = 1 WHERE sales_order_id = 1;

SELECT is(pg_temp.act('rights_ann', 'SELECT FROM crm.reassign_customer(1, 2)'),
    '42501 permission denied for function reassign_customer', 'a rep may not reassign');
SELECT is(pg_temp.act('rights_pool', 'SELECT FROM crm.reassign_customer(1, 2)', 1),
    '42501 reassigning a row of crm.customer is for sales managers', 'nor a rep behind a pool');
SELECT is(pg_temp.act('rights_pool', 'SELECT FROM crm.reassign_lead(1, 2)', 1),
    '42501 reassigning a row of crm.lead is for sales managers', 'nor a lead');
SELECT is(pg_temp.act('rights_pool', 'SELECT FROM crm.reassign_opportunity(1, 2)', 1),
    '42501 reassigning a row of crm.opportunity is for sales managers', 'nor an opportunity');
SELECT matches(pg_temp.act('rights_pool', 'SELECT FROM crm.reassign_customer(1, 2)'), '^22023 customer 1 does not exist',
    'nor a pool without a token');
SELECT is(pg_temp.act(a.login, 'SELECT FROM crm.reassign_customer(1, 2)'), '42501 permission denied for function reassign_customer',
    'nor ' || a.name)
FROM actor AS a WHERE a.name IN ('crm_marketing_manager', 'crm_marketing_analyst', 'crm_support_agent', 'crm_auditor') ORDER BY a.name;
SELECT is(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_customer(3, 1)'), '22023 customer 3 does not exist',
    'a manager cannot take a customer of another team');
SELECT is(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_customer(999999, 1)'), '22023 customer 999999 does not exist',
    'and is told of a hidden one what is said of one that there is not');
SELECT is(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_customer(1, 4)'), '22023 sales rep 4 does not exist or is not active',
    'a manager is no sales rep');
UPDATE crm.staff SET active = false WHERE staff_id = 10;
SELECT is(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_customer(1, 10)'), '22023 sales rep 10 does not exist or is not active',
    'nor is one who left');
SELECT matches(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_customer(1, NULL, 777)'), '^23503 ', 'an unknown region');
SELECT matches(pg_temp.act('rights_mia', $$SELECT FROM crm.reassign_customer(1, 2, reason => repeat('x', 1001))$$), '^22023 ',
    'a reason that is too long');
SELECT is((SELECT count(*) FROM crm.event WHERE event_type = 'customer.reassigned'), 0::bigint, 'what was refused leaves no event');

SELECT is(pg_temp.act('rights_mia', $$SELECT FROM crm.reassign_customer(1, 2, 2, reason => 'moved')$$), '1', 'a manager reassigns in the team');
SELECT results_eq('SELECT sales_rep_id, region_id, region_is_manual FROM crm.customer WHERE customer_id = 1',
    'VALUES (2::bigint, 2::bigint, true)', 'the customer has the rep and the region');
SELECT is(pg_temp.sees('rights_ann', 'customer', 1), false, 'the rep who had the customer sees him no longer');
SELECT is(pg_temp.sees('rights_cid', 'customer', 1), true, 'the other rep does');
SELECT is(pg_temp.sees('rights_mia', 'customer', 1), true, 'and the manager');
SELECT results_eq('SELECT opportunity_id, sales_rep_id FROM crm.opportunity WHERE customer_id = 1 ORDER BY 1',
    'VALUES (1::bigint, 2::bigint), (5001, 1)', 'open opportunities moved, closed ones did not');
SELECT results_eq('SELECT follow_up_id, sales_rep_id FROM crm.follow_up WHERE customer_id = 1 ORDER BY 1',
    'VALUES (1::bigint, 2::bigint), (5001, 1)', 'so did follow-ups');
SELECT is((SELECT sales_rep_id FROM crm.sales_order WHERE sales_order_id = 1), 1::bigint, 'orders keep the rep that they were booked with');
SELECT is(pg_temp.sees('rights_ann', 'contact', 1), false, 'contacts went out of sight with the customer');
SELECT is(pg_temp.sees('rights_ann', 'sales_order', 1), true, 'what one sold stays in sight');
SELECT is(pg_temp.sees('rights_cid', 'support_ticket', 1), true, 'tickets came with the customer');
SELECT results_eq(
    $$SELECT row_id, customer_id, payload FROM crm.event WHERE event_type = 'customer.reassigned'$$,
    $$VALUES (1::bigint, 1::bigint, '{"sales_rep_id": 2, "region_id": 2, "note": "moved", "by": "rights_mia"}'::jsonb)$$,
    'the event says who, what and why');
SELECT results_eq(
    $$SELECT h.role, h.staff_id, h.new_values FROM crm.row_history('customer', 1) AS h LIMIT 1$$,
    $$VALUES ('rights_mia', 4::bigint, '{"region_id": 2, "sales_rep_id": 2}'::jsonb)$$,
    'the audit names the manager, not the owner of the function');

SELECT is(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_customer(2, 1, with_open_documents => false)'), '1',
    'without the documents');
SELECT is((SELECT sales_rep_id FROM crm.opportunity WHERE opportunity_id = 2), 2::bigint, 'these stay with their rep');
SELECT is(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_customer(21, 3, 3)'), '1', 'out of the own sight');
SELECT is(pg_temp.sees('rights_mia', 'customer', 21), false, 'where the manager sees the customer no longer');
SELECT is(pg_temp.sees('rights_bob', 'customer', 21), true, 'but the rep there does');
SELECT is(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_customer(21, 1)'), '22023 customer 21 does not exist', 'and cannot take back');
SELECT is(pg_temp.act('rights_top', 'SELECT FROM crm.reassign_customer(21, 1, 1)'), '1', 'the manager above all can');
SELECT is(pg_temp.act('rights_pool', 'SELECT FROM crm.reassign_customer(3, 2, 2)', 7), '1', 'also behind a pool');
SELECT is(pg_temp.act('rights_ada', 'SELECT FROM crm.reassign_customer(3, 2)'), '1', 'so can the administrator');

-- An opportunity and a lead -----------------------------------------------------------------------------------
SELECT is(pg_temp.act('rights_ann', 'SELECT FROM crm.reassign_opportunity(21, 2)'),
    '42501 permission denied for function reassign_opportunity', 'an opportunity: not by a rep');
SELECT is(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_opportunity(43, 2)'), '22023 opportunity 43 does not exist', 'not of another team');
SELECT is(pg_temp.act('rights_mia', $$SELECT FROM crm.reassign_opportunity(21, 3, 'on leave')$$), '1', 'by the manager, to another team');
SELECT results_eq(
    $$SELECT o.sales_rep_id, e.payload ->> 'note' FROM crm.opportunity AS o JOIN crm.event AS e ON e.row_id = o.opportunity_id
    WHERE o.opportunity_id = 21 AND e.event_type = 'opportunity.reassigned'$$, $$VALUES (3::bigint, 'on leave')$$, 'with its event');
SELECT is(pg_temp.sees('rights_bob', 'opportunity', 21), true, 'its new rep sees it');
SELECT is(pg_temp.sees('rights_bob', 'customer', 21), false, 'without the customer');

SELECT is(pg_temp.act('rights_ann', 'SELECT FROM crm.reassign_lead(21, 2)'), '42501 permission denied for function reassign_lead',
    'a lead: not by a rep');
SELECT is(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_lead(3, 1)'), '22023 lead 3 does not exist', 'not of another team');
SELECT is(pg_temp.act('rights_mia', 'SELECT FROM crm.reassign_lead(21, 3, 3)'), '1', 'by the manager, to another team');
SELECT is(pg_temp.sees('rights_mia', 'lead', 21) OR pg_temp.sees('rights_ann', 'lead', 21), false, 'where she sees it no longer');
SELECT is(pg_temp.sees('rights_bob', 'lead', 21), true, 'but its rep');
SELECT is((SELECT count(*) FROM crm.event WHERE event_type = 'lead.reassigned' AND row_id = 21), 1::bigint, 'with its event');

-- A plain UPDATE out of the own sight -------------------------------------------------------------------------
SELECT is(pg_temp.act('rights_ann', 'UPDATE crm.customer SET region_id = 3 WHERE customer_id = 41'),
    'RM022 customer 41 would leave your sight', 'a rep cannot move a customer to another region');
SELECT is(pg_temp.act('rights_ann', 'UPDATE crm.lead SET region_id = 3 WHERE lead_id = 41'),
    'RM022 lead 41 would leave your sight', 'nor a lead');
INSERT INTO crm.region_coverage (country_code, region_id) VALUES ('NO', 1), ('IT', 3);
INSERT INTO crm.customer (customer_id, last_name, country_code) VALUES (6001, 'Moves', 'NO');
SELECT is(pg_temp.act('rights_ann', $$UPDATE crm.customer SET country_code = 'IT' WHERE customer_id = 6001$$),
    'RM022 customer 6001 would leave your sight', 'nor by a new address that another region covers');
SELECT is(pg_temp.act('rights_pool', $$UPDATE crm.customer SET country_code = 'IT' WHERE customer_id = 6001$$, 1),
    'RM022 customer 6001 would leave your sight', 'nor behind a pool');
SELECT is(pg_temp.act('rights_ann', 'UPDATE crm.customer SET region_id = 11 WHERE customer_id = 41'), '1', 'within the own tree of regions he may');
SELECT is(pg_temp.act('rights_ann', $$UPDATE crm.customer SET country_code = 'IT', sales_rep_id = 1 WHERE customer_id = 6001$$), '1',
    'or where the customer stays his');
SELECT is(pg_temp.act('rights_top', $$UPDATE crm.customer SET region_id = 3, region_is_manual = true WHERE customer_id = 41$$), '1',
    'whoever sees all may move all');

-- Deleted rows ------------------------------------------------------------------------------------------------
SELECT is(pg_temp.act('rights_mia', $$SELECT FROM crm.delete_customer(22, 'duplicate')$$), '1', 'a manager deletes a customer');
SELECT is_empty($$
    SELECT a.name, s.rows FROM actor AS a
    CROSS JOIN LATERAL pg_temp.seen(a, 'SELECT count(*)::text FROM crm.customer WHERE customer_id = 22') AS s (rows)
    WHERE s.rows <> CASE a.name WHEN 'crm_admin' THEN 'rows 1' WHEN 'crm_auditor' THEN 'denied' WHEN 'crm_bi' THEN 'denied' ELSE 'rows 0' END
$$, 'only the administrator sees a deleted customer');
SELECT * FROM finish();
ROLLBACK;
