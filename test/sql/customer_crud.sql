-- Customers, contacts, leads and opportunities: added, changed, upserted, deleted and restored.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
SET DateStyle = 'ISO, YMD';
BEGIN;
INSERT INTO crm.region (region_id, name) VALUES (6001, 'Crud land'), (6002, 'Crud county');
INSERT INTO crm.region_coverage (country_code, state, region_id) VALUES ('XA', '', 6001), ('XA', 'Shire', 6002);

-- Add: names, search keys and region follow from what was given.
INSERT INTO crm.customer (customer_id, first_name, last_name, email, phone, country_code, state, date_of_birth)
VALUES (6001, 'Ann', 'Archer', 'Ann@Example.COM', '+44 (0)20 7946-0001', 'XA', 'Shire', '1990-02-28'),
    (6002, NULL, ' Bishop ', NULL, NULL, 'XA', 'Elsewhere', NULL);
INSERT INTO crm.customer (customer_id, customer_type, business_name, first_name, last_name, country_code)
VALUES (6003, 'business', 'Cooper & Sons', 'Carl', 'Cooper', NULL);
SELECT customer_id, customer_type, name, name_key, last_name_key, email_key, phone_key, region_id, row_version
FROM crm.customer WHERE customer_id BETWEEN 6001 AND 6003 ORDER BY 1;

-- Change: generated columns and region follow, the version rises.
UPDATE crm.customer SET last_name = 'Smith', state = NULL WHERE customer_id = 6001;
SELECT name, name_key, last_name_key, region_id, row_version FROM crm.customer WHERE customer_id = 6001;
UPDATE crm.customer SET customer_type = 'business', business_name = 'Smith Ltd', date_of_birth = NULL
WHERE customer_id = 6001;
SELECT customer_type, name FROM crm.customer WHERE customer_id = 6001;
UPDATE crm.customer SET customer_type = 'individual', business_name = NULL WHERE customer_id = 6001;

-- Upsert by the key of another system: the second time the row is changed, not doubled.
INSERT INTO crm.customer (customer_id, last_name, external_source, external_id)
VALUES (6004, 'Draper', 'shop', 'C-77')
ON CONFLICT (external_source, external_id) DO UPDATE SET last_name = excluded.last_name
RETURNING customer_id, last_name;
INSERT INTO crm.customer (customer_id, last_name, external_source, external_id)
VALUES (6005, 'Draper-Jones', 'shop', 'C-77')
ON CONFLICT (external_source, external_id) DO UPDATE SET last_name = excluded.last_name
RETURNING customer_id, last_name;

-- What is refused.
\set VERBOSITY terse
INSERT INTO crm.customer (first_name) VALUES ('Nobody');
INSERT INTO crm.customer (last_name) VALUES ('   ');
INSERT INTO crm.customer (customer_type, last_name) VALUES ('business', 'Firm');
UPDATE crm.customer SET customer_type = 'business' WHERE customer_id = 6001;
INSERT INTO crm.customer (customer_type, business_name, date_of_birth) VALUES ('business', 'Firm', '2000-01-01');
INSERT INTO crm.customer (last_name, date_of_birth) VALUES ('Unborn', current_date + 2);
INSERT INTO crm.customer (last_name, date_of_birth) VALUES ('Ageless', 'infinity');
INSERT INTO crm.customer (last_name, email) VALUES ('Mailer', 'no address');
INSERT INTO crm.customer (last_name, email) VALUES ('Mailer', ' blanks@example.com');
INSERT INTO crm.customer (last_name, country_code) VALUES ('Lander', 'Germany');
INSERT INTO crm.customer (last_name, region_id) VALUES ('Lost', 6999);
INSERT INTO crm.customer (last_name, custom) VALUES ('Custom', '[1]');
INSERT INTO crm.customer (last_name, external_source) VALUES ('Half', 'shop');
INSERT INTO crm.customer (last_name) VALUES (repeat('x', 1000000));
INSERT INTO crm.customer (last_name, service_class) VALUES ('Gold', 'gold');
\set VERBOSITY default

-- Contacts: an individual has one at most, a business any number; one of them is the first.
INSERT INTO crm.contact (contact_id, customer_id, first_name, last_name, title, email, is_primary)
VALUES (6001, 6003, 'Dora', 'Cooper', 'buyer', 'dora@cooper.example', true),
    (6002, 6003, 'Emil', 'Cooper', NULL, 'emil@cooper.example', false),
    (6003, 6002, NULL, 'Bishop', NULL, NULL, true);
