-- 69_demo_load: demo data: quotas, interactions; crm.load_demo().

CREATE OR REPLACE FUNCTION crm._demo_quotas()
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    zone text;
    base_currency text;
    this_quarter date;
    made bigint;
BEGIN
    SELECT o.time_zone, o.base_currency_code, date_trunc('quarter', now() AT TIME ZONE o.time_zone)::date
    INTO zone, base_currency, this_quarter
    FROM crm.organization o;

    -- Quotas of the last four quarters, this one and the next: near what was sold, a little above on average.
    WITH quarter AS (
        SELECT (this_quarter + make_interval(months => 3 * g.n))::date AS starts
        FROM generate_series(-4, 1) AS g (n)
    ), sold AS (
        SELECT
            s.sales_rep_id,
            date_trunc('quarter', s.order_date AT TIME ZONE zone)::date AS starts,
            sum(CASE WHEN s.order_kind = 'return' THEN -s.total_base ELSE s.total_base END) AS amount
        FROM crm.sales_order s
        WHERE s.status <> 'canceled' AND s.sales_rep_id IS NOT NULL
        GROUP BY 1, 2
    ), usual AS (
        SELECT d.sales_rep_id, avg(d.amount) FILTER (WHERE d.starts < this_quarter) AS amount
        FROM sold d
        GROUP BY d.sales_rep_id
    )
    INSERT INTO crm.quota (sales_rep_id, valid_from, valid_to, currency_code, fx_rate_to_base, amount)
    SELECT
        r.sales_rep_id,
        q.starts,
        (q.starts + interval '3 months')::date,
        base_currency,
        1,
        greatest(
            5000,
            round(
                CASE WHEN q.starts < this_quarter THEN coalesce(d.amount, u.amount) ELSE u.amount END
                * (0.85 + 0.4 * crm._demo_u('quota', 'amount', f.email_key || q.starts))::numeric,
                -3
            )
        )
    FROM crm.sales_rep r
    JOIN crm.staff f ON f.staff_id = r.sales_rep_id
    JOIN crm._demo_person() p ON p.email = f.email_key
    CROSS JOIN quarter q
    LEFT JOIN sold d ON d.sales_rep_id = r.sales_rep_id AND d.starts = q.starts
    LEFT JOIN usual u ON u.sales_rep_id = r.sales_rep_id
    WHERE NOT EXISTS (
        SELECT FROM crm.quota x
        WHERE x.sales_rep_id = r.sales_rep_id
            AND x.valid_from < q.starts + interval '3 months'
            AND x.valid_to > q.starts
    )
    ORDER BY r.sales_rep_id, q.starts;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END;
$body$;
COMMENT ON FUNCTION crm._demo_quotas() IS
    'Sets quarterly quotas in base currency for the reps of the demo, from four quarters back to the next '
    'one, near what each sold; returns how many.';

CREATE OR REPLACE FUNCTION crm._demo_detail(outcome text, u double precision)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
RETURN crm._demo_pick(
    CASE outcome
        WHEN 'follow-up required' THEN ARRAY[
            'Wants a quote for a larger quantity.', 'Asked for the new catalogue and a call next week.',
            'Has to ask the partner before ordering.',
            'Delivery came in two parcels, the second one is missing.',
            'Interested in the seasonal range, wants to see samples.'
        ]
        WHEN 'issue resolved' THEN ARRAY[
            'Broken items in the last delivery; a return was booked.', 'Invoice address corrected.',
            'Wrong colour was sent, exchange agreed.', 'Delivery date confirmed with the courier.',
            'Double order canceled.'
        ]
        WHEN 'sale made' THEN ARRAY[
            'Placed the usual order by phone.', 'Took two more lines of the current range.',
            'Ordered for the second shop as well.', 'Order placed after the sample box.',
            'Agreed on a monthly standing order.'
        ]
        WHEN 'no answer' THEN ARRAY[
            'Nobody picked up.', 'Left a message.', 'Out of office until Monday.', 'No reply so far.'
        ]
        ELSE ARRAY[
            'Asked about delivery times.', 'Explained minimum quantities and discounts.',
            'Sent the price list.', 'Told about the new products.', 'Answered questions about materials.',
            'Asked for opening hours of the showroom.'
        ]
    END,
    u
);
COMMENT ON FUNCTION crm._demo_detail(text, double precision) IS
    'One of a few sentences on what was said, by the outcome of the interaction.';

