-- 60_customers: finding customers and showing one of them whole. Adding, changing and upserting is plain
-- INSERT, UPDATE and INSERT ... ON CONFLICT: the rules stand in the triggers.

-- Checks of arguments ---------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._check_exists(table_name text, row_id bigint)
    RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    is_there boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM crm.%1$I AS t WHERE t.%2$I = $1)', _check_exists.table_name,
        _check_exists.table_name || '_id')
    INTO is_there USING _check_exists.row_id;
    IF NOT is_there THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('%s %s does not exist', _check_exists.table_name,
                coalesce(_check_exists.row_id::text, 'NULL')),
            HINT = format('Look it up in crm.%I.', _check_exists.table_name),
            SCHEMA = 'crm', TABLE = _check_exists.table_name, COLUMN = _check_exists.table_name || '_id';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._check_exists(text, bigint) IS
    'Raises 22023 unless the table of schema crm has a row with this key that the caller may see.';

CREATE OR REPLACE FUNCTION crm._check_page(
    page_size integer,
    null_is_all boolean,
    after_first text,
    after_second bigint)
    RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF _check_page.page_size < 1 OR _check_page.page_size > 1000
        OR _check_page.page_size IS NULL AND NOT _check_page.null_is_all THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('page_size must lie from 1 to 1000, not %s',
                coalesce(_check_page.page_size::text, 'NULL')),
            HINT = CASE WHEN _check_page.null_is_all THEN 'NULL returns all rows at once.'
                ELSE 'Ask for the next page with the keys of the last row.' END;
    END IF;
    IF _check_page.after_second IS NOT NULL AND _check_page.after_first IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'the key of the last row is incomplete',
            HINT = 'Give both values of the last row of the page before, or only the first of them.';
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._check_page(integer, boolean, text, bigint) IS
    'Raises 22023 for a page size out of range or for the second key of a page without the first.';

CREATE OR REPLACE FUNCTION crm._region_tree(region text)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    regions bigint[];
BEGIN
    WITH RECURSIVE tree AS (
        SELECT r.region_id FROM crm.region AS r WHERE r.name = _region_tree.region
        UNION
        SELECT r.region_id FROM tree AS t JOIN crm.region AS r ON r.parent_region_id = t.region_id
    )
    SELECT array_agg(t.region_id ORDER BY t.region_id) INTO regions FROM tree AS t;
    IF regions IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('region %s does not exist',
                coalesce(quote_literal(left(_region_tree.region, 60)), 'NULL')),
            HINT = coalesce(
                (SELECT format('Did you mean %L?', min(r.name)) FROM crm.region AS r
                    WHERE lower(r.name) = lower(btrim(_region_tree.region)) HAVING count(*) > 0),
                'Names are those of crm.region, upper and lower case as there.'),
            SCHEMA = 'crm', TABLE = 'region', COLUMN = 'name';
    END IF;
    RETURN regions;
END
$function$;
COMMENT ON FUNCTION crm._region_tree(text) IS
    'Keys of the region of this name and of all regions below it; raises 22023 if there is none.';

-- Finding ---------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._phone_digits(phone text)
    RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    digits constant text := regexp_replace(_phone_digits.phone, '[^0-9]', '', 'g');
BEGIN
    IF digits = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'phone has no digits to search for',
            HINT = 'Give the number or its beginning in any notation, or leave phone out.';
    END IF;
    RETURN digits;
END
$function$;
COMMENT ON FUNCTION crm._phone_digits(text) IS
    'Digits of a phone number, as in customer.phone_key; raises 22023 if there are none, NULL for NULL.';

-- Plans are made for the values of each call, so that a filter that was left out costs nothing and one that
-- was given finds its index. Workers of a parallel plan take longer to start than a page takes to be found.
CREATE OR REPLACE FUNCTION crm.find_customers(
    query text DEFAULT NULL,
    region text DEFAULT NULL,
    city text DEFAULT NULL,
    state text DEFAULT NULL,
    country_code text DEFAULT NULL,
    customer_type text DEFAULT NULL,
    email text DEFAULT NULL,
    phone text DEFAULT NULL,
    after_name text DEFAULT NULL,
    after_id bigint DEFAULT NULL,
    page_size integer DEFAULT 50)
    RETURNS SETOF crm.customer
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 50
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
    SET max_parallel_workers_per_gather = 0
