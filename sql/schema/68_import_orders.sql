-- 68_import_orders: the booking of staged order lines (68_import) as orders, returns and adjustments.

CREATE OR REPLACE FUNCTION crm._import_orders(
    import_batch_id bigint, source text, order_refs text[], order_status text
)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
SET jit = off
AS $body$
DECLARE
    -- What a line needs to know, by number; as maps, since the planner cannot know the size of a chunk and
    -- a join of two that it takes for small is slow.
    order_ids jsonb;
    product_ids jsonb;
BEGIN
    -- An order that holds sales and returns becomes two: the return is called ORDER_REF/return.
    WITH part AS (
        SELECT
            l.order_ref,
            crm._import_kind(l.order_ref, l.quantity, l.unit_price) AS kind,
            min(crm._import_customer_key(l.customer_ref, l.country_code, l.country)) AS customer_key,
            min(min(l.order_date)) OVER (PARTITION BY l.order_ref) AS order_date,
            bool_or(crm._import_kind(l.order_ref, l.quantity, l.unit_price) = 'sale')
                OVER (PARTITION BY l.order_ref) AS has_sale
        FROM crm.import_order_line l
        WHERE l.import_batch_id = _import_orders.import_batch_id AND l.order_ref = ANY (order_refs)
        GROUP BY l.order_ref, crm._import_kind(l.order_ref, l.quantity, l.unit_price)
    ), placed AS (
        INSERT INTO crm.sales_order (
            customer_id, order_date, order_kind, status, external_source, external_id
        )
        SELECT
            c.customer_id,
            p.order_date,
            p.kind,
            order_status,
            source,
            p.order_ref || CASE WHEN p.kind = 'return' AND p.has_sale THEN '/return' ELSE '' END
        FROM part p
        JOIN crm.customer c ON c.external_source = source AND c.external_id = p.customer_key
        WHERE p.kind IN ('sale', 'return')
        ORDER BY p.order_date, p.order_ref, p.kind DESC
        RETURNING sales_order_id, external_id
    )
    SELECT coalesce(jsonb_object_agg(p.external_id, p.sales_order_id), '{}') INTO order_ids FROM placed p;

    SELECT coalesce(jsonb_object_agg(p.sku, p.product_id), '{}') INTO product_ids
    FROM crm.product p
    WHERE p.deleted_at IS NULL
        AND p.sku = ANY (ARRAY(
            SELECT DISTINCT l.product_ref
            FROM crm.import_order_line l
            WHERE l.import_batch_id = _import_orders.import_batch_id AND l.order_ref = ANY (order_refs)
        ));

    WITH kinds AS (
        SELECT
            l.line_no, l.order_ref, l.product_ref,
            crm._import_kind(l.order_ref, l.quantity, l.unit_price) AS kind
        FROM crm.import_order_line l
        WHERE l.import_batch_id = _import_orders.import_batch_id AND l.order_ref = ANY (order_refs)
    ), numbered AS (
        SELECT
            k.line_no,
            k.kind,
            k.product_ref,
            CASE
                WHEN k.kind = 'return' AND bool_or(k.kind = 'sale') OVER (PARTITION BY k.order_ref)
                    THEN k.order_ref || '/return'
                ELSE k.order_ref
            END AS external_id,
            row_number() OVER (PARTITION BY k.order_ref, k.kind ORDER BY k.line_no) AS order_line_no
        FROM kinds k
    ), line AS (
        UPDATE crm.import_order_line l
        SET sales_order_id = (order_ids ->> n.external_id)::bigint,
            order_line_no = n.order_line_no,
            outcome = n.kind
        FROM numbered n
        WHERE l.import_batch_id = _import_orders.import_batch_id
            AND l.line_no = n.line_no
            AND n.kind <> 'adjustment'
            AND order_ids ? n.external_id
            AND product_ids ? n.product_ref
        RETURNING
            l.sales_order_id, l.order_line_no, l.product_ref, l.product_name, l.quantity, l.unit_price
    )
    INSERT INTO crm.order_item (sales_order_id, line_no, product_id, product_name, quantity, unit_price)
    SELECT
        l.sales_order_id,
        l.order_line_no,
        (product_ids ->> l.product_ref)::bigint,
        nullif(btrim(l.product_name), ''),
        abs(l.quantity),
        abs(l.unit_price)
    FROM line l
    ORDER BY l.sales_order_id, l.order_line_no;
