-- Shadowing: temporary tables, types and views named as ours and the server's, and a schema of the attacker's first in
-- search_path. What the CRM reads and writes stays the same, in its functions, triggers, policies and views.
BEGIN;
\ir ../harness/attack.sql
SELECT plan(44);
-- The test's own function is compiled before anything is planted.
SELECT is(pg_temp.seen('atk_ann', 'SELECT 1'), 'rows: 1', 'a role is asked');

-- The attacker's objects: a login with a role of the CRM can make them all.
CREATE SCHEMA atk_plant AUTHORIZATION atk_ann;
GRANT USAGE ON SCHEMA atk_plant TO PUBLIC;
CREATE TEMP SEQUENCE atk_hit;
GRANT ALL ON SEQUENCE pg_temp.atk_hit TO PUBLIC;
SELECT pg_my_temp_schema()::regnamespace::text AS temp_schema
\gset
CREATE TEMP TABLE customer AS SELECT t.* FROM crm.customer AS t WHERE false;
CREATE TEMP TABLE staff AS SELECT t.* FROM crm.staff AS t WHERE false;
CREATE TEMP TABLE product AS SELECT t.* FROM crm.product AS t WHERE false;
CREATE TEMP TABLE sales_order AS SELECT t.* FROM crm.sales_order AS t WHERE false;
CREATE TEMP TABLE order_item AS SELECT t.* FROM crm.order_item AS t WHERE false;
CREATE TEMP TABLE stock_movement AS SELECT t.* FROM crm.stock_movement AS t WHERE false;
CREATE TEMP TABLE audit_log AS SELECT t.* FROM crm.audit_log AS t WHERE false;
CREATE TEMP TABLE event AS SELECT t.* FROM crm.event AS t WHERE false;
CREATE TEMP TABLE pii_registry AS SELECT t.* FROM crm.pii_registry AS t WHERE false;
CREATE TEMP TABLE organization AS SELECT t.* FROM crm.organization AS t WHERE false;
GRANT ALL ON ALL TABLES IN SCHEMA :temp_schema TO PUBLIC;
SET LOCAL ROLE atk_ann;
CREATE TEMP TABLE sales_rep (sales_rep_id bigint, region_id bigint);
CREATE TEMP TABLE sales_manager (sales_manager_id bigint, region_id bigint);
CREATE TEMP TABLE region (region_id bigint, parent_region_id bigint, name text);
CREATE TEMP TABLE token_key (token_key_id integer, secret text, valid_until timestamptz);
CREATE TEMP VIEW pg_class AS SELECT c.* FROM pg_catalog.pg_class AS c WHERE nextval('pg_temp.atk_hit') > 0;
CREATE TEMP VIEW pg_roles AS SELECT r.* FROM pg_catalog.pg_roles AS r WHERE nextval('pg_temp.atk_hit') > 0;
CREATE TEMP VIEW pg_attribute AS SELECT a.attname FROM pg_catalog.pg_attribute AS a WHERE nextval('pg_temp.atk_hit') > 0;
CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (nextval('pg_temp.atk_hit') > 0);
CREATE DOMAIN pg_temp.jsonb AS pg_catalog.jsonb CHECK (nextval('pg_temp.atk_hit') > 0);
CREATE DOMAIN pg_temp.date AS pg_catalog.date CHECK (nextval('pg_temp.atk_hit') > 0);
CREATE DOMAIN pg_temp.timestamptz AS pg_catalog.timestamptz CHECK (nextval('pg_temp.atk_hit') > 0);
INSERT INTO pg_temp.staff (staff_id, first_name, last_name, email, db_role, active) VALUES (34002, 'Ann', 'Rep', 'a', 'atk_ann', true);
INSERT INTO pg_temp.sales_rep VALUES (34001, 34002), (34002, 34002);
INSERT INTO pg_temp.sales_manager VALUES (34001, 34002);
INSERT INTO pg_temp.region VALUES (34002, 34001, 'Under mine');
INSERT INTO pg_temp.token_key VALUES (1, repeat('00', 32), NULL);
RESET ROLE;

