-- 62_stock: booking stock by hand. Each is a row of stock_movement, which a client may as well insert itself.

CREATE OR REPLACE FUNCTION crm._book_stock(product_id bigint, quantity bigint, reason text, note text)
    RETURNS SETOF crm.stock_movement
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    PERFORM crm._refuse_null('product_id', _book_stock.product_id IS NULL);
    IF NOT EXISTS (SELECT FROM crm.product AS p WHERE p.product_id = _book_stock.product_id) THEN
        RAISE EXCEPTION USING
            ERRCODE = '23503',
            MESSAGE = format('product %s does not exist', _book_stock.product_id),
            SCHEMA = 'crm', TABLE = 'stock_movement', COLUMN = 'product_id',
            CONSTRAINT = 'stock_movement_product_id_fkey';
    END IF;
    RETURN QUERY
    INSERT INTO crm.stock_movement AS m (product_id, quantity, reason, note)
    VALUES (_book_stock.product_id, _book_stock.quantity, _book_stock.reason, _book_stock.note)
    RETURNING m.*;
END
$function$;
COMMENT ON FUNCTION crm._book_stock(bigint, bigint, text, text) IS
    'Inserts a movement; the product''s stock follows by trigger. Raises 22004 for NULL, 23503 for an unknown product.';

CREATE OR REPLACE FUNCTION crm.receive_stock(product_id bigint, quantity bigint, note text DEFAULT NULL)
    RETURNS SETOF crm.stock_movement
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    PERFORM crm._refuse_null('quantity', receive_stock.quantity IS NULL);
    IF receive_stock.quantity <= 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('quantity must be 1 or more, not %s', receive_stock.quantity),
            HINT = 'Use crm.adjust_stock() to correct the stock downwards.';
    END IF;
    RETURN QUERY SELECT * FROM crm._book_stock(receive_stock.product_id, receive_stock.quantity, 'purchase',
        receive_stock.note);
END
$function$;
COMMENT ON FUNCTION crm.receive_stock(bigint, bigint, text) IS
    'Books incoming goods: adds quantity (units, 1 or more) to the stock as a movement of reason purchase; clears the '
    'low-stock alert when the stock is above the reorder level again. Errors: 22023 quantity, 22004 NULL, 23503 unknown product, '
    '23514 a product that keeps no stock.';

CREATE OR REPLACE FUNCTION crm.adjust_stock(product_id bigint, quantity bigint, note text DEFAULT NULL)
    RETURNS SETOF crm.stock_movement
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    PERFORM crm._refuse_null('quantity', adjust_stock.quantity IS NULL);
    IF adjust_stock.quantity = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'quantity must not be 0',
            HINT = 'Give the difference: a positive number adds to the stock, a negative one takes from it.';
    END IF;
    RETURN QUERY SELECT * FROM crm._book_stock(adjust_stock.product_id, adjust_stock.quantity, 'adjust',
        adjust_stock.note);
END
$function$;
COMMENT ON FUNCTION crm.adjust_stock(bigint, bigint, text) IS
    'Corrects the stock by a difference (units, positive or negative, not 0) as a movement of reason adjust. Errors: '
    '22023 quantity, 22004 NULL, 23503 unknown product, 23514 a product that keeps no stock, RM001 below zero.';