CREATE OR REPLACE FUNCTION crm._demo_interactions()
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    zone CONSTANT text := (SELECT o.time_zone FROM crm.organization o);
    today CONSTANT timestamptz := date_trunc('day', now() AT TIME ZONE zone) AT TIME ZONE zone;
    types CONSTANT text[] := (
        SELECT array_agg(t.interaction_type_id::text ORDER BY t.interaction_type_id)
        FROM crm.interaction_type t
    );
    outcomes CONSTANT text[] := (
        SELECT array_agg(t.interaction_outcome_id::text ORDER BY t.interaction_outcome_id)
        FROM crm.interaction_outcome t
    );
    made bigint;
BEGIN
    -- More talks with those who buy more; on working days from nine to half past five, newer ones more often.
    WITH talk AS (
        SELECT
            c.customer_id,
            c.sales_rep_id,
            c.external_source || c.external_id || '/' || k.n AS key,
            c.signed_up_at
                + greatest(today - c.signed_up_at, interval '0') * sqrt(crm._demo_u(
                    'interaction', 'day', c.external_source || c.external_id || '/' || k.n
                )) AS about,
            t.contacts
        FROM crm.customer c
        LEFT JOIN (
            SELECT k.customer_id, array_agg(k.contact_id::text ORDER BY k.contact_id) AS contacts
            FROM crm.contact k
            WHERE k.deleted_at IS NULL
            GROUP BY k.customer_id
        ) t ON t.customer_id = c.customer_id
        LEFT JOIN (
            SELECT s.customer_id, count(*) AS orders FROM crm.sales_order s GROUP BY s.customer_id
        ) o ON o.customer_id = c.customer_id
        CROSS JOIN LATERAL generate_series(1, floor(
            (1 + 2 * ln(1 + coalesce(o.orders, 0)))
            * crm._demo_u('interaction', 'count', c.external_source || c.external_id) * 1.5
        )::integer) AS k (n)
        WHERE c.custom @> '{"demo": true}' AND c.sales_rep_id IS NOT NULL AND c.deleted_at IS NULL
    ), dated AS (
        SELECT
            t.*,
            crm._demo_pick(types, crm._demo_u('interaction', 'type', t.key) ^ 1.6)::bigint AS type_id,
            crm._demo_pick(outcomes, crm._demo_u('interaction', 'outcome', t.key))::bigint AS outcome_id,
            (
                date_trunc('day', t.about AT TIME ZONE zone)
                - make_interval(
                    days => greatest(0, extract(isodow FROM t.about AT TIME ZONE zone)::integer - 5)
                )
                + make_interval(mins => 540 + floor(510 * crm._demo_u('interaction', 'time', t.key))::integer)
            ) AT TIME ZONE zone AS moment
        FROM talk t
    )
    INSERT INTO crm.interaction (
        customer_id, interaction_date, interaction_type_id, interaction_outcome_id, staff_id, contact_id,
        details, duration_minutes
    )
    SELECT
        d.customer_id,
        CASE WHEN d.moment >= today THEN d.moment - interval '7 days' ELSE d.moment END,
        d.type_id,
        d.outcome_id,
        d.sales_rep_id,
        crm._demo_pick(d.contacts, crm._demo_u('interaction', 'contact', d.key) ^ 2)::bigint,
        crm._demo_detail(u.name, crm._demo_u('interaction', 'details', d.key)),
        CASE
            WHEN t.name IN ('email', 'letter') OR u.name = 'no answer' THEN NULL
            ELSE 2 + floor(43 * crm._demo_u('interaction', 'duration', d.key) ^ 2)
        END
    FROM dated d
    JOIN crm.interaction_type t ON t.interaction_type_id = d.type_id
    JOIN crm.interaction_outcome u ON u.interaction_outcome_id = d.outcome_id
    ORDER BY d.moment, d.customer_id, d.key;
    GET DIAGNOSTICS made = ROW_COUNT;

    INSERT INTO crm.interaction_rep (customer_id, interaction_id, sales_rep_id, role)
    SELECT i.customer_id, i.interaction_id, i.staff_id, 'owner'
    FROM crm.interaction i
    JOIN crm.customer c ON c.customer_id = i.customer_id AND c.custom @> '{"demo": true}'
    WHERE NOT EXISTS (SELECT FROM crm.interaction_rep r WHERE r.interaction_id = i.interaction_id);
    RETURN made;
END;
$body$;
COMMENT ON FUNCTION crm._demo_interactions() IS
    'Makes up talks between the customers of the demo and their reps: date, type, outcome, who talked, what '
    'was said. Returns how many.';

