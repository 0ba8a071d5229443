-- Nobody can skip, add to, change or delete the audit log; who may read it; all tables that need an audit have one.
BEGIN;
SELECT plan(72);

CREATE TEMP TABLE acting (role_name text, state text);
INSERT INTO acting VALUES (SESSION_USER, 'RM017'), ('crm_owner', 'RM017');
INSERT INTO acting SELECT r.rolname, '42501' FROM pg_roles AS r WHERE r.rolname ~ '^crm_' AND r.rolname <> 'crm_owner';
CREATE ROLE audit_clerk;
GRANT USAGE ON SCHEMA crm TO audit_clerk;
INSERT INTO acting VALUES ('audit_clerk', '42501');
-- The SQLSTATE of a statement that a role runs, or 'done'.
CREATE FUNCTION pg_temp.state_of(role_name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    caught text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role_name);
    EXECUTE statement;
    RESET ROLE;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS caught = RETURNED_SQLSTATE;
    RETURN caught;
END $$;
SELECT is((SELECT count(*) FROM acting), 12::bigint, 'all roles are tried');

INSERT INTO crm.region (region_id, name) VALUES (24601, 'Audited');
INSERT INTO crm.customer (customer_id, last_name, region_id) VALUES (24601, 'Audited', 24601);

-- Even where nothing would be hit; and a role that owns or may all is refused by the guard itself.
SELECT is(pg_temp.state_of(a.role_name, s.statement), a.state, format('%s by %s', s.what, a.role_name))
FROM acting AS a
CROSS JOIN (VALUES
    ('INSERT', 'INSERT INTO crm.audit_log (table_name, operation, row_id) VALUES (''customer'', ''update'', 24601)'),
    ('UPDATE', 'UPDATE crm.audit_log SET login = ''nobody'' WHERE false'),
    ('DELETE', 'DELETE FROM crm.audit_log WHERE row_id = 24601'),
    ('TRUNCATE', 'TRUNCATE crm.audit_log')
) AS s (what, statement)
ORDER BY a.role_name, s.what;
SELECT is((SELECT string_agg(l.operation, ' ') FROM crm.audit_log AS l WHERE l.row_id = 24601 AND l.table_name = 'customer'),
    'insert', 'the log stands as it was written');

-- Ways around it
SELECT is(pg_temp.state_of('crm_admin', s.statement), '42501', s.what)
FROM (VALUES
    ('the administrator cannot erase entries', 'SELECT crm._redact_audit(24601, ''customer'', ARRAY[''last_name''])'),
    ('nor switch the triggers off', 'ALTER TABLE crm.customer DISABLE TRIGGER USER'),
    ('nor drop one', 'DROP TRIGGER customer_audit_update ON crm.customer'),
    ('nor act as a replica', 'SET LOCAL session_replication_role = replica'),
    ('nor put the audit where it logs what did not happen',
        'CREATE TEMP TABLE mine (a bigint PRIMARY KEY); CREATE TRIGGER t AFTER TRUNCATE ON mine EXECUTE FUNCTION crm._audit()'),
    ('nor draw from its sequence', 'SELECT nextval(pg_get_serial_sequence(''crm.audit_log'', ''audit_log_id''))'),
    ('nor lock it', 'LOCK TABLE crm.audit_log IN EXCLUSIVE MODE'),
    ('nor hang a rule on it', 'CREATE RULE r AS ON INSERT TO crm.audit_log DO INSTEAD NOTHING'),
    ('nor write through a table that inherits', 'CREATE TEMP TABLE heir () INHERITS (crm.audit_log)')
) AS s (what, statement);

-- Everything that a client sends for itself is ignored: the shared columns, and names of settings.
SAVEPOINT as_admin;
SET LOCAL ROLE crm_admin;
SET LOCAL search_path = pg_temp, crm;
CREATE TEMP TABLE audit_log (LIKE crm.audit_log);
CREATE TEMP TABLE staff (LIKE crm.staff);
SET LOCAL crm.change_note = 'staff_id 7';
UPDATE crm.customer SET city = 'Bonn', updated_by = 'nobody', created_by = 'nobody' WHERE customer_id = 24601;
RESET ROLE;
RESET search_path;
SELECT is((SELECT count(*) FROM pg_temp.audit_log), 0::bigint, 'a temporary table of the same name gets no entry');
SELECT results_eq('SELECT l.login, l.role, l.staff_id, l.new_values FROM crm.row_history(''customer'', 24601) AS l LIMIT 1',
    format('VALUES (%L, ''crm_admin'', NULL::bigint, ''{"city": "Bonn"}''::jsonb)', SESSION_USER), 'the entry tells who it was');
ROLLBACK TO as_admin;

-- Readers
SELECT is(pg_temp.state_of(a.role_name, 'SELECT FROM crm.audit_log LIMIT 1'),
    CASE WHEN a.role_name IN ('crm_admin', 'crm_auditor', 'crm_app', 'crm_owner', SESSION_USER) THEN 'done' ELSE '42501' END,
    format('SELECT by %s', a.role_name))
FROM acting AS a WHERE a.role_name IN ('crm_admin', 'crm_auditor', 'crm_sales_manager', 'crm_sales_rep', 'crm_bi', 'audit_clerk')
ORDER BY 1;
SET LOCAL ROLE crm_auditor;
SELECT is((SELECT string_agg(h.operation, ' ') FROM crm.row_history('customer', 24601) AS h), 'insert', 'the auditor reads a history');
RESET ROLE;

-- Every table of customers, money or access is audited
SELECT is_empty($$
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r'
        AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgfoid = 'crm._audit()'::regprocedure)
        AND (c.relname IN ('staff', 'pii_registry', 'region', 'region_coverage', 'organization', 'exchange_rate')
            OR EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid
                AND (a.attname IN ('customer_id', 'db_role') OR a.attname ~ '(price|amount|budget)$')))
        -- Histories and ledgers tell of themselves; metrics follow from audited rows; staging is no record yet.
        AND c.relname !~ '(_history|_log|_metrics|_score|_attribution|_touch|_recommendation)$'
        AND c.relname NOT IN ('event', 'import_order_line', 'segment_member', 'ticket_common_issue', 'tracking_event')
$$, 'no table of customers, money or access is without an audit');
SELECT is_empty($$
    SELECT t.tgrelid::regclass FROM pg_trigger AS t WHERE t.tgfoid = 'crm._audit()'::regprocedure
    GROUP BY 1 HAVING count(*) <> 4
$$, 'an audited table logs INSERT, UPDATE, DELETE and TRUNCATE');
SELECT is_empty($$
    SELECT t.tgrelid::regclass FROM pg_trigger AS t
    WHERE t.tgfoid = 'crm._audit()'::regprocedure
        AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = t.tgrelid AND i.indisprimary)
$$, 'an audited table has a key');
SELECT is_empty($$
    SELECT a.table_name, a.trigger_name, b.trigger_name FROM crm._wanted_triggers() AS a
    JOIN crm._wanted_triggers() AS b ON b.table_name = a.table_name
    WHERE a.trigger_name ~ '_audit_(insert|update|delete)$'
        AND b.trigger_name = a.table_name || CASE right(a.trigger_name, 6) WHEN 'insert' THEN '_ai' WHEN 'update' THEN '_au' ELSE '_ad' END
        AND a.trigger_name COLLATE "C" < b.trigger_name COLLATE "C"
$$, 'the audit fires after the other triggers of the event');

SELECT * FROM finish();
ROLLBACK;
