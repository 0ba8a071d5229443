-- 62_orders: placing, canceling and returning orders. Plain INSERT, UPDATE and DELETE obey the same rules,
-- which stand in the triggers; these functions save the client the steps.

CREATE OR REPLACE FUNCTION crm._claim_order_key(
    idempotency_key text, request_hash text, OUT sales_order_id bigint, OUT is_new boolean)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    stored text;
BEGIN
    IF btrim(idempotency_key) = '' OR char_length(idempotency_key) > 200 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'an idempotency key has 1 to 200 characters',
            HINT = 'Use a fresh UUID for each order that a user places.';
    END IF;
    sales_order_id := nextval(pg_get_serial_sequence('crm.sales_order', 'sales_order_id'));
    -- A concurrent claim of the same key waits here until the first one commits or rolls back.
    INSERT INTO crm_state.idempotency AS i (caller, idempotency_key, request_hash, result_id)
    VALUES (crm._actor(), _claim_order_key.idempotency_key, _claim_order_key.request_hash,
        _claim_order_key.sales_order_id)
    ON CONFLICT ON CONSTRAINT idempotency_pkey DO UPDATE
        SET request_hash = excluded.request_hash, result_id = excluded.result_id,
            created_at = excluded.created_at, expires_at = excluded.expires_at
        WHERE i.expires_at < now();
    is_new := FOUND;
    IF is_new THEN
        RETURN;
    END IF;
    SELECT i.result_id, i.request_hash INTO sales_order_id, stored
    FROM crm_state.idempotency AS i
    WHERE i.caller = crm._actor() AND i.idempotency_key = _claim_order_key.idempotency_key;
    IF stored <> _claim_order_key.request_hash THEN
        RAISE EXCEPTION USING
            ERRCODE = 'RM004',
            MESSAGE = 'the idempotency key was used for another order',
            DETAIL = format('It placed order %s.', sales_order_id),
            HINT = 'Use a new key for a new order; send the same arguments to repeat the old one.';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._claim_order_key(text, text) IS
    'Claims an idempotency key of the calling login for a new order, or returns the order that it placed already. '
    'Raises RM004 if the key was used with another payload, 22023 for an empty or too long key.';

CREATE OR REPLACE FUNCTION crm._order_payload(items jsonb)
    RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT jsonb_agg(jsonb_build_array(l.product_id, l.quantity, trim_scale(l.unit_price),
        trim_scale(coalesce(l.discount_rate, 0))) ORDER BY l.line_no)
    FROM crm._order_lines(_order_payload.items) AS l
$function$;
COMMENT ON FUNCTION crm._order_payload(jsonb) IS
    'What the items of an order ask for, in one form: neither the order of keys nor the digits of a number (0.1, 0.10) '
    'nor a default that is spelled out makes a difference. Raises what crm._order_lines() raises.';

CREATE OR REPLACE FUNCTION crm._refuse_null(argument text, is_missing boolean)
    RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF _refuse_null.is_missing THEN
        RAISE EXCEPTION USING
            ERRCODE = '22004',
            MESSAGE = format('%s must not be NULL', left(_refuse_null.argument, 60)),
            HINT = 'Check the value that the application hands over.';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._refuse_null(text, boolean) IS 'Raises 22004 for an argument that is missing; its name is for the message.';

CREATE OR REPLACE FUNCTION crm._order_row(sales_order_id bigint)
    RETURNS SETOF crm.sales_order
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    RETURN QUERY SELECT o.* FROM crm.sales_order AS o WHERE o.sales_order_id = _order_row.sales_order_id;
    IF NOT FOUND THEN
        PERFORM crm._refuse_null('sales_order_id', _order_row.sales_order_id IS NULL);
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('order %s does not exist', _order_row.sales_order_id),
            HINT = 'Look it up in crm.sales_order.',
            SCHEMA = 'crm', TABLE = 'sales_order', COLUMN = 'sales_order_id';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._order_row(bigint) IS 'The row of an order; raises 22023 if there is none, 22004 for NULL.';

CREATE OR REPLACE FUNCTION crm.place_order(
    customer_id bigint,
    items jsonb,
    sales_rep_id bigint DEFAULT NULL,
    campaign_id bigint DEFAULT NULL,
    order_date timestamptz DEFAULT NULL,
    idempotency_key text DEFAULT NULL)
    RETURNS SETOF crm.sales_order
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    new_order_id bigint;
    is_new boolean := true;
    request_hash text;