END;
$body$;
COMMENT ON FUNCTION crm._import_orders(bigint, text, text[], text) IS
    'Books the sale and return lines of some orders of a batch in two statements: the orders; their lines '
    'with the outcome of the staged ones. Raises what the booking raises.';

CREATE OR REPLACE FUNCTION crm._import_adjustments(import_batch_id bigint, source text, order_refs text[])
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
SET jit = off
AS $body$
BEGIN
    WITH line AS MATERIALIZED (
        SELECT l.line_no, l.order_date, l.quantity, p.product_id, crm._import_note(source, l) AS note
        FROM crm.import_order_line l
        JOIN crm.product p ON p.sku = l.product_ref AND p.deleted_at IS NULL
        WHERE l.import_batch_id = _import_adjustments.import_batch_id
            AND l.order_ref = ANY (order_refs)
            AND crm._import_kind(l.order_ref, l.quantity, l.unit_price) = 'adjustment'
    ), moved AS (
        INSERT INTO crm.stock_movement (product_id, moved_at, quantity, reason, note)
        SELECT l.product_id, l.order_date, l.quantity, 'adjust', l.note
        FROM line l
        ORDER BY l.order_date, l.line_no
        RETURNING stock_movement_id, note
    )
    UPDATE crm.import_order_line l
    SET stock_movement_id = m.stock_movement_id, outcome = 'adjustment'
    FROM moved m
    JOIN line n ON n.note = m.note
    WHERE l.import_batch_id = _import_adjustments.import_batch_id AND l.line_no = n.line_no;
END;
$body$;
COMMENT ON FUNCTION crm._import_adjustments(bigint, text, text[]) IS
    'Books the adjustment lines of some orders of a batch as stock movements. Raises RM001 if there is less '
    'in stock than they take.';

CREATE OR REPLACE FUNCTION crm._import_book(
    import_batch_id bigint, source text, order_refs text[], order_status text
)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
AS $body$
DECLARE
    pieces CONSTANT integer := 16;
    piece_size CONSTANT integer := (cardinality(order_refs) + pieces - 1) / pieces;
    message text;
    detail text;
    rule text;
BEGIN
    BEGIN
        PERFORM crm._import_orders(import_batch_id, source, order_refs, order_status);
        PERFORM crm._import_adjustments(import_batch_id, source, order_refs);
        IF EXISTS (
            SELECT FROM crm.import_order_line l
            WHERE l.import_batch_id = _import_book.import_batch_id
                AND l.order_ref = ANY (order_refs)
                AND l.outcome IS NULL
        ) THEN
            RAISE EXCEPTION 'the customer or a product of the order is not there'
                USING ERRCODE = 'foreign_key_violation';
        END IF;
        RETURN;
    EXCEPTION
        -- Bad data only: the classes 22, 23 and RM. Conflicts, cancels and lack of rights go through.
        WHEN data_exception OR integrity_constraint_violation OR SQLSTATE 'RM000' THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, rule = CONSTRAINT_NAME;
            IF rule = 'sales_order_external_key' THEN
                message := 'an order of this number and source was imported before';
            END IF;
            -- The detail of a constraint is the whole row, that of our own rules says what to do.
            IF SQLSTATE LIKE 'RM%' THEN
                message := message || coalesce(': ' || nullif(detail, ''), '');
            END IF;
    END;
    IF cardinality(order_refs) = 1 THEN
        UPDATE crm.import_order_line l
        SET outcome = 'error', error = message
        WHERE l.import_batch_id = _import_book.import_batch_id AND l.order_ref = order_refs[1];
        RETURN;
    END IF;
    FOR start_at IN 1 .. cardinality(order_refs) BY piece_size LOOP
        PERFORM crm._import_book(
            import_batch_id, source, order_refs[start_at : start_at + piece_size - 1], order_status
        );
    END LOOP;
END;
$body$;
COMMENT ON FUNCTION crm._import_book(bigint, text, text[], text) IS
    'Books some orders of a batch together; if that fails on the data, in ever smaller pieces, until the '
    'orders that cannot be booked are found: their lines get outcome error with the message.';