AS $function$
DECLARE
    prefix constant text := coalesce(lower(btrim(find_customers.query)), '');
    after_key constant text := lower(btrim(find_customers.after_name));
    after_number constant bigint := coalesce(find_customers.after_id, 9223372036854775807);
    wanted_country constant text := upper(btrim(find_customers.country_code));
    wanted_email constant text := lower(btrim(find_customers.email));
    wanted_phone constant text := crm._phone_digits(find_customers.phone);
    regions constant bigint[] :=
        CASE WHEN find_customers.region IS NOT NULL THEN crm._region_tree(find_customers.region) END;
BEGIN
    PERFORM crm._check_page(find_customers.page_size, false, find_customers.after_name,
        find_customers.after_id);
    IF find_customers.customer_type NOT IN ('individual', 'business') THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('customer_type %L is not known', left(find_customers.customer_type, 60)),
            HINT = 'A customer is an ''individual'' or a ''business''.';
    END IF;
    RETURN QUERY
    WITH candidate AS NOT MATERIALIZED (
        SELECT c.*
        FROM crm.customer AS c
        WHERE c.deleted_at IS NULL
            AND (after_key IS NULL OR (c.name_key, c.customer_id) > (after_key, after_number))
            AND (regions IS NULL OR c.region_id = ANY (regions))
            AND (find_customers.city IS NULL OR c.city = btrim(find_customers.city))
            AND (find_customers.state IS NULL OR c.state = btrim(find_customers.state))
            AND (wanted_country IS NULL OR c.country_code = wanted_country)
            AND (find_customers.customer_type IS NULL OR c.customer_type = find_customers.customer_type)
            AND (wanted_email IS NULL OR c.email_key = wanted_email)
            AND (wanted_phone IS NULL OR c.phone_key ^@ wanted_phone)
    )
    SELECT f.*
    FROM (
        (SELECT c.* FROM candidate AS c
        WHERE prefix = '' OR c.name_key ^@ prefix
        ORDER BY c.name_key, c.customer_id
        LIMIT find_customers.page_size)
        UNION ALL
        (SELECT c.* FROM candidate AS c
        WHERE prefix <> '' AND c.last_name_key ^@ prefix AND NOT c.name_key ^@ prefix
        ORDER BY c.name_key, c.customer_id
        LIMIT find_customers.page_size)
    ) AS f
    ORDER BY f.name_key, f.customer_id
    LIMIT find_customers.page_size;
END
$function$;
COMMENT ON FUNCTION
    crm.find_customers(text, text, text, text, text, text, text, text, text, bigint, integer) IS
    'Customers in use that fit everything that is given, by name. query is the beginning of the name or the '
    'last name; region includes the regions below it; city, state and country_code are compared as they '
    'stand in the address; email by equality; all three of query, email and after_name whatever the case. '
    'phone is the number or its beginning, by its digits. A page has page_size rows (1 to 1000); the next '
    'one begins after after_name and after_id, the name_key and customer_id of the last row. Errors: 22023 '
    'unknown region or customer_type, a phone without digits, page_size out of range, after_id without '
    'after_name.';

-- One customer whole ----------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._customer_figures(customer_id bigint)
    RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    -- An order counts unless it is canceled, a sale with +1 and a return with -1.
    SELECT jsonb_build_object(
        'order_count', o.sales,
        'net_revenue', o.revenue,
        'average_order_value', CASE WHEN o.sales > 0 THEN round(o.revenue / o.sales, 4) END,
        'first_order_at', o.first_at,
        'last_order_at', o.last_at,
        'open_ticket_count', t.open_tickets)
    FROM (
        SELECT count(*) FILTER (WHERE o.order_kind = 'sale') AS sales,
            coalesce(sum(CASE o.order_kind WHEN 'return' THEN -o.total_base ELSE o.total_base END), 0)
                AS revenue,
            min(o.order_date) FILTER (WHERE o.order_kind = 'sale') AS first_at,
            max(o.order_date) FILTER (WHERE o.order_kind = 'sale') AS last_at
        FROM crm.sales_order AS o
        WHERE o.customer_id = _customer_figures.customer_id AND o.status <> 'canceled'
    ) AS o
    CROSS JOIN (
        SELECT count(*) AS open_tickets
        FROM crm.support_ticket AS t
        WHERE t.customer_id = _customer_figures.customer_id AND NOT t.resolved
    ) AS t
