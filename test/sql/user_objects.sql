-- What a DBA adds to a table has its say in totals, stock and ledger too, although these are otherwise
-- written without the executor: triggers fire, CHECKs hold, generated columns and defaults follow. (The triggers
-- fire as crm_owner, so their functions are SECURITY DEFINER if they need rights of their own.)
\set VERBOSITY terse
SET client_min_messages = warning;
BEGIN;
INSERT INTO crm.customer (customer_id, last_name) VALUES (9001, 'Extender');
INSERT INTO crm.product_category (product_category_id, name) VALUES (9001, 'Extended');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
VALUES (9001, 'X1', 'Extended one', 9001, 'EUR', 10, 100), (9002, 'X2', 'Extended two', 9001, 'EUR', 5, 100);

-- A trigger on product sees stock change, one on sales_order sees totals change.
CREATE TABLE public.seen (what text, id bigint, before numeric, after numeric);
CREATE FUNCTION public.see_stock() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.seen VALUES ('stock', NEW.product_id, OLD.stock_quantity, NEW.stock_quantity);
    RETURN NULL;
END $$;
CREATE FUNCTION public.see_total() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.seen VALUES ('total', NEW.customer_id, OLD.total_amount, NEW.total_amount);
    RETURN NULL;
END $$;
CREATE TRIGGER user_stock AFTER UPDATE ON crm.product FOR EACH ROW EXECUTE FUNCTION public.see_stock();
CREATE TRIGGER user_total AFTER UPDATE ON crm.sales_order FOR EACH ROW EXECUTE FUNCTION public.see_total();
SELECT total_amount FROM crm.place_order(9001, '[{"product_id": 9002, "quantity": 4}, {"product_id": 9001, "quantity": 3}]');
SELECT * FROM public.seen ORDER BY what, id;
SELECT * FROM crm.verify();

-- A trigger that is switched off does not count; the result is the same without it.
ALTER TABLE crm.product DISABLE TRIGGER user_stock;
ALTER TABLE crm.sales_order DISABLE TRIGGER user_total;
TRUNCATE public.seen;
SELECT total_amount FROM crm.place_order(9001, '[{"product_id": 9002, "quantity": 4}, {"product_id": 9001, "quantity": 3}]');
SELECT count(*) FROM public.seen;
SELECT * FROM crm.verify();

-- A CHECK on a maintained column is enforced.
ALTER TABLE crm.sales_order ADD CONSTRAINT user_limit CHECK (total_amount OPERATOR(pg_catalog.<=) 1000);
SAVEPOINT s;
SELECT total_amount FROM crm.place_order(9001, '[{"product_id": 9001, "quantity": 93, "unit_price": 11}]');
ROLLBACK TO s;
SELECT total_amount FROM crm.place_order(9001, '[{"product_id": 9001, "quantity": 2}]');
ALTER TABLE crm.product ADD CONSTRAINT user_reserve CHECK (stock_quantity OPERATOR(pg_catalog.>=) 50);
SAVEPOINT s;
SELECT total_amount FROM crm.place_order(9001, '[{"product_id": 9001, "quantity": 60, "unit_price": 1}]');
ROLLBACK TO s;

-- A generated column that reads the stock follows it.
ALTER TABLE crm.product ADD COLUMN stock_value numeric GENERATED ALWAYS AS (stock_quantity OPERATOR(pg_catalog.*) price) STORED;
SELECT total_amount FROM crm.place_order(9001, '[{"product_id": 9001, "quantity": 2}]');
SELECT product_id, stock_quantity, stock_value FROM crm.product WHERE product_id >= 9001 ORDER BY 1;

-- An index on a maintained column finds the new value.
CREATE INDEX user_total_idx ON crm.sales_order (total_amount) WHERE customer_id OPERATOR(pg_catalog.=) 9001;
SELECT total_amount FROM crm.place_order(9001, '[{"product_id": 9002, "quantity": 7}]');
SET LOCAL enable_seqscan = off;
SELECT count(*) FROM crm.sales_order WHERE customer_id = 9001 AND total_amount = 35;
RESET enable_seqscan;

-- The ledger: a column of the DBA takes its default, a trigger of the DBA may complete the row.
ALTER TABLE crm.stock_movement ADD COLUMN warehouse text NOT NULL DEFAULT 'main';
SELECT total_amount FROM crm.place_order(9001, '[{"product_id": 9002, "quantity": 1}]');
SELECT quantity, reason, warehouse FROM crm.stock_movement WHERE product_id = 9002 ORDER BY stock_movement_id DESC LIMIT 1;
CREATE FUNCTION public.fill_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    NEW.note := 'seen';
    RETURN NEW;
END $$;
CREATE TRIGGER user_note BEFORE INSERT ON crm.stock_movement FOR EACH ROW EXECUTE FUNCTION public.fill_note();
SELECT total_amount FROM crm.place_order(9001, '[{"product_id": 9002, "quantity": 2}]');
SELECT quantity, reason, warehouse, note FROM crm.stock_movement WHERE product_id = 9002 ORDER BY stock_movement_id DESC LIMIT 1;
SELECT * FROM crm.verify();
ROLLBACK;
