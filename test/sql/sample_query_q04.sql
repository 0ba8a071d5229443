-- Sample query 4, the effectiveness of a campaign by sign-ups and revenue: crm.campaign_effectiveness() by hand and
-- against sums that are taken one by one.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
BEGIN;
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base) VALUES ('USD', '2001-01-01', 0.8);
INSERT INTO crm.product_category (product_category_id, name) VALUES (6801, 'Q4 goods');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
VALUES (6801, 'Q4-1', 'Thing', 6801, 'EUR', 1000, 100000);
INSERT INTO crm.campaign (campaign_id, name, campaign_type, start_date, budget, parent_campaign_id)
VALUES (6801, 'Spring', 'launch', '2026-03-01', 5000, NULL), (6802, 'Word of mouth', 'other', '2026-03-01', 0, NULL),
    (6803, 'Silent', 'other', '2026-03-01', 100, NULL), (6804, 'Spring mailing', 'newsletter', '2026-03-01', 10, 6801),
    (6805, 'Credit', 'other', '2026-03-01', 0, NULL);
INSERT INTO crm.customer (customer_id, last_name, acquisition_campaign_id)
VALUES (6801, 'Won by spring', 6801), (6802, 'Won by spring, too', 6801), (6803, 'Old friend', NULL),
    (6804, 'Deleted', 6801), (6805, 'Told by a friend', 6802);
SELECT customer_id FROM crm.delete_customer(6804);

-- One cost of 1000, three sales of 1000: revenue 3000, 200 percent. A join of costs with sales would say 0.
INSERT INTO crm.campaign_cost (campaign_id, incurred_on, amount) VALUES (6801, '2026-03-02', 1000);
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, campaign_id, order_kind, currency_code)
VALUES (6801, 6801, '2026-03-05', 6801, 'sale', NULL), (6802, 6803, '2026-03-06', 6801, 'sale', NULL),
    (6803, 6801, '2026-03-07', 6801, 'sale', NULL), (6804, 6801, '2026-03-08', 6801, 'sale', NULL),
    (6805, 6801, '2026-03-09', NULL, 'sale', NULL), (6806, 6802, '2026-03-09', 6802, 'sale', 'USD');
INSERT INTO crm.order_item (sales_order_id, product_id, quantity)
SELECT o.sales_order_id, 6801, 1 FROM crm.sales_order AS o WHERE o.sales_order_id BETWEEN 6801 AND 6806;
UPDATE crm.sales_order SET status = CASE sales_order_id WHEN 6804 THEN 'canceled' ELSE 'confirmed' END
WHERE sales_order_id BETWEEN 6801 AND 6804;
SELECT * FROM crm.campaign_effectiveness(6801);
-- A second cost of 500 in dollars (400): 3000 against 1400. Then half of a sale goes back: 2500.
INSERT INTO crm.campaign_cost (campaign_id, incurred_on, currency_code, amount) VALUES (6801, '2026-03-03', 'USD', 500);
SELECT * FROM crm.campaign_effectiveness(6801);
SELECT order_kind, campaign_id FROM crm.return_order(6803,
    '[{"product_id": 6801, "quantity": 1, "unit_price": 500}]');
SELECT * FROM crm.campaign_effectiveness(campaign_id => 6801);
-- Sales without cost: no ROI. Cost without sales: everything lost. Nothing at all. A credit alone.
SELECT * FROM crm.campaign_effectiveness(6802);
INSERT INTO crm.campaign_cost (campaign_id, incurred_on, amount) VALUES (6804, '2026-03-03', 250), (6805, '2026-03-03', -50);
SELECT * FROM crm.campaign_effectiveness(6804);
SELECT * FROM crm.campaign_effectiveness(6803);
SELECT * FROM crm.campaign_effectiveness(6805);
-- Costs that cancel out are no cost.
INSERT INTO crm.campaign_cost (campaign_id, incurred_on, amount) VALUES (6804, '2026-03-04', -250);
SELECT * FROM crm.campaign_effectiveness(6804);

