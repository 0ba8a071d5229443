-- The organisation: crm.configure() and what it refuses, periods, and the rules of calendars, shipments, articles
-- and converted leads.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
SET DateStyle = 'ISO, YMD';
BEGIN;
-- As in a fresh database, whatever other tests have left behind.
SET LOCAL session_replication_role = replica;
DELETE FROM crm.order_item;
DELETE FROM crm.sales_order;
DELETE FROM crm.quote;
DELETE FROM crm.opportunity;
DELETE FROM crm.campaign;
DELETE FROM crm.quota;
DELETE FROM crm.exchange_rate;
UPDATE crm.organization
SET name = 'My organisation', base_currency_code = 'EUR', time_zone = 'UTC', fiscal_year_start_month = 1, row_version = 1;
SET LOCAL session_replication_role = origin;

-- What is given is set, the rest stays; nothing given, nothing changed, not even the version.
SELECT organization_id, name, base_currency_code, time_zone, fiscal_year_start_month, row_version FROM crm.configure();
SELECT name, base_currency_code, time_zone, fiscal_year_start_month, row_version
FROM crm.configure(name => ' Harbor Tea ', base_currency => 'gbp', time_zone => 'Europe/London', fiscal_year_start_month => 4);
SELECT name, base_currency_code, time_zone, fiscal_year_start_month, row_version FROM crm.configure(time_zone => 'Asia/Tokyo');
SELECT name, row_version FROM crm.configure('Harbor Tea', 'GBP', 'Asia/Tokyo', 4);
\set VERBOSITY terse
INSERT INTO crm.organization (organization_id, name, base_currency_code) VALUES (2, 'Another', 'EUR');
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE

-- What is refused.
SELECT name FROM crm.configure(base_currency => 'XXX');
\echo :LAST_ERROR_SQLSTATE
SELECT name FROM crm.configure(base_currency => '');
SELECT name FROM crm.configure(time_zone => 'Mars/Phobos');
\echo :LAST_ERROR_SQLSTATE
SELECT name FROM crm.configure(time_zone => 'europe/berlin');
SELECT name FROM crm.configure(time_zone => 'UTC+3');
SELECT name FROM crm.configure(time_zone => repeat('z', 1000000));
SELECT name FROM crm.configure(fiscal_year_start_month => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT name FROM crm.configure(fiscal_year_start_month => 100000);
SELECT name FROM crm.configure(name => '  ');
SELECT name FROM crm.configure(name => repeat('x', 201));
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.organization SET time_zone = 'Mars/Phobos';
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.organization SET base_currency_code = 'XXX';
\echo :LAST_ERROR_SQLSTATE
SELECT name, base_currency_code, time_zone, fiscal_year_start_month FROM crm.organization;

-- The base currency is fixed by the first amount, of whatever kind of document; the rest of the settings is not.
SELECT base_currency_code FROM crm.configure(base_currency => 'EUR');
INSERT INTO crm.customer (customer_id, last_name) VALUES (6951, 'First');
INSERT INTO crm.staff (staff_id, first_name, last_name, email) VALUES (6951, 'Sue', 'Seller', 'sue@config.example');
INSERT INTO crm.sales_rep (sales_rep_id) VALUES (6951);
SAVEPOINT nothing_booked;
INSERT INTO crm.sales_order (customer_id, order_date) VALUES (6951, '2026-01-01');
SELECT name FROM crm.configure(base_currency => 'USD');
\echo :LAST_ERROR_SQLSTATE
UPDATE crm.organization SET base_currency_code = 'USD';
SELECT base_currency_code, name FROM crm.configure(base_currency => 'EUR', name => 'Kept');
ROLLBACK TO nothing_booked;
INSERT INTO crm.quote (customer_id, sales_rep_id) VALUES (6951, 6951);
SELECT name FROM crm.configure(base_currency => 'USD');
ROLLBACK TO nothing_booked;
INSERT INTO crm.opportunity (customer_id, name, pipeline_id, pipeline_stage_id, win_probability, expected_close)
SELECT 6951, 'Deal', s.pipeline_id, s.pipeline_stage_id, s.win_probability, '2026-06-30'
FROM crm.pipeline_stage AS s ORDER BY s.pipeline_id, s."position" LIMIT 1;
SELECT name FROM crm.configure(base_currency => 'USD');
ROLLBACK TO nothing_booked;
INSERT INTO crm.campaign (name, campaign_type, start_date) VALUES ('Ad', 'other', '2026-01-01');
SELECT name FROM crm.configure(base_currency => 'USD');
ROLLBACK TO nothing_booked;
INSERT INTO crm.quota (sales_rep_id, valid_from, valid_to, amount) VALUES (6951, '2026-01-01', '2026-04-01', 1000);
SELECT name FROM crm.configure(base_currency => 'USD');
ROLLBACK TO nothing_booked;
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('USD', '2026-01-01', 0.9);
SELECT name FROM crm.configure(base_currency => 'USD');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO nothing_booked;
SELECT base_currency_code FROM crm.configure(base_currency => 'USD');

-- Periods, seen from a leap day, a Thursday, with a fiscal year from April; and from New Year, from July.
SELECT * FROM crm._periods('2024-02-29', 4) ORDER BY name COLLATE "C";
SELECT * FROM crm._periods('2025-01-01', 7) WHERE name ~ 'fiscal|week|yesterday|quarter' ORDER BY name COLLATE "C";
-- A fiscal year from January is the calendar year, on every day around a leap year. From whichever month, a
-- quarter holds its day, follows the one before, starts on a first and has three months.
SELECT count(*) AS cases, count(*) FILTER (WHERE c.from_date <> f.from_date OR c.to_date <> f.to_date) AS differences
FROM generate_series(date '2023-12-01', '2025-03-31', '1 day') AS d (day)
CROSS JOIN LATERAL crm._periods(d.day::date, 1) AS c
JOIN LATERAL crm._periods(d.day::date, 1) AS f ON f.name = replace(c.name, '_', '_fiscal_')
WHERE c.name IN ('this_quarter', 'last_quarter', 'this_year', 'last_year');
SELECT count(*) AS cases,
    count(*) FILTER (WHERE t.from_date <> l.to_date + 1 OR NOT d.day::date BETWEEN t.from_date AND t.to_date) AS gaps,
    count(*) FILTER (WHERE extract(month FROM t.from_date)::integer % 3 <> m.month % 3
        OR extract(day FROM t.from_date) <> 1 OR t.to_date + 1 <> t.from_date + interval '3 months') AS wrong
FROM generate_series(date '2023-12-01', '2025-03-31', '1 day') AS d (day)
CROSS JOIN generate_series(1, 12) AS m (month)
JOIN LATERAL crm._periods(d.day::date, m.month) AS t ON t.name = 'this_fiscal_quarter'
JOIN LATERAL crm._periods(d.day::date, m.month) AS l ON l.name = 'last_fiscal_quarter';
-- Today is the organisation's: Kiritimati and Pago Pago are never on the same one.
SELECT time_zone FROM crm.configure(time_zone => 'Pacific/Kiritimati');
SELECT p.from_date = (now() AT TIME ZONE 'Pacific/Kiritimati')::date AND p.to_date = p.from_date AS today_there
FROM crm.period(' Today ') AS p;
SELECT time_zone FROM crm.configure(time_zone => 'Pacific/Pago_Pago', fiscal_year_start_month => 10);
SELECT p.from_date = (now() AT TIME ZONE 'Pacific/Pago_Pago')::date AND p.to_date = p.from_date AS today_there
FROM crm.period('today') AS p;
SELECT count(*) AS periods, count(*) FILTER (WHERE p.from_date = e.from_date AND p.to_date = e.to_date) AS equal
FROM crm._periods((now() AT TIME ZONE 'Pacific/Pago_Pago')::date, 10) AS e
CROSS JOIN LATERAL crm.period(e.name) AS p;
SELECT * FROM crm.period('last_decade');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.period(NULL);

-- Calendars: a known time zone; hours of one calendar and weekday do not overlap, within and across statements.
INSERT INTO crm.business_calendar (business_calendar_id, name, time_zone) VALUES (6951, 'Moon', 'Moon/Base');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.business_calendar (business_calendar_id, name, time_zone)
VALUES (6951, 'Office', 'Europe/Paris'), (6952, 'Shop', 'UTC');
UPDATE crm.business_calendar SET time_zone = 'CEST' WHERE business_calendar_id = 6951;
INSERT INTO crm.business_hours (business_calendar_id, iso_weekday, opens_at, closes_at)
VALUES (6951, 1, '09:00', '12:00'), (6951, 1, '12:00', '17:00'), (6951, 2, '09:00', '24:00'), (6952, 1, '08:00', '20:00');
INSERT INTO crm.business_hours (business_calendar_id, iso_weekday, opens_at, closes_at) VALUES (6951, 1, '16:59', '18:00');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.business_hours (business_calendar_id, iso_weekday, opens_at, closes_at)
VALUES (6951, 3, '09:00', '12:00'), (6951, 3, '08:00', '13:00');
UPDATE crm.business_hours SET closes_at = '12:01' WHERE business_calendar_id = 6951 AND iso_weekday = 1 AND opens_at = '09:00';
UPDATE crm.business_hours SET iso_weekday = 1 WHERE business_calendar_id = 6951 AND iso_weekday = 2;
\echo :LAST_ERROR_SQLSTATE
-- All moved by an hour in one statement: each steps into the place of the next.
UPDATE crm.business_hours SET opens_at = opens_at + interval '1 hour', closes_at = closes_at + interval '1 hour'
WHERE business_calendar_id = 6951 AND iso_weekday = 1;
SELECT business_calendar_id, iso_weekday, opens_at, closes_at FROM crm.business_hours
WHERE business_calendar_id IN (6951, 6952) ORDER BY 1, 2, 3;

-- Shipments show the latest of their events, by the courier's clock and then by entry; also after corrections.
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date) VALUES (6951, 6951, '2026-01-01');
INSERT INTO crm.shipment_tracking (shipment_tracking_id, customer_id, sales_order_id, tracking_number, courier)
VALUES (6951, 6951, 6951, 'A', 'DHL'), (6952, 6951, 6951, 'B', 'DHL');
INSERT INTO crm.tracking_event (tracking_event_id, customer_id, shipment_tracking_id, event_at, status)
VALUES (6951, 6951, 6951, '2026-01-03 10:00', 'out_for_delivery'), (6952, 6951, 6951, '2026-01-02 10:00', 'in_transit'),
    (6953, 6951, 6952, '2026-01-02 10:00', 'in_transit');
