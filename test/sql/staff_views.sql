-- The views of staff: reading and writing person and role in one row.
\set VERBOSITY terse
SET client_min_messages = warning;
BEGIN;
INSERT INTO crm.region (region_id, name) VALUES (8001, 'Staff North'), (8002, 'Staff South');

-- INSERT makes the person and the role.
INSERT INTO crm.v_sales_manager (sales_manager_id, first_name, last_name, email, region_id)
VALUES (8001, 'Mona', 'Manager', 'mona@staff.example', 8001)
RETURNING sales_manager_id, name, email, active, region_id;
INSERT INTO crm.v_sales_rep (sales_rep_id, first_name, last_name, email, phone, db_role, manager_id, region_id, lead_capacity_month)
VALUES (8002, 'Rita', 'Rep', 'rita@staff.example', '+49 30 1', 'rita', 8001, 8001, 20)
RETURNING *;
INSERT INTO crm.v_marketing_manager (marketing_manager_id, first_name, last_name, email) VALUES (8003, 'Mark', 'Et', 'mark@staff.example');
INSERT INTO crm.v_marketing_analyst (marketing_analyst_id, first_name, last_name, email) VALUES (8004, 'Anna', 'Lyst', 'anna@staff.example');
INSERT INTO crm.v_support_agent (support_agent_id, first_name, last_name, email, active, region_id, capacity)
VALUES (8005, 'Sue', 'Port', 'sue@staff.example', false, 8002, 3);
-- Without a key the person gets a new one, which is that of the role.
INSERT INTO crm.v_sales_rep (first_name, last_name, email) VALUES ('Nina', 'New', 'nina@staff.example');
SELECT r.sales_rep_id = s.staff_id AS same, s.active FROM crm.sales_rep r JOIN crm.staff s ON s.staff_id = r.sales_rep_id
WHERE s.email = 'nina@staff.example';
-- Several rows at once
INSERT INTO crm.v_marketing_analyst (first_name, last_name, email)
SELECT 'Twin', n::text, 'twin' || n || '@staff.example' FROM generate_series(1, 3) n;
SELECT count(*) FROM crm.v_marketing_analyst WHERE first_name = 'Twin';

-- Each view against its tables
SELECT 'sales_rep' AS view, v.sales_rep_id AS id, v.name, v.db_role, v.manager_id, v.active, v.region_id, v.lead_capacity_month AS n
FROM crm.v_sales_rep v WHERE v.sales_rep_id BETWEEN 8001 AND 8005
UNION ALL SELECT 'sales_manager', v.sales_manager_id, v.name, v.db_role, v.manager_id, v.active, v.region_id, NULL
FROM crm.v_sales_manager v WHERE v.sales_manager_id BETWEEN 8001 AND 8005
UNION ALL SELECT 'marketing_manager', v.marketing_manager_id, v.name, v.db_role, v.manager_id, v.active, NULL, NULL
FROM crm.v_marketing_manager v WHERE v.marketing_manager_id BETWEEN 8001 AND 8005
UNION ALL SELECT 'marketing_analyst', v.marketing_analyst_id, v.name, v.db_role, v.manager_id, v.active, NULL, NULL
FROM crm.v_marketing_analyst v WHERE v.marketing_analyst_id BETWEEN 8001 AND 8005
UNION ALL SELECT 'support_agent', v.support_agent_id, v.name, v.db_role, v.manager_id, v.active, v.region_id, v.capacity
FROM crm.v_support_agent v WHERE v.support_agent_id BETWEEN 8001 AND 8005
ORDER BY id;
SELECT s.staff_id, s.name, r.region_id, r.lead_capacity_month, m.region_id AS manager_region, a.capacity
FROM crm.staff s
LEFT JOIN crm.sales_rep r ON r.sales_rep_id = s.staff_id
LEFT JOIN crm.sales_manager m ON m.sales_manager_id = s.staff_id
LEFT JOIN crm.support_agent a ON a.support_agent_id = s.staff_id
WHERE s.staff_id BETWEEN 8001 AND 8005 ORDER BY 1;

-- A person who is there already takes a second role.
INSERT INTO crm.v_support_agent (support_agent_id, capacity) VALUES (8002, 7) RETURNING support_agent_id, name, capacity;