CREATE OR REPLACE FUNCTION crm._demo_guard(scale numeric)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
AS $body$
BEGIN
    IF scale IS NULL OR scale = 'NaN' OR scale <= 0 OR scale > 1000 THEN
        RAISE EXCEPTION 'scale % is out of range', coalesce(left(scale::text, 60), 'NULL')
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Give a number above 0, up to 1000; 1 means 2,000 customers and 10,000 orders.';
    END IF;
    IF getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'the demo data need a database of encoding UTF8'
            USING ERRCODE = 'feature_not_supported',
                DETAIL = 'The encoding of this one is ' || getdatabaseencoding() || '.',
                HINT = 'Create one with: CREATE DATABASE demo TEMPLATE template0 ENCODING ''UTF8''.';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('crm.load_demo', 0));
    IF EXISTS (SELECT FROM crm.import_batch b WHERE b.source = 'demo') THEN
        RAISE EXCEPTION 'the demo data are loaded already'
            USING ERRCODE = 'unique_violation',
                DETAIL = 'crm.import_batch has a batch of source demo.',
                HINT = 'Load them into a fresh database to have them anew.',
                SCHEMA = 'crm', TABLE = 'import_batch';
    END IF;
    IF NOT EXISTS (SELECT FROM crm.customer) THEN
        RETURN true;
    END IF;
    IF EXISTS (
        SELECT FROM crm.customer c
        WHERE c.last_name = 'Customer ' || c.external_id AND NOT c.is_anonymous AND c.deleted_at IS NULL
    ) THEN
        RETURN false;
    END IF;
    RAISE EXCEPTION 'the database holds customers of its own'
        USING ERRCODE = 'integrity_constraint_violation',
            DETAIL = 'Demo data go into an empty database or fill in customers known by number only.',
            HINT = 'Call crm.load_demo() in a fresh database.',
            SCHEMA = 'crm', TABLE = 'customer';
END;
$body$;
COMMENT ON FUNCTION crm._demo_guard(numeric) IS
    'Returns whether customers, products and orders have to be made too (an empty database). Raises 22023 '
    'for a scale out of range, 0A000 for an encoding other than UTF8, 23505 if the demo data are there, '
    '23000 if the customers are others.';

CREATE OR REPLACE FUNCTION crm.load_demo(scale numeric DEFAULT 1)
RETURNS TABLE (what text, rows bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
ROWS 15
AS $body$
DECLARE
    is_empty CONSTANT boolean := crm._demo_guard(scale);
    batch_id bigint;
BEGIN
    PERFORM crm._progress('demo', 'starting', 0, 0);
    INSERT INTO crm.import_batch (source, file_name)
    VALUES ('demo', 'crm.load_demo(' || left(scale::text, 60) || ')')
    RETURNING import_batch_id INTO batch_id;

    what := 'countries covered by regions';
    rows := crm._demo_regions();
    RETURN NEXT;
    what := 'staff';
    rows := crm._demo_staff();
    RETURN NEXT;
    IF is_empty THEN
        RETURN QUERY SELECT m.what, m.rows FROM crm._demo_business(scale, batch_id) m;
    END IF;

    PERFORM crm._progress('demo', 'customers', 0, 0);
    what := 'customers filled in';
    rows := crm._demo_customers();
    RETURN NEXT;
    PERFORM crm._demo_assign_reps(s.external_source)
    FROM (SELECT DISTINCT c.external_source FROM crm.customer c WHERE c.custom @> '{"demo": true}') s;
    what := 'customers with a sales rep';
    SELECT count(*) INTO rows
    FROM crm.customer c
    WHERE c.custom @> '{"demo": true}' AND c.sales_rep_id IS NOT NULL;
    RETURN NEXT;
    what := 'contacts';
    rows := crm._demo_contacts();
    RETURN NEXT;
    what := 'quotas';
    rows := crm._demo_quotas();
    RETURN NEXT;
    PERFORM crm._progress('demo', 'interactions', 0, 0);
    what := 'interactions';
    rows := crm._demo_interactions();
    RETURN NEXT;

    PERFORM crm._progress('demo', 'finishing', 0, 0);
    UPDATE crm.import_batch b
    SET status = 'imported', imported_at = now()
    WHERE b.import_batch_id = batch_id;
    PERFORM crm._progress_end();
END;
$body$;
COMMENT ON FUNCTION crm.load_demo(numeric) IS
    'Fills the database with data to look at. In an empty one it makes customers (2,000 times scale), '
    'products, stock and orders (10,000 times scale); after an import that knows its customers by number '
    'only it makes up who they are and leaves the orders as they are. To both it adds regions by country, 20 '
    'staff in a team tree, contacts, quotas and interactions. All follows from a seed: the same orders give '
    'the same people; dates are relative to today. What it makes carries external_source demo or, on '
    'customers, custom ->> ''demo''. Returns how many rows of what were made. Raises 23505 when called a '
    'second time, 23000 where customers of your own are, 22023 for a scale out of range, 0A000 unless the '
    'encoding is UTF8.';