SELECT shipment_tracking_id, current_status FROM crm.shipment_tracking WHERE sales_order_id = 6951 ORDER BY 1;
-- An earlier one comes late; two at the same moment; a repeated one is passed over.
INSERT INTO crm.tracking_event (tracking_event_id, customer_id, shipment_tracking_id, event_at, status)
VALUES (6954, 6951, 6951, '2026-01-01 10:00', 'label_created'), (6955, 6951, 6952, '2026-01-04 10:00', 'exception'),
    (6956, 6951, 6952, '2026-01-04 10:00', 'delivered');
INSERT INTO crm.tracking_event (customer_id, shipment_tracking_id, event_at, status)
VALUES (6951, 6951, '2026-01-03 10:00', 'out_for_delivery') ON CONFLICT DO NOTHING;
SELECT shipment_tracking_id, current_status FROM crm.shipment_tracking WHERE sales_order_id = 6951 ORDER BY 1;
UPDATE crm.tracking_event SET event_at = '2026-01-05' WHERE tracking_event_id = 6955;
DELETE FROM crm.tracking_event WHERE tracking_event_id = 6951;
SELECT shipment_tracking_id, current_status FROM crm.shipment_tracking WHERE sales_order_id = 6951 ORDER BY 1;
DELETE FROM crm.tracking_event WHERE shipment_tracking_id = 6952;
SELECT current_status FROM crm.shipment_tracking WHERE shipment_tracking_id = 6952;
DELETE FROM crm.shipment_tracking WHERE shipment_tracking_id = 6951;

-- Articles: last_updated follows title and solution, and nothing else.
INSERT INTO crm.knowledge_base (knowledge_base_id, name) VALUES (6951, 'Config help');
INSERT INTO crm.common_issue (common_issue_id, knowledge_base_id, issue_title, solution_details, last_updated)
VALUES (6951, 6951, 'No light', 'Switch it on.', '2020-01-01');
UPDATE crm.common_issue SET published = false, last_updated = '2021-01-01' WHERE common_issue_id = 6951;
SELECT last_updated FROM crm.common_issue WHERE common_issue_id = 6951;
UPDATE crm.common_issue SET solution_details = 'Plug it in.' WHERE common_issue_id = 6951;
SELECT last_updated = now() AS now FROM crm.common_issue WHERE common_issue_id = 6951;

-- A converted lead lets go of contact and opportunity with its customer.
INSERT INTO crm.customer (customer_id, customer_type, business_name) VALUES (6952, 'business', 'Won Ltd');
INSERT INTO crm.contact (contact_id, customer_id, last_name) VALUES (6952, 6952, 'Winner');
INSERT INTO crm.lead (lead_id, company_name, status, converted_at, converted_customer_id, converted_contact_id)
VALUES (6951, 'Won Ltd', 'converted', '2026-01-01', 6952, 6952), (6952, 'Won Ltd', 'converted', '2026-01-01', 6952, 6952);
UPDATE crm.lead SET converted_customer_id = NULL WHERE lead_id = 6951;
SELECT lead_id, converted_customer_id, converted_contact_id FROM crm.lead WHERE lead_id IN (6951, 6952) ORDER BY 1;
DELETE FROM crm.customer WHERE customer_id = 6952;
SELECT lead_id, status, converted_customer_id, converted_contact_id FROM crm.lead WHERE lead_id IN (6951, 6952) ORDER BY 1;
ROLLBACK;

-- With an old snapshot nobody knows what is booked by now.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT name FROM crm.configure(base_currency => 'CHF');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
