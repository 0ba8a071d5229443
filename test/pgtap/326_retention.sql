-- Retention: what the rules say is old enough goes, once, with its audit; dry runs only count; legal holds win.
BEGIN;
SELECT plan(42);
SET client_min_messages = warning;

SELECT results_eq('SELECT r.table_name, r.action, r.is_active FROM crm.retention_rule AS r ORDER BY 1',
    $$VALUES ('audit_log', 'anonymise', false), ('consent', 'anonymise', false), ('interaction', 'anonymise', false),
    ('lead', 'anonymise', false), ('support_ticket', 'anonymise', false), ('ticket_response', 'anonymise', false),
    ('ticket_status_history', 'anonymise', false)$$, 'the rules that come along are proposals');
SELECT is_empty('SELECT * FROM crm.apply_retention(false)', 'which do nothing');
DELETE FROM crm.retention_rule;

INSERT INTO crm.staff (staff_id, first_name, last_name, email) VALUES (32601, 'Rae', 'Pell', 'rae@example.com');
INSERT INTO crm.sales_rep (sales_rep_id) VALUES (32601);
INSERT INTO crm.customer (customer_id, last_name, email) VALUES (32601, 'Free', NULL), (32602, 'Held', 'held@x.y');
INSERT INTO crm.legal_hold (customer_id, reason) VALUES (32602, 'file 12');
-- By customer: an old one, one a day too young, and what is written on an open ticket.
INSERT INTO crm.interaction (interaction_id, customer_id, interaction_type_id, interaction_date, details)
SELECT c.customer_id * 10 + a.n, c.customer_id, (SELECT min(t.interaction_type_id) FROM crm.interaction_type AS t),
    now() - a.age, 'word' || a.n
FROM crm.customer AS c CROSS JOIN (VALUES (1, interval '1096 days'), (2, '1094 days')) AS a (n, age)
WHERE c.customer_id IN (32601, 32602);
INSERT INTO crm.support_ticket (support_ticket_id, customer_id, issue, custom, reported_date, status, resolved_at)
SELECT c.customer_id * 10 + a.n, c.customer_id, 'word' || a.n, '{"a": "word"}', now() - interval '9 years',
    CASE WHEN a.age IS NULL THEN 'open' ELSE 'solved' END, now() - a.age
FROM crm.customer AS c CROSS JOIN (VALUES (1, interval '1096 days'), (2, '1094 days'), (3, NULL)) AS a (n, age)
WHERE c.customer_id IN (32601, 32602);
INSERT INTO crm.ticket_response (customer_id, support_ticket_id, message, response_date)
SELECT t.customer_id, t.support_ticket_id, 'word', now() - interval '8 years' FROM crm.support_ticket AS t
WHERE t.customer_id IN (32601, 32602);
INSERT INTO crm.lead (lead_id, company_name, email, contact_info, start_date, status, converted_at, converted_customer_id) VALUES
    (32601, 'word', 'a@x.y', 'word', now() - interval '3 years', 'new', NULL, NULL),
    (32602, 'word', 'b@x.y', 'word', now() - interval '1 year', 'new', NULL, NULL),
    (32603, 'word', 'c@x.y', 'word', now() - interval '3 years', 'converted', now(), 32601),
    (32604, 'word', 'held@x.y', 'word', now() - interval '3 years', 'new', NULL, NULL),
    (32605, 'word', 'd@x.y', 'word', now() - interval '3 years', 'unqualified', NULL, NULL);
INSERT INTO crm.follow_up (lead_id, sales_rep_id, scheduled_date, activity_details) VALUES
    (32605, 32601, now() - interval '3 years', 'word of old');

-- Rules -------------------------------------------------------------------------------------------------------

SELECT throws_ok(format('INSERT INTO crm.retention_rule (table_name, class, column_name, keep_days, action) VALUES %s', v.row), '23514', NULL, v.row)
FROM (VALUES ('(''customer'', NULL, NULL, 365, ''anonymise'')'), ('(''lead'', ''name'', ''email'', 365, ''anonymise'')'),
    ('(''lead'', NULL, NULL, 0, ''anonymise'')'), ('(''lead'', ''name'', NULL, 365, ''delete'')'),
    ('(''audit_log'', NULL, NULL, 365, ''delete'')'), ('(''audit_log'', NULL, NULL, 89, ''anonymise'')'), ('(''support_ticket'', NULL, NULL, 365, ''delete'')')) AS v (row);
