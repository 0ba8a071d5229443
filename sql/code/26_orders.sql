-- 26_orders: the items of an order as rows.

CREATE FUNCTION crm._order_lines(
    items jsonb,
    OUT line_no integer, OUT product_id bigint, OUT quantity bigint,
    OUT unit_price numeric, OUT discount_rate numeric)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5
    AS 'MODULE_PATHNAME', 'crm_order_lines';
COMMENT ON FUNCTION crm._order_lines(jsonb) IS
    'Checks the items of an order, [{"product_id": 1, "quantity": 2, "unit_price": 9.5, "discount_rate": 0.1}], and '
    'returns them as rows numbered from 1. Price and discount may be left out. Raises 22023, or 22004 for null, '
    'with the number of the item that is wrong in DETAIL, RM013 for an empty array.';
