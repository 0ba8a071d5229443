-- What triggers keep, recomputed from the definitions in docs/orders.md: the view pg_temp.order_difference
-- has one row for each thing that is not as it should be. It uses nothing of crm.verify() and takes stock from
-- the lines of orders, where the triggers take it from movements.

CREATE TEMP VIEW line_oracle AS
SELECT i.sales_order_id, i.line_no, i.product_id, i.quantity, o.order_kind, o.status, o.returns_order_id,
    round(i.quantity * i.unit_price * (1 - i.discount_rate), 4) AS amount,
    round(round(i.quantity * i.unit_price * (1 - i.discount_rate), 4) * o.fx_rate_to_base, 4) AS base,
    -- What the line does to stock: nothing once its order is canceled.
    CASE WHEN o.status = 'canceled' THEN 0 WHEN o.order_kind = 'return' THEN i.quantity ELSE -i.quantity END AS moved
FROM crm.order_item AS i
JOIN crm.sales_order AS o ON o.sales_order_id = i.sales_order_id;

CREATE TEMP VIEW order_difference AS
SELECT 'amount of a line' AS what, i.sales_order_id AS id,
    format('line %s: %s and %s, not %s and %s', i.line_no, i.line_total, i.line_base, l.amount, l.base) AS detail
FROM crm.order_item AS i
JOIN line_oracle AS l ON (l.sales_order_id, l.line_no) = (i.sales_order_id, i.line_no)
WHERE (i.line_total, i.line_base) <> (l.amount, l.base)
UNION ALL
SELECT 'total of an order', o.sales_order_id,
    format('%s and %s, not %s and %s', o.total_amount, o.total_base, coalesce(l.amount, 0), coalesce(l.base, 0))
FROM crm.sales_order AS o
LEFT JOIN (SELECT sales_order_id, sum(amount) AS amount, sum(base) AS base FROM line_oracle GROUP BY 1) AS l
    ON l.sales_order_id = o.sales_order_id
WHERE (o.total_amount, o.total_base) <> (coalesce(l.amount, 0), coalesce(l.base, 0))
UNION ALL
-- The figures of a customer, from the lines of the orders; a walk-in customer has none.
SELECT 'metrics of a customer', c.customer_id, format('%s, not %s', m.kept, e.expected)
FROM crm.customer AS c
LEFT JOIN (
    SELECT m.customer_id, concat_ws('|', coalesce(m.first_order_at, '-infinity'), coalesce(m.last_order_at, '-infinity'),
        m.order_count, m.order_day_count, m.canceled_order_count, m.returned_order_count, m.net_revenue::numeric(28,4)) AS kept
    FROM crm.customer_metrics AS m
) AS m ON m.customer_id = c.customer_id
LEFT JOIN (
    SELECT x.customer_id, concat_ws('|',
        coalesce(min(x.order_date) FILTER (WHERE x.sold), '-infinity'), coalesce(max(x.order_date) FILTER (WHERE x.sold), '-infinity'),
        count(*) FILTER (WHERE x.sold), count(DISTINCT date_trunc('day', x.order_date, x.time_zone)) FILTER (WHERE x.sold),
        count(*) FILTER (WHERE x.status = 'canceled'), count(*) FILTER (WHERE x.order_kind = 'return' AND x.status <> 'canceled'),
        coalesce(sum(CASE x.order_kind WHEN 'sale' THEN x.base ELSE -x.base END) FILTER (WHERE x.status <> 'canceled'), 0)::numeric(28,4)
    ) AS expected
    FROM (
        SELECT o.customer_id, o.order_date, o.status, o.order_kind, z.time_zone, l.base,
            o.order_kind = 'sale' AND o.status <> 'canceled' AS sold
        FROM (SELECT l.sales_order_id, sum(l.base) AS base FROM line_oracle AS l GROUP BY l.sales_order_id) AS l
        JOIN crm.sales_order AS o ON o.sales_order_id = l.sales_order_id
        JOIN crm.organization AS z ON z.organization_id = 1
    ) AS x
    GROUP BY x.customer_id
) AS e ON e.customer_id = c.customer_id
WHERE m.kept IS DISTINCT FROM CASE WHEN c.is_anonymous THEN NULL ELSE coalesce(e.expected, '-infinity|-infinity|0|0|0|0|0.0000') END
UNION ALL
-- opening + received + adjusted - sold + returned
SELECT 'stock of a product', p.product_id,
    format('%s, not %s', p.stock_quantity, coalesce(m.booked, 0) + coalesce(l.moved, 0))
FROM crm.product AS p
LEFT JOIN (
    SELECT m.product_id, sum(m.quantity) AS booked FROM crm.stock_movement AS m
    WHERE m.reason IN ('opening', 'purchase', 'adjust') GROUP BY 1
) AS m ON m.product_id = p.product_id
LEFT JOIN (SELECT l.product_id, sum(l.moved) AS moved FROM line_oracle AS l GROUP BY 1) AS l
    ON l.product_id = p.product_id