INSERT INTO crm.retention_rule (retention_rule_id, table_name, class, column_name, keep_days, is_active) VALUES
    (1, 'interaction', 'free_text', NULL, 1095, true), (2, 'support_ticket', NULL, NULL, 1095, true),
    (3, 'ticket_response', NULL, 'message', 1095, true), (4, 'lead', NULL, NULL, 730, true);
SELECT throws_ok($$INSERT INTO crm.retention_rule (table_name, keep_days) VALUES ('lead', 99)$$, '23505', NULL, 'one rule for the same columns');
SAVEPOINT no_column;
INSERT INTO crm.retention_rule (retention_rule_id, table_name, column_name, keep_days, is_active) VALUES (9, 'lead', 'status', 365, true);
SELECT throws_ok('SELECT * FROM crm.apply_retention()', '22023', 'retention rule 9 names no column with personal data', 'a rule without a personal column is told');
ROLLBACK TO no_column;
SELECT throws_ok(format('SET LOCAL ROLE %I; SELECT * FROM crm.apply_retention()', r.name), '42501', NULL, r.name || ' may not')
FROM (VALUES ('crm_sales_manager'), ('crm_auditor'), ('crm_app')) AS r (name);

-- Dry and wet -------------------------------------------------------------------------------------------------

CREATE FUNCTION pg_temp.state() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat((SELECT jsonb_agg(to_jsonb(t) ORDER BY t.interaction_id) FROM crm.interaction AS t),
        (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.support_ticket_id) FROM crm.support_ticket AS t),
        (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.ticket_response_id) FROM crm.ticket_response AS t),
        (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.lead_id) FROM crm.lead AS t),
        (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.audit_log_id) FROM crm.audit_log AS t)))
$$;
CREATE TEMP TABLE before AS SELECT pg_temp.state() AS state;
SET LOCAL ROLE crm_admin;
CREATE TEMP TABLE dry AS SELECT * FROM crm.apply_retention();
RESET ROLE;
SELECT results_eq('SELECT d.retention_rule_id, d.table_name, d.row_count FROM dry AS d ORDER BY 1',
    $$VALUES (1::bigint, 'interaction', 1::bigint), (2, 'support_ticket', 1), (3, 'ticket_response', 2), (4, 'lead', 2)$$, 'a dry run counts');
SELECT is(pg_temp.state(), (SELECT b.state FROM before AS b), 'and changes nothing');
SELECT set_eq('SELECT * FROM crm.apply_retention(NULL)', 'SELECT * FROM dry', 'NULL is a dry run');
SET LOCAL ROLE crm_admin;
CREATE TEMP TABLE wet AS SELECT * FROM crm.apply_retention(false);
RESET ROLE;
SELECT set_eq('SELECT * FROM wet', 'SELECT * FROM dry', 'a wet one does as many');
SELECT results_eq('SELECT i.interaction_id, i.details FROM crm.interaction AS i WHERE i.interaction_id / 10 IN (32601, 32602) ORDER BY 1',
    $$VALUES (326011::bigint, NULL), (326012, 'word2'), (326021, 'word1'), (326022, 'word2')$$, 'old interactions, none that is held');
SELECT results_eq('SELECT t.support_ticket_id, t.issue, t.custom::text FROM crm.support_ticket AS t WHERE t.support_ticket_id / 10 IN (32601, 32602) ORDER BY 1',
    $$VALUES (326011::bigint, 'erased', '{}'), (326012, 'word2', '{"a": "word"}'), (326013, 'word3', '{"a": "word"}'),
    (326021, 'word1', '{"a": "word"}'), (326022, 'word2', '{"a": "word"}'), (326023, 'word3', '{"a": "word"}')$$, 'tickets by when they were resolved, open ones never');
SELECT results_eq('SELECT t.support_ticket_id, t.message FROM crm.ticket_response AS t WHERE t.support_ticket_id / 10 IN (32601, 32602) ORDER BY 1',
    $$VALUES (326011::bigint, 'erased'), (326012, 'erased'), (326013, 'word'), (326021, 'word'), (326022, 'word'), (326023, 'word')$$, 'answers of tickets that are resolved');