CREATE OR REPLACE FUNCTION crm.import_orders(
    import_batch_id bigint, chunk_size integer DEFAULT 2000, order_status text DEFAULT 'completed'
)
RETURNS TABLE (
    source text,
    status text,
    line_count bigint,
    order_count bigint,
    sale_lines bigint,
    return_lines bigint,
    adjustment_lines bigint,
    error_lines bigint,
    new_customers bigint,
    new_products bigint
)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
ROWS 1
AS $body$
DECLARE
    order_refs text[];
BEGIN
    IF chunk_size < 1 OR chunk_size > 100000 THEN
        RAISE EXCEPTION 'chunk_size % is out of range', chunk_size
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a number of orders from 1 to 100000.';
    END IF;
    IF order_status NOT IN ('pending', 'confirmed', 'shipped', 'completed') THEN
        RAISE EXCEPTION 'orders cannot be imported as "%"', left(order_status, 60)
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Give pending, confirmed, shipped or completed; cancel orders after the import.';
    END IF;
    source := crm._import_open(import_batch_id);
    SELECT p.new_customers, p.new_products INTO new_customers, new_products
    FROM crm.prepare_import(import_batch_id) p;

    PERFORM crm._progress('import', 'orders', 0, 0);
    SELECT array_agg(w.order_ref ORDER BY w.order_date, w.order_ref COLLATE "C") INTO order_refs
    FROM (
        SELECT l.order_ref, min(l.order_date) AS order_date
        FROM crm.import_order_line l
        WHERE l.import_batch_id = import_orders.import_batch_id AND l.outcome IS NULL
        GROUP BY l.order_ref
    ) w;
    FOR start_at IN 1 .. coalesce(cardinality(order_refs), 0) BY chunk_size LOOP
        PERFORM crm._progress('import', 'orders', start_at - 1, cardinality(order_refs));
        PERFORM crm._import_book(
            import_batch_id, source, order_refs[start_at : start_at + chunk_size - 1], order_status
        );
    END LOOP;

    PERFORM crm._progress('import', 'finishing', 0, 0);
    SELECT
        count(*),
        count(DISTINCT l.sales_order_id),
        count(*) FILTER (WHERE l.outcome = 'sale'),
        count(*) FILTER (WHERE l.outcome = 'return'),
        count(*) FILTER (WHERE l.outcome = 'adjustment'),
        count(*) FILTER (WHERE l.outcome = 'error')
    INTO line_count, order_count, sale_lines, return_lines, adjustment_lines, error_lines
    FROM crm.import_order_line l
    WHERE l.import_batch_id = import_orders.import_batch_id;
    status := CASE WHEN error_lines = 0 THEN 'imported' ELSE 'staged' END;
    UPDATE crm.import_batch b
    SET row_count = import_orders.line_count,
        error_count = import_orders.error_lines,
        status = import_orders.status,
        imported_at = CASE WHEN import_orders.error_lines = 0 THEN coalesce(b.imported_at, now()) END
    WHERE b.import_batch_id = import_orders.import_batch_id;
    PERFORM crm._progress_end();
    RETURN NEXT;
END;
$body$;
COMMENT ON FUNCTION crm.import_orders(bigint, integer, text) IS
    'Books the staged lines of a batch, chunk_size orders at a time in the order of date and order_ref, as '
    'orders in order_status (pending, confirmed, shipped or completed). Customers are those known by '
    '(external_source, external_id) = (source of the batch, customer_ref), new ones are created; lines '
    'without one go to a walk-in customer of the country. Products are those with sku = product_ref, new '
    'ones are created. order_ref becomes the external_id of the order. Negative quantities on an order whose '
    'number begins with C, and negative prices, become returns with positive quantity and price; where an '
    'order holds sales too, its returns stand on an order of their own, order_ref/return. A negative '
    'quantity on any other order becomes a stock movement of reason adjust whose note names order and line. '
    'A price of 0 is kept. An order is imported whole or not at all: all lines of one that cannot be get '
    'outcome error with the reason and stay; correct them and call again, what is booked is not booked '
    'twice. Returns counts of the batch over all calls, new customers and products of this one. Raises 22023 '
    'for an unknown batch, status or size.';
