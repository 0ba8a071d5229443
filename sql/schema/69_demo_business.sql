-- 69_demo_business: demo data for an empty database: products, customers by number, stock, orders.

CREATE OR REPLACE FUNCTION crm._demo_article()
RETURNS TABLE (family text, category text, noun text, price numeric)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
ROWS 40
AS $body$
    VALUES
        ('Kitchen', 'Mugs and cups', 'Mug', 4.95), ('Kitchen', 'Mugs and cups', 'Teacup and Saucer', 7.50),
        ('Kitchen', 'Mugs and cups', 'Travel Cup', 12.95), ('Kitchen', 'Tableware', 'Dinner Plate', 8.25),
        ('Kitchen', 'Tableware', 'Cereal Bowl', 6.25), ('Kitchen', 'Tableware', 'Serving Platter', 18.95),
        ('Kitchen', 'Tableware', 'Napkin Set', 5.45), ('Kitchen', 'Baking', 'Cake Tin', 9.95),
        ('Kitchen', 'Baking', 'Cake Stand', 16.95), ('Kitchen', 'Baking', 'Baking Set', 14.50),
        ('Kitchen', 'Baking', 'Rolling Pin', 8.95), ('Home', 'Lighting', 'Table Lamp', 34.95),
        ('Home', 'Lighting', 'Tea Light Holder', 2.95), ('Home', 'Lighting', 'Lantern', 15.95),
        ('Home', 'Lighting', 'Scented Candle', 8.50), ('Home', 'Textiles', 'Cushion', 12.50),
        ('Home', 'Textiles', 'Throw', 29.95), ('Home', 'Textiles', 'Door Mat', 14.95),
        ('Home', 'Textiles', 'Tea Towel', 4.25), ('Home', 'Walls and shelves', 'Photo Frame', 7.95),
        ('Home', 'Walls and shelves', 'Wall Clock', 24.95), ('Home', 'Walls and shelves', 'Mirror', 39.95),
        ('Home', 'Walls and shelves', 'Coat Hook', 6.95), ('Home', 'Storage', 'Storage Jar', 6.45),
        ('Home', 'Storage', 'Wicker Basket', 17.95), ('Home', 'Storage', 'Storage Box', 11.95),
        ('Gifts', 'Stationery', 'Notebook', 3.95), ('Gifts', 'Stationery', 'Greeting Card', 1.95),
        ('Gifts', 'Stationery', 'Gift Wrap', 2.25), ('Gifts', 'Stationery', 'Pencil Case', 4.95),
        ('Gifts', 'Bags and jewellery', 'Shopping Bag', 3.25), ('Gifts', 'Bags and jewellery', 'Purse', 8.95),
        ('Gifts', 'Bags and jewellery', 'Necklace', 13.95), ('Gifts', 'Bags and jewellery', 'Earrings', 9.95),
        ('Gifts', 'Toys', 'Wooden Train', 16.50), ('Gifts', 'Toys', 'Rag Doll', 12.95),
        ('Garden', 'Pots and planters', 'Plant Pot', 7.25),
        ('Garden', 'Pots and planters', 'Hanging Planter', 13.50),
        ('Garden', 'Outdoor', 'Bird Feeder', 11.50), ('Garden', 'Outdoor', 'Picnic Blanket', 22.95)
$body$;
COMMENT ON FUNCTION crm._demo_article() IS
    'Articles that the made-up products are varieties of, with their place in the category tree and a usual '
    'price.';