SELECT results_eq('SELECT l.lead_id, l.company_name, l.email, l.contact_info FROM crm.lead AS l WHERE l.lead_id BETWEEN 32601 AND 32605 ORDER BY 1',
    $$VALUES (32601::bigint, 'erased', NULL, NULL), (32602, 'word', 'b@x.y', 'word'), (32603, 'word', 'c@x.y', 'word'),
    (32604, 'word', 'held@x.y', 'word'), (32605, 'erased', NULL, NULL)$$, 'leads never converted, but that of a held customer');
SELECT is_empty($$SELECT l.* FROM crm.audit_log AS l WHERE (l.table_name, l.row_id) IN (('interaction', 326011::bigint), ('lead', 32601), ('lead', 32605), ('support_ticket', 326011))
    AND concat(l.old_values, l.new_values) ~ 'word|@x'$$, 'their audit has lost the words too');
SELECT isnt_empty($$SELECT l.* FROM crm.audit_log AS l WHERE (l.table_name, l.row_id) = ('lead', 32604::bigint) AND l.new_values ->> 'contact_info' = 'word'$$, 'that of others has not');
SELECT is((SELECT sum(r.row_count) FROM crm.apply_retention(false) AS r), 0::numeric, 'a second run changes nothing');

-- Deleting, and the audit by its age ----------------------------------------------------------------------------

UPDATE crm.retention_rule SET action = 'delete' WHERE table_name = 'lead';
UPDATE crm.retention_rule SET is_active = table_name = 'lead';
SELECT results_eq('SELECT r.row_count FROM crm.apply_retention(true) AS r UNION ALL SELECT r.row_count FROM crm.apply_retention(false) AS r UNION ALL SELECT r.row_count FROM crm.apply_retention(false) AS r',
    'VALUES (1::bigint), (1), (0)', 'a lead is deleted, one with a follow-up is not');
SELECT set_eq('SELECT l.lead_id FROM crm.lead AS l WHERE l.lead_id BETWEEN 32601 AND 32605', ARRAY[32602, 32603, 32604, 32605], 'the others are there');
UPDATE crm.retention_rule SET is_active = false;
INSERT INTO crm.retention_rule (table_name, keep_days, is_active) VALUES ('audit_log', 2190, true);
SELECT is((SELECT r.row_count FROM crm.apply_retention(false) AS r), 0::bigint, 'young entries of the audit stay');
SET LOCAL session_replication_role = replica;
UPDATE crm.audit_log SET logged_at = now() - interval '7 years' WHERE (table_name, row_id) IN (('lead', 32602), ('lead', 32604), ('interaction', 326012), ('interaction', 326022));
SET LOCAL session_replication_role = origin;
SELECT results_eq('SELECT r.row_count FROM crm.apply_retention(true) AS r UNION ALL SELECT r.row_count FROM crm.apply_retention(false) AS r UNION ALL SELECT r.row_count FROM crm.apply_retention(false) AS r',
    'VALUES (2::bigint), (2), (0)', 'old ones lose their values, once, but for held customers');
SELECT results_eq($$SELECT l.row_id, l.new_values::text ~ 'word' FROM crm.audit_log AS l WHERE l.logged_at < now() - interval '6 years' ORDER BY 1$$,
    'VALUES (32602::bigint, false), (32604, true), (326012, false), (326022, true)', 'those are they');

-- What is still worked on, notes, and consents ------------------------------------------------------------------

INSERT INTO crm.lead (lead_id, company_name, start_date) SELECT v.id, 'word' || v.id, now() - interval '3 years'
FROM (VALUES (32611), (32612), (32613)) AS v (id);
INSERT INTO crm.follow_up (lead_id, sales_rep_id, scheduled_date, completed_at, activity_details) VALUES
    (32611, 32601, now() - interval '900 days', NULL, 'word of old'), (32612, 32601, now() - interval '900 days', now() - interval '3 days', 'word of late');
INSERT INTO crm.lead_status_history (lead_id, to_status, changed_by, changed_at, note) VALUES
    (32611, 'new', 'me', now() - interval '900 days', 'word of old'), (32613, 'new', 'me', now() - interval '3 days', 'word of late');
