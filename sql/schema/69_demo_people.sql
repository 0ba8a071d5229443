-- 69_demo_people: demo data: staff, reps of customers, who the customers are, contacts.

CREATE OR REPLACE FUNCTION crm._demo_person()
RETURNS TABLE (
    place integer, first_name text, last_name text, email text, job text, region text, boss integer
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
ROWS 20
AS $body$
    SELECT
        v.place, v.first_name, v.last_name, lower(v.first_name || '.' || v.last_name) || '@example.org',
        v.job, v.region, v.boss
    FROM (VALUES
        (1, 'Helen', 'Marlowe', 'sales_manager', NULL, NULL),
        (2, 'Rupert', 'Ashby', 'sales_manager', 'British Isles', 1),
        (3, 'Ingrid', 'Solberg', 'sales_manager', 'Continental Europe', 1),
        (4, 'Marcus', 'Okoro', 'sales_manager', 'Overseas', 1),
        (5, 'Daniel', 'Pryce', 'sales_rep', 'United Kingdom', 2),
        (6, 'Meera', 'Joshi', 'sales_rep', 'United Kingdom', 2),
        (7, 'Callum', 'Drummond', 'sales_rep', 'United Kingdom', 2),
        (8, 'Orla', 'Fitzgerald', 'sales_rep', 'Ireland and Channel Islands', 2),
        (9, 'Matthias', 'Vogel', 'sales_rep', 'Western Europe', 3),
        (10, 'Claire', 'Dumont', 'sales_rep', 'Western Europe', 3),
        (11, 'Paolo', 'Benedetti', 'sales_rep', 'Southern Europe', 3),
        (12, 'Annika', 'Lindholm', 'sales_rep', 'Northern and Eastern Europe', 3),
        (13, 'Grace', 'Whitaker', 'sales_rep', 'Americas', 4),
        (14, 'Kenji', 'Morita', 'sales_rep', 'Asia Pacific', 4),
        (15, 'Nadia', 'Rahman', 'sales_rep', 'Middle East and Africa', 4),
        (16, 'Tobias', 'Lennox', 'marketing_manager', NULL, NULL),
        (17, 'Sophia', 'Brandt', 'marketing_analyst', NULL, 16),
        (18, 'Edwin', 'Cheung', 'marketing_analyst', NULL, 16),
        (19, 'Bethan', 'Morgan', 'support_agent', 'British Isles', NULL),
        (20, 'Luis', 'Carvalho', 'support_agent', NULL, 19)
    ) AS v (place, first_name, last_name, job, region, boss)
$body$;
COMMENT ON FUNCTION crm._demo_person() IS
    'The 20 people who work in the demo: a head of sales with three teams of reps by region, a marketing '
    'manager with analysts, support agents.';

CREATE OR REPLACE FUNCTION crm._demo_staff()
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
AS $body$
DECLARE
    hired bigint[];
BEGIN
    WITH new_staff AS (
        INSERT INTO crm.staff (first_name, last_name, email, phone)
        SELECT p.first_name, p.last_name, p.email, '+44 20 7946 0' || 100 + p.place
        FROM crm._demo_person() p
        ORDER BY p.place
        ON CONFLICT (email_key) DO NOTHING
        RETURNING staff_id
    )
    SELECT array_agg(n.staff_id) INTO hired FROM new_staff n;

    UPDATE crm.staff s
    SET manager_id = b.staff_id
    FROM crm._demo_person() p
    JOIN crm._demo_person() q ON q.place = p.boss
    JOIN crm.staff b ON b.email_key = q.email
    WHERE s.staff_id = ANY (hired) AND s.email_key = p.email;

    INSERT INTO crm.sales_manager (sales_manager_id, region_id)
    SELECT s.staff_id, r.region_id
    FROM crm._demo_person() p
    JOIN crm.staff s ON s.email_key = p.email AND s.staff_id = ANY (hired)
    LEFT JOIN crm.region r ON r.name = p.region
    WHERE p.job = 'sales_manager';

    INSERT INTO crm.sales_rep (sales_rep_id, region_id, lead_capacity_month)
    SELECT s.staff_id, r.region_id, 40
    FROM crm._demo_person() p
    JOIN crm.staff s ON s.email_key = p.email AND s.staff_id = ANY (hired)
    LEFT JOIN crm.region r ON r.name = p.region
    WHERE p.job = 'sales_rep';

    INSERT INTO crm.marketing_manager (marketing_manager_id)
    SELECT s.staff_id
    FROM crm._demo_person() p
    JOIN crm.staff s ON s.email_key = p.email AND s.staff_id = ANY (hired)
    WHERE p.job = 'marketing_manager';

    INSERT INTO crm.marketing_analyst (marketing_analyst_id)
    SELECT s.staff_id
    FROM crm._demo_person() p
    JOIN crm.staff s ON s.email_key = p.email AND s.staff_id = ANY (hired)
    WHERE p.job = 'marketing_analyst';

    INSERT INTO crm.support_agent (support_agent_id, region_id, capacity)
    SELECT s.staff_id, r.region_id, 25
    FROM crm._demo_person() p
    JOIN crm.staff s ON s.email_key = p.email AND s.staff_id = ANY (hired)
    LEFT JOIN crm.region r ON r.name = p.region
    WHERE p.job = 'support_agent';
    RETURN coalesce(cardinality(hired), 0)::bigint;
END;
$body$;
COMMENT ON FUNCTION crm._demo_staff() IS
    'Hires the people of the demo, where not there yet, with their managers and jobs; returns how many were '
    'new.';

CREATE OR REPLACE FUNCTION crm._demo_assign_reps(source text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    assigned bigint;
BEGIN
    WITH RECURSIVE inside (region_id, covering_id) AS (
        SELECT r.region_id, r.region_id FROM crm.region r
        UNION
        SELECT i.region_id, r.parent_region_id
        FROM inside i
        JOIN crm.region r ON r.region_id = i.covering_id
        WHERE r.parent_region_id IS NOT NULL
    ), team AS (
        SELECT i.region_id, array_agg(s.sales_rep_id::text ORDER BY s.sales_rep_id) AS reps
        FROM inside i
        JOIN crm.sales_rep s ON s.region_id = i.covering_id
        JOIN crm.staff f ON f.staff_id = s.sales_rep_id AND f.active
        GROUP BY i.region_id
    )
    UPDATE crm.customer c
    SET sales_rep_id = crm._demo_pick(
        t.reps, crm._demo_u('customer', 'sales_rep_id', c.external_source || c.external_id)
    )::bigint
    FROM team t
    WHERE t.region_id = c.region_id
        AND c.external_source = _demo_assign_reps.source
        AND c.sales_rep_id IS NULL
        AND NOT c.is_anonymous
        AND c.deleted_at IS NULL;
    GET DIAGNOSTICS assigned = ROW_COUNT;
    RETURN assigned;
END;
$body$;
COMMENT ON FUNCTION crm._demo_assign_reps(text) IS
    'Gives the customers of a source that have no rep one of those whose region holds theirs; walk-in '
    'customers get none. Returns how many were assigned.';

CREATE OR REPLACE FUNCTION crm._demo_customers()
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    filled bigint;
BEGIN
    WITH blank AS MATERIALIZED (
        SELECT
            c.customer_id,
            k.key,
            c.signed_up_at,
            p.country_code IS NOT NULL AS has_place,
            p.business_suffix,
            l.first_names, l.last_names, l.streets, l.business_words,
            string_to_array(crm._demo_pick(p.cities, crm._demo_u('customer', 'city', k.key)), '|') AS city,
            p.phone_pattern,
            crm._demo_u('customer', 'customer_type', k.key)
                < CASE WHEN o.average_total >= 400 THEN 0.85 ELSE 0.25 END AS is_business
        FROM crm.customer c
        CROSS JOIN LATERAL (SELECT c.external_source || c.external_id AS key) k
        LEFT JOIN crm._demo_country() p ON p.country_code = c.country_code
        JOIN crm._demo_language() l ON l.language = coalesce(p.language, 'en')
        LEFT JOIN (
            SELECT s.customer_id, avg(s.total_base) AS average_total
            FROM crm.sales_order s
            WHERE s.order_kind = 'sale'
            GROUP BY s.customer_id
        ) o ON o.customer_id = c.customer_id
        WHERE c.last_name = 'Customer ' || c.external_id
            AND num_nonnulls(c.first_name, c.business_name, c.email, c.phone, c.street) = 0
            AND NOT c.is_anonymous
            AND c.deleted_at IS NULL
    ), named AS MATERIALIZED (
        SELECT
            b.*,
            crm._demo_pick(b.first_names, crm._demo_u('customer', 'first_name', b.key)) AS first_name,
            crm._demo_pick(b.last_names, crm._demo_u('customer', 'last_name', b.key)) AS last_name,
            CASE
                WHEN crm._demo_u('customer', 'business_name', b.key) < 0.5
                    THEN crm._demo_pick(b.last_names, crm._demo_u('customer', 'last_name', b.key)) || ' '
                WHEN crm._demo_u('customer', 'business_name', b.key) < 0.8
                    THEN crm._demo_pick(b.last_names, crm._demo_u('customer', 'last_name', b.key)) || ' & '
                        || crm._demo_pick(b.last_names, crm._demo_u('customer', 'partner', b.key)) || ' '
                ELSE coalesce(b.city[1], 'Anglo') || ' '
            END
            || crm._demo_pick(b.business_words, crm._demo_u('customer', 'business_word', b.key))
            || CASE
                WHEN crm._demo_u('customer', 'suffix', b.key) < 0.55
                    THEN coalesce(' ' || b.business_suffix, '')
                ELSE ''
            END AS business_name
        FROM blank b
    )
    UPDATE crm.customer c
    SET customer_type = CASE WHEN n.is_business THEN 'business' ELSE 'individual' END,
        first_name = CASE WHEN NOT n.is_business THEN n.first_name END,
        last_name = CASE WHEN NOT n.is_business THEN n.last_name END,
        business_name = CASE WHEN n.is_business THEN n.business_name END,
        email = CASE
            WHEN n.is_business THEN 'orders@' || crm._demo_ascii(n.business_name) || '.example.org'
            ELSE crm._demo_ascii(n.first_name) || '.' || crm._demo_ascii(n.last_name)
                || 10 + floor(90 * crm._demo_u('customer', 'email', n.key)) || '@example.org'
        END,
        phone = crm._demo_fill(coalesce(nullif(n.city[4], ''), n.phone_pattern), n.key),
        street = CASE
            WHEN n.has_place THEN replace(
                crm._demo_pick(n.streets, crm._demo_u('customer', 'street', n.key)),
                '%s',
                (1 + floor(180 * crm._demo_u('customer', 'house', n.key) ^ 2))::text
            )
        END,
        city = n.city[1],
        state = nullif(n.city[2], ''),
        postal_code = nullif(crm._demo_fill(n.city[3], n.key), ''),
        date_of_birth = CASE
            WHEN NOT n.is_business AND crm._demo_u('customer', 'has_birth', n.key) < 0.8
                THEN date '1945-01-01'
                    + floor(21500 * crm._demo_u('customer', 'date_of_birth', n.key))::integer
        END,
        signed_up_at = n.signed_up_at
            - make_interval(
                mins => floor(60 * 24 * 45 * crm._demo_u('customer', 'signed_up_at', n.key) ^ 3)::integer
            ),
        service_class = CASE
            WHEN n.is_business AND crm._demo_u('customer', 'service_class', n.key) < 0.03 THEN 'enterprise'
            WHEN n.is_business AND crm._demo_u('customer', 'service_class', n.key) < 0.15 THEN 'premium'
            ELSE 'standard'
        END,
        custom = c.custom || '{"demo": true}'
    FROM named n
    WHERE c.customer_id = n.customer_id;
    GET DIAGNOSTICS filled = ROW_COUNT;
    RETURN filled;
END;
$body$;
COMMENT ON FUNCTION crm._demo_customers() IS
    'Makes up who the customers are that an import knows by number only (called Customer NUMBER): name, '
    'e-mail, phone, address, birth; buyers of large orders are mostly businesses. Marks them by custom ->> '
    '''demo''. Returns how many.';

CREATE OR REPLACE FUNCTION crm._demo_contacts()
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    titles CONSTANT text[] := ARRAY[
        'Owner', 'Managing Director', 'Head of Purchasing', 'Buyer', 'Store Manager', 'Accounts Payable',
        'Operations Manager', 'Office Manager', 'Assistant Buyer', 'Visual Merchandiser'
    ];
    made bigint;
BEGIN
    INSERT INTO crm.contact (
        customer_id, first_name, last_name, title, email, phone, is_primary, external_source, external_id
    )
    SELECT
        c.customer_id,
        n.first_name,
        n.last_name,
        CASE
            WHEN k.n = 1 THEN crm._demo_pick(titles[1:5], crm._demo_u('contact', 'title', n.key))
            ELSE crm._demo_pick(titles[4:10], crm._demo_u('contact', 'title', n.key))
        END,
        crm._demo_ascii(n.first_name) || '.' || crm._demo_ascii(n.last_name)
            || CASE WHEN k.n > 1 THEN k.n::text ELSE '' END || '@' || split_part(c.email, '@', 2),
        c.phone,
        k.n = 1,
        'demo',
        c.external_source || ':' || c.external_id || '/' || k.n
    FROM (
        SELECT
            b.customer_id, b.email, b.phone, b.country_code, b.external_source, b.external_id,
            b.external_source || b.external_id AS key
        FROM crm.customer b
        WHERE b.customer_type = 'business' AND b.custom @> '{"demo": true}' AND b.deleted_at IS NULL
    ) c
    LEFT JOIN crm._demo_country() y ON y.country_code = c.country_code
    JOIN crm._demo_language() l ON l.language = coalesce(y.language, 'en')
    CROSS JOIN LATERAL generate_series(
        1, 1 + floor(3 * crm._demo_u('contact', 'count', c.key) ^ 1.5)::integer
    ) AS k (n)
    CROSS JOIN LATERAL (
        SELECT
            p.key,
            crm._demo_pick(l.first_names, crm._demo_u('contact', 'first_name', p.key)) AS first_name,
            crm._demo_pick(l.last_names, crm._demo_u('contact', 'last_name', p.key)) AS last_name
        FROM (SELECT c.key || '/' || k.n AS key) p
    ) n
    ORDER BY c.customer_id, k.n
    ON CONFLICT (external_source, external_id) DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END;
$body$;
COMMENT ON FUNCTION crm._demo_contacts() IS
    'Makes one to three contacts for every business customer of the demo, the first one the primary; returns '
    'how many.';