-- 12 made-up campaigns with 300 customers, 400 orders and 60 costs.
INSERT INTO crm.campaign (campaign_id, name, campaign_type, start_date)
SELECT 6810 + n, 'Made ' || n, 'other', '2025-01-01' FROM generate_series(0, 11) AS n;
INSERT INTO crm.customer (customer_id, last_name, acquisition_campaign_id, deleted_at)
SELECT 6900 + n, 'Made ' || n, CASE WHEN n % 5 > 0 THEN 6810 + n % 13 % 12 END,
    CASE WHEN n % 19 = 0 THEN timestamptz '2026-01-01' END
FROM generate_series(1, 300) AS n;
INSERT INTO crm.campaign_cost (campaign_id, incurred_on, currency_code, amount)
SELECT 6810 + n % 11, date '2025-02-01' + n, CASE WHEN n % 3 = 0 THEN 'USD' ELSE 'EUR' END, n * 13.37 - 40
FROM generate_series(1, 60) AS n;
INSERT INTO crm.sales_order (sales_order_id, customer_id, order_date, campaign_id, order_kind, currency_code)
SELECT 20000 + n, 6801 + n % 3, timestamptz '2025-03-01' + n * interval '1 hour',
    CASE WHEN n % 4 > 0 THEN 6810 + n % 12 END, CASE WHEN n % 7 = 0 THEN 'return' ELSE 'sale' END,
    CASE WHEN n % 5 = 0 THEN 'USD' ELSE 'EUR' END
FROM generate_series(1, 400) AS n;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity, unit_price)
SELECT 20000 + n, 6801, 1 + n % 3, n * 0.77 FROM generate_series(1, 400) AS n, generate_series(1, 1 + n % 2);
UPDATE crm.sales_order SET status = CASE WHEN sales_order_id % 2 = 0 THEN 'canceled' ELSE 'completed' END
WHERE sales_order_id BETWEEN 20001 AND 20400 AND sales_order_id % 3 = 0;
CREATE TEMPORARY VIEW expected AS
WITH figure AS (
    SELECT c.campaign_id, c.name,
        (SELECT count(*) FROM crm.customer AS u
        WHERE u.acquisition_campaign_id = c.campaign_id AND u.deleted_at IS NULL) AS customers,
        (SELECT count(*) FROM crm.sales_order AS o
        WHERE o.campaign_id = c.campaign_id AND o.status <> 'canceled' AND o.order_kind = 'sale') AS sales,
        coalesce((SELECT sum(i.line_base) FROM crm.order_item AS i JOIN crm.sales_order AS o USING (sales_order_id)
        WHERE o.campaign_id = c.campaign_id AND o.status <> 'canceled' AND o.order_kind = 'sale'), 0)
        - coalesce((SELECT sum(i.line_base) FROM crm.order_item AS i JOIN crm.sales_order AS o USING (sales_order_id)
        WHERE o.campaign_id = c.campaign_id AND o.status <> 'canceled' AND o.order_kind = 'return'), 0) AS revenue,
        coalesce((SELECT sum(round(k.amount * k.fx_rate_to_base, 4)) FROM crm.campaign_cost AS k
        WHERE k.campaign_id = c.campaign_id), 0) AS cost
    FROM crm.campaign AS c
)
SELECT f.campaign_id, f.name, f.customers, f.sales, f.revenue, f.cost,
    CASE WHEN f.cost <> 0 THEN round(f.revenue / f.cost - 1, 4) END
FROM figure AS f;
CREATE TEMPORARY VIEW found AS
SELECT c.campaign_id, f.* FROM crm.campaign AS c CROSS JOIN LATERAL crm.campaign_effectiveness(c.campaign_id) AS f;
SELECT count(*) AS campaigns, sum(new_customer_count) AS customers, sum(order_count) AS orders,
    count(*) FILTER (WHERE roi IS NULL) AS without_roi
FROM found WHERE campaign_id BETWEEN 6810 AND 6821;
SELECT count(*) AS too_many FROM (SELECT * FROM found EXCEPT ALL SELECT * FROM expected) AS d;
SELECT count(*) AS missing FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM found) AS d;

-- Errors.
SELECT * FROM crm.campaign_effectiveness(6899);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM crm.campaign_effectiveness(NULL);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