INSERT INTO crm.contact (customer_id, last_name) VALUES (6002, 'Second');
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.contact SET is_primary = true WHERE contact_id = 6002;
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.customer SET customer_type = 'individual', business_name = NULL, last_name = 'Cooper'
WHERE customer_id = 6003;
\echo :LAST_ERROR_SQLSTATE

-- Delete: the row stays, searches leave it out, an event carries the reason.
CREATE TEMPORARY TABLE place AS SELECT coalesce(max(event_id), 0) AS event_id FROM crm.event;
SET LOCAL crm.change_note = 'outer note';
SELECT customer_id, deleted_at = now() AS deleted_now FROM crm.delete_customer(6001, 'asked to be left alone');
SELECT current_setting('crm.change_note') AS note_afterwards;
SELECT customer_id FROM crm.find_customers('ann');
SELECT customer_id, name, deleted_at IS NOT NULL AS is_deleted FROM crm.customer WHERE customer_id = 6001;
INSERT INTO crm.sales_order (customer_id) VALUES (6001);
\echo :LAST_ERROR_SQLSTATE

-- Once more: nothing changes, not even the time or the version, and no second event.
UPDATE crm.customer SET deleted_at = '2026-01-01' WHERE customer_id = 6001;
SELECT deleted_at, row_version - v.before AS versions_more
FROM (SELECT row_version AS before FROM crm.customer WHERE customer_id = 6001) AS v,
    crm.delete_customer(6001, 'again');
SELECT customer_id, deleted_at FROM crm.restore_customer(6001);
SELECT customer_id, deleted_at FROM crm.restore_customer(6001);
SELECT customer_id FROM crm.find_customers('ann');
SELECT event_type, row_id, customer_id, payload ->> 'note' AS note
FROM crm.event WHERE event_id > (SELECT p.event_id FROM place AS p) ORDER BY event_id;

-- Likewise contacts, leads and opportunities; what a deleted contact held becomes free.
SELECT contact_id, deleted_at = now() AS deleted_now FROM crm.delete_contact(contact_id => 6001, reason => 'left');
INSERT INTO crm.contact (contact_id, customer_id, last_name, email, is_primary)
VALUES (6004, 6003, 'Newman', 'Dora@Cooper.Example', true);
SELECT contact_id FROM crm.restore_contact(6001);
\echo :LAST_ERROR_SQLSTATE
SELECT contact_id, deleted_at = now() AS deleted_now FROM crm.delete_contact(6004);
SELECT contact_id, deleted_at FROM crm.restore_contact(6001);
SELECT contact_id FROM crm.delete_contact(6003);
INSERT INTO crm.contact (contact_id, customer_id, last_name) VALUES (6005, 6002, 'Bishop');
SELECT contact_id FROM crm.restore_contact(6003);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.lead (lead_id, company_name) VALUES (6001, 'Maybe Inc');
SELECT lead_id, deleted_at = now() AS deleted_now FROM crm.delete_lead(6001, 'spam');
SELECT lead_id, deleted_at FROM crm.restore_lead(6001);
INSERT INTO crm.opportunity (opportunity_id, customer_id, name, pipeline_id, pipeline_stage_id, win_probability,
    expected_close)
SELECT 6001, 6003, 'Deal', s.pipeline_id, s.pipeline_stage_id, s.win_probability, '2026-06-30'
FROM crm.pipeline_stage AS s ORDER BY s.pipeline_id, s."position" LIMIT 1;
SELECT opportunity_id, deleted_at = now() AS deleted_now FROM crm.delete_opportunity(6001, 'twice entered');
SELECT opportunity_id, deleted_at FROM crm.restore_opportunity(6001);
SELECT event_type, row_id, payload ->> 'note' AS note
FROM crm.event
WHERE event_id > (SELECT p.event_id FROM place AS p) AND table_name <> 'customer'
ORDER BY event_id;

-- Errors of these functions leave the setting alone as well.
SELECT customer_id FROM crm.delete_customer(6999);
\echo :LAST_ERROR_SQLSTATE
SELECT customer_id FROM crm.restore_customer(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT contact_id FROM crm.delete_contact(6999);
SELECT lead_id FROM crm.restore_lead(6999);
SELECT opportunity_id FROM crm.delete_opportunity(6999);
SELECT customer_id FROM crm.delete_customer(6003, repeat('x', 1001));
\echo :LAST_ERROR_SQLSTATE
SELECT current_setting('crm.change_note') AS note_afterwards;

-- A real DELETE is for customers without documents; contacts go with them.
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date) VALUES (6001, 6002, '2026-01-05');
\set VERBOSITY terse
DELETE FROM crm.customer WHERE customer_id = 6002;
\set VERBOSITY default
DELETE FROM crm.opportunity WHERE opportunity_id = 6001;
DELETE FROM crm.customer WHERE customer_id = 6003;
SELECT count(*) AS contacts_left FROM crm.contact WHERE customer_id = 6003;

