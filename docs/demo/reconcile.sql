-- Does the CRM hold what the file holds? Counted from the tables of the CRM alone, not from staged lines.

CREATE TABLE demo.shift (
    weeks integer PRIMARY KEY
);
COMMENT ON TABLE demo.shift IS 'By how much the dates of the demo were moved; one row.';
COMMENT ON COLUMN demo.shift.weeks IS 'Weeks that were added to every date of the file.';

CREATE VIEW demo.reconciliation WITH (security_invoker = true) AS
WITH line AS (
    SELECT
        o.order_kind,
        -- The return of an order that holds sales too stands beside it as ORDER/return
        regexp_replace(o.external_id, '/return$', '') AS invoice,
        o.order_date,
        c.is_anonymous,
        c.customer_id,
        i.unit_price,
        CASE o.order_kind WHEN 'return' THEN -i.line_base ELSE i.line_base END AS revenue
    FROM crm.sales_order o
    JOIN crm.order_item i ON i.sales_order_id = o.sales_order_id
    JOIN crm.customer c ON c.customer_id = o.customer_id
    WHERE o.external_source = 'online_retail' AND o.status <> 'canceled'
), adjustment AS (
    SELECT
        substring(m.note FROM '^Import online_retail, order (.*?), line [0-9]+') AS invoice,
        m.moved_at AS order_date,
        m.note ~ '^Import online_retail, order .*?, line [0-9]+, customer ' AS is_identified
    FROM crm.stock_movement m
    WHERE m.reason = 'adjust' AND m.note ^@ 'Import online_retail, order '
), fact AS (
    SELECT
        count(*) FILTER (WHERE l.order_kind = 'sale') AS sale_lines,
        count(*) FILTER (WHERE l.order_kind = 'return') AS return_lines,
        count(*) FILTER (WHERE l.order_kind = 'return' AND l.invoice !~ '^C') AS negative_prices,
        count(*) FILTER (WHERE l.unit_price = 0) AS free_lines,
        count(*) FILTER (WHERE l.is_anonymous) AS walk_in_lines,
        count(DISTINCT l.customer_id) FILTER (WHERE NOT l.is_anonymous) AS customers,
        coalesce(sum(l.revenue), 0) AS revenue
    FROM line l
), adjusted AS (
    SELECT count(*) AS adjustments, count(*) FILTER (WHERE NOT a.is_identified) AS walk_ins FROM adjustment a
), document AS (
    SELECT
        count(DISTINCT d.invoice) AS invoices,
        min(d.order_date AT TIME ZONE g.time_zone - make_interval(weeks => s.weeks)) AS first_at,
        max(d.order_date AT TIME ZONE g.time_zone - make_interval(weeks => s.weeks)) AS last_at,
        max(d.order_date) AS latest
    FROM (
        SELECT l.invoice, l.order_date FROM line l
        UNION ALL
        SELECT a.invoice, a.order_date FROM adjustment a
    ) d
    CROSS JOIN crm.organization g
    CROSS JOIN demo.shift s
)
SELECT v.place, v.what, v.in_the_file, v.in_the_crm,
    CASE WHEN v.in_the_file = v.in_the_crm THEN 'ok' ELSE 'differs' END AS verdict
FROM fact f
CROSS JOIN adjusted a
CROSS JOIN document d
CROSS JOIN LATERAL (VALUES
    (1, 'lines', '541,909', to_char(f.sale_lines + f.return_lines + a.adjustments, 'FM999,999,999')),
    (2, '  of sales', '531,283', to_char(f.sale_lines, 'FM999,999,999')),
    (3, '  of returns', '9,290', to_char(f.return_lines, 'FM999,999,999')),
    (4, '  adjustments of stock', '1,336', to_char(a.adjustments, 'FM999,999,999')),
    (5, 'invoices', '25,900', to_char(d.invoices, 'FM999,999,999')),
    (6, 'customers with a number', '4,372', to_char(f.customers, 'FM999,999,999')),
    (7, 'lines without a customer', '135,080', to_char(f.walk_in_lines + a.walk_ins, 'FM999,999,999')),
    (8, 'lines with a negative price', '2', to_char(f.negative_prices, 'FM999,999,999')),
    (9, 'lines with a price of 0', '2,515', to_char(f.free_lines + a.adjustments, 'FM999,999,999')),
    (10, 'revenue', '9,747,747.934', to_char(f.revenue, 'FM999,999,999.000')),
    (11, 'first invoice, dates moved back', '2010-12-01 08:26', to_char(d.first_at, 'YYYY-MM-DD HH24:MI')),
    (12, 'last invoice, dates moved back', '2011-12-09 12:50', to_char(d.last_at, 'YYYY-MM-DD HH24:MI'))
) AS v (place, what, in_the_file, in_the_crm);
COMMENT ON VIEW demo.reconciliation IS
    'What online_retail.csv holds and what the tables of the CRM hold of it, side by side.';
COMMENT ON COLUMN demo.reconciliation.place IS 'Order of the rows.';
COMMENT ON COLUMN demo.reconciliation.what IS 'What is counted or summed.';
COMMENT ON COLUMN demo.reconciliation.in_the_file IS 'What the file has, as counted without the CRM.';
COMMENT ON COLUMN demo.reconciliation.in_the_crm IS 'What the tables of the CRM have.';
COMMENT ON COLUMN demo.reconciliation.verdict IS 'ok where both agree, else differs.';