INSERT INTO crm.ticket_status_history (customer_id, support_ticket_id, to_status, changed_by, changed_at, note)
SELECT t.customer_id, t.support_ticket_id, 'open', 'me', now() - interval '8 years', 'word' FROM crm.support_ticket AS t
WHERE t.customer_id IN (32601, 32602);
INSERT INTO crm.consent (consent_id, customer_id, purpose, channel, given_at, withdrawn_at, source) VALUES
    (32601, 32601, 'newsletter', 'email', now() - interval '1200 days', NULL, 'word'),
    (32602, 32601, 'newsletter', 'email', NULL, now() - interval '1100 days', 'word'),
    (32603, 32601, 'newsletter', 'post', now() - interval '1200 days', NULL, 'word'),
    (32604, 32601, 'profiling', 'any', NULL, now() - interval '1200 days', 'word'),
    (32605, 32601, 'profiling', 'any', now() - interval '1100 days', NULL, 'word'),
    (32606, 32601, 'study', 'any', now() - interval '1200 days', now() - interval '1000 days', 'word'),
    (32607, 32602, 'newsletter', 'email', NULL, now() - interval '1200 days', 'word');
DELETE FROM crm.retention_rule;
INSERT INTO crm.retention_rule (retention_rule_id, table_name, keep_days, is_active) VALUES
    (1, 'lead', 730, true), (2, 'consent', 1095, true), (3, 'ticket_status_history', 1095, true);
CREATE TEMP TABLE dry_again AS SELECT d.retention_rule_id, d.row_count FROM crm.apply_retention() AS d;
-- 32605 has been anonymised already
SELECT results_eq('SELECT * FROM dry_again AS d ORDER BY 1', 'VALUES (1::bigint, 1::bigint), (2, 2), (3, 2)', 'counted by hand');
SELECT set_eq('SELECT d.retention_rule_id, d.row_count FROM crm.apply_retention(false) AS d', 'SELECT * FROM dry_again', 'done');
SELECT is((SELECT sum(d.row_count) FROM crm.apply_retention(false) AS d), 0::numeric, 'and not again');
SELECT set_eq($$SELECT l.lead_id FROM crm.lead AS l WHERE l.company_name ~ '^word326'$$, ARRAY[32612, 32613], 'a lead that is worked on stays');
SELECT results_eq($$SELECT f.lead_id, f.activity_details FROM crm.follow_up AS f WHERE f.lead_id BETWEEN 32605 AND 32613 ORDER BY 1$$,
    $$VALUES (32605::bigint, 'erased'), (32611, 'erased'), (32612, 'word of late')$$, 'follow-ups go with their lead');
SELECT results_eq('SELECT h.lead_id, h.note FROM crm.lead_status_history AS h WHERE h.lead_id BETWEEN 32605 AND 32613 ORDER BY 1',
    $$VALUES (32611::bigint, NULL), (32613, 'word of late')$$, 'and notes');
SELECT is_empty($$SELECT l.table_name FROM crm.audit_log AS l WHERE concat(l.old_values, l.new_values) ~ 'word of old'$$, 'from the audit too');
SELECT set_eq($$SELECT h.support_ticket_id FROM crm.ticket_status_history AS h WHERE h.customer_id IN (32601, 32602) AND h.note = 'word'$$,
    ARRAY[326013, 326021, 326022, 326023], 'notes of tickets that are resolved, but for held customers');
SELECT set_eq($$SELECT c.consent_id FROM crm.consent AS c WHERE c.customer_id IN (32601, 32602) AND c.source = 'word'$$,
    ARRAY[32603, 32604, 32605, 32606, 32607], 'of consents withdrawn long ago the source goes, nothing of others');
SELECT ok(NOT crm.has_consent(32601, 'newsletter', 'email') AND crm.has_consent(32601, 'newsletter', 'post')
    AND crm.has_consent(32601, 'profiling', 'any'), 'what was declared stays');
-- More than one batch
INSERT INTO crm.interaction (customer_id, interaction_type_id, interaction_date, details)
SELECT 32601, (SELECT min(t.interaction_type_id) FROM crm.interaction_type AS t), now() - interval '9 years', 'bulk'
FROM generate_series(1, 10001);
DELETE FROM crm.retention_rule;
INSERT INTO crm.retention_rule (retention_rule_id, table_name, keep_days, is_active) VALUES (1, 'interaction', 2000, true);
SELECT results_eq('SELECT d.row_count FROM crm.apply_retention() AS d UNION ALL SELECT d.row_count FROM crm.apply_retention(false) AS d',
    'VALUES (10001::bigint), (10001)', 'three batches are one run');
SELECT is_empty($$SELECT FROM crm.interaction AS i WHERE i.details = 'bulk'$$, 'with nothing left');

SELECT * FROM finish();
ROLLBACK;