-- The profile shows all of it; numbers by hand: 2 sales of 30 and 50, a return of 10, a canceled one of 70.
INSERT INTO crm.product_category (product_category_id, name) VALUES (6001, 'Crud goods');
INSERT INTO crm.product (product_id, sku, name, product_category_id, price, stock_quantity)
VALUES (6001, 'CRUD-1', 'Crud thing', 6001, 10, 100);
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, order_kind, status)
VALUES (6011, 6001, '2026-01-01 10:00', 'sale', 'pending'), (6012, 6001, '2026-02-01 10:00', 'sale', 'pending'),
    (6013, 6001, '2026-03-01 10:00', 'return', 'pending'), (6014, 6001, '2026-04-01 10:00', 'sale', 'pending');
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity)
VALUES (6011, 1, 6001, 1), (6011, 2, 6001, 2), (6012, 1, 6001, 5), (6013, 1, 6001, 1), (6014, 1, 6001, 7);
UPDATE crm.sales_order SET status = CASE sales_order_id WHEN 6014 THEN 'canceled' ELSE 'completed' END
WHERE sales_order_id BETWEEN 6011 AND 6014;
INSERT INTO crm.staff (staff_id, first_name, last_name, email)
VALUES (6001, 'Rita', 'Rep', 'rita@crud.example'), (6002, 'Adam', 'Aide', 'adam@crud.example');
INSERT INTO crm.sales_rep (sales_rep_id) VALUES (6001), (6002);
UPDATE crm.customer SET sales_rep_id = 6001 WHERE customer_id = 6001;
INSERT INTO crm.contact (contact_id, customer_id, first_name, last_name, title)
VALUES (6011, 6001, 'Ann', 'Smith', 'herself');
INSERT INTO crm.interaction (interaction_id, customer_id, interaction_date, interaction_type_id,
    interaction_outcome_id, details)
SELECT 6001, 6001, '2026-05-01 09:00', t.interaction_type_id, o.interaction_outcome_id, 'asked for a price'
FROM crm.interaction_type AS t, crm.interaction_outcome AS o
WHERE t.name = 'phone call' AND o.name = 'information given';
INSERT INTO crm.interaction_rep (customer_id, interaction_id, sales_rep_id, role)
VALUES (6001, 6001, 6002, 'participant'), (6001, 6001, 6001, 'owner');
INSERT INTO crm.support_ticket (support_ticket_id, customer_id, issue, reported_date, status, resolved_at)
VALUES (6001, 6001, 'broken', '2026-05-02', 'open', NULL), (6002, 6001, 'late', '2026-05-01', 'solved', '2026-05-02');
SELECT jsonb_pretty(p.profile - 'customer') FROM crm.customer_profile(6001) AS p (profile);
SELECT p.profile -> 'customer' ->> 'name' AS name,
    p.profile -> 'customer' ?| ARRAY['name_key', 'last_name_key', 'email_key', 'phone_key'] AS has_search_keys
FROM crm.customer_profile(6001) AS p (profile);
-- Against the tables: the first 10 of 12 orders, the first 20 of 25 interactions, newest first.
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date)
SELECT 6100 + n, 6001, timestamptz '2026-06-01' + n * interval '1 day' FROM generate_series(1, 8) AS n;
INSERT INTO crm.interaction (interaction_id, customer_id, interaction_date, interaction_type_id)
SELECT 6100 + n, 6001, timestamptz '2026-06-01', min(t.interaction_type_id)
FROM generate_series(1, 24) AS n, crm.interaction_type AS t GROUP BY n;
SELECT jsonb_path_query_array(p.profile, '$.orders[*].sales_order_id') AS orders,
    jsonb_path_query_array(p.profile, '$.interactions[*].interaction_id') AS interactions
FROM crm.customer_profile(6001) AS p (profile);
-- Nothing there: empty lists, no NULLs in their place.
INSERT INTO crm.customer (customer_id, last_name) VALUES (6006, 'Empty');
SELECT p.profile - 'customer' AS profile FROM crm.customer_profile(6006) AS p (profile);
SELECT crm.customer_profile(6999);
\echo :LAST_ERROR_SQLSTATE
SELECT crm.customer_profile(NULL);
ROLLBACK;