BEGIN
    IF place_order.customer_id IS NULL OR place_order.items IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22004',
            MESSAGE = 'customer_id and items must not be NULL',
            HINT = 'crm.place_order(customer_id => 1, items => ''[{"product_id": 1, "quantity": 2}]'')';
    END IF;
    IF place_order.idempotency_key IS NOT NULL THEN
        request_hash := encode(sha256(convert_to(jsonb_build_array(
            place_order.customer_id, crm._order_payload(place_order.items), place_order.sales_rep_id,
            place_order.campaign_id, extract(epoch FROM place_order.order_date))::text, 'UTF8')), 'hex');
        SELECT k.sales_order_id, k.is_new INTO new_order_id, is_new
        FROM crm._claim_order_key(place_order.idempotency_key, request_hash) AS k;
    END IF;
    IF is_new AND new_order_id IS NULL THEN
        INSERT INTO crm.sales_order AS o (customer_id, sales_rep_id, campaign_id, order_date)
        VALUES (place_order.customer_id, place_order.sales_rep_id, place_order.campaign_id,
            coalesce(place_order.order_date, now()))
        RETURNING o.sales_order_id INTO new_order_id;
    ELSIF is_new THEN
        INSERT INTO crm.sales_order (sales_order_id, customer_id, sales_rep_id, campaign_id, order_date)
        VALUES (new_order_id, place_order.customer_id, place_order.sales_rep_id, place_order.campaign_id,
            coalesce(place_order.order_date, now()));
    END IF;
    IF is_new THEN
        INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity, unit_price, discount_rate)
        SELECT new_order_id, l.line_no, l.product_id, l.quantity, l.unit_price, coalesce(l.discount_rate, 0)
        FROM crm._order_lines(place_order.items) AS l;
    END IF;
    RETURN QUERY SELECT * FROM crm._order_row(new_order_id);
END
$function$;
COMMENT ON FUNCTION crm.place_order(bigint, jsonb, bigint, bigint, timestamptz, text) IS
    'Places an order of status pending and takes its stock; all or nothing. items is '
    '[{"product_id": 1, "quantity": 2, "unit_price": 9.5, "discount_rate": 0.1}]: price (in the order''s currency; '
    'default the product''s) and discount (a fraction, default 0) may be left out. Rep, region, delivery address and '
    'currency default to the customer''s and the organisation''s, order_date to now. The same idempotency_key (kept '
    '24 hours per login) returns the same order and changes nothing. Errors: 22004 for NULL and 22023 for another bad '
    'value, DETAIL names the position of the item, 23503 '
    'unknown customer or product, RM001 insufficient stock, RM004 key used for another order, RM010 no exchange '
    'rate, RM011 deleted customer, deleted or inactive product, RM013 no items.';

CREATE OR REPLACE FUNCTION crm.cancel_order(sales_order_id bigint, reason text DEFAULT NULL)
    RETURNS SETOF crm.sales_order
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    outer_note constant text := current_setting('crm.change_note', true);
BEGIN
    PERFORM FROM crm._order_row(cancel_order.sales_order_id);
    IF char_length(cancel_order.reason) > 1000 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'a reason has at most 1000 characters',
            DETAIL = format('The reason has %s.', char_length(cancel_order.reason)),
            HINT = 'Keep the rest in an interaction with the customer.';
    END IF;
    PERFORM set_config('crm.change_note', coalesce(cancel_order.reason, ''), true);
    UPDATE crm.sales_order AS o
    SET status = 'canceled'
    WHERE o.sales_order_id = cancel_order.sales_order_id AND o.status <> 'canceled';
    PERFORM set_config('crm.change_note', coalesce(outer_note, ''), true);
    RETURN QUERY SELECT * FROM crm._order_row(cancel_order.sales_order_id);
END
$function$;
COMMENT ON FUNCTION crm.cancel_order(bigint, text) IS
    'Cancels an order and gives its stock back; the reason is kept in order_status_history.note. A canceled order is '
    'returned as it is. Errors: 22023 unknown order or a reason of more than 1000 characters, 22004 NULL for the order, '
    'RM002 a completed order (book a return), RM013 an order without lines (delete it), RM014 an order that has a return.';

