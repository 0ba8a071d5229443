-- What COPY may not bring in either, and what a mistake of one client may not do to the reports of all.
SET client_min_messages = warning;
INSERT INTO crm.product_category (product_category_id, name) VALUES (7601, 'Refused');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, is_stocked)
VALUES (7601, 'REFUSED-1', 'Advice', 7601, 'EUR', 1, false);
INSERT INTO crm.customer (customer_id, last_name) VALUES (7601, 'Refused'), (7602, 'Deleted'), (7603, 'Unused');
SELECT FROM crm.delete_customer(7602);
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (7601, 7601), (7602, 7601);

-- Two lines of more units than a sum can hold would break sales_by_category() for everybody.
\set VERBOSITY terse
COPY crm.order_item (sales_order_id, product_id, quantity, unit_price) FROM stdin;
7601	7601	9200000000000000000	0
7601	7601	9200000000000000000	0
\.
COPY crm.order_item (sales_order_id, line_no, product_id, quantity) FROM stdin;
7601	0	7601	1
\.
COPY crm.product (sku, name, product_category_id, currency_code, price) FROM stdin;
REFUSED-2	\t\n	7601	EUR	1
\.
COPY crm.customer (last_name) FROM stdin;
\t
\.
COPY crm.customer (last_name, deleted_at) FROM stdin;
Refused	infinity
\.
COPY crm.contact (customer_id, last_name) FROM stdin;
7602	Refused
\.
COPY crm.stock_movement (product_id, quantity, reason, sales_order_id) FROM stdin;
7601	1	adjust	7601
\.

-- The largest orders that there can be are counted, summed and shown.
COPY crm.order_item (sales_order_id, product_id, quantity, unit_price) FROM stdin;
7601	7601	1000000000000	1
7602	7601	1000000000000	0.5
7602	7601	1	500000000000
\.
COPY crm.order_item (sales_order_id, product_id, quantity, unit_price) FROM stdin;
7602	7601	1	0.0001
\.
SELECT category_name, quantity, revenue_base FROM crm.sales_by_category('-infinity', 'infinity') WHERE product_category_id = 7601;
SELECT customer_id, net_revenue FROM crm.v_customer_360 WHERE customer_id = 7601;
SELECT sales_order_id, net_base FROM crm.v_sales_order WHERE customer_id = 7601 ORDER BY 1;

-- The total is refused as well where a trigger of a DBA keeps crm from writing it below SPI.
CREATE FUNCTION public.watch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE TRIGGER sales_order_watch BEFORE UPDATE ON crm.sales_order FOR EACH ROW EXECUTE FUNCTION public.watch();
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price) VALUES (7602, 7601, 1, 0.0001);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price)
SELECT 7602, 7601, 1, 1000000000000 FROM generate_series(1, 200);
\echo :LAST_ERROR_SQLSTATE
DROP FUNCTION public.watch() CASCADE;

-- An order goes to no deleted customer; what DELETE is refused for has a function.
UPDATE crm.sales_order SET customer_id = 7602 WHERE sales_order_id = 7602;
\set VERBOSITY default
DELETE FROM crm.customer WHERE customer_id IN (7601, 7603);
DELETE FROM crm.product WHERE product_id = 7601;
DELETE FROM crm.organization;

-- A table of yours is asked too, from the moment that it refers to customers; one of another owner is not.
CREATE TABLE crm.loyalty_card (customer_id bigint PRIMARY KEY REFERENCES crm.customer);
INSERT INTO crm.loyalty_card VALUES (7603);
DELETE FROM crm.customer WHERE customer_id = 7603;
ALTER TABLE crm.loyalty_card OWNER TO crm_owner;
DELETE FROM crm.customer WHERE customer_id = 7603;
DROP TABLE crm.loyalty_card;
DELETE FROM crm.customer WHERE customer_id = 7603;
-- Nothing so large is left for the tests that follow.
DELETE FROM crm.order_item WHERE sales_order_id IN (7601, 7602);
DELETE FROM crm.sales_order WHERE sales_order_id IN (7601, 7602);
DELETE FROM crm.product WHERE product_id = 7601;
SELECT * FROM crm.verify();