-- Each question with the three paths: temporary objects first, the attacker's schema first, and without pg_catalog.
CREATE TEMP TABLE path (value pg_catalog.text);
INSERT INTO path VALUES ('pg_temp, crm, pg_catalog'), ('atk_plant, pg_temp, crm'), ('pg_temp');
CREATE FUNCTION pg_temp.ask(path pg_catalog.text, role_name pg_catalog.text, query pg_catalog.text) RETURNS pg_catalog.text
    LANGUAGE plpgsql AS $$
DECLARE
    answer pg_catalog.text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', path, true);
    answer := pg_temp.seen(role_name, query);
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, tap, pg_temp', true);
    RETURN answer;
END $$;
SET LOCAL search_path = pg_catalog, tap, pg_temp;
SELECT tap.is(pg_temp.ask(p.value, q.role_name, q.query), q.answer, pg_catalog.format('%s; path %s', q.what, p.value))
FROM pg_temp.path AS p
CROSS JOIN (VALUES
    ('atk_ann', 'SELECT crm.my_staff_id()', 'rows: 34001', 'who acts'),
    ('atk_ann', 'SELECT crm.my_regions()', 'rows: {34001}', 'whose regions'),
    ('atk_ann', 'SELECT crm.sees_all_sales()', 'rows: false', 'who is the boss'),
    ('atk_ann', 'SELECT customer_id FROM crm.customer WHERE customer_id > 34000', 'rows: 34001', 'which rows a policy shows'),
    ('atk_ann', 'SELECT sales_order_id FROM crm.order_item WHERE sales_order_id > 34000', 'rows: 34001', 'which lines'),
    ('atk_ann', 'SELECT customer_id FROM crm.find_customers(''open'')', 'rows: 34001', 'what a search finds'),
    ('atk_ann', 'SELECT crm.customer_profile(34001) -> ''customer'' ->> ''customer_id''', 'rows: 34001', 'what a profile shows'),
    ('atk_ann', 'SELECT o.total_amount FROM crm.place_order(34001, ''[{"product_id": 34001, "quantity": 2}]'') AS o', 'rows: 20.0000',
        'what an order costs'),
    ('atk_ann', 'SELECT c.customer_id FROM crm.delete_customer(34001) AS c', 'rows: 34001', 'what a definer function deletes'),
    ('atk_ann', 'SELECT c.customer_id FROM crm.delete_customer(34002) AS c', '22023', 'what it refuses'),
    ('atk_mia', 'SELECT c.region_id FROM crm.reassign_customer(34001, region_id => 34002) AS c', 'rows: 34002', 'where a customer goes'),
    ('atk_adm', 'SELECT count(*) FROM crm.verify()', 'rows: 0', 'what verify() compares'),
    ('crm_app', 'SELECT crm.begin_session(''crm1.1.34002.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S4A'')', 'RM020',
        'with which keys a token is checked')
) AS q (role_name, query, answer, what);
-- What the triggers wrote went to our tables
SET LOCAL search_path = pg_temp, crm;
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (34003, 34001);
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (34003, 34001, 5);
SET LOCAL search_path = pg_catalog, tap, pg_temp;
SELECT tap.is((SELECT pg_catalog.sum(m.quantity) FROM crm.stock_movement AS m WHERE m.sales_order_id = 34003)::pg_catalog.int8, -5::pg_catalog.int8,
    'stock is booked in our ledger');
SELECT tap.is((SELECT count(*) FROM pg_temp.stock_movement) + (SELECT count(*) FROM pg_temp.audit_log)
    + (SELECT count(*) FROM pg_temp.event) + (SELECT count(*) FROM pg_temp.order_item) + (SELECT count(*) FROM pg_temp.customer),
    0::pg_catalog.int8, 'nothing went to temporary tables');
SELECT tap.ok((SELECT count(*) FROM crm.audit_log AS l WHERE l.table_name = 'sales_order' AND l.row_id = 34003) > 0, 'the audit is ours');
SELECT tap.is((SELECT s.is_called FROM pg_temp.atk_hit AS s), false, 'no view or type of the attacker was used');

SELECT * FROM tap.finish();
ROLLBACK;