CREATE OR REPLACE FUNCTION crm._return_lines(sales_order_id bigint, items jsonb)
    RETURNS TABLE (product_id bigint, quantity bigint, unit_price numeric, discount_rate numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    -- Each sold line covers a stretch of its product's units; returns take the units in order of the lines.
    WITH sold AS (
        SELECT i.line_no, i.product_id, i.unit_price, i.discount_rate,
            sum(i.quantity) OVER (PARTITION BY i.product_id ORDER BY i.line_no) AS last_unit,
            sum(i.quantity) OVER (PARTITION BY i.product_id ORDER BY i.line_no) - i.quantity AS first_unit
        FROM crm.order_item AS i
        WHERE i.sales_order_id = _return_lines.sales_order_id
    ), returned AS (
        SELECT i.product_id, sum(i.quantity) AS units
        FROM crm.sales_order AS o
        JOIN crm.order_item AS i ON i.sales_order_id = o.sales_order_id
        WHERE o.returns_order_id = _return_lines.sales_order_id AND o.status <> 'canceled'
        GROUP BY i.product_id
    ), wanted AS (
        SELECT l.line_no, l.product_id, l.unit_price, l.discount_rate,
            coalesce(r.units, 0) + sum(l.quantity) OVER w AS last_unit,
            coalesce(r.units, 0) + sum(l.quantity) OVER w - l.quantity AS first_unit
        FROM crm._order_lines(_return_lines.items) AS l
        LEFT JOIN returned AS r ON r.product_id = l.product_id
        WINDOW w AS (PARTITION BY l.product_id ORDER BY l.line_no)
    )
    SELECT s.product_id, (least(s.last_unit, w.last_unit) - greatest(s.first_unit, w.first_unit))::bigint,
        coalesce(w.unit_price, s.unit_price), coalesce(w.discount_rate, s.discount_rate)
    FROM wanted AS w
    JOIN sold AS s ON s.product_id = w.product_id
        AND s.first_unit < w.last_unit AND w.first_unit < s.last_unit
    UNION ALL
    -- What was never sold stays in, for the check of returns to refuse.
    SELECT w.product_id, (w.last_unit - greatest(w.first_unit, coalesce(s.units, 0)))::bigint,
        coalesce(w.unit_price, 0), coalesce(w.discount_rate, 0)
    FROM wanted AS w
    LEFT JOIN (SELECT s.product_id, max(s.last_unit) AS units FROM sold AS s GROUP BY s.product_id) AS s
        ON s.product_id = w.product_id
    WHERE w.last_unit > coalesce(s.units, 0)
$function$;
COMMENT ON FUNCTION crm._return_lines(bigint, jsonb) IS
    'The lines of a return: the units that the items name, at the price and discount at which they were sold.';

CREATE OR REPLACE FUNCTION crm._unreturned_items(sales_order_id bigint)
    RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT coalesce(jsonb_agg(jsonb_build_object('product_id', s.product_id, 'quantity', s.units)
        ORDER BY s.product_id), '[]')
    FROM (
        SELECT i.product_id, sum(CASE o.order_kind WHEN 'return' THEN -i.quantity ELSE i.quantity END) AS units
        FROM crm.sales_order AS o
        JOIN crm.order_item AS i ON i.sales_order_id = o.sales_order_id
        WHERE (o.sales_order_id = _unreturned_items.sales_order_id
            OR o.returns_order_id = _unreturned_items.sales_order_id)
            AND o.status <> 'canceled'
        GROUP BY i.product_id
    ) AS s
    WHERE s.units > 0
$function$;
COMMENT ON FUNCTION crm._unreturned_items(bigint) IS 'What was sold on an order and has not been returned, as items.';

CREATE OR REPLACE FUNCTION crm.return_order(sales_order_id bigint, items jsonb DEFAULT NULL)
    RETURNS SETOF crm.sales_order
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    sale crm.sales_order;
    returned_items jsonb;
    return_id bigint;
BEGIN
    PERFORM FROM crm._order_row(return_order.sales_order_id);
    SELECT * INTO sale FROM crm.sales_order AS o
    WHERE o.sales_order_id = return_order.sales_order_id FOR NO KEY UPDATE;
    IF sale.order_kind <> 'sale' OR sale.status IN ('pending', 'canceled') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'RM002',
            MESSAGE = format('order %s cannot be returned: it is a %s of status %s',
                sale.sales_order_id, sale.order_kind, sale.status),
            HINT = 'Only a sale that was confirmed, shipped or completed can be returned; cancel a pending one.',
            SCHEMA = 'crm', TABLE = 'sales_order', COLUMN = 'status';
    END IF;
    returned_items := coalesce(return_order.items, crm._unreturned_items(sale.sales_order_id));
    IF return_order.items IS NULL AND returned_items = '[]' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'RM013',
            MESSAGE = format('nothing of order %s is left to return', sale.sales_order_id),
            HINT = format('Its returns are the orders with returns_order_id %s.', sale.sales_order_id),
            SCHEMA = 'crm', TABLE = 'sales_order', COLUMN = 'returns_order_id',
            CONSTRAINT = 'sales_order_unreturned_check';
    END IF;
    INSERT INTO crm.sales_order AS o (customer_id, account_id, opportunity_id, sales_rep_id, campaign_id, region_id,
        order_kind, returns_order_id, status, currency_code, fx_rate_to_base)
    VALUES (sale.customer_id, sale.account_id, sale.opportunity_id, sale.sales_rep_id, sale.campaign_id,
        sale.region_id, 'return', sale.sales_order_id, 'confirmed', sale.currency_code, sale.fx_rate_to_base)
    RETURNING o.sales_order_id INTO return_id;
    INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity, unit_price, discount_rate)
    SELECT return_id, row_number() OVER (), l.product_id, l.quantity, l.unit_price, l.discount_rate
    FROM crm._return_lines(sale.sales_order_id, returned_items) AS l;
    RETURN QUERY SELECT * FROM crm._order_row(return_id);
END
$function$;
COMMENT ON FUNCTION crm.return_order(bigint, jsonb) IS
    'Takes goods of a sale back: an order of kind return and status confirmed, with the sale''s currency, rate, rep and '
    'region, which adds the stock and counts negatively in revenue. items as in crm.place_order(); without a price the '
    'units go back at what they were sold for; without items all that has not been returned yet. Errors: 22023 '
    'unknown order or bad items, 22004 NULL for the order or in an item, RM002 a pending or canceled order, RM013 nothing left to return, RM014 more than was '
    'sold and not returned yet.';