$function$;
COMMENT ON FUNCTION crm._customer_figures(bigint) IS
    'Figures of one customer for crm.customer_profile(), computed from orders and tickets.';

CREATE OR REPLACE FUNCTION crm.customer_profile(customer_id bigint)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    profile jsonb;
BEGIN
    PERFORM crm._check_exists('customer', customer_profile.customer_id);
    SELECT jsonb_build_object(
        'customer', to_jsonb(c) - ARRAY['name_key', 'last_name_key', 'email_key', 'phone_key'],
        'region', (SELECT r.name FROM crm.region AS r WHERE r.region_id = c.region_id),
        'sales_rep', (
            SELECT jsonb_build_object('sales_rep_id', s.staff_id, 'name', s.name, 'email', s.email,
                'phone', s.phone)
            FROM crm.staff AS s
            WHERE s.staff_id = c.sales_rep_id),
        'metrics', crm._customer_figures(c.customer_id),
        'contacts', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('contact_id', k.contact_id, 'name', k.name,
                'title', k.title, 'email', k.email, 'phone', k.phone, 'is_primary', k.is_primary)
                ORDER BY k.is_primary DESC, k.name_key, k.contact_id), '[]')
            FROM crm.contact AS k
            WHERE k.customer_id = customer_profile.customer_id AND k.deleted_at IS NULL),
        'orders', (
            SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.order_date DESC, o.sales_order_id DESC), '[]')
            FROM (
                SELECT o.sales_order_id, o.order_date, o.order_kind, o.status, o.currency_code,
                    o.total_amount, o.total_base,
                    (SELECT count(*) FROM crm.order_item AS i WHERE i.sales_order_id = o.sales_order_id)
                        AS line_count
                FROM crm.sales_order AS o
                WHERE o.customer_id = customer_profile.customer_id
                ORDER BY o.order_date DESC, o.sales_order_id DESC
                LIMIT 10
            ) AS o),
        'interactions', (
            SELECT coalesce(
                jsonb_agg(to_jsonb(n) ORDER BY n.interaction_date DESC, n.interaction_id DESC), '[]')
            FROM (
                SELECT n.interaction_id, n.interaction_date, y.name AS interaction_type, u.name AS outcome,
                    (SELECT string_agg(s.name, ', ' ORDER BY p.role, s.name, s.staff_id)
                    FROM crm.interaction_rep AS p
                    JOIN crm.staff AS s ON s.staff_id = p.sales_rep_id
                    WHERE p.interaction_id = n.interaction_id) AS sales_reps,
                    n.details
                FROM crm.interaction AS n
                JOIN crm.interaction_type AS y ON y.interaction_type_id = n.interaction_type_id
                LEFT JOIN crm.interaction_outcome AS u ON u.interaction_outcome_id = n.interaction_outcome_id
                WHERE n.customer_id = customer_profile.customer_id
                ORDER BY n.interaction_date DESC, n.interaction_id DESC
                LIMIT 20
            ) AS n),
        'tickets', (
            SELECT coalesce(
                jsonb_agg(to_jsonb(t) ORDER BY t.reported_date DESC, t.support_ticket_id DESC), '[]')
            FROM (
                SELECT t.support_ticket_id, t.reported_date, t.priority, t.status, t.issue, t.resolved_at
                FROM crm.support_ticket AS t
                WHERE t.customer_id = customer_profile.customer_id
                ORDER BY t.reported_date DESC, t.support_ticket_id DESC
                LIMIT 20
            ) AS t))
    INTO profile
    FROM crm.customer AS c
    WHERE c.customer_id = customer_profile.customer_id;
    RETURN profile;
END
$function$;
COMMENT ON FUNCTION crm.customer_profile(bigint) IS
    'All about one customer as one JSON object: customer (the row), region, sales_rep, metrics '
    '(order_count, net_revenue, average_order_value, first_order_at, last_order_at, open_ticket_count; '
    'amounts in base currency), contacts in use, the last 10 orders with their number of lines, the last 20 '
    'interactions with type, outcome and reps, the last 20 tickets; lists newest first, [] where there is '
    'nothing. Errors: 22023 unknown customer.';
