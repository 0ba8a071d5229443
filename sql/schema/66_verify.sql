-- 66_verify: recomputes what the triggers keep and shows every difference. All is well when it returns no row.

CREATE OR REPLACE FUNCTION crm._verify_orders()
    RETURNS TABLE (rule text, table_name text, row_id bigint, detail text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    SELECT 'order total is the sum of its lines', 'sales_order', o.sales_order_id,
        format('total_amount %s, lines %s; total_base %s, lines %s; line_count %s, lines %s', o.total_amount,
            coalesce(l.amount, 0), o.total_base, coalesce(l.base, 0), o.line_count, coalesce(l.lines, 0))
    FROM crm.sales_order AS o
    LEFT JOIN (
        SELECT i.sales_order_id, sum(i.line_total) AS amount, sum(i.line_base) AS base, count(*) AS lines
        FROM crm.order_item AS i
        GROUP BY i.sales_order_id
    ) AS l ON l.sales_order_id = o.sales_order_id
    WHERE o.total_amount <> coalesce(l.amount, 0) OR o.total_base <> coalesce(l.base, 0)
        OR o.line_count <> coalesce(l.lines, 0)
    UNION ALL
    SELECT 'line in base currency is the line at the frozen rate', 'order_item', i.sales_order_id,
        format('line %s: line_base %s, expected %s', i.line_no, i.line_base,
            round(i.line_total * o.fx_rate_to_base, 4))
    FROM crm.order_item AS i
    JOIN crm.sales_order AS o ON o.sales_order_id = i.sales_order_id
    WHERE i.line_base <> round(i.line_total * o.fx_rate_to_base, 4)
    UNION ALL
    SELECT 'no more is returned than was sold', 'sales_order', r.returns_order_id,
        format('product %s: %s sold, %s returned', r.product_id, coalesce(s.units, 0), r.units)
    FROM (
        SELECT o.returns_order_id, i.product_id, sum(i.quantity) AS units
        FROM crm.sales_order AS o
        JOIN crm.order_item AS i ON i.sales_order_id = o.sales_order_id
        WHERE o.returns_order_id IS NOT NULL AND o.status <> 'canceled'
        GROUP BY o.returns_order_id, i.product_id
    ) AS r
    LEFT JOIN LATERAL (
        SELECT sum(i.quantity) AS units
        FROM crm.sales_order AS o
        JOIN crm.order_item AS i ON i.sales_order_id = o.sales_order_id
        WHERE o.sales_order_id = r.returns_order_id AND o.status <> 'canceled' AND i.product_id = r.product_id
    ) AS s ON true
    WHERE r.units > coalesce(s.units, 0)
$function$;
COMMENT ON FUNCTION crm._verify_orders() IS 'The part of crm.verify() about orders and their lines.';

CREATE OR REPLACE FUNCTION crm._verify_history()
    RETURNS TABLE (rule text, table_name text, row_id bigint, detail text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    WITH steps AS (
        SELECT h.sales_order_id, h.order_status_history_id, h.from_status, h.to_status,
            lag(h.to_status) OVER w AS came_from,
            row_number() OVER w = count(*) OVER (PARTITION BY h.sales_order_id) AS is_last
        FROM crm.order_status_history AS h
        WINDOW w AS (PARTITION BY h.sales_order_id ORDER BY h.order_status_history_id)
    )
    SELECT 'status history is a chain', 'order_status_history', s.order_status_history_id,
        format('order %s goes on from %s after %s', s.sales_order_id, s.from_status, s.came_from)
    FROM steps AS s
    WHERE s.came_from <> s.from_status
    UNION ALL
    SELECT 'status history ends with the status', 'sales_order', o.sales_order_id,
        format('status %s, history ends with %s', o.status, s.to_status)
    FROM steps AS s
    JOIN crm.sales_order AS o ON o.sales_order_id = s.sales_order_id
    WHERE s.is_last AND s.to_status <> o.status
$function$;
COMMENT ON FUNCTION crm._verify_history() IS 'The part of crm.verify() about the history of order statuses.';

CREATE OR REPLACE FUNCTION crm._verify_stock()
    RETURNS TABLE (rule text, table_name text, row_id bigint, detail text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    SELECT 'stock is the sum of its movements', 'product', p.product_id,
        format('stock_quantity %s, movements %s', p.stock_quantity, coalesce(m.quantity, 0))
    FROM crm.product AS p
    LEFT JOIN (
        SELECT m.product_id, sum(m.quantity) AS quantity
        FROM crm.stock_movement AS m
        GROUP BY m.product_id
    ) AS m ON m.product_id = p.product_id
    WHERE p.stock_quantity <> coalesce(m.quantity, 0)
    UNION ALL
    SELECT 'an alert is open exactly while a product is low', 'product', p.product_id,
        format('stock %s, reorder level %s, open alert %s', p.stock_quantity, p.reorder_level,
            coalesce(a.stock_alert_id::text, 'none'))
    FROM crm.product AS p
    LEFT JOIN crm.stock_alert AS a ON a.product_id = p.product_id AND a.cleared_at IS NULL
    WHERE (a.stock_alert_id IS NOT NULL) <> (p.is_stocked AND p.active AND p.deleted_at IS NULL
        AND p.reorder_level > 0 AND p.stock_quantity <= p.reorder_level)
    UNION ALL
    -- A line moves its product's stock as long as its order counts; after a cancel the sum is zero.
    -- Movements of lines that are gone sum to zero too. Products without movements keep no stock.
    SELECT 'movements of a line are what it took', 'stock_movement', m.sales_order_id,
        format('line %s, product %s: moved %s, expected %s', m.line_no, m.product_id, m.quantity,
            coalesce(l.quantity, 0))
    FROM (
        SELECT m.sales_order_id, m.line_no, m.product_id, sum(m.quantity) AS quantity
        FROM crm.stock_movement AS m
        WHERE m.sales_order_id IS NOT NULL AND m.line_no IS NOT NULL
        GROUP BY m.sales_order_id, m.line_no, m.product_id
    ) AS m
    LEFT JOIN (
        SELECT i.sales_order_id, i.line_no, i.product_id,
            CASE WHEN o.status = 'canceled' THEN 0 WHEN o.order_kind = 'return' THEN i.quantity
                ELSE -i.quantity END AS quantity
        FROM crm.order_item AS i
        JOIN crm.sales_order AS o ON o.sales_order_id = i.sales_order_id
    ) AS l ON l.sales_order_id = m.sales_order_id AND l.line_no = m.line_no AND l.product_id = m.product_id
    WHERE m.quantity <> coalesce(l.quantity, 0)
$function$;
COMMENT ON FUNCTION crm._verify_stock() IS 'The part of crm.verify() about stock, its ledger and its alerts.';

CREATE OR REPLACE FUNCTION crm._verify_people()
    RETURNS TABLE (rule text, table_name text, row_id bigint, detail text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    SELECT 'every customer but a walk-in one has a row of metrics', 'customer', c.customer_id,
        CASE WHEN c.is_anonymous THEN 'there' ELSE 'missing' END || ' in crm.customer_metrics'
    FROM crm.customer AS c
    LEFT JOIN crm.customer_metrics AS m ON m.customer_id = c.customer_id
    WHERE (m.customer_id IS NULL) <> c.is_anonymous
    UNION ALL
    SELECT 'an individual has at most one contact', 'customer', k.customer_id, format('%s contacts', k.contacts)
    FROM (
        SELECT k.customer_id, count(*) AS contacts
        FROM crm.contact AS k
        WHERE k.deleted_at IS NULL
        GROUP BY k.customer_id
        HAVING count(*) > 1
    ) AS k
    JOIN crm.customer AS c ON c.customer_id = k.customer_id
    WHERE c.customer_type = 'individual'
$function$;
COMMENT ON FUNCTION crm._verify_people() IS 'The part of crm.verify() about customers and contacts.';

CREATE OR REPLACE FUNCTION crm._verify_metrics()
    RETURNS TABLE (rule text, table_name text, row_id bigint, detail text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
    WITH orders AS (
        SELECT o.customer_id, o.order_date, (o.order_date AT TIME ZONE z.time_zone)::date AS order_day,
            o.status = 'canceled' AS canceled, o.order_kind = 'sale' AS sale, l.base
        FROM crm.sales_order AS o
        JOIN (
            SELECT i.sales_order_id, sum(i.line_base) AS base
            FROM crm.order_item AS i
            GROUP BY i.sales_order_id
        ) AS l ON l.sales_order_id = o.sales_order_id
        CROSS JOIN crm.organization AS z
    ), expected AS (
        SELECT o.customer_id,
            min(o.order_date) FILTER (WHERE o.sale AND NOT o.canceled) AS first_order_at,
            max(o.order_date) FILTER (WHERE o.sale AND NOT o.canceled) AS last_order_at,
            count(*) FILTER (WHERE o.sale AND NOT o.canceled) AS order_count,
            count(DISTINCT o.order_day) FILTER (WHERE o.sale AND NOT o.canceled) AS order_day_count,
            count(*) FILTER (WHERE o.canceled) AS canceled_order_count,
            count(*) FILTER (WHERE NOT o.sale AND NOT o.canceled) AS returned_order_count,
            coalesce(sum(CASE WHEN o.sale THEN o.base ELSE -o.base END) FILTER (WHERE NOT o.canceled), 0) AS net_revenue
        FROM orders AS o
        GROUP BY o.customer_id
    ), compared AS (
        SELECT m.customer_id,
            concat_ws(', ', coalesce(m.first_order_at::text, 'never'), coalesce(m.last_order_at::text, 'never'),
                m.order_count, m.order_day_count, m.canceled_order_count, m.returned_order_count, m.net_revenue::numeric(28,4),
                m.average_order_value::numeric(28,4)) AS kept,
            concat_ws(', ', coalesce(e.first_order_at::text, 'never'), coalesce(e.last_order_at::text, 'never'),
                coalesce(e.order_count, 0), coalesce(e.order_day_count, 0), coalesce(e.canceled_order_count, 0),
                coalesce(e.returned_order_count, 0), coalesce(e.net_revenue, 0)::numeric(28,4),
                (e.net_revenue / nullif(e.order_count, 0))::numeric(28,4)) AS expected
        FROM crm.customer_metrics AS m
        LEFT JOIN expected AS e ON e.customer_id = m.customer_id
    )
    SELECT 'figures of a customer follow from the orders', 'customer_metrics', c.customer_id,
        format('first, last, orders, days, canceled, returns, revenue, average: %s; expected %s', c.kept, c.expected)
    FROM compared AS c
    WHERE c.kept <> c.expected
$function$;
COMMENT ON FUNCTION crm._verify_metrics() IS
    'The part of crm.verify() about the figures in customer_metrics that follow from orders.';

CREATE OR REPLACE FUNCTION crm.verify()
    RETURNS TABLE (rule text, table_name text, row_id bigint, detail text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT * FROM crm._verify_orders()
    UNION ALL
    SELECT * FROM crm._verify_history()
    UNION ALL
    SELECT * FROM crm._verify_stock()
    UNION ALL
    SELECT * FROM crm._verify_people()
    UNION ALL
    SELECT * FROM crm._verify_metrics()
$function$;
COMMENT ON FUNCTION crm.verify() IS
    'Recomputes everything that triggers keep (order totals, stock, alerts, status history, returns, metrics of customers) from '
    'the base tables in one snapshot and returns one row per difference: the rule, the table, the row''s key and what '
    'was found against what was expected. No row means that all is well. Sees all rows whoever calls; reads whole '
    'tables, so expect seconds per million lines.';