-- UPDATE writes both tables; untouched columns and the record version of an untouched person stay.
UPDATE crm.v_sales_rep SET last_name = 'Represent', region_id = 8002 WHERE sales_rep_id = 8002 RETURNING name, region_id, lead_capacity_month;
UPDATE crm.v_sales_rep SET lead_capacity_month = 30 WHERE sales_rep_id = 8002;
UPDATE crm.v_sales_rep SET manager_id = NULL, active = false WHERE sales_rep_id = 8002 RETURNING manager_id, active;
SELECT name, phone, db_role, manager_id, active, row_version FROM crm.staff WHERE staff_id = 8002;
SELECT region_id, lead_capacity_month FROM crm.sales_rep WHERE sales_rep_id = 8002;
UPDATE crm.v_support_agent SET capacity = NULL WHERE support_agent_id = 8002 RETURNING name, capacity;
UPDATE crm.v_marketing_manager SET first_name = 'Marc' WHERE marketing_manager_id = 8003 RETURNING name;
UPDATE crm.v_sales_rep SET phone = 'x' WHERE sales_rep_id = -1;

-- DELETE takes the role away and leaves the person and the other role.
DELETE FROM crm.v_sales_rep WHERE sales_rep_id = 8002 RETURNING sales_rep_id, name;
SELECT count(*) FROM crm.sales_rep WHERE sales_rep_id = 8002;
SELECT name FROM crm.staff WHERE staff_id = 8002;
SELECT name FROM crm.v_support_agent WHERE support_agent_id = 8002;
DELETE FROM crm.v_sales_rep WHERE sales_rep_id = 8002;

-- What is refused
SAVEPOINT s;
\set VERBOSITY default
\set SHOW_CONTEXT never
UPDATE crm.v_sales_manager SET sales_manager_id = 8099 WHERE sales_manager_id = 8001;
ROLLBACK TO s;
UPDATE crm.v_sales_manager SET name = 'Somebody Else' WHERE sales_manager_id = 8001;
ROLLBACK TO s;
INSERT INTO crm.v_sales_rep (first_name, last_name, name, email) VALUES ('A', 'B', 'C', 'abc@staff.example');
ROLLBACK TO s;
\set VERBOSITY sqlstate
\echo an e-mail that somebody has
INSERT INTO crm.v_sales_rep (first_name, last_name, email) VALUES ('Other', 'Mona', 'MONA@staff.example');
ROLLBACK TO s;
\echo a person who is there, with columns of his own
INSERT INTO crm.v_sales_rep (sales_rep_id, first_name, last_name, email) VALUES (8001, 'Other', 'Mona', 'other@staff.example');
ROLLBACK TO s;
\echo the same role twice
INSERT INTO crm.v_sales_manager (sales_manager_id) VALUES (8001);
ROLLBACK TO s;
\echo nobody
INSERT INTO crm.v_sales_rep (sales_rep_id) VALUES (8099);
ROLLBACK TO s;
INSERT INTO crm.v_sales_rep (lead_capacity_month) VALUES (1);
ROLLBACK TO s;
\echo a region that is not there, a negative capacity
UPDATE crm.v_sales_manager SET region_id = -1 WHERE sales_manager_id = 8001;
ROLLBACK TO s;
UPDATE crm.v_support_agent SET capacity = -1 WHERE support_agent_id = 8005;
ROLLBACK TO s;
\echo the own superior
UPDATE crm.v_sales_manager SET manager_id = 8001 WHERE sales_manager_id = 8001;
ROLLBACK TO s;
\echo a role that documents refer to
INSERT INTO crm.v_sales_rep (sales_rep_id) VALUES (8001);
INSERT INTO crm.customer (customer_id, last_name, sales_rep_id) VALUES (8001, 'Of Mona', 8001);
DELETE FROM crm.v_sales_rep WHERE sales_rep_id = 8001;
ROLLBACK TO s;
\echo a caller with rights on the view alone
CREATE ROLE regress_staff_clerk BYPASSRLS;
GRANT USAGE ON SCHEMA crm TO regress_staff_clerk;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.v_sales_manager TO regress_staff_clerk;
GRANT SELECT ON crm.staff, crm.sales_manager TO regress_staff_clerk;
SET LOCAL ROLE regress_staff_clerk;
SELECT name FROM crm.v_sales_manager WHERE sales_manager_id = 8001;
SAVEPOINT r;
UPDATE crm.v_sales_manager SET phone = '1' WHERE sales_manager_id = 8001;
ROLLBACK TO r;
DELETE FROM crm.v_sales_manager WHERE sales_manager_id = 8001;
ROLLBACK TO r;
-- With the right on staff, a change of the person needs none on the role.
RESET ROLE;
GRANT UPDATE ON crm.staff TO regress_staff_clerk;
SET LOCAL ROLE regress_staff_clerk;
UPDATE crm.v_sales_manager SET phone = '1' WHERE sales_manager_id = 8001 RETURNING name, phone;
UPDATE crm.v_sales_manager SET region_id = 8002 WHERE sales_manager_id = 8001;
ROLLBACK;