WHERE p.is_stocked AND p.stock_quantity <> coalesce(m.booked, 0) + coalesce(l.moved, 0)
UNION ALL
SELECT 'ledger of a product', p.product_id, format('stock %s, movements %s', p.stock_quantity, coalesce(m.moved, 0))
FROM crm.product AS p
LEFT JOIN (SELECT m.product_id, sum(m.quantity) AS moved FROM crm.stock_movement AS m GROUP BY 1) AS m
    ON m.product_id = p.product_id
WHERE p.stock_quantity <> coalesce(m.moved, 0)
UNION ALL
SELECT 'ledger of a line', coalesce(l.sales_order_id, m.sales_order_id),
    format('line %s of product %s moved %s, not %s', coalesce(l.line_no, m.line_no),
        coalesce(l.product_id, m.product_id), coalesce(m.moved, 0), coalesce(l.moved, 0))
FROM (
    SELECT l.sales_order_id, l.line_no, l.product_id, l.moved
    FROM line_oracle AS l
    JOIN crm.product AS p ON p.product_id = l.product_id
    WHERE p.is_stocked
) AS l
FULL JOIN (
    SELECT m.sales_order_id, m.line_no, m.product_id, sum(m.quantity) AS moved
    FROM crm.stock_movement AS m
    WHERE m.sales_order_id IS NOT NULL
    GROUP BY 1, 2, 3
) AS m ON (m.sales_order_id, m.line_no, m.product_id) = (l.sales_order_id, l.line_no, l.product_id)
WHERE coalesce(l.moved, 0) <> coalesce(m.moved, 0)
UNION ALL
SELECT 'stock below zero', p.product_id, p.stock_quantity::text FROM crm.product AS p WHERE p.stock_quantity < 0
UNION ALL
SELECT 'open alerts', p.product_id,
    format('%s open, stock %s, level %s', coalesce(a.open, 0), p.stock_quantity, p.reorder_level)
FROM crm.product AS p
LEFT JOIN (
    SELECT a.product_id, count(*) AS open FROM crm.stock_alert AS a WHERE a.cleared_at IS NULL GROUP BY 1
) AS a ON a.product_id = p.product_id
WHERE coalesce(a.open, 0) <> CASE WHEN p.is_stocked AND p.active AND p.deleted_at IS NULL AND p.reorder_level > 0
    AND p.stock_quantity <= p.reorder_level THEN 1 ELSE 0 END
UNION ALL
SELECT 'events of alerts', coalesce(a.product_id, e.product_id),
    format('%s low and %s replenished for %s alerts, %s of them cleared', e.low, e.replenished, a.raised, a.cleared)
FROM (
    SELECT a.product_id, count(*) AS raised, count(a.cleared_at) AS cleared FROM crm.stock_alert AS a GROUP BY 1
) AS a
FULL JOIN (
    SELECT e.row_id AS product_id, count(*) FILTER (WHERE e.event_type = 'stock.low') AS low,
        count(*) FILTER (WHERE e.event_type = 'stock.replenished') AS replenished
    FROM crm.event AS e WHERE e.event_type IN ('stock.low', 'stock.replenished') GROUP BY 1
) AS e ON e.product_id = a.product_id
WHERE (e.low, e.replenished) IS DISTINCT FROM (a.raised, a.cleared)
UNION ALL
SELECT 'returned more than sold', l.sale_id, format('product %s: %s too many', l.product_id, -l.left_over)
FROM (
    SELECT coalesce(l.returns_order_id, l.sales_order_id) AS sale_id, l.product_id, -sum(l.moved) AS left_over
    FROM line_oracle AS l
    WHERE l.order_kind = 'sale' OR l.returns_order_id IS NOT NULL
    GROUP BY 1, 2
) AS l
WHERE l.left_over < 0
UNION ALL
SELECT 'no line', o.sales_order_id, o.status
FROM crm.sales_order AS o
WHERE o.status <> 'pending' AND NOT EXISTS (
    SELECT FROM crm.order_item AS i WHERE i.sales_order_id = o.sales_order_id)
UNION ALL
SELECT 'history', h.sales_order_id,
    format('from %s after %s, to %s before %s', h.from_status, h.came_from, h.to_status, coalesce(h.went_on, h.status))
FROM (
    SELECT h.sales_order_id, h.from_status, h.to_status, o.status, lag(h.to_status) OVER w AS came_from,
        lead(h.from_status) OVER w AS went_on
    FROM crm.order_status_history AS h
    JOIN crm.sales_order AS o ON o.sales_order_id = h.sales_order_id
    WINDOW w AS (PARTITION BY h.sales_order_id ORDER BY h.order_status_history_id)
) AS h
WHERE h.came_from <> h.from_status OR h.to_status <> coalesce(h.went_on, h.status)
UNION ALL
SELECT 'events of a status', coalesce(h.sales_order_id, e.sales_order_id), format('%s moves, %s events', h.moves, e.events)
FROM (
    SELECT h.sales_order_id, count(*) AS moves FROM crm.order_status_history AS h GROUP BY 1
) AS h
FULL JOIN (
    SELECT e.row_id AS sales_order_id, count(*) AS events
    FROM crm.event AS e WHERE e.event_type = 'sales_order.status_changed' GROUP BY 1
) AS e ON e.sales_order_id = h.sales_order_id
WHERE h.moves IS DISTINCT FROM e.events;