CREATE OR REPLACE FUNCTION crm._demo_products(amount integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
AS $body$
DECLARE
    colours CONSTANT text[] := ARRAY[
        'Ivory', 'Sage Green', 'Duck Egg Blue', 'Charcoal', 'Mustard', 'Blush Pink', 'Navy', 'Natural',
        'Copper', 'Terracotta', 'White', 'Red'
    ];
    styles CONSTANT text[] := ARRAY[
        'Vintage', 'Scandi', 'Polka Dot', 'Botanical', 'Striped', 'Hammered', 'Woven', 'Floral', 'Rustic',
        'Classic'
    ];
    made bigint;
BEGIN
    INSERT INTO crm.product_category (name)
    SELECT a.family FROM crm._demo_article() a GROUP BY a.family ORDER BY a.family
    ON CONFLICT (name) DO NOTHING;
    INSERT INTO crm.product_category (name, parent_category_id)
    SELECT a.category, p.product_category_id
    FROM crm._demo_article() a
    JOIN crm.product_category p ON p.name = a.family
    GROUP BY a.category, p.product_category_id
    ORDER BY a.category
    ON CONFLICT (name) DO NOTHING;

    WITH variety AS (
        SELECT
            a.category,
            a.price,
            s.style || ' ' || c.colour || ' ' || a.noun AS name,
            row_number() OVER (
                ORDER BY
                    crm._demo_u('product', 'choice', s.style || c.colour || a.noun),
                    s.style, c.colour, a.noun
            ) AS place
        FROM crm._demo_article() a
        CROSS JOIN unnest(colours) AS c (colour)
        CROSS JOIN unnest(styles) AS s (style)
    ), priced AS (
        SELECT
            v.*,
            'D' || lpad(v.place::text, 5, '0') AS sku,
            -- From 0.7 to 1.6 of the usual price, ending in 5 or 0 hundredths
            round(
                v.price * (0.7 + 0.9 * crm._demo_u('product', 'price', v.place::text))::numeric * 20
            ) / 20 AS asked
        FROM variety v
        WHERE v.place <= amount
    )
    INSERT INTO crm.product (
        sku, name, description, product_category_id, currency_code, price, cost, external_source, external_id
    )
    SELECT
        p.sku, p.name, p.name || ', from the demo collection.', g.product_category_id, o.base_currency_code,
        p.asked,
        round(p.asked * (0.35 + 0.3 * crm._demo_u('product', 'cost', p.place::text))::numeric, 2),
        'demo', p.sku
    FROM priced p
    JOIN crm.product_category g ON g.name = p.category
    CROSS JOIN crm.organization o
    ORDER BY p.place;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END;
$body$;
COMMENT ON FUNCTION crm._demo_products(integer) IS
    'Makes that many products (at most 4,800) in a small category tree; returns how many.';

CREATE OR REPLACE FUNCTION crm._demo_parties(amount integer)
RETURNS TABLE (place integer, customer_ref text, country_code text, country text, is_large boolean)
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
AS $body$
    WITH share AS (
        SELECT
            c.country_code, c.country,
            sum(c.weight) OVER (ORDER BY c.country_code) / sum(c.weight) OVER () AS ends
        FROM crm._demo_country() c
    ), slice AS (
        SELECT
            s.country_code, s.country, s.ends,
            lag(s.ends, 1, 0::double precision) OVER (ORDER BY s.ends) AS starts
        FROM share s
    )
    SELECT
        g.n, 'K' || lpad(g.n::text, 7, '0'), s.country_code, s.country,
        crm._demo_u('customer', 'is_large', g.n::text) < 0.3
    FROM generate_series(1, amount) AS g (n)
    JOIN slice s
        ON s.starts <= crm._demo_u('customer', 'country', g.n::text)
        AND crm._demo_u('customer', 'country', g.n::text) < s.ends
$body$;
COMMENT ON FUNCTION crm._demo_parties(integer) IS
    'The customers of the made-up orders by number, with their countries; large ones buy a lot at once.';

CREATE OR REPLACE FUNCTION crm._demo_moment(order_place integer, last_day timestamp)
RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
AS $body$
    -- Twice as many orders a day at the end of the two years as at their start; a third of those of January,
    -- February and July stand in the weeks before Christmas instead; none on Sundays.
    SELECT s.day
        - make_interval(days => CASE WHEN extract(isodow FROM s.day) = 7 THEN 1 ELSE 0 END)
        + make_interval(
            mins => 480 + floor(600 * crm._demo_u('sales_order', 'time', order_place::text))::integer
        )
    FROM (
        SELECT CASE
            WHEN extract(month FROM d.day) IN (1, 2, 7)
                AND crm._demo_u('sales_order', 'season', order_place::text) < 0.35
                THEN make_date(extract(year FROM d.day)::integer - 1, 11, 5)
                    + floor(45 * crm._demo_u('sales_order', 'advent', order_place::text))::integer
            ELSE d.day
        END AS day
        FROM (
            SELECT (last_day - make_interval(days => floor(
                730 * (2 - sqrt(1 + 3 * crm._demo_u('sales_order', 'day', order_place::text)))
            )::integer))::date AS day
        ) d
    ) s
$body$;
COMMENT ON FUNCTION crm._demo_moment(integer, timestamp) IS
    'Local time at which the order of that number was placed, within two years before the given day.';

CREATE OR REPLACE FUNCTION crm._demo_stage(
    customers integer, orders integer, batch_id bigint, open_batch_id bigint
)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    zone CONSTANT text := (SELECT o.time_zone FROM crm.organization o);
    today CONSTANT timestamp := date_trunc('day', now() AT TIME ZONE zone);
    skus CONSTANT text[] := (
        SELECT array_agg(p.sku ORDER BY p.sku) FROM crm.product p WHERE p.external_source = 'demo'
    );
    staged bigint;
BEGIN
    WITH placed AS MATERIALIZED (
        SELECT
            g.n,
            'D' || lpad(g.n::text, 8, '0') AS order_ref,
            crm._demo_moment(g.n, today - interval '1 day') AS moment,
            1 + floor(customers * crm._demo_u('sales_order', 'customer', g.n::text) ^ 2.2)::integer AS party,
            crm._demo_u('sales_order', 'walk_in', g.n::text) < 0.04 AS is_walk_in,
            1 + floor(6 * crm._demo_u('sales_order', 'lines', g.n::text) ^ 1.5)::integer AS line_count,
            crm._demo_u('sales_order', 'returned', g.n::text) < 0.03 AS comes_back
        FROM generate_series(1, orders) AS g (n)
    ), line AS MATERIALIZED (
        SELECT
            o.*, k.n AS line_place, c.customer_ref, c.country, c.country_code,
            crm._demo_pick(skus, crm._demo_u('order_item', 'product', o.n || '/' || k.n) ^ 1.8) AS sku,
            (1 + floor(7 * crm._demo_u('order_item', 'quantity', o.n || '/' || k.n) ^ 3))::bigint
                * CASE WHEN c.is_large AND NOT o.is_walk_in THEN 6 ELSE 1 END AS quantity
        FROM placed o
        JOIN crm._demo_parties(customers) c ON c.place = o.party
        CROSS JOIN LATERAL generate_series(1, o.line_count) AS k (n)
    )
    INSERT INTO crm.import_order_line (
        import_batch_id, order_ref, order_date, customer_ref, country, country_code, product_ref, quantity,
        unit_price
    )
    SELECT
        CASE WHEN s.moment >= today - interval '10 days' THEN open_batch_id ELSE batch_id END,
        s.order_ref,
        s.moment AT TIME ZONE zone,
        CASE WHEN NOT s.is_walk_in THEN s.customer_ref END,
        s.country, s.country_code, s.sku, s.quantity, p.price
    FROM (
        SELECT
            l.order_ref, l.line_place, l.moment, l.is_walk_in, l.customer_ref, l.country, l.country_code,
            l.sku, l.quantity
        FROM line l
        UNION ALL
        SELECT
            'C' || l.order_ref, l.line_place, l.moment + make_interval(days => 3 + l.n % 14), l.is_walk_in,
            l.customer_ref, l.country, l.country_code, l.sku, -(l.quantity + 1) / 2
        FROM line l
        WHERE l.comes_back AND l.line_place = 1 AND l.moment < today - interval '30 days'
    ) s
    JOIN crm.product p ON p.sku = s.sku AND p.external_source = 'demo'
    ORDER BY s.moment, s.order_ref, s.line_place;
    GET DIAGNOSTICS staged = ROW_COUNT;
    RETURN staged;
END;
$body$;
COMMENT ON FUNCTION crm._demo_stage(integer, integer, bigint, bigint) IS
    'Makes up the lines of that many orders and some returns and stages them for the import, those of the '
    'last ten days in the second batch; returns how many lines.';

CREATE OR REPLACE FUNCTION crm._demo_stock(source text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
SET jit = off
AS $body$
DECLARE
    recent_from timestamptz;
    opens_at timestamptz;
    made bigint;
BEGIN
    SELECT min(l.order_date) - interval '1 day', max(l.order_date) - interval '30 days'
    INTO opens_at, recent_from
    FROM crm.import_order_line l
    JOIN crm.import_batch b ON b.import_batch_id = l.import_batch_id
    WHERE b.source = _demo_stock.source AND l.outcome IS NULL;

    -- The waiting lines as changes of stock, an order at a time, in the order in which they will be booked.
    WITH waiting AS (
        SELECT
            p.product_id, l.order_ref, l.order_date,
            CASE
                WHEN crm._import_kind(l.order_ref, l.quantity, l.unit_price) = 'return' THEN abs(l.quantity)
                ELSE -abs(l.quantity)
            END AS change,
            crm._import_kind(l.order_ref, l.quantity, l.unit_price) = 'sale' AND l.order_date > recent_from
                AS is_recent
        FROM crm.import_order_line l
        JOIN crm.import_batch b ON b.import_batch_id = l.import_batch_id
        JOIN crm.product p ON p.sku = l.product_ref AND p.deleted_at IS NULL AND p.is_stocked
        WHERE b.source = _demo_stock.source AND l.outcome IS NULL
    ), timed AS (
        SELECT w.*, min(w.order_date) OVER (PARTITION BY w.order_ref) AS booked_at FROM waiting w
    ), running AS (
        SELECT
            t.product_id,
            coalesce(sum(-t.change) FILTER (WHERE t.is_recent), 0) AS sold,
            sum(sum(t.change)) OVER (
                PARTITION BY t.product_id ORDER BY t.booked_at, t.order_ref COLLATE "C"
            ) AS level
        FROM timed t
        GROUP BY t.product_id, t.booked_at, t.order_ref
    ), need AS (
        SELECT r.product_id, greatest(0, -min(r.level)) AS quantity, sum(r.sold) AS sold
        FROM running r
        GROUP BY r.product_id
    ), ranked AS (
        SELECT
            n.*, row_number() OVER (ORDER BY n.sold DESC, n.product_id) AS place,
            count(*) OVER () AS products
        FROM need n
    ), covered AS (
        -- A month of cover; of the best sellers a third has none and the others less than their reorder
        -- level, so that there is something to alert about.
        SELECT
            k.product_id,
            k.quantity + CASE
                WHEN k.place > least(50, k.products / 6) THEN k.sold
                ELSE floor(
                    k.sold * 14 / 30
                    * greatest(0, crm._demo_u('product', 'cover', p.sku) * 1.2 - 0.4)::numeric
                )
            END AS quantity
        FROM ranked k
        JOIN crm.product p ON p.product_id = k.product_id
    )
    INSERT INTO crm.stock_movement (product_id, moved_at, quantity, reason, note)
    SELECT c.product_id, opens_at, c.quantity, 'opening', 'Opening stock of the demo'
    FROM covered c
    WHERE c.quantity > 0
    ORDER BY c.product_id;
    GET DIAGNOSTICS made = ROW_COUNT;

    -- Fourteen days of the sales of the last thirty.
    UPDATE crm.product p
    SET reorder_level = s.reorder_level
    FROM (
        SELECT l.product_ref, round(sum(l.quantity) * 14 / 30.0)::bigint AS reorder_level
        FROM crm.import_order_line l
        JOIN crm.import_batch b ON b.import_batch_id = l.import_batch_id
        WHERE b.source = _demo_stock.source
            AND l.outcome IS NULL
            AND l.order_date > recent_from
            AND crm._import_kind(l.order_ref, l.quantity, l.unit_price) = 'sale'
        GROUP BY l.product_ref
    ) s
    WHERE p.sku = s.product_ref AND p.deleted_at IS NULL AND p.is_stocked;
    RETURN made;
END;
$body$;
COMMENT ON FUNCTION crm._demo_stock(text) IS
    'Books opening stock for the waiting lines of a source: as much as keeps the stock from falling below 0 '
    'at any time while they are booked, and the sales of the last 30 days on top; of the 50 best-selling '
    'products only a part of their reorder level. Sets reorder levels to 14 days of recent sales. Returns '
    'how many products got stock.';

CREATE OR REPLACE FUNCTION crm._demo_business(scale numeric, batch_id bigint)
RETURNS TABLE (what text, rows bigint)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
AS $body$
DECLARE
    customers CONSTANT integer := ceil(2000 * scale)::integer;
    orders CONSTANT integer := ceil(10000 * scale)::integer;
    products CONSTANT integer := least(4800, greatest(12, ceil(300 * sqrt(scale))))::integer;
    zone CONSTANT text := (SELECT o.time_zone FROM crm.organization o);
    today CONSTANT timestamptz := date_trunc('day', now() AT TIME ZONE zone) AT TIME ZONE zone;
    open_batch_id bigint;
BEGIN
    INSERT INTO crm.import_batch (source, file_name)
    SELECT b.source, b.file_name FROM crm.import_batch b WHERE b.import_batch_id = batch_id
    RETURNING import_batch_id INTO open_batch_id;

    PERFORM crm._progress('demo', 'products', 0, 0);
    what := 'products';
    rows := crm._demo_products(products);
    RETURN NEXT;
    PERFORM crm._progress('demo', 'reading', 0, 0);
    PERFORM crm._demo_stage(customers, orders, batch_id, open_batch_id);
    PERFORM crm.prepare_import(batch_id);
    PERFORM crm.prepare_import(open_batch_id);

    PERFORM crm._progress('demo', 'customers', 0, 0);
    INSERT INTO crm.customer (last_name, country_code, signed_up_at, external_source, external_id)
    SELECT
        'Customer ' || p.customer_ref, p.country_code,
        today - make_interval(
            days => floor(700 * crm._demo_u('customer', 'no_order', p.place::text))::integer
        ),
        'demo', p.customer_ref
    FROM crm._demo_parties(customers) p
    ON CONFLICT (external_source, external_id) DO NOTHING;
    PERFORM crm._demo_assign_reps('demo');
    what := 'customers';
    SELECT count(*) INTO rows FROM crm.customer c WHERE c.external_source = 'demo' AND NOT c.is_anonymous;
    RETURN NEXT;
    PERFORM crm._progress('demo', 'stock', 0, 0);
    PERFORM crm._demo_stock('demo');

    what := 'orders';
    rows := (SELECT o.order_count FROM crm.import_orders(batch_id) o)
        + (SELECT o.order_count FROM crm.import_orders(open_batch_id, order_status => 'pending') o);
    RETURN NEXT;
    what := 'order lines';
    SELECT count(*) INTO rows
    FROM crm.import_order_line l
    WHERE l.import_batch_id IN (batch_id, open_batch_id);
    RETURN NEXT;

    -- The orders of the last days are on their way.
    UPDATE crm.sales_order s
    SET status = CASE
        WHEN crm._demo_u('sales_order', 'status', s.external_id) < 0.45 THEN 'shipped'
        WHEN crm._demo_u('sales_order', 'status', s.external_id) < 0.75 THEN 'confirmed'
        ELSE 'canceled'
    END
    WHERE s.external_source = 'demo'
        AND s.status = 'pending'
        AND crm._demo_u('sales_order', 'status', s.external_id) < 0.8;
END;
$body$;
COMMENT ON FUNCTION crm._demo_business(numeric, bigint) IS
    'Makes products, customers by number, stock and orders of two years for an empty database; what '
    'customers and orders are called says the import batch. Returns how many rows of what.';
